//! Reading a list to its end. Owns the loop, its guard and the detection of pages that repeat; a vendor says where its
//! items are and how it names the next page.

use std::collections::HashSet;
use std::hash::Hash;

use ring::digest::{SHA256, digest};

use super::error::HttpError;
use super::link::next_link;
use super::origin::Origin;
use super::request::Request;
use super::response::Response;

/// A page of a list that is read by number or offset.
#[derive(Debug, Clone)]
pub struct NumberedPage<T> {
    /// Its items.
    pub items: Vec<T>,
    /// Whether it is the last one, by the vendor's own rule (fewer items than asked for, or the total reached).
    pub last: bool,
}

/// Reads pages 0, 1, 2... until one says that it is the last. A vendor that counts from one, or by offset, computes that
/// in `request`.
///
/// # Errors
/// Those of [`Origin::send`] and of `read`; [`HttpError::TooManyPages`] after `max_pages`; [`HttpError::PageRepeats`] when a
/// page that is not the last has the bytes of an earlier one.
pub async fn pages_by_number<T>(
    origin: &Origin,
    max_pages: usize,
    request: impl Fn(u64) -> Request,
    read: impl Fn(&Response) -> Result<NumberedPage<T>, HttpError>,
) -> Result<Vec<T>, HttpError> {
    collect(
        origin,
        max_pages,
        0,
        |page| request(*page),
        |response, page| {
            let NumberedPage { items, last } = read(response)?;
            Ok((items, (!last).then_some(page + 1)))
        },
    )
    .await
}

/// Reads pages by the vendor's own token; `read` gives the items and the token of the next page (`None` ends). The first
/// request gets no token.
///
/// # Errors
/// As [`pages_by_number`]; also [`HttpError::PageRepeats`] when a token comes again.
pub async fn pages_by_token<T>(
    origin: &Origin,
    max_pages: usize,
    request: impl Fn(Option<&str>) -> Request,
    read: impl Fn(&Response) -> Result<(Vec<T>, Option<String>), HttpError>,
) -> Result<Vec<T>, HttpError> {
    collect(
        origin,
        max_pages,
        None::<String>,
        |token| request(token.as_deref()),
        |response, _| {
            let (items, next) = read(response)?;
            Ok((items, next.filter(|token| !token.is_empty()).map(Some)))
        },
    )
    .await
}

/// Reads pages by the link with relation `next` (RFC 8288).
///
/// # Errors
/// As [`pages_by_number`]; [`HttpError::ForeignLink`] where the link leaves the origin; [`HttpError::PageRepeats`] when a
/// link comes again.
pub async fn pages_by_link_header<T>(
    origin: &Origin,
    max_pages: usize,
    first: Request,
    read: impl Fn(&Response) -> Result<Vec<T>, HttpError>,
) -> Result<Vec<T>, HttpError> {
    pages_by_next_url(origin, max_pages, first, |response| {
        Ok((read(response)?, next_link(response.headers())))
    })
    .await
}

/// Reads pages by a next-page URL in the body, absolute or relative; `None` or an empty one ends.
///
/// # Errors
/// As [`pages_by_link_header`].
pub async fn pages_by_next_url<T>(
    origin: &Origin,
    max_pages: usize,
    first: Request,
    read: impl Fn(&Response) -> Result<(Vec<T>, Option<String>), HttpError>,
) -> Result<Vec<T>, HttpError> {
    let request = |link: Option<&str>| match link {
        None => first.clone(),
        // The headers (Accept, for one) are the same on every page.
        Some(link) => Request { headers: first.headers.clone(), ..Request::link(link) },
    };
    pages_by_token(origin, max_pages, request, read).await
}

async fn collect<T, C: Eq + Hash + Clone>(
    origin: &Origin,
    max_pages: usize,
    first: C,
    request: impl Fn(&C) -> Request,
    step: impl Fn(&Response, &C) -> Result<(Vec<T>, Option<C>), HttpError>,
) -> Result<Vec<T>, HttpError> {
    let mut all = Vec::new();
    let mut cursors = HashSet::from([first.clone()]);
    let mut bodies = HashSet::new();
    let mut cursor = first;
    let mut pages = 0;
    loop {
        let response = origin.send(request(&cursor)).await?;
        pages += 1;
        let (items, next) = step(&response, &cursor)?;
        let Some(next) = next else {
            all.extend(items);
            return Ok(all);
        };
        // Pages without items look alike by right: a filter may leave nothing of them.
        let repeats =
            !items.is_empty() && !bodies.insert(digest(&SHA256, response.bytes()).as_ref().to_vec());
        if repeats || !cursors.insert(next.clone()) {
            return Err(HttpError::PageRepeats { call: Box::new(response.call().clone()) });
        }
        if pages >= max_pages {
            return Err(HttpError::TooManyPages { call: Box::new(response.call().clone()), max: max_pages });
        }
        all.extend(items);
        cursor = next;
    }
}
