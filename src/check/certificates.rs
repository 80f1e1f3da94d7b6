//! The certificates that identity providers are trusted by: pinned ones, and those in metadata files.

mod judge;
#[cfg(test)]
mod tests;

use miette::Diagnostic as _;

use super::{Context, Rule, redact};
use crate::{
    diagnostics::{Code, Finding, Findings, Location, Severity},
    manifest::{
        Resource,
        identity_provider::{CertificateRef, IdentityProviderSpec, MetadataSource},
    },
    saml::{Certificate, CertificateError, Metadata},
    yaml::path,
};

pub(super) const RULE: Rule = Rule {
    codes: &[
        &CERTIFICATE_UNREADABLE,
        &CERTIFICATE_PRIVATE_KEY,
        &CERTIFICATE_FINGERPRINT,
        &judge::CERTIFICATE_EXPIRED,
        &judge::CERTIFICATE_EXPIRING,
        &judge::CERTIFICATE_NOT_YET_VALID,
        &judge::CERTIFICATE_WEAK_KEY,
        &judge::CERTIFICATE_SHA1,
        &METADATA_UNREADABLE,
        &METADATA_ENTITY,
        &METADATA_PINS,
        &METADATA_EXPIRED,
    ],
    check,
};

const CERTIFICATE_UNREADABLE: Code = Code {
    id: "certificate-unreadable",
    severity: Severity::Error,
    title: "a certificate cannot be read",
    explanation: "A pinned certificate is X.509: PEM text with its BEGIN and END lines, or a PEM or DER file. Consoles often cut the \
        lines off, or a signing request or a bare public key is pasted instead. Twilio wants the whole text, all dashes \
        included.\n\nDownload the certificate from the identity provider again and put in the whole file.\n\nSource: RFC 7468, \
        RFC 5280; Twilio, \"Flex SSO configuration\".",
};

const CERTIFICATE_PRIVATE_KEY: Code = Code {
    id: "certificate-private-key",
    severity: Severity::Error,
    title: "a private key stands where a certificate belongs",
    explanation: "Whoever has the identity provider's private key can sign in as anybody. A key that was in a file of the project has to \
        be taken as known: git keeps it in the history.\n\nReplace the key pair in the identity provider, remove the key from the file \
        and from the history, and put the new certificate in (the text that begins with `-----BEGIN CERTIFICATE-----`).\n\nSource: RFC \
        7468; NIST SP 800-57 part 1, section 5.3.3 (compromise of keys).",
};

const CERTIFICATE_FINGERPRINT: Code = Code {
    id: "certificate-fingerprint",
    severity: Severity::Error,
    title: "a fingerprint is not that of SHA-256",
    explanation: "A pinned fingerprint is the SHA-256 of the certificate's DER: 64 hexadecimal digits, with colons or without. Forty digits \
        are a SHA-1 fingerprint, which some consoles call thumbprint; it can be forged and is not accepted.\n\nCompute it with `openssl \
        x509 -in FILE -noout -fingerprint -sha256`, or pin the certificate itself.\n\nSource: NIST SP 800-131A (SHA-1).",
};

const METADATA_UNREADABLE: Code = Code {
    id: "metadata-unreadable",
    severity: Severity::Error,
    title: "a metadata file cannot be read",
    explanation: "Issuer, sign-on URL and certificates come from the identity provider's SAML metadata: an XML file with an \
        `EntityDescriptor`. A login page that was saved instead, or a file that was cut off, holds none.\n\nDownload the metadata \
        again.\n\nSource: SAML 2.0 metadata, section 2.3.",
};

const METADATA_ENTITY: Code = Code {
    id: "metadata-entity",
    severity: Severity::Error,
    title: "the metadata do not say which identity provider is meant",
    explanation: "A metadata file may describe several entities, or only service providers, or an identity provider without a signing \
        certificate. Exactly one identity provider has to be chosen, and its certificate has to come from somewhere.\n\nDownload the \
        identity provider's own metadata, or name the entity in `trust.entityId`.\n\nSource: SAML 2.0 metadata, sections 2.3.1 and \
        2.4.3.",
};

const METADATA_PINS: Code = Code {
    id: "metadata-pins",
    severity: Severity::Error,
    title: "no certificate in the metadata is one of those that are pinned",
    explanation: "Where metadata are read and certificates are pinned too, only those count that are in both. None is, so nothing \
        would be trusted: the identity provider has changed its certificate, or the metadata are somebody else's.\n\nFind out which of \
        both it is by asking the identity provider's administrator, then correct the pins.\n\nSource: Concord's language (`trust`).",
};

