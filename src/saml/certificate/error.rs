//! What may stand where a certificate should, and what to do about it.

/// Why something is not a certificate. No variant carries any of the content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum CertificateError {
    /// Nothing but white space.
    #[error("there is no certificate: the text is empty")]
    Empty,
    /// A private key where the public certificate belongs.
    #[error("this holds a private key, not only a certificate{}", on_line(*.line))]
    #[diagnostic(help(
        "a private key must never leave the identity provider. Take it out of this file and out of the history, \
         replace the key pair, and put in the text that starts with -----BEGIN CERTIFICATE-----"
    ))]
    PrivateKey {
        /// Line of the BEGIN, from 1; none for DER.
        line: Option<usize>,
    },
    /// A certificate signing request.
    #[error("this is a certificate signing request (CSR), not a certificate{}", on_line(*.line))]
    #[diagnostic(help(
        "use the certificate that came back for the request, or the one the identity provider shows"
    ))]
    CertificateRequest {
        /// Line of the BEGIN, from 1; none for DER.
        line: Option<usize>,
    },
    /// PEM of another kind: a bare public key, PKCS #7, a revocation list.
    #[error("this is PEM, but of kind `{label}`, not `CERTIFICATE` (line {line})")]
    #[diagnostic(help("export the certificate as X.509 PEM (Base-64)"))]
    OtherPem {
        /// The label of the BEGIN line.
        label: String,
        /// Its line, from 1.
        line: usize,
    },
    /// Base64 without BEGIN and END lines.
    #[error(
        "this looks like a certificate without its -----BEGIN CERTIFICATE----- and -----END CERTIFICATE----- lines"
    )]
    #[diagnostic(help("paste the whole file, including all dashes"))]
    NoDashes,
    /// No PEM at all.
    #[error("there is no -----BEGIN CERTIFICATE----- line")]
    #[diagnostic(help("export the certificate as X.509 PEM (Base-64) and paste the whole file"))]
    NoPem,
    /// A BEGIN line without its END line.
    #[error("the certificate that begins on line {line} has no -----END CERTIFICATE----- line")]
    #[diagnostic(help("the end was cut off; paste the whole file, including all dashes"))]
    NoEnd {
        /// Line of the BEGIN, from 1.
        line: usize,
    },
    /// Something between the BEGIN and END lines that is not base64.
    #[error("the text of the certificate is not base64{}", on_line(*.line))]
    Base64 {
        /// Line of the BEGIN, from 1; none where there was none.
        line: Option<usize>,
    },
    /// More than one certificate where one was asked for.
    #[error("there are {count} certificates where one is expected")]
    Several {
        /// How many.
        count: usize,
    },
    /// DER that ends before its own length says.
    #[error("the certificate is cut off: {expected} bytes announced, {actual} there")]
    Truncated {
        /// Bytes that its header announces.
        expected: usize,
        /// Bytes that are there.
        actual: usize,
    },
    /// Bytes after the certificate.
    #[error("there are {bytes} more bytes after the certificate")]
    TrailingData {
        /// How many.
        bytes: usize,
    },
    /// Larger than [`super::MAX_DER_BYTES`], or than a bundle may be.
    #[error("{actual} bytes are too many for a certificate (at most {limit})")]
    TooLarge {
        /// Bytes allowed.
        limit: usize,
        /// Bytes found.
        actual: usize,
    },
    /// DER, but not an X.509 certificate.
    #[error("this is not an X.509 certificate: {reason}")]
    NotACertificate {
        /// The part that could not be read.
        reason: String,
    },
}

fn on_line(line: Option<usize>) -> String {
    line.map(|line| format!(" (line {line})")).unwrap_or_default()
}
