//! The URIs of SAML 2.0 and the short names that the language uses for them.
//!
//! Owns the closed tables (OASIS saml-core-2.0 section 8, saml-bindings-2.0 section 3, saml-authn-context-2.0, W3C xmldsig
//! and RFC 9231) and [`Identifier`], which keeps a URI that is in none of them. Owns no rule about which one is right for whom.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// XML namespaces.
pub mod ns {
    /// `samlp`: requests and responses.
    pub const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
    /// `saml`: assertions.
    pub const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
    /// `md`: metadata.
    pub const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
    /// `ds`: XML signatures and key information.
    pub const XMLDSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
    /// `xml:lang` and its siblings.
    pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
}

/// A closed set of URIs, each with a short name.
pub trait KnownUri: Copy + Eq + fmt::Debug + 'static {
    /// What the set is, for messages: `NameID format`.
    const WHAT: &'static str;
    /// Every member, in the order of the specification.
    const ALL: &'static [Self];

    /// The URI as it stands in XML.
    fn uri(self) -> &'static str;

    /// The name as it stands in a manifest.
    fn short_name(self) -> &'static str;

    /// The member with this URI. Compared exactly, as SAML compares URIs (saml-core-2.0 section 1.3.2).
    fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.uri() == uri)
    }
}

/// A name that is neither a short name nor a URI of its set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
#[error("`{given}` is not a {what}")]
#[diagnostic(help("{}", self.hint()))]
pub struct UnknownName {
    /// What was expected, such as `NameID format`.
    pub what: &'static str,
    /// What was given.
    pub given: String,
    /// The short name that is nearest to it, if one is near.
    pub suggestion: Option<&'static str>,
    /// Every short name of the set.
    pub expected: Vec<&'static str>,
}

impl UnknownName {
    fn of<T: KnownUri>(given: &str) -> Self {
        let expected: Vec<&'static str> = T::ALL.iter().map(|known| known.short_name()).collect();
        let suggestion = expected
            .iter()
            .map(|name| {
                (strsim::jaro_winkler(&given.to_ascii_lowercase(), &name.to_ascii_lowercase()), *name)
            })
            .filter(|(likeness, _)| *likeness > 0.8)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, name)| name);
        Self { what: T::WHAT, given: given.to_owned(), suggestion, expected }
    }

    /// The way out: the nearest name, or all of them.
    pub fn hint(&self) -> String {
        match self.suggestion {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("one of: {}", self.expected.join(", ")),
        }
    }
}

/// A URI read from a message: one that we know, or any other, kept as it was.
///
/// Guarantee: [`Identifier::from_uri`] never puts a known URI into `Other`, so equality is equality of URIs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identifier<T> {
    /// A member of the set.
    Known(T),
    /// Another URI, as it stood in the XML.
    Other(String),
}

impl<T: KnownUri> Identifier<T> {
    /// Classifies a URI. Never fails: metadata in the wild names bindings and formats of other protocols.
    pub fn from_uri(uri: &str) -> Self {
        T::from_uri(uri).map_or_else(|| Self::Other(uri.to_owned()), Self::Known)
    }

    /// The URI as it stands in XML.
    pub fn uri(&self) -> &str {
        match self {
            Self::Known(known) => known.uri(),
            Self::Other(uri) => uri,
        }
    }

    /// The member of the set, if it is one.
    pub fn known(&self) -> Option<T> {
        match self {
            Self::Known(known) => Some(*known),
            Self::Other(_) => None,
        }
    }
}

impl<T> From<T> for Identifier<T> {
    fn from(known: T) -> Self {
        Self::Known(known)
    }
}

impl<T: PartialEq> PartialEq<T> for Identifier<T> {
    fn eq(&self, other: &T) -> bool {
        matches!(self, Self::Known(known) if known == other)
    }
}

/// The short name, or the URI where there is none.
impl<T: KnownUri> fmt::Display for Identifier<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known(known) => known.short_name(),
            Self::Other(uri) => uri,
        })
    }
}

impl<T: KnownUri> Serialize for Identifier<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

macro_rules! known_uris {
    ($(#[$doc:meta])* $name:ident, $what:literal, { $($(#[$variant_doc:meta])* $variant:ident = $short:literal, $uri:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $(
                $(#[$variant_doc])*
                #[doc = concat!("`", $uri, "`")]
                #[serde(rename = $short)]
                $variant,
            )+
        }

        impl KnownUri for $name {
            const WHAT: &'static str = $what;
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn uri(self) -> &'static str {
                match self { $(Self::$variant => $uri),+ }
            }

            fn short_name(self) -> &'static str {
                match self { $(Self::$variant => $short),+ }
            }
        }

        /// The short name.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.short_name())
            }
        }

        /// Accepts the short name and the URI.
        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|known| known.short_name() == text || known.uri() == text)
                    .ok_or_else(|| UnknownName::of::<Self>(text))
            }
        }
    };
}