const METADATA_EXPIRED: Code = Code {
    id: "metadata-expired",
    severity: Severity::Warning,
    title: "a metadata file is older than it says it may be",
    explanation: "Metadata may carry a `validUntil`. After that moment, whoever wrote them no longer stands by them: the certificate \
        may have been replaced.\n\nDownload the metadata again, or read them from their URL.\n\nSource: SAML 2.0 metadata, section \
        2.3.2.",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for provider in context.manifests.identity_providers.values() {
        let warn_days = context
            .manifests
            .tenants
            .get(&provider.tenant)
            .map_or_else(
                || context.manifests.project.spec.policy.clone(),
                |tenant| context.manifests.policy(tenant),
            )
            .certificate_warn_days();
        let judge = judge::Judge { now: context.now, warn_days };
        let pins = pins(context, provider, findings);
        let pinned: Vec<(Location, Certificate)> =
            pins.iter().filter_map(|pin| Some((pin.location.clone(), pin.certificate.clone()?))).collect();
        judge.all(&pinned, "", findings);
        metadata(context, provider, &pins, &judge, findings);
    }
}

/// A pin that is in order.
struct Pin {
    location: Location,
    /// The fingerprint, 64 upper-case hexadecimal digits.
    fingerprint: String,
    /// The certificate itself, unless only the fingerprint is pinned.
    certificate: Option<Certificate>,
}

fn pins(
    context: &Context<'_>,
    provider: &Resource<IdentityProviderSpec>,
    findings: &mut Findings,
) -> Vec<Pin> {
    let mut pins = Vec::new();
    for (index, pin) in provider.spec.trust.certificates.iter().enumerate() {
        let at = path!["spec", "trust", "certificates", index];
        let read = match pin {
            CertificateRef::Pem(text) => (at.join("pem"), Certificate::from_pem(text)),
            CertificateRef::File(name) => {
                let at = at.join("file");
                match context.files.get(name) {
                    // The loader reads every file that a manifest names.
                    None => continue,
                    Some(Err(reason)) => {
                        findings.push(no_file(&CERTIFICATE_UNREADABLE, provider.at(&at), name, reason));
                        continue;
                    }
                    Some(Ok(bytes)) => (at, from_file(bytes)),
                }
            }
            CertificateRef::Fingerprint(text) => {
                let location = provider.at(&at.join("fingerprint"));
                match fingerprint(text) {
                    Ok(fingerprint) => pins.push(Pin { location, fingerprint, certificate: None }),
                    Err(help) => findings.push(
                        Finding::new(&CERTIFICATE_FINGERPRINT, "this is not a SHA-256 fingerprint")
                            .at(location, "64 hexadecimal digits, colons allowed")
                            .help(help),
                    ),
                }
                continue;
            }
        };
        match read {
            (at, Ok(certificate)) => pins.push(Pin {
                location: provider.at(&at),
                fingerprint: certificate.sha256_fingerprint().replace(':', ""),
                certificate: Some(certificate),
            }),
            (at, Err(error)) => findings.push(unreadable(provider, &provider.at(&at), &error)),
        }
    }
    pins
}

fn unreadable(
    provider: &Resource<IdentityProviderSpec>,
    location: &Location,
    error: &CertificateError,
) -> Finding {
    let help = error.help().map_or_else(
        || "download the certificate from the identity provider again, and put in the whole file".to_owned(),
        |help| help.to_string(),
    );
    let (code, label, location) = match error {
        CertificateError::PrivateKey { .. } => {
            let location = redact::covered(&provider.document, location);
            (&CERTIFICATE_PRIVATE_KEY, "a private key; its text is not shown", location)
        }
        // What was pasted is unknown, and may be a secret without its dashes.
        _ => (
            &CERTIFICATE_UNREADABLE,
            "not a certificate",
            redact::beside_covered(&provider.document, location),
        ),
    };
    Finding::new(code, error.to_string()).at(location, label).help(help)
}

fn no_file(code: &'static Code, location: Location, name: &str, reason: &str) -> Finding {
    Finding::new(code, format!("the file `{name}` cannot be read: {reason}"))
        .at(location, "this file")
        .help("the path is relative to the project's folder; is the file committed?")
}

