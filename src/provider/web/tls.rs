//! What a vanity domain's server shows in a TLS handshake. In the sandbox the facts are played: its web host tells which certificate the
//! host would show and how a handshake would end.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use url::Url;

use super::lower::{field, long_valid};
use crate::{
    component::{Component, Observation, Observed, Unknown, UnknownReason, Value},
    http::{Http, HttpError},
    saml::Certificate,
};

/// The sandbox's logical host that plays TLS.
pub(super) const SANDBOX_HOST: &str = "web.sandbox.invalid";

/// What a handshake shows: the leaf certificate in DER, or what is wrong, for people.
type Shown = Result<Vec<u8>, String>;

/// What the sandbox plays.
#[derive(Debug, Deserialize)]
struct Played {
    certificate: Option<String>,
    problem: Option<String>,
}

pub(super) async fn observe(http: &Http, component: &Component, hostname: &str) -> Observation {
    let shown = match handshake(http, hostname).await {
        Ok(shown) => shown,
        Err(unknown) => return Observation::Unknown(unknown),
    };
    let warn_days = match component.field(field::WARN_DAYS).map(|field| &field.value) {
        Some(Value::Int(days)) => *days,
        _ => 0,
    };
    let mut observed = Observed { id: hostname.to_owned(), ..Observed::default() };
    observed.fields = match shown {
        // Of a certificate that is refused nothing else is known.
        Err(problem) => BTreeMap::from([(field::PROBLEM.to_owned(), Value::Text(problem))]),
        Ok(der) => match Certificate::from_der(&der) {
            Ok(certificate) => judge(&certificate, &der, hostname, warn_days, Timestamp::now()),
            Err(error) => BTreeMap::from([(field::PROBLEM.to_owned(), Value::Text(error.to_string()))]),
        },
    };
    Observation::Present(Box::new(observed))
}

fn judge(
    certificate: &Certificate,
    der: &[u8],
    hostname: &str,
    warn_days: i64,
    now: Timestamp,
) -> BTreeMap<String, Value> {
    let left = certificate.days_left(now);
    let valid = if left > warn_days {
        long_valid(warn_days)
    } else {
        format!("until {}", certificate.not_after().strftime("%Y-%m-%d"))
    };
    BTreeMap::from([
        (field::PROBLEM.to_owned(), Value::Null),
        (field::NAMES_HOST.to_owned(), names(der).iter().any(|name| covers(name, hostname)).into()),
        (field::VALID.to_owned(), valid.into()),
    ])
}

/// The DNS names of a certificate (RFC 5280 section 4.2.1.6); its subject does not count (RFC 9525 section 2).
fn names(der: &[u8]) -> Vec<String> {
    use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return Vec::new() };
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let dns = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    });
    dns.collect()
}

/// Whether a name of a certificate is that of a host; a wildcard stands for exactly one label (RFC 9525 section 6.3).
fn covers(name: &str, hostname: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(parent) => hostname
            .split_once('.')
            .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent)),
        None => name.eq_ignore_ascii_case(hostname),
    }
}

async fn handshake(http: &Http, hostname: &str) -> Result<Shown, Unknown> {
    if http.is_sandbox() {
        return played(http, hostname).await;
    }
    let url = Url::parse(&format!("https://{hostname}/")).map_err(|error| Unknown {
        reason: UnknownReason::Unexpected,
        message: format!("{hostname} makes no URL: {error}"),
        help: None,
    })?;
    match http.server_certificate(&url).await {
        Ok(Some(Ok(der))) => Ok(Ok(der)),
        Ok(Some(Err(problem))) => Ok(Err(problem.to_string())),
        Ok(None) => Err(Unknown {
            reason: UnknownReason::Unexpected,
            message: format!("{hostname} answered without showing a certificate"),
            help: None,
        }),
        Err(error) => Err(unreachable(hostname, &error)),
    }
}

async fn played(http: &Http, hostname: &str) -> Result<Shown, Unknown> {
    let mut url = Url::parse(&format!("https://{SANDBOX_HOST}/tls")).expect("a constant host makes a URL");
    url.query_pairs_mut().append_pair("host", hostname);
    let response = http.get(&url).await.map_err(|error| unreachable(hostname, &error))?;
    if !response.status().is_success() {
        return Err(Unknown {
            reason: UnknownReason::Unreachable,
            message: format!("nothing answers at {hostname}"),
            help: None,
        });
    }
    let played: Played = response.json().map_err(|error| unreachable(hostname, &error))?;
    match (played.problem, played.certificate) {
        (Some(problem), _) => Ok(Err(problem)),
        (None, Some(pem)) => match Certificate::from_pem(&pem) {
            Ok(certificate) => Ok(Ok(certificate.der().to_vec())),
            Err(error) => Ok(Err(error.to_string())),
        },
        (None, None) => Ok(Err("no certificate is shown".to_owned())),
    }
}

/// That nobody answers is not a fact about TLS: the host may not be in the DNS yet.
fn unreachable(hostname: &str, error: &HttpError) -> Unknown {
    Unknown {
        reason: UnknownReason::Unreachable,
        message: format!("the TLS certificate of {hostname} cannot be seen: {error}"),
        help: Some("see that the host is in the DNS and serves https".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_one_label() {
        assert!(covers("*.connie.team", "nss.connie.team"));
        assert!(covers("NSS.connie.team", "nss.connie.team"));
        assert!(!covers("*.connie.team", "a.nss.connie.team"));
        assert!(!covers("*.connie.team", "connie.team"));
        assert!(!covers("nss.connie.team", "other.connie.team"));
    }
}