known_uris! {
    /// How a message travels (saml-bindings-2.0 section 3).
    Binding, "SAML binding", {
        HttpRedirect = "redirect", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
        HttpPost = "post", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
        HttpPostSimpleSign = "postSimpleSign", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST-SimpleSign";
        HttpArtifact = "artifact", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact";
        Soap = "soap", "urn:oasis:names:tc:SAML:2.0:bindings:SOAP";
        Paos = "paos", "urn:oasis:names:tc:SAML:2.0:bindings:PAOS";
    }
}

known_uris! {
    /// What kind of name a NameID is (saml-core-2.0 section 8.3). Mind the versions: the first four kept their 1.1 URN.
    NameIdFormat, "NameID format", {
        Unspecified = "unspecified", "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
        EmailAddress = "emailAddress", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
        X509SubjectName = "x509SubjectName", "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName";
        WindowsDomainQualifiedName = "windowsDomainQualifiedName", "urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName";
        Kerberos = "kerberos", "urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos";
        Entity = "entity", "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
        Persistent = "persistent", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
        Transient = "transient", "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
    }
}

known_uris! {
    /// How an attribute's name is to be read (saml-core-2.0 section 8.2).
    AttributeNameFormat, "attribute name format", {
        Unspecified = "unspecified", "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified";
        Uri = "uri", "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
        Basic = "basic", "urn:oasis:names:tc:SAML:2.0:attrname-format:basic";
    }
}

known_uris! {
    /// How a request went (saml-core-2.0 section 3.2.2.2). The first four are top-level codes.
    StatusCode, "status code", {
        Success = "success", "urn:oasis:names:tc:SAML:2.0:status:Success";
        /// The request was at fault.
        Requester = "requester", "urn:oasis:names:tc:SAML:2.0:status:Requester";
        /// The responder was at fault.
        Responder = "responder", "urn:oasis:names:tc:SAML:2.0:status:Responder";
        VersionMismatch = "versionMismatch", "urn:oasis:names:tc:SAML:2.0:status:VersionMismatch";
        AuthnFailed = "authnFailed", "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed";
        InvalidAttrNameOrValue = "invalidAttrNameOrValue", "urn:oasis:names:tc:SAML:2.0:status:InvalidAttrNameOrValue";
        InvalidNameIdPolicy = "invalidNameIdPolicy", "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy";
        NoAuthnContext = "noAuthnContext", "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext";
        NoAvailableIdp = "noAvailableIdp", "urn:oasis:names:tc:SAML:2.0:status:NoAvailableIDP";
        NoPassive = "noPassive", "urn:oasis:names:tc:SAML:2.0:status:NoPassive";
        NoSupportedIdp = "noSupportedIdp", "urn:oasis:names:tc:SAML:2.0:status:NoSupportedIDP";
        PartialLogout = "partialLogout", "urn:oasis:names:tc:SAML:2.0:status:PartialLogout";
        ProxyCountExceeded = "proxyCountExceeded", "urn:oasis:names:tc:SAML:2.0:status:ProxyCountExceeded";
        RequestDenied = "requestDenied", "urn:oasis:names:tc:SAML:2.0:status:RequestDenied";
        RequestUnsupported = "requestUnsupported", "urn:oasis:names:tc:SAML:2.0:status:RequestUnsupported";
        RequestVersionDeprecated = "requestVersionDeprecated", "urn:oasis:names:tc:SAML:2.0:status:RequestVersionDeprecated";
        RequestVersionTooHigh = "requestVersionTooHigh", "urn:oasis:names:tc:SAML:2.0:status:RequestVersionTooHigh";
        RequestVersionTooLow = "requestVersionTooLow", "urn:oasis:names:tc:SAML:2.0:status:RequestVersionTooLow";
        ResourceNotRecognized = "resourceNotRecognized", "urn:oasis:names:tc:SAML:2.0:status:ResourceNotRecognized";
        TooManyResponses = "tooManyResponses", "urn:oasis:names:tc:SAML:2.0:status:TooManyResponses";
        UnknownAttrProfile = "unknownAttrProfile", "urn:oasis:names:tc:SAML:2.0:status:UnknownAttrProfile";
        UnknownPrincipal = "unknownPrincipal", "urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal";
        UnsupportedBinding = "unsupportedBinding", "urn:oasis:names:tc:SAML:2.0:status:UnsupportedBinding";
    }
}

known_uris! {
    /// How the bearer of an assertion proves to be its subject (saml-profiles-2.0 section 3).
    ConfirmationMethod, "subject confirmation method", {
        Bearer = "bearer", "urn:oasis:names:tc:SAML:2.0:cm:bearer";
        HolderOfKey = "holderOfKey", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key";
        SenderVouches = "senderVouches", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches";
    }
}

