//! Twilio's classic page envelope: `{KEY: [...], meta: {key, next_page_url, ...}}`. Owns where the items are and where the next page
//! begins.

use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use url::Url;

use crate::http::{HttpError, Response};

/// The items of a page: under the key that `meta` names, which is the documented one where it names none.
///
/// # Errors
/// There is no list, or an item that is not what it should be.
pub(super) fn items<T: DeserializeOwned>(
    response: &Response,
    body: &Json,
    documented: &str,
) -> Result<Vec<T>, HttpError> {
    let named = body["meta"]["key"].as_str().filter(|key| body.get(*key).is_some_and(Json::is_array));
    let key = named.unwrap_or(documented);
    let list = body.get(key).and_then(Json::as_array);
    let list = list.ok_or_else(|| response.undecodable(key, "expected a list"))?;
    list.iter()
        .map(|item| T::deserialize(item).map_err(|_| response.undecodable(key, "expected items with SIDs")))
        .collect()
}

/// The token of the next page, out of its link; `None` on the last page. The link itself is not followed, so that credentials stay on
/// their origin.
///
/// # Errors
/// A link without a token.
pub(super) fn next_token(response: &Response, body: &Json) -> Result<Option<String>, HttpError> {
    let Some(link) = body["meta"]["next_page_url"].as_str().filter(|link| !link.is_empty()) else {
        return Ok(None);
    };
    // The base only makes relative links readable.
    let base = Url::parse("https://iam.twilio.com").expect("a constant URL");
    let token = Url::options().base_url(Some(&base)).parse(link).ok().and_then(|url| {
        url.query_pairs().find(|(name, _)| name == "PageToken").map(|(_, token)| token.into_owned())
    });
    match token.filter(|token| !token.is_empty()) {
        Some(token) => Ok(Some(token)),
        None => Err(response.undecodable("meta.next_page_url", "expected a link with a PageToken")),
    }
}
