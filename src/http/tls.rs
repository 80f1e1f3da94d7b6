//! What a TLS server shows of itself. Owns the probe and the sorting of its failures; what a certificate should be like is the
//! asker's business.

use reqwest::Method;
use rustls::{CertificateError, Error};
use url::Url;

use super::client::Http;
use super::error::HttpError;
use super::request::Kind;
use super::routing::check_secure;
use super::wire::Failure;

/// Why a handshake failed, as far as the client can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TlsProblem {
    /// The certificate, or one of its chain, has expired.
    Expired,
    /// Its validity has not begun, or this machine's clock is slow.
    NotYetValid,
    /// It names other hosts.
    OtherName,
    /// No root in this machine's store stands behind it, or the server does not send the chain.
    UnknownIssuer,
    /// It was revoked.
    Revoked,
    /// The certificate is wrong in another way.
    Certificate,
    /// Client and server have no protocol in common, or the server does not speak TLS there.
    Handshake,
}

impl TlsProblem {
    /// A few words for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "the certificate has expired",
            Self::NotYetValid => "the certificate is not valid yet",
            Self::OtherName => "the certificate names other hosts",
            Self::UnknownIssuer => "the certificate's issuer is not trusted, or the chain is not sent",
            Self::Revoked => "the certificate was revoked",
            Self::Certificate => "the certificate is not valid",
            Self::Handshake => "the TLS handshake failed",
        }
    }

    pub(super) fn of(error: &Error) -> Self {
        let Error::InvalidCertificate(certificate) = error else { return Self::Handshake };
        match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotYetValid,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::OtherName
            }
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            CertificateError::Revoked => Self::Revoked,
            _ => Self::Certificate,
        }
    }
}

impl std::fmt::Display for TlsProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Http {
    /// The leaf certificate, in DER, that the server of an https URL shows in a handshake that this machine accepts; or why it does
    /// not. Sends one HEAD request without credentials. `None` where the URL is routed to the sandbox, which has no TLS.
    ///
    /// # Errors
    /// Nobody answers there: then nothing is known of TLS.
    pub async fn server_certificate(
        &self,
        url: &Url,
    ) -> Result<Option<Result<Vec<u8>, TlsProblem>>, HttpError> {
        check_secure(url)?;
        if self.is_sandbox() || url.scheme() != "https" {
            return Ok(None);
        }
        let call = self.call("web", Method::HEAD, url);
        match self.wire().leaf(url).await {
            Ok(leaf) => Ok(leaf.map(Ok)),
            Err(Failure::Tls(problem, _)) => Ok(Some(Err(problem))),
            Err(failure) => Err(failure.into_error(&call, Kind::Read, self.max_body())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_apart() {
        let of = |error| TlsProblem::of(&Error::InvalidCertificate(error));
        assert_eq!(of(CertificateError::Expired), TlsProblem::Expired);
        assert_eq!(of(CertificateError::NotValidForName), TlsProblem::OtherName);
        assert_eq!(of(CertificateError::UnknownIssuer), TlsProblem::UnknownIssuer);
        assert_eq!(of(CertificateError::BadEncoding), TlsProblem::Certificate);
        assert_eq!(TlsProblem::of(&Error::HandshakeNotComplete), TlsProblem::Handshake);
    }
}
