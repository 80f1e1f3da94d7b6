//! Routing to the sandbox, and following redirects in it.

use super::*;

async fn sandboxed(server: &Server) -> (Http, Origin) {
    let routing = Routing::Sandbox { base: server.base.clone() };
    let http = Http::new(HttpOptions { routing, ..quick() }).unwrap();
    let base = Url::parse("https://nss.us.auth0.com/api/v2").unwrap();
    let origin = origin(&http, &base, Auth::scheme("SSWS", &"s3cret-value".into()));
    (http, origin)
}

#[tokio::test]
async fn the_host_becomes_a_path_and_data_keep_it() {
    let server = Server::start(|seen, _| match seen.target.as_str() {
        "/nss.us.auth0.com/api/v2/users?page=0" => {
            answer(200, &[("link", "<https://nss.us.auth0.com/api/v2/users?page=1>; rel=\"next\"")], "[1]")
        }
        "/nss.us.auth0.com/api/v2/users?page=1" => ok(&json!([2])),
        _ => answer(404, &[], ""),
    })
    .await;
    let (http, origin) = sandboxed(&server).await;
    let first = Request::get(["users"]).query("page", 0);
    let users = pages_by_link_header(&origin, 5, first, Response::json::<Vec<u32>>).await.unwrap();
    assert_eq!(users, [1, 2]);
    assert!(server.seen().iter().all(|seen| seen.headers["authorization"] == "SSWS s3cret-value"));
    assert_eq!(http.stats()["nss.us.auth0.com"].requests, 2);
    assert_eq!(http.stats().len(), 1);

    let error = origin.send(Request::get(["nobody"])).await.unwrap_err();
    assert!(error.to_string().contains("nss.us.auth0.com/api/v2/nobody"), "{error}");
    assert!(matches!(found(Err::<(), _>(error)), Ok(None)));
}

#[tokio::test]
async fn a_redirect_is_followed_by_its_logical_host_until_the_boundary() {
    let server = Server::start(|seen, _| match seen.target.as_str() {
        "/services.twilio.com/v1/Flex/Authorize" => answer(302, &[("location", "/v1/next")], ""),
        "/services.twilio.com/v1/next" => {
            answer(307, &[("location", "https://iam.twilio.com/v2/saml?x=1")], "")
        }
        "/iam.twilio.com/v2/saml?x=1" => {
            answer(302, &[("location", "https://idp.example/sso?SAMLRequest=abc")], "")
        }
        _ => answer(500, &[], "never"),
    })
    .await;
    let (http, _) = sandboxed(&server).await;
    let start = Url::parse("https://services.twilio.com/v1/Flex/Authorize").unwrap();
    let chain = http.follow(&start, 5, |next| next.host_str() == Some("idp.example")).await.unwrap();
    let hosts: Vec<_> = chain.hops.iter().map(|hop| hop.url.host_str().unwrap().to_owned()).collect();
    assert_eq!(hosts, ["services.twilio.com", "services.twilio.com", "iam.twilio.com"]);
    assert!(
        matches!(chain.end, ChainEnd::StoppedBefore(url) if url.as_str() == "https://idp.example/sso?SAMLRequest=abc")
    );
    assert_eq!(server.seen().len(), 3);

    let error = http.follow(&start, 1, |_| false).await.unwrap_err();
    assert!(matches!(error, HttpError::TooManyRedirects { max: 1, .. }), "{error}");
    let answer = http.get(&start).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.header("location")), (302, Some("/v1/next")));
}
