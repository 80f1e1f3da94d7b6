//! Lists of many pages.

use super::*;

#[tokio::test]
async fn credentials_do_not_follow_a_foreign_link() {
    let stranger = Server::start(|_, _| ok(&json!([]))).await;
    let link = format!("<{}users?after=1>; rel=next", stranger.base);
    let server = Server::start(move |_, _| answer(200, &[("link", &link)], "[1]")).await;
    let http = http();
    let auth = Auth::Basic { user: "u".to_owned(), secret: "s3cret-value".into() };
    let origin = origin(&http, &server.base, auth);
    let read = pages_by_link_header(&origin, 5, Request::get(["users"]), Response::json::<Vec<u32>>);
    let error = read.await.unwrap_err();
    assert!(matches!(error, HttpError::ForeignLink { .. }), "{error}");
    assert!(stranger.seen().is_empty());
}

#[tokio::test]
async fn numbers_end_at_the_last_page_the_guard_or_a_repetition() {
    let server = Server::start(|seen, _| match seen.target.split_once("?page=") {
        Some(("/short", "2")) => ok(&json!([20])),
        Some(("/stuck", _)) => ok(&json!([7, 8])),
        Some((_, page)) => ok(&json!([page.parse::<u32>().unwrap() * 10, 1])),
        None => answer(400, &[], ""),
    })
    .await;
    let origin = origin(&http(), &server.base, Auth::None);
    let read = |list: &'static str, max| {
        let origin = origin.clone();
        async move {
            let request = |page| Request::get([list]).query("page", page);
            pages_by_number(&origin, max, request, |response| {
                let items = response.json::<Vec<u32>>()?;
                Ok(NumberedPage { last: items.len() < 2, items })
            })
            .await
        }
    };
    assert_eq!(read("short", 3).await.unwrap(), [0, 1, 10, 1, 20]);
    assert!(matches!(read("short", 2).await, Err(HttpError::TooManyPages { max: 2, .. })));
    assert!(matches!(read("stuck", 100).await, Err(HttpError::PageRepeats { .. })));
}

#[tokio::test]
async fn next_urls_and_tokens_end_and_do_not_loop() {
    let server = Server::start(|seen, before| match (seen.target.as_str(), before) {
        ("/list", _) => ok(&json!({"items": [1], "next": "/list2?x=1"})),
        ("/list2?x=1", _) => ok(&json!({"items": [2], "next": ""})),
        ("/ring", n) => ok(&json!({"items": [n], "next": "/ring"})),
        ("/token", _) => ok(&json!({"items": [1], "next": "a b"})),
        ("/token?t=a+b", _) => ok(&json!({"items": [2], "next": null})),
        _ => answer(404, &[], ""),
    })
    .await;
    let origin = origin(&http(), &server.base, Auth::None);
    #[derive(serde::Deserialize)]
    struct Page {
        items: Vec<u32>,
        next: Option<String>,
    }
    let read = |response: &Response| response.json::<Page>().map(|page| (page.items, page.next));
    let accept = |path| Request::get([path]).header("accept", "application/scim+json");
    assert_eq!(pages_by_next_url(&origin, 9, accept("list"), read).await.unwrap(), [1, 2]);
    assert!(server.seen().iter().all(|seen| seen.headers["accept"] == "application/scim+json"));
    let ring = pages_by_next_url(&origin, 9, Request::get(["ring"]), read).await;
    assert!(matches!(ring, Err(HttpError::PageRepeats { .. })));
    let request = |token: Option<&str>| match token {
        None => Request::get(["token"]),
        Some(token) => Request::get(["token"]).query("t", token),
    };
    assert_eq!(pages_by_token(&origin, 9, request, read).await.unwrap(), [1, 2]);
}
