//! Whether a certificate that can be read is good enough: its time, its key, its signature.

use jiff::Timestamp;

use crate::{
    diagnostics::{Code, Finding, Findings, Location, Severity},
    saml::{Certificate, PublicKey, Validity},
};

pub(super) const CERTIFICATE_EXPIRED: Code = Code {
    id: "certificate-expired",
    severity: Severity::Error,
    title: "a certificate has expired",
    explanation: "Twilio refuses responses that are signed with the key of an expired certificate, so nobody can sign in. Beside a \
        certificate that is valid this is a warning: the expired one is left over from a rotation.\n\nMake a new certificate in the \
        identity provider, give it to Twilio, test with a test user, then remove the old one. `concord plan` shows each step of it.\n\nSource: \
        RFC 5280 section 4.1.2.5; Twilio, \"Flex SSO configuration\".",
};

pub(super) const CERTIFICATE_EXPIRING: Code = Code {
    id: "certificate-expiring",
    severity: Severity::Warning,
    title: "a certificate expires soon",
    explanation: "When the identity provider's signing certificate expires, everybody is locked out at once. A rotation takes time: a new \
        certificate, a change in the Twilio Console by hand, a test. The policy's `certificateWarnDays` (60 unless it says otherwise) \
        says from when on it is warned about.\n\nRotate it in time: add the new one, apply, test, then remove the old one.\n\nSource: Concord's policy.",
};

pub(super) const CERTIFICATE_NOT_YET_VALID: Code = Code {
    id: "certificate-not-yet-valid",
    severity: Severity::Warning,
    title: "a certificate is not valid yet",
    explanation: "Its validity begins in the future: it was made ahead of a rotation, or a clock is wrong. Where it is the only \
        certificate, nobody can sign in until then, and it is an error.\n\nKeep the present certificate beside it until the new one is \
        valid.\n\nSource: RFC 5280 section 4.1.2.5.",
};

pub(super) const CERTIFICATE_WEAK_KEY: Code = Code {
    id: "certificate-weak-key",
    severity: Severity::Error,
    title: "a certificate's key is too small",
    explanation: "RSA keys under 2048 bits and elliptic curves under 256 bits can be broken; whoever does can sign in as \
        anybody.\n\nMake a new key pair in the identity provider, RSA with 2048 bits or more.\n\nSource: NIST SP 800-131A revision 2, \
        section 3; Twilio's pages ask for 2048 bits.",
};

pub(super) const CERTIFICATE_SHA1: Code = Code {
    id: "certificate-sha1",
    severity: Severity::Warning,
    title: "a certificate is signed with a broken digest",
    explanation: "A certificate that is signed with SHA-1 or MD5 can be forged where somebody checks its signature. SAML trusts the key \
        and not the signature on the certificate, so sign-ins are not at risk by this alone; a console that checks may refuse \
        it.\n\nTake the next rotation as the occasion for one that is signed with SHA-256.\n\nSource: NIST SP 800-131A.",
};

/// By what certificates are judged.
pub(super) struct Judge {
    /// The present moment.
    pub(super) now: Timestamp,
    /// Days before the expiry from which it is warned about.
    pub(super) warn_days: i64,
}

impl Judge {
    /// Judges certificates of one identity provider, of which one that is valid is enough. `of` ends the certificates' description.
    pub(super) fn all(&self, certificates: &[(Location, Certificate)], of: &str, findings: &mut Findings) {
        let has_valid =
            certificates.iter().any(|(_, certificate)| certificate.validity(self.now) == Validity::Valid);
        for (location, certificate) in certificates {
            self.time(location, certificate, has_valid, of, findings);
            self.strength(location, certificate, of, findings);
        }
    }

    fn time(
        &self,
        location: &Location,
        certificate: &Certificate,
        has_valid: bool,
        of: &str,
        findings: &mut Findings,
    ) {
        let subject = title(certificate);
        let days = certificate.days_left(self.now);
        let severity = if has_valid { Severity::Warning } else { Severity::Error };
        let finding = match certificate.validity(self.now) {
            Validity::Expired => {
                Finding::new(&CERTIFICATE_EXPIRED, format!("the certificate {subject}{of} expired {} ago", count(-days)))
                    .severity(severity)
                    .at(location.clone(), format!("expired on {}", day(certificate.not_after())))
                    .help(if has_valid {
                        "remove it: another certificate is valid"
                    } else {
                        "make a new certificate in the identity provider and put it in here; `concord plan` then shows each step of the rotation"
                    })
            }
            Validity::NotYet => Finding::new(
                &CERTIFICATE_NOT_YET_VALID,
                format!("the certificate {subject}{of} is not valid before {}", day(certificate.not_before())),
            )
            .severity(severity)
            .at(location.clone(), "not valid yet")
            .help("keep the present certificate beside it until then; is this machine's clock right?"),
            Validity::Valid if days < self.warn_days => {
                Finding::new(&CERTIFICATE_EXPIRING, format!("the certificate {subject}{of} expires in {}", count(days)))
                    .at(location.clone(), format!("expires on {}", day(certificate.not_after())))
                    .help(format!(
                        "rotate it in time; the policy warns from {} before",
                        count(self.warn_days)
                    ))
            }
            Validity::Valid => return,
        };
        findings.push(finding);
    }

    fn strength(&self, location: &Location, certificate: &Certificate, of: &str, findings: &mut Findings) {
        let subject = title(certificate);
        let key = certificate.public_key();
        let least = match key {
            PublicKey::Rsa { bits } if *bits < 2048 => Some("2048 bits"),
            PublicKey::Ec { bits, .. } if *bits < 256 => Some("256 bits"),
            _ => None,
        };
        if let Some(least) = least {
            findings.push(
                Finding::new(
                    &CERTIFICATE_WEAK_KEY,
                    format!("the key of the certificate {subject}{of} is too small: {key}"),
                )
                .at(location.clone(), key.to_string())
                .help(format!(
                    "make a new key pair in the identity provider, {} with {least} or more",
                    key.kind()
                )),
            );
        }
        let algorithm = certificate.signature_algorithm();
        let lower = algorithm.to_ascii_lowercase();
        if lower.contains("sha1") || lower.contains("md5") {
            findings.push(
                Finding::new(
                    &CERTIFICATE_SHA1,
                    format!("the certificate {subject}{of} is signed with {algorithm}"),
                )
                .at(location.clone(), algorithm)
                .help("let the next certificate be signed with SHA-256"),
            );
        }
    }
}

fn title(certificate: &Certificate) -> String {
    if certificate.subject().is_empty() {
        format!("with serial {}", certificate.serial())
    } else {
        format!("`{}`", certificate.subject())
    }
}

fn count(days: i64) -> String {
    match days {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}
