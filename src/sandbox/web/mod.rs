//! Hosts of one's own: what their TLS servers would show, and pages. Loopback has no TLS, so a handshake is played: this host answers what a
//! client would see of another one, and what it would object to.
//!
//! | request | does | JSON answer |
//! | --- | --- | --- |
//! | `GET https://web.sandbox.invalid/tls?host=H` | plays a handshake | 200 `{certificate: PEM or null, problem: text or null}`, 404 where nothing answers |
//! | `GET https://web.sandbox.invalid/` | lists the hosts | 200 `{hosts: {H: {names, notAfter, trusted, pages}}}` |
//! | `PUT https://web.sandbox.invalid/hosts/H/certificate` `{names, days, trusted?}` | renews it | 200 |
//! | `PUT https://web.sandbox.invalid/hosts/H/page` `{path, body?}` | replaces a page; without a body, removes it | 200 |
//! | `GET https://H/PATH` | a page | 200, or 404 |
//!
//! A page may have `${flex.connection}` and `${flex.clientId}`: the host's account's only active SSO profile, as a deployment would
//! have put it in. A host without one gets an empty text.

mod seed;

use std::collections::BTreeMap;

use axum::http::Method;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::message::{Answer, Request};
use super::store::Transaction;
use super::vendor::{Call, Vendor};
use super::{certificate, twilio};
use crate::http::TlsProblem;

pub(crate) use self::seed::Seed;

/// The logical host that plays TLS.
const HOST: &str = "web.sandbox.invalid";
/// Table of the hosts.
const HOSTS: &str = "web/hosts";

/// Hosts of one's own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Web;

/// A host.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Host {
    /// The certificate that its server shows, in PEM; none where nothing speaks TLS.
    certificate: Option<String>,
    names: Vec<String>,
    trusted: bool,
    /// Content by path.
    pages: BTreeMap<String, String>,
    account: Option<String>,
}

/// A certificate to make.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wanted {
    names: Vec<String>,
    /// Days until it ends; negative where it has ended.
    days: i64,
    /// Whether a root that everybody trusts stands behind it.
    #[serde(default = "yes")]
    trusted: bool,
}

fn yes() -> bool {
    true
}

impl Host {
    fn renew(&mut self, wanted: &Wanted, now: Timestamp) -> Result<(), String> {
        if wanted.names.is_empty() {
            return Err("a certificate has at least one name".to_owned());
        }
        let made =
            certificate::for_hosts(&wanted.names, wanted.days, now).map_err(|error| error.to_string())?;
        self.certificate = Some(made);
        self.names.clone_from(&wanted.names);
        self.trusted = wanted.trusted;
        Ok(())
    }

    /// What a client would object to, in the order in which it would.
    fn problem(&self, host: &str, now: Timestamp) -> Option<TlsProblem> {
        let read = certificate::read(self.certificate.as_deref()?).ok()?;
        let covers = |name: &String| match name.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest == parent),
            None => name == host,
        };
        if !self.trusted {
            Some(TlsProblem::UnknownIssuer)
        } else if read.not_after < now.as_second() {
            Some(TlsProblem::Expired)
        } else if read.not_before > now.as_second() {
            Some(TlsProblem::NotYetValid)
        } else if !self.names.iter().any(covers) {
            Some(TlsProblem::OtherName)
        } else {
            None
        }
    }
}

impl Vendor for Web {
    fn serves(&self, host: &str, documents: &Transaction<'_>) -> bool {
        host == HOST || documents.get(HOSTS, host).is_some()
    }

    fn answer(&self, call: &mut Call<'_, '_>) -> Answer {
        if call.request.host == HOST { manage(call) } else { page(call) }
    }

    fn too_many(&self, _reset: i64) -> Answer {
        refuse(429, "too many requests")
    }
}

fn refuse(status: u16, message: impl Into<String>) -> Answer {
    Answer::json(status, &json!({"error": "refused", "message": message.into()}))
}

fn manage(call: &mut Call<'_, '_>) -> Answer {
    let request = call.request;
    match (&request.method, request.route().as_slice()) {
        (&Method::GET, ["tls"]) => handshake(call),
        (&Method::GET, []) => {
            let hosts = call.documents.list(HOSTS).filter_map(|(name, document)| {
                let host = Host::deserialize(document).ok()?;
                let read = host.certificate.as_deref().and_then(|pem| certificate::read(pem).ok());
                let pages: Vec<&String> = host.pages.keys().collect();
                let view = json!({
                    "names": host.names, "trusted": host.trusted, "pages": pages,
                    "notAfter": read.map(|read| read.not_after),
                });
                Some((name.clone(), view))
            });
            Answer::json(200, &json!({"hosts": hosts.collect::<serde_json::Map<_, _>>()}))
        }
        (&Method::PUT, ["hosts", name, what @ ("certificate" | "page")]) => {
            let Some(mut host) = call.documents.read::<Host>(HOSTS, name) else {
                return refuse(404, format!("there is no host {name}"));
            };
            let changed = match *what {
                "certificate" => body::<Wanted>(request).and_then(|wanted| host.renew(&wanted, call.now)),
                _ => body::<Page>(request).map(|page| match page.body {
                    Some(body) => {
                        host.pages.insert(page.path, body);
                    }
                    None => {
                        host.pages.remove(&page.path);
                    }
                }),
            };
            match changed {
                Ok(()) => {
                    call.documents.write(HOSTS, name, &host);
                    Answer::json(200, &json!({"host": name}))
                }
                Err(why) => refuse(400, why),
            }
        }
        _ => refuse(404, format!("there is nothing at {}", request.path)),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    path: String,
    body: Option<String>,
}

fn body<T: serde::de::DeserializeOwned>(request: &Request) -> Result<T, String> {
    let body: Value = request.json().map_err(|_| "the body is not JSON".to_owned())?;
    serde_path_to_error::deserialize(body).map_err(|error| error.to_string())
}

fn handshake(call: &Call<'_, '_>) -> Answer {
    let name = call.request.parameter("host").unwrap_or_default().to_ascii_lowercase();
    let host = call.documents.read::<Host>(HOSTS, &name);
    let Some(host) = host.filter(|host| host.certificate.is_some()) else {
        return refuse(404, format!("nothing speaks TLS at {name}"));
    };
    let problem = host.problem(&name, call.now).map(TlsProblem::as_str);
    Answer::json(200, &json!({"certificate": host.certificate, "problem": problem}))
}

fn page(call: &Call<'_, '_>) -> Answer {
    let request = call.request;
    let host = call.documents.read::<Host>(HOSTS, &request.host).unwrap_or_default();
    if request.method != Method::GET && request.method != Method::HEAD {
        return Answer::text(405, "text/plain", "only pages are here\n");
    }
    let Some(content) = host.pages.get(&request.path) else {
        return Answer::text(404, "text/html; charset=utf-8", "<!DOCTYPE html><title>Not found</title>\n");
    };
    let active =
        host.account.as_deref().and_then(|account| twilio::active_connection(call.documents, account));
    let (connection, client) = active.unwrap_or_default();
    let content = content.replace("${flex.connection}", &connection).replace("${flex.clientId}", &client);
    let kind = match request.path.rsplit('.').next() {
        Some("js") => "application/javascript; charset=utf-8",
        Some("xml") => "application/xml; charset=utf-8",
        Some("json") => "application/json",
        _ => "text/html; charset=utf-8",
    };
    Answer::text(200, kind, content)
}
