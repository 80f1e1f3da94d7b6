//! E-mail domains of an organization (`docs/iam/organizations/domains`): added, proven by a TXT record or a file, verified. The fields are
//! those of the schema in `twilio_iam_v1.yaml`; the name of the file is not documented.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use axum::http::{HeaderMap, Method};

use crate::sandbox::message::Request;
use crate::sandbox::store::Transaction;
use crate::sandbox::twilio::refusal::Refusal;
use crate::sandbox::vendor::{self, Call};
use crate::sandbox::{dns, ids};

use super::document::{self, Organization, derived_sid};
use super::{sso, users};

/// How many domains an organization can have without asking support.
const MOST: usize = 100;
/// How long a domain may be without its proof.
const DAYS_TO_REVERIFY: i64 = 30;
/// Mail for everybody: some of the providers that Twilio refuses.
const PUBLIC: [&str; 12] = [
    "gmail.com",
    "googlemail.com",
    "hotmail.com",
    "outlook.com",
    "live.com",
    "yahoo.com",
    "icloud.com",
    "aol.com",
    "gmx.com",
    "gmx.net",
    "proton.me",
    "mail.com",
];
/// The file with the proof, at the web root.
const FILE: &str = "twilio-domain-verification.txt";

/// What people with an address in the domain may do, as the page shows it and as it is kept.
const SIGN_UPS: [(&str, &str); 3] = [
    ("Invitation only", "INVITATION_ONLY"),
    ("Automatic membership", "AUTO_MEMBERSHIP"),
    ("No membership", "NO_MEMBERSHIP"),
];

/// A domain as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Domain {
    pub(super) sid: String,
    pub(super) name: String,
    /// 32 hexadecimal digits.
    pub(super) token: String,
    /// `unverified`, `verified` or `verified-uncertain`.
    pub(super) status: String,
    /// `dns` or `https`, once it is verified.
    pub(super) verification_type: Option<String>,
    pub(super) date_created: String,
    pub(super) date_last_verification: Option<String>,
    pub(super) domain_signup_type: String,
}

impl Domain {
    pub(super) fn new(organization: &str, name: &str, now: Timestamp) -> Self {
        Self {
            sid: derived_sid("DN", &format!("{organization} {name}")),
            name: name.to_owned(),
            token: ids::hex32(),
            status: "unverified".into(),
            verification_type: None,
            date_created: ids::seconds(now),
            date_last_verification: None,
            domain_signup_type: "INVITATION_ONLY".into(),
        }
    }

    pub(super) fn is_verified(&self) -> bool {
        self.status != "unverified"
    }

    fn proof(&self) -> String {
        format!("twilio-domain-verification={}", self.token)
    }

    /// What the page shows: what is kept, and what a person needs to prove it.
    pub(super) fn view(&self, now: Timestamp) -> Value {
        let mut view = json!(self);
        let label =
            SIGN_UPS.iter().find(|(_, kept)| *kept == self.domain_signup_type).map(|(label, _)| *label);
        view["signUp"] = json!(label);
        view["txtRecord"] = json!({"host": "_twilio", "value": self.proof(), "ttl": 3600});
        view["httpsFile"] = json!({"path": format!("/{FILE}"), "content": self.proof()});
        let last = self.date_last_verification.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
        view["daysLeftToReverify"] = match last.filter(|_| self.status == "verified-uncertain") {
            Some(last) => json!((DAYS_TO_REVERIFY - (now.as_second() - last.as_second()) / 86_400).max(0)),
            None => Value::Null,
        };
        view
    }

    pub(super) fn save(&self, documents: &mut Transaction<'_>, organization: &str) {
        documents.write(&table(organization), &self.sid, self);
    }
}

pub(super) fn table(organization: &str) -> String {
    document::table(organization, "domains")
}

