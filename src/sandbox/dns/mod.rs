//! The domain name system: one zone of every record that there is, at the logical host `dns.sandbox.invalid`. For people as a page, for
//! programs as JSON with `Accept: application/json`. Bodies are forms or JSON objects with the same fields.
//!
//! | request | does | answer |
//! | --- | --- | --- |
//! | `GET /resolve?name=N&type=T` | asks | 200 `{Status, Question: [{name, type}], Answer: [{name, type, TTL, data}]}` |
//! | `GET /` | lists the records | 200, JSON `{records: [{name, type, data}]}` |
//! | `POST /records` `{name, type, data}` | adds one; one that is there already stays | 201 `{name, type, data}` |
//! | `DELETE /records` or `POST /records/delete` `{name, type, data?}` | removes one, or all of the type | 204, or 404 |
//!
//! `/resolve` answers as public DNS-over-HTTPS resolvers do (`application/dns-json`): `Status` 0 is an answer, also an empty one where the
//! name exists and has no such record (RFC 2308); 3 (NXDOMAIN) that neither the name exists nor anything below it (RFC 8020); 2
//! (SERVFAIL) that aliases go in a circle. `Answer` holds the aliases that were followed and what they lead to; texts stand without quotes.
//!
//! It refuses with 400 `{error, message}` what a name server refuses to load: an alias beside other records or a second alias at one name
//! (RFC 1034 section 3.6.2), an address of the other family, what is no name, other types than TXT, CNAME, A and AAAA.

mod page;
mod zone;

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Map, Value, json};

use self::zone::{Kind, Records, Refusal};
use super::error::SandboxError;
use super::message::{Answer, Request};
use super::store::Transaction;
use super::vendor::{Call, Vendor};

/// The logical host.
pub(crate) const HOST: &str = crate::dns::SANDBOX_HOST;

/// Time to live of every record, in seconds: nobody keeps an answer.
const TTL: u32 = 0;

/// The name system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dns;

/// `dns:` in `sandbox.yaml`: records by name.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Seed {
    names: BTreeMap<String, Records>,
}

impl Seed {
    /// Adds the records.
    pub(crate) fn apply(&self, documents: &mut Transaction<'_>) -> Result<(), SandboxError> {
        for (name, records) in &self.names {
            for (kind, data) in records.each() {
                zone::add(documents, name, kind, data).map_err(|refusal| SandboxError::Seed {
                    object: format!("dns.{name}.{}", kind.as_str()),
                    reason: refusal.message,
                })?;
            }
        }
        Ok(())
    }
}

impl Vendor for Dns {
    fn serves(&self, host: &str, _documents: &Transaction<'_>) -> bool {
        host == HOST
    }

    fn answer(&self, call: &mut Call<'_, '_>) -> Answer {
        let json = wants_json(call.request);
        route(call, json).unwrap_or_else(|refusal| refuse(&refusal, json))
    }

    fn too_many(&self, _reset: i64) -> Answer {
        refuse(&Refusal { status: 429, message: "too many questions".to_owned() }, true)
    }
}

/// The texts at a name, as a resolver finds them: for played vendors that look for a record.
pub(crate) fn texts(documents: &Transaction<'_>, name: &str) -> Vec<String> {
    let found =
        zone::resolve(documents, name, Kind::Txt).map(|resolved| resolved.records).unwrap_or_default();
    found.into_iter().filter(|(_, kind, _)| *kind == Kind::Txt).map(|(_, _, text)| text).collect()
}

fn refuse(refusal: &Refusal, json: bool) -> Answer {
    if json {
        let error = if refusal.status == 404 { "not_found" } else { "refused" };
        Answer::json(refusal.status, &json!({"error": error, "message": refusal.message}))
    } else {
        page::refusal(refusal)
    }
}

fn wants_json(request: &Request) -> bool {
    request.header("accept").is_some_and(|accept| accept.contains("application/json"))
        || request.content_type() == "application/json"
        || request.segments.first().is_some_and(|first| first == "resolve")
}

fn route(call: &mut Call<'_, '_>, json: bool) -> Result<Answer, Refusal> {
    let request = call.request;
    if request.method != Method::GET {
        page::check_origin(request)?;
    }
    match (&request.method, request.route().as_slice()) {
        (&Method::GET, ["resolve"]) => resolve(call),
        (&Method::GET, []) => {
            let all = zone::all(call.documents);
            if !json {
                return Ok(page::records(request, &all));
            }
            let records: Vec<Value> = all.iter().map(|(name, kind, data)| view(name, *kind, data)).collect();
            Ok(Answer::json(200, &json!({"records": records})))
        }
        (&Method::POST, ["records"]) => {
            let input = Input::of(request)?;
            let data = input.data.ok_or_else(|| Refusal::bad("the field data is required"))?;
            let (name, data) = zone::add(call.documents, &input.name, input.kind, &data)?;
            let created = Answer::json(201, &view(&name, input.kind, &data));
            Ok(if json { created } else { page::back(request) })
        }
        (&Method::DELETE, ["records"]) | (&Method::POST, ["records", "delete"]) => {
            let input = Input::of(request)?;
            zone::remove(call.documents, &input.name, input.kind, input.data.as_deref())?;
            Ok(if json { Answer::no_content() } else { page::back(request) })
        }
        _ => Err(Refusal { status: 404, message: format!("there is nothing at {}", request.path) }),
    }
}

fn view(name: &str, kind: Kind, data: &str) -> Value {
    json!({"name": name, "type": kind.as_str(), "data": data})
}

fn resolve(call: &Call<'_, '_>) -> Result<Answer, Refusal> {
    let parameter = |name: &str| {
        call.request.parameter(name).ok_or_else(|| Refusal::bad(format!("the parameter {name} is required")))
    };
    let (name, kind) = (parameter("name")?, Kind::parse(parameter("type")?)?);
    let resolved = zone::resolve(call.documents, name, kind)?;
    let answer: Vec<Value> = resolved
        .records
        .iter()
        .map(|(name, kind, data)| json!({"name": name, "type": kind.as_str(), "TTL": TTL, "data": data}))
        .collect();
    let mut body = json!({"Status": resolved.status, "Question": [{"name": name, "type": kind.as_str()}]});
    if !answer.is_empty() {
        body["Answer"] = answer.into();
    }
    Ok(Answer::json(200, &body))
}

/// The fields of a form or a JSON body.
struct Input {
    name: String,
    kind: Kind,
    data: Option<String>,
}

impl Input {
    fn of(request: &Request) -> Result<Self, Refusal> {
        let fields: Map<String, Value> = if request.content_type() == "application/json" {
            let body = request.json().map_err(|_| Refusal::bad("the body is not JSON"))?;
            body.as_object().cloned().ok_or_else(|| Refusal::bad("the body is no object"))?
        } else {
            request.form().into_iter().map(|(name, value)| (name, value.into())).collect()
        };
        let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let required =
            |name: &str| text(name).ok_or_else(|| Refusal::bad(format!("the field {name} is required")));
        Ok(Self {
            name: required("name")?.to_owned(),
            kind: Kind::parse(required("type")?)?,
            data: text("data").map(str::to_owned),
        })
    }
}
