//! Metadata over a real socket: a server on loopback that answers as told.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::http::{Backoff, HttpOptions};

const CERTIFICATE: &str = include_str!("../../../saml/testdata/rsa2048.pem");

/// What a server sends: the head's lines, the body in pieces, and how long the body says it is.
struct Answer {
    head: String,
    pieces: Vec<String>,
    length: Option<usize>,
}

fn xml(body: &str) -> Answer {
    Answer { head: "200 OK".to_owned(), pieces: vec![body.to_owned()], length: None }
}

/// Answers each request by its path and how often a request came; gives the base URL.
async fn serve(answer: impl Fn(&str, usize) -> Answer + Send + 'static) -> (Url, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if stream.read(&mut byte).await.unwrap() == 0 {
                    break;
                }
                head.push(byte[0]);
            }
            let text = String::from_utf8_lossy(&head).into_owned();
            let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
            let count = {
                let mut seen = log.lock().unwrap();
                seen.push(text);
                seen.len()
            };
            let Answer { head, pieces, length } = answer(&path, count);
            let length = length.unwrap_or_else(|| pieces.iter().map(String::len).sum());
            let head = format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(head.as_bytes()).await;
            for piece in pieces {
                if stream.write_all(piece.as_bytes()).await.is_err() {
                    break;
                }
            }
        }
    });
    (url, seen)
}

fn http() -> Http {
    let backoff = Backoff { base: std::time::Duration::from_millis(1), ..Backoff::default() };
    Http::new(HttpOptions { max_attempts: 3, backoff, ..HttpOptions::default() }).unwrap()
}

const NAMESPACES: &str =
    "xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";

fn entity(id: &str, namespaces: &str, services: &str) -> String {
    let certificate: String = CERTIFICATE.lines().filter(|line| !line.starts_with("-----")).collect();
    format!(
        "<md:EntityDescriptor {namespaces} entityID=\"{id}\"><md:IDPSSODescriptor \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data>\
         <ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>{services}\
         </md:IDPSSODescriptor></md:EntityDescriptor>"
    )
}

fn service(binding: &str, location: &str) -> String {
    format!(
        "<md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\" Location=\"{location}\"/>"
    )
}

fn one(services: &str) -> String {
    entity("urn:idp", NAMESPACES, services)
}

#[tokio::test]
async fn the_binding_that_twilio_uses_is_chosen() {
    let (post, redirect) =
        (service("HTTP-POST", "https://idp/post"), service("HTTP-Redirect", "https://idp/redirect"));
    for (services, expected) in [
        (format!("{post}{redirect}"), (Binding::HttpRedirect, "https://idp/redirect")),
        (format!("{}{post}", service("SOAP", "https://idp/soap")), (Binding::HttpPost, "https://idp/post")),
    ] {
        let document = one(&services);
        let (url, _) = serve(move |_, _| xml(&document)).await;
        let found = entity_at(&url).await.unwrap();
        assert_eq!((found.sign_on.0, found.sign_on.1.as_str()), expected);
        assert_eq!((found.entity_id.as_str(), found.certificates.len()), ("urn:idp", 1));
    }
    let document = one(&service("SOAP", "https://idp/soap"));
    let (url, _) = serve(move |_, _| xml(&document)).await;
    assert!(matches!(entity_at(&url).await, Err(FetchError::NoSignOn { .. })));
}

async fn entity_at(url: &Url) -> Result<Entity, FetchError> {
    super::entity(&http(), url, None).await
}

#[tokio::test]
async fn redirects_are_followed_so_far_and_without_credentials() {
    let document = one(&service("HTTP-Redirect", "https://idp/redirect"));
    let (url, seen) = serve(move |path, _| match path {
        "/a" => Answer { head: "302 Found\r\nlocation: /b".to_owned(), pieces: Vec::new(), length: None },
        "/b" => xml(&document),
        _ => Answer { head: "301 Moved\r\nlocation: /round".to_owned(), pieces: Vec::new(), length: None },
    })
    .await;
    assert!(entity_at(&url.join("a").unwrap()).await.is_ok());
    let round = entity_at(&url.join("round").unwrap()).await.unwrap_err();
    assert!(
        matches!(round, FetchError::Http(HttpError::TooManyRedirects { max: MAX_REDIRECTS, .. })),
        "{round}"
    );
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2 + MAX_REDIRECTS + 1);
    assert!(seen.iter().all(|head| !head.to_lowercase().contains("authorization")));
}

#[tokio::test]
async fn what_is_no_metadata_says_so() {
    let (url, _) = serve(|path, _| match path {
        "/page" => xml("<!DOCTYPE html><html><body>Sign in</body></html>"),
        "/dtd" => xml("<!DOCTYPE md [<!ENTITY a 'b'>]><md:EntityDescriptor/>"),
        "/empty" => xml(""),
        "/busy" => Answer { head: "503 Busy".to_owned(), pieces: Vec::new(), length: None },
        _ => Answer { head: "404 Not Found".to_owned(), pieces: Vec::new(), length: None },
    })
    .await;
    let at = async |path: &str| entity_at(&url.join(path).unwrap()).await.unwrap_err();
    let page = at("page").await;
    assert!(page.to_string().contains("web page") && page.help().is_some(), "{page}");
    assert!(at("dtd").await.to_string().contains("DTD"));
    assert!(matches!(at("empty").await, FetchError::Metadata(_)));
    assert!(matches!(at("none").await, FetchError::Status { status, .. } if status.as_u16() == 404));
    assert!(matches!(at("busy").await, FetchError::Status { status, .. } if status.as_u16() == 503));
}

#[tokio::test]
async fn a_document_that_was_cut_off_is_asked_for_again() {
    let whole = one(&service("HTTP-Redirect", "https://idp/redirect"));
    let cut = whole[..whole.len() / 2].to_owned();
    let length = whole.len();
    let (url, seen) = serve(move |_, count| match count {
        1 => Answer { head: "200 OK".to_owned(), pieces: vec![cut.clone()], length: Some(length) },
        _ => xml(&whole),
    })
    .await;
    assert!(entity_at(&url).await.is_ok());
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_entity_of_a_large_aggregate_comes_through_the_network() {
    let pieces = || {
        let padding = format!("<!-- {} -->", "x".repeat(8_000));
        let entities = (0..1_000).map(move |n| {
            let services = service("HTTP-Redirect", &format!("https://idp{n}/sso"));
            format!("{padding}{}", entity(&format!("urn:idp:{n}"), "", &services))
        });
        std::iter::once(format!("<md:EntitiesDescriptor {NAMESPACES}>"))
            .chain(entities)
            .chain(["</md:EntitiesDescriptor>".to_owned()])
            .collect::<Vec<_>>()
    };
    let (url, _) =
        serve(move |_, _| Answer { head: "200 OK".to_owned(), pieces: pieces(), length: None }).await;
    let found = super::entity(&http(), &url, Some("urn:idp:777")).await.unwrap();
    assert_eq!((found.entity_id.as_str(), found.sign_on.1.as_str()), ("urn:idp:777", "https://idp777/sso"));
    let missing = super::entity(&http(), &url, Some("urn:idp:9999")).await.unwrap_err();
    assert!(missing.to_string().contains("more"), "{missing}");
    assert!(missing.help().is_some_and(|help| help.contains("trust.entityId")));
}