/// The domains of an organization, by name.
pub(super) fn all(documents: &Transaction<'_>, organization: &str) -> Vec<Domain> {
    let mut all: Vec<Domain> = documents.read_list(&table(organization));
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

pub(super) fn by_name(documents: &Transaction<'_>, organization: &str, name: &str) -> Option<Domain> {
    all(documents, organization).into_iter().find(|domain| domain.name.eq_ignore_ascii_case(name))
}

/// A refusal that names the field of the form.
fn wrong(field: &'static str, message: impl Into<String>) -> Refusal {
    Refusal { field: Some(field), ..Refusal::parameter(message) }
}

/// Adds a domain; its token is shown from then on.
pub(super) fn add(
    call: &mut Call<'_, '_>,
    organization: &Organization,
    name: &str,
) -> Result<Domain, Refusal> {
    let name = name.trim().trim_end_matches('.').to_lowercase();
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > 253 || !name.contains('.') || !name.split('.').all(is_label) {
        return Err(wrong("name", format!("{name:?} is no domain")));
    }
    if PUBLIC.contains(&name.as_str()) {
        return Err(wrong("name", format!("{name} is a public mail domain and cannot be verified")));
    }
    let known = all(call.documents, &organization.sid);
    if known.iter().any(|domain| domain.name == name) {
        return Err(Refusal { status: 409, ..wrong("name", format!("{name} was added already")) });
    }
    if known.len() >= MOST {
        return Err(wrong("name", format!("LIMIT_REACHED: an organization can have {MOST} domains")));
    }
    let domain = Domain::new(&organization.sid, &name, call.now);
    domain.save(call.documents, &organization.sid);
    Ok(domain)
}

/// Looks for the proof, and verifies the domain with it.
pub(super) fn verify(
    call: &mut Call<'_, '_>,
    organization: &Organization,
    mut domain: Domain,
    method: &str,
) -> Result<Domain, Refusal> {
    let is_other = |other: &Organization| {
        other.sid != organization.sid
            && by_name(call.documents, &other.sid, &domain.name).is_some_and(|it| it.is_verified())
    };
    if document::all(call.documents).iter().any(is_other) {
        return Err(wrong("method", format!("{} is verified by another organization", domain.name)));
    }
    let (is_proven, place) = match method {
        "dns" => (is_in_dns(call.documents, &domain), format!("a TXT record at _twilio.{}", domain.name)),
        "https" => (is_served(call, &domain), format!("https://{}/{FILE}", domain.name)),
        other => return Err(wrong("method", format!("{other:?} is neither dns nor https"))),
    };
    if !is_proven {
        let proof = domain.proof();
        return Err(wrong(
            "method",
            format!("the domain could not be verified: {place} with {proof} was not found"),
        ));
    }
    domain.status = "verified".into();
    domain.verification_type = Some(method.to_owned());
    domain.date_last_verification = Some(ids::seconds(call.now));
    domain.save(call.documents, &organization.sid);
    Ok(domain)
}

/// Twilio's look every 24 hours: without its proof the domain is uncertain, and has some days to have it again.
pub(super) fn recheck(call: &mut Call<'_, '_>, organization: &Organization, mut domain: Domain) -> Domain {
    if !domain.is_verified() {
        return domain;
    }
    let is_proven = match domain.verification_type.as_deref() {
        Some("https") => is_served(call, &domain),
        _ => is_in_dns(call.documents, &domain),
    };
    if is_proven {
        domain.status = "verified".into();
        domain.date_last_verification = Some(ids::seconds(call.now));
    } else {
        domain.status = "verified-uncertain".into();
    }
    domain.save(call.documents, &organization.sid);
    domain
}

/// Sets what people with an address in the domain may do.
pub(super) fn set_sign_up(
    documents: &mut Transaction<'_>,
    organization: &Organization,
    mut domain: Domain,
    sign_up: &str,
) -> Result<Domain, Refusal> {
    let found = SIGN_UPS.iter().find(|(label, kept)| label.eq_ignore_ascii_case(sign_up) || *kept == sign_up);
    let (_, kept) = found.ok_or_else(|| wrong("signUp", format!("{sign_up:?} is no sign-up policy")))?;
    domain.domain_signup_type = (*kept).to_owned();
    domain.save(documents, &organization.sid);
    Ok(domain)
}

/// Removes a domain that nobody needs.
pub(super) fn remove(
    documents: &mut Transaction<'_>,
    organization: &Organization,
    domain: &Domain,
) -> Result<(), Refusal> {
    if let Some(profile) = sso::enforcing(documents, &organization.sid, &domain.name) {
        return Err(wrong(
            "name",
            format!("{} is enforced through the SSO profile {}", domain.name, profile.friendly_name),
        ));
    }
    if users::all(documents, &organization.sid).iter().any(|user| user.domain() == domain.name) {
        return Err(wrong("name", format!("the organization has managed users in {}", domain.name)));
    }
    documents.remove(&table(&organization.sid), &domain.sid);
    Ok(())
}

/// At `_twilio`, or at the apex, where the record is often found too.
fn is_in_dns(documents: &Transaction<'_>, domain: &Domain) -> bool {
    let names = [format!("_twilio.{}", domain.name), domain.name.clone()];
    names.iter().any(|name| dns::texts(documents, name).contains(&domain.proof()))
}

/// Whether the domain's own web server, as far as the sandbox plays it, serves the file.
fn is_served(call: &mut Call<'_, '_>, domain: &Domain) -> bool {
    let Some(site) = vendor::of_host(&domain.name, call.documents) else { return false };
    let Ok(target) = format!("https://{}/{FILE}", domain.name).parse() else { return false };
    let request = Request::new(Method::GET, &target, HeaderMap::new(), Vec::new());
    let mut inner = Call { request: &request, documents: call.documents, memory: call.memory, now: call.now };
    let answer = site.answer(&mut inner);
    answer.status == 200 && String::from_utf8_lossy(&answer.body).trim() == domain.proof()
}
