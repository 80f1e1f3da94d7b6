//! Where a logical URL really goes. Owns the mapping to the sandbox, the rule on plain http, and what counts as loopback.

use url::{Host, Url};

use super::error::HttpError;

/// Which sockets may be opened.
#[derive(Debug, Clone)]
pub enum Routing {
    /// The logical URL is the real one.
    Direct,
    /// Everything goes to the sandbox: `https://host/path?q` is sent to `{base}/host/path?q`. The data of the answers
    /// keep the logical hosts.
    Sandbox {
        /// Plain http URL of a loopback address.
        base: Url,
    },
}

impl Routing {
    /// Refuses a sandbox that is not on this machine.
    pub(super) fn check(&self) -> Result<(), HttpError> {
        match self {
            Self::Direct => Ok(()),
            Self::Sandbox { base } if base.scheme() == "http" && is_loopback(base) => Ok(()),
            Self::Sandbox { base } => Err(HttpError::SandboxNotLoopback { base: origin_text(base) }),
        }
    }

    /// The URL that is opened for a logical one.
    pub(super) fn physical(&self, logical: &Url) -> Url {
        match self {
            Self::Direct => logical.clone(),
            Self::Sandbox { base } => {
                let mut url = base.clone();
                let root = base.path().trim_end_matches('/');
                url.set_path(&format!("{root}/{}{}", host_text(logical), logical.path()));
                url.set_query(logical.query());
                url
            }
        }
    }
}

/// Whether a URL names this machine: an address of 127.0.0.0/8, `::1`, or `localhost` (RFC 6761 section 6.3).
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

/// Refuses what is neither https nor on this machine, and URLs that carry credentials.
pub(super) fn check_secure(url: &Url) -> Result<(), HttpError> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(HttpError::InvalidRequest {
            host: host_text(url),
            reason: "the URL carries credentials",
        });
    }
    match url.scheme() {
        "https" if url.host().is_some() => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        _ => Err(HttpError::InsecureOrigin { origin: origin_text(url) }),
    }
}

/// Host of a URL, with the port where it is not the scheme's own.
pub(super) fn host_text(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => String::new(),
    }
}

/// Scheme and host of a URL, for messages.
pub(super) fn origin_text(url: &Url) -> String {
    format!("{}://{}", url.scheme(), host_text(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn sandbox_turns_the_host_into_the_first_path_segment() {
        let routing = Routing::Sandbox { base: url("http://127.0.0.1:4010/") };
        let physical =
            routing.physical(&url("https://nss.us.auth0.com/api/v2/users/auth0%7Cabc?q=a%26b&page=0"));
        assert_eq!(
            physical.as_str(),
            "http://127.0.0.1:4010/nss.us.auth0.com/api/v2/users/auth0%7Cabc?q=a%26b&page=0"
        );
    }

    #[test]
    fn only_loopback_is_a_sandbox() {
        for base in ["http://10.0.0.1:80/", "https://sandbox.example/", "http://localhost.example/"] {
            assert!(matches!(
                Routing::Sandbox { base: url(base) }.check(),
                Err(HttpError::SandboxNotLoopback { .. })
            ));
        }
        for base in ["http://127.0.0.1:1/", "http://[::1]:1/", "http://localhost:1/"] {
            assert!(Routing::Sandbox { base: url(base) }.check().is_ok());
        }
    }

    #[test]
    fn plain_http_is_for_this_machine() {
        assert!(check_secure(&url("http://127.0.0.1:8080/")).is_ok());
        assert!(matches!(check_secure(&url("http://example.com/")), Err(HttpError::InsecureOrigin { .. })));
        assert!(matches!(check_secure(&url("ftp://example.com/")), Err(HttpError::InsecureOrigin { .. })));
        assert!(matches!(
            check_secure(&url("https://u:p@example.com/")),
            Err(HttpError::InvalidRequest { .. })
        ));
    }
}
