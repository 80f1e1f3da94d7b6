//! The self-hosted Flex UI's public configuration: a script that assigns an object literal (Twilio, "Self-hosted Flex with SSO":
//! `sso.accountSid`, `oauth.connection`, `oauth.clientId`, `oauth.redirectUrl`). It is read as text and never run.

use std::collections::BTreeMap;

use url::Url;

use super::{literal, lower::field};
use crate::{
    component::{Component, Observation, Observed, Unknown, UnknownReason, Value},
    http::{ChainEnd, Http, HttpError},
};

/// A host may redirect to its other name.
const MAX_REDIRECTS: usize = 5;

/// The fields that are compared, each with where it stands in the object.
const FIELDS: [&str; 4] = [field::ACCOUNT, field::CONNECTION, field::CLIENT, field::REDIRECT];

pub(super) async fn observe(http: &Http, component: &Component) -> Observation {
    let unknown = |reason, message: String, help: Option<&str>| {
        Observation::Unknown(Unknown { reason, message, help: help.map(str::to_owned) })
    };
    let url = component.field(field::URL).and_then(|field| field.value.as_text());
    let Some(url) = url.and_then(|url| Url::parse(url).ok()) else {
        return unknown(UnknownReason::Unexpected, "appConfig.js has no address".to_owned(), None);
    };
    let answer = match http.follow(&url, MAX_REDIRECTS, |_| false).await {
        Ok(chain) => match chain.end {
            ChainEnd::Answer(answer) => answer,
            ChainEnd::StoppedBefore(_) => {
                return unknown(UnknownReason::Unexpected, format!("{url} leads elsewhere"), None);
            }
        },
        Err(error) => return of_error(&url, &error),
    };
    let status = answer.status();
    let mut fields = BTreeMap::new();
    if status.as_u16() == 404 {
        // It is not there, which is what is compared.
        fields.extend(FIELDS.map(|path| (path.to_owned(), Value::Null)));
    } else if !status.is_success() {
        return unknown(UnknownReason::Unreachable, format!("{url} answers {status}"), None);
    } else {
        match literal::parse(&answer.text()) {
            Ok(literal) => {
                for path in FIELDS {
                    // What is computed when the page runs cannot be known here, so nothing is said of it.
                    if let Some(value) = literal.text(path) {
                        fields.insert(path.to_owned(), value.map_or(Value::Null, Value::Text));
                    }
                }
            }
            Err(error) => {
                let help = "the file assigns an object: `appConfig = {sso: {...}, oauth: {...}}`";
                let message = format!("{url} cannot be read: {error}");
                return unknown(UnknownReason::Unexpected, message, Some(help));
            }
        }
    }
    Observation::Present(Box::new(Observed { id: url.to_string(), fields, ..Observed::default() }))
}

fn of_error(url: &Url, error: &HttpError) -> Observation {
    let reason = if error.is_unreachable() { UnknownReason::Unreachable } else { UnknownReason::Unexpected };
    Observation::Unknown(Unknown {
        reason,
        message: format!("cannot read {url}: {error}"),
        help: miette::Diagnostic::help(error).map(|help| help.to_string()),
    })
}