/// PEM where it is text, DER otherwise.
fn from_file(bytes: &[u8]) -> Result<Certificate, CertificateError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Certificate::from_pem(text),
        Err(_) => Certificate::from_der(bytes),
    }
}

/// The digits in upper case, or what to do.
fn fingerprint(text: &str) -> Result<String, String> {
    let digits: String = text.trim().chars().filter(|c| *c != ':').map(|c| c.to_ascii_uppercase()).collect();
    let how = "take it from `openssl x509 -in FILE -noout -fingerprint -sha256`";
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(format!("only hexadecimal digits and colons; {how}"));
    }
    match digits.len() {
        64 => Ok(digits),
        40 => Err(format!("40 digits are a SHA-1 fingerprint (a thumbprint); {how}")),
        32 => Err(format!("32 digits are an MD5 fingerprint; {how}")),
        count => Err(format!("it has {count} digits, not 64; {how}")),
    }
}

fn metadata(
    context: &Context<'_>,
    provider: &Resource<IdentityProviderSpec>,
    pins: &[Pin],
    judge: &judge::Judge,
    findings: &mut Findings,
) {
    let Some(MetadataSource::File(name)) = &provider.spec.trust.metadata else { return };
    let location = provider.at(&path!["spec", "trust", "metadata", "file"]);
    let bytes = match context.files.get(name) {
        None => return,
        Some(Err(reason)) => return findings.push(no_file(&METADATA_UNREADABLE, location, name, reason)),
        Some(Ok(bytes)) => bytes,
    };
    let metadata = match Metadata::parse_bytes(bytes) {
        Ok(metadata) => metadata,
        Err(error) => {
            let help = error.help().map_or_else(
                || "download the metadata from the identity provider again".to_owned(),
                |help| help.to_string(),
            );
            return findings.push(
                Finding::new(&METADATA_UNREADABLE, error.to_string()).at(location, "this file").help(help),
            );
        }
    };
    let (entity, idp) = match metadata.select_idp(provider.spec.trust.entity_id.as_deref()) {
        Ok(chosen) => chosen,
        Err(error) => {
            let location = match &provider.spec.trust.entity_id {
                Some(_) => provider.at(&path!["spec", "trust", "entityId"]),
                None => location,
            };
            let help = error.help().map_or_else(
                || "name the entity that is meant in `trust.entityId`".to_owned(),
                |help| format!("{help} (`trust.entityId`)"),
            );
            return findings.push(
                Finding::new(&METADATA_ENTITY, error.to_string()).at(location, "this file").help(help),
            );
        }
    };
    if let Some(until) = entity.valid_until
        && until < context.now
    {
        findings.push(
            Finding::new(&METADATA_EXPIRED, format!("the metadata in `{name}` were valid until {until}"))
                .at(location.clone(), "expired")
                .help("download them again"),
        );
    }
    if idp.signing_certificates.is_empty() && pins.is_empty() {
        findings.push(
            Finding::new(
                &METADATA_ENTITY,
                format!("`{}` has no signing certificate in `{name}`", entity.entity_id),
            )
            .at(location, "no certificate")
            .help("download the metadata again, or pin the certificate in `trust.certificates`"),
        );
        return;
    }
    let is_pinned = |certificate: &Certificate| {
        let fingerprint = certificate.sha256_fingerprint().replace(':', "");
        pins.iter().any(|pin| pin.fingerprint == fingerprint)
    };
    if !pins.is_empty()
        && !idp.signing_certificates.is_empty()
        && !idp.signing_certificates.iter().any(is_pinned)
    {
        let lines: Vec<String> = idp
            .signing_certificates
            .iter()
            .map(|certificate| certificate.summary_line(context.now))
            .collect();
        findings.push(
            Finding::new(&METADATA_PINS, format!("no certificate in `{name}` is pinned"))
                .at(provider.key_at(&path!["spec", "trust", "certificates"]), "the pins")
                .related(location, "the metadata")
                .help(format!("the metadata have: {}", lines.join("; "))),
        );
        return;
    }
    let of_metadata: Vec<(Location, Certificate)> = idp
        .signing_certificates
        .iter()
        // A pinned certificate was judged at its pin already.
        .filter(|certificate| !pins.iter().any(|pin| pin.certificate.as_ref() == Some(*certificate)))
        .filter(|certificate| pins.is_empty() || is_pinned(certificate))
        .map(|certificate| (location.clone(), certificate.clone()))
        .collect();
    judge.all(&of_metadata, &format!(" in `{name}`"), findings);
}
