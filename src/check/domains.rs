//! E-mail domains: that they are domains, and one's own.

use super::{Context, Rule, edits};
use crate::{
    diagnostics::{Code, Finding, Findings, Location, Severity},
    yaml::path,
};

pub(super) const RULE: Rule = Rule { codes: &[&DOMAIN_SYNTAX, &PUBLIC_MAIL_DOMAIN], check };

const DOMAIN_SYNTAX: Code = Code {
    id: "domain-syntax",
    severity: Severity::Error,
    title: "a text is not a domain",
    explanation: "A domain has labels of letters, digits and hyphens with dots between them, in lower case, without `@`, scheme \
        or path: `connie.one`. A name with other letters is written in its ASCII form (`xn--...`), which is what DNS and \
        certificates hold.\n\nSource: RFC 1123 section 2.1; RFC 5890 for names with other letters.",
};

const PUBLIC_MAIL_DOMAIN: Code = Code {
    id: "public-mail-domain",
    severity: Severity::Error,
    title: "a domain of a public mail provider is used as one's own",
    explanation: "Everybody can have an address at a public mail provider. Twilio refuses to verify such a domain for an \
        organization, and a user enablement that selects one would enable strangers whom the identity provider happens to \
        know.\n\nUse the organization's own domain. People with a private address are named one by one, in \
        `select.users`.\n\nSource: Twilio, \"Organization domains\" (public e-mail domains such as gmail.com cannot be verified).",
};

/// Mail providers where everybody can have an address.
const PUBLIC: &[&str] = &[
    "126.com",
    "163.com",
    "aol.com",
    "fastmail.com",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.fr",
    "icloud.com",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "outlook.com",
    "pm.me",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rocketmail.com",
    "t-online.de",
    "tutanota.com",
    "web.de",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.de",
    "yahoo.fr",
    "yandex.com",
    "yandex.ru",
    "ymail.com",
    "zoho.com",
];

fn check(context: &Context<'_>, findings: &mut Findings) {
    for domain in context.manifests.email_domains.values() {
        let location = domain.at(&path!["spec", "domain"]);
        judge(&domain.spec.domain, &location, "Twilio refuses to verify it for an organization", findings);
    }
    for enablement in context.manifests.user_enablements.values() {
        for (index, domain) in enablement.spec.select.email_domains.iter().enumerate() {
            let location = enablement.at(&path!["spec", "select", "emailDomains", index]);
            judge(domain, &location, "it would select strangers", findings);
        }
    }
}

fn judge(domain: &str, location: &Location, consequence: &str, findings: &mut Findings) {
    let plain = domain.trim().trim_start_matches('@').trim_end_matches('.').to_lowercase();
    if PUBLIC.contains(&plain.as_str()) {
        findings.push(
            Finding::new(&PUBLIC_MAIL_DOMAIN, format!("`{plain}` is a public mail provider: {consequence}"))
                .at(location.clone(), "everybody can have an address there")
                .help("use your organization's own domain, and name people with other addresses in `select.users`"),
        );
        return;
    }
    if is_domain(domain) {
        return;
    }
    let finding = Finding::new(&DOMAIN_SYNTAX, format!("`{domain}` is not a domain in its usual form"))
        .at(location.clone(), "labels of lower-case letters, digits and hyphens, joined by dots");
    findings.push(if is_domain(&plain) {
        finding.help(format!("write `{plain}`")).with_fix(edits::replacement(location, &plain))
    } else if domain.is_ascii() {
        finding.help("write the domain alone, for instance `connie.one`")
    } else {
        finding.help("write its ASCII form, which begins with `xn--` in the labels that have other letters")
    });
}

/// Whether a text is a domain of at least two labels, lower case (RFC 1123 section 2.1).
pub(super) fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_address = text.parse::<std::net::IpAddr>().is_ok();
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label) && !is_address
}

#[cfg(test)]
mod tests {
    use super::super::testing::{append, edit};
    use super::is_domain;

    const DOMAIN: &str = "kind: EmailDomain\nmetadata: {name: d}\nspec: {domain: connie.one}";

    #[test]
    fn public_mail_providers_are_nobodys_own() {
        append(DOMAIN).finds_nothing();
        append(&DOMAIN.replace("connie.one", "gmail.com")).finds(&[(
            "public-mail-domain",
            "spec: {domain",
            "gmail.com",
        )]);
        edit("emailDomains: [connie.one]", "emailDomains: [connie.one, GMX.de]").finds(&[(
            "public-mail-domain",
            "select:",
            "GMX.de",
        )]);
    }

    #[test]
    fn a_domain_is_written_alone() {
        append(&DOMAIN.replace("connie.one", "'@Connie.one'"))
            .finds(&[("domain-syntax", "spec: {domain", "'@Connie.one'")])
            .is_mended();
        append(&DOMAIN.replace("connie.one", "connie one")).finds(&[(
            "domain-syntax",
            "spec: {domain",
            "connie one",
        )]);
    }

    #[test]
    fn domains_have_labels() {
        for good in ["a.b", "xn--bcher-kva.example", "1.example"] {
            assert!(is_domain(good), "{good}");
        }
        for bad in ["localhost", "a..b", "-a.b", "a-.b", "A.b", "192.0.2.1", "a.b/", "bücher.example", ""] {
            assert!(!is_domain(bad), "{bad}");
        }
    }
}
