//! Pages by `limit` and an opaque `after`, with links to this page and the next (RFC 8288).

use serde_json::Value;
use url::form_urlencoded;

use crate::sandbox::message::{Answer, Request};

use super::refusal::Refusal;

/// The limits that a resource takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) least: usize,
    pub(super) default: usize,
    pub(super) most: usize,
}

/// One page of the items that match, which come in the order of their keys. Of those before the page only the keys are looked at, and
/// only what is on it is made into its wire form.
pub(super) fn page<K: AsRef<str>, T>(
    request: &Request,
    limits: Limits,
    items: impl IntoIterator<Item = (K, T)>,
    matches: impl Fn(&T) -> bool,
    view: impl Fn(&str, T) -> Value,
) -> Result<Answer, Refusal> {
    let limit = match request.parameter("limit") {
        None => limits.default,
        Some(text) => match text.parse::<usize>() {
            Ok(limit) if (limits.least..=limits.most).contains(&limit) => limit,
            _ => {
                let cause = format!("limit: must be between {} and {}", limits.least, limits.most);
                return Err(Refusal::validation("limit", vec![cause]));
            }
        },
    };
    let after = request.parameter("after");
    let mut rest = items
        .into_iter()
        .filter(|(key, item)| after.is_none_or(|after| key.as_ref() > after) && matches(item));
    let page: Vec<(K, T)> = rest.by_ref().take(limit).collect();
    let has_more = rest.next().is_some();
    let link = |after: Option<&str>, relation: &str| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(request.query.iter().filter(|(name, _)| name != "after"));
        if let Some(after) = after {
            query.append_pair("after", after);
        }
        let query = query.finish();
        let query = if query.is_empty() { query } else { format!("?{query}") };
        format!("<https://{}{}{query}>; rel=\"{relation}\"", request.host, request.path)
    };
    let this = link(after, "self");
    let next = page.last().filter(|_| has_more).map(|(key, _)| link(Some(key.as_ref()), "next"));
    let body = page.into_iter().map(|(key, item)| view(key.as_ref(), item)).collect();
    let answer = Answer::json(200, &Value::Array(body)).with("link", this);
    Ok(match next {
        Some(next) => answer.with("link", next),
        None => answer,
    })
}