known_uris! {
    /// How the user authenticated (saml-authn-context-2.0 section 3.4; the classes that IdPs really send).
    AuthnContextClass, "authentication context class", {
        Unspecified = "unspecified", "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";
        Password = "password", "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
        PasswordProtectedTransport = "passwordProtectedTransport", "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
        PreviousSession = "previousSession", "urn:oasis:names:tc:SAML:2.0:ac:classes:PreviousSession";
        Kerberos = "kerberos", "urn:oasis:names:tc:SAML:2.0:ac:classes:Kerberos";
        TlsClient = "tlsClient", "urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient";
        X509 = "x509", "urn:oasis:names:tc:SAML:2.0:ac:classes:X509";
        SmartcardPki = "smartcardPki", "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI";
        TimeSyncToken = "timeSyncToken", "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken";
        MobileTwoFactorContract = "mobileTwoFactorContract", "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract";
    }
}

known_uris! {
    /// How an XML signature was made (W3C xmldsig-core, RFC 9231 section 2.3).
    SignatureAlgorithm, "signature algorithm", {
        RsaSha1 = "rsa-sha1", "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
        DsaSha1 = "dsa-sha1", "http://www.w3.org/2000/09/xmldsig#dsa-sha1";
        RsaSha256 = "rsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
        RsaSha384 = "rsa-sha384", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384";
        RsaSha512 = "rsa-sha512", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512";
        EcdsaSha1 = "ecdsa-sha1", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1";
        EcdsaSha256 = "ecdsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
        EcdsaSha384 = "ecdsa-sha384", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384";
        EcdsaSha512 = "ecdsa-sha512", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512";
    }
}

impl SignatureAlgorithm {
    /// Whether it hashes with SHA-1, which no longer withstands collisions.
    pub fn is_sha1(self) -> bool {
        matches!(self, Self::RsaSha1 | Self::DsaSha1 | Self::EcdsaSha1)
    }
}

known_uris! {
    /// What a signature's reference was hashed with (W3C xmldsig-core, xmlenc-core).
    DigestAlgorithm, "digest algorithm", {
        Sha1 = "sha1", "http://www.w3.org/2000/09/xmldsig#sha1";
        Sha256 = "sha256", "http://www.w3.org/2001/04/xmlenc#sha256";
        Sha384 = "sha384", "http://www.w3.org/2001/04/xmldsig-more#sha384";
        Sha512 = "sha512", "http://www.w3.org/2001/04/xmlenc#sha512";
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn check_table<T>()
    where
        T: KnownUri + FromStr<Err = UnknownName> + fmt::Display + Serialize + for<'a> Deserialize<'a>,
    {
        let mut seen = BTreeSet::new();
        for known in T::ALL.iter().copied() {
            assert!(seen.insert(known.uri()), "{} twice", known.uri());
            assert!(seen.insert(known.short_name()), "{} twice", known.short_name());
            assert_eq!(known.to_string().parse::<T>(), Ok(known));
            assert_eq!(known.uri().parse::<T>(), Ok(known));
            assert_eq!(Identifier::<T>::from_uri(known.uri()), Identifier::Known(known));
            let json = serde_json::to_value(known).unwrap();
            assert_eq!(json, known.short_name());
            assert_eq!(serde_json::from_value::<T>(json).unwrap(), known);
        }
    }

    #[test]
    fn tables_are_unambiguous_and_round_trip() {
        check_table::<Binding>();
        check_table::<NameIdFormat>();
        check_table::<AttributeNameFormat>();
        check_table::<StatusCode>();
        check_table::<ConfirmationMethod>();
        check_table::<AuthnContextClass>();
        check_table::<SignatureAlgorithm>();
        check_table::<DigestAlgorithm>();
    }

    #[test]
    fn a_misspelt_name_suggests_the_nearest() {
        let error = "emailaddres".parse::<NameIdFormat>().unwrap_err();
        assert_eq!(error.suggestion, Some("emailAddress"));
        assert_eq!(error.hint(), "did you mean `emailAddress`?");
        let error = "zzz".parse::<AttributeNameFormat>().unwrap_err();
        assert_eq!(error.hint(), "one of: unspecified, uri, basic");
    }

    #[test]
    fn an_unknown_uri_is_kept() {
        let uri = "urn:mace:shibboleth:1.0:profiles:AuthnRequest";
        let binding = Identifier::<Binding>::from_uri(uri);
        assert_eq!(binding.known(), None);
        assert_eq!(binding.to_string(), uri);
        assert_ne!(binding, Binding::HttpPost);
    }

    #[test]
    fn the_saml_2_urn_of_an_email_address_is_not_the_real_one() {
        let wrong =
            Identifier::<NameIdFormat>::from_uri("urn:oasis:names:tc:SAML:2.0:nameid-format:emailAddress");
        assert_eq!(wrong.known(), None);
    }
}
