use super::super::testing::{Project, edit};
use crate::diagnostics::{Severity, human};

const GOOD: &str = include_str!("../../saml/testdata/rsa2048.pem");
const WEAK: &str = include_str!("../../saml/testdata/rsa1024-sha1.pem");
const OTHER: &str = include_str!("../../saml/testdata/rsa-issued.pem");

/// When the test certificates are valid.
const LATER: &str = "2027-01-01T00:00:00Z";

fn pem(text: &str) -> String {
    let lines: String = text.lines().map(|line| format!("          {line}\n")).collect();
    format!("      - pem: |\n{lines}")
}

fn pinned(certificates: &str) -> Project {
    edit(
        "spec: {vendor: auth0}\n",
        &format!("spec:\n  vendor: auth0\n  trust:\n    certificates:\n{certificates}"),
    )
    .at(LATER)
}

fn trust(trust: &str) -> Project {
    edit("spec: {vendor: auth0}\n", &format!("spec:\n  vendor: saml\n  trust: {trust}\n"))
        .edit(
            "{name: Twilio Flex - NSS, connection: Username-Password-Authentication}",
            "{name: Twilio Flex - NSS}",
        )
        .at(LATER)
}

/// Codes and severities of this room's findings.
fn found(project: &Project) -> Vec<(&'static str, Severity)> {
    let mine = |id: &str| id.starts_with("certificate-") || id.starts_with("metadata-");
    let findings = project.findings();
    for finding in &findings {
        assert!(finding.help.is_some() && finding.primary.is_some(), "{finding:#?}");
    }
    findings
        .iter()
        .filter(|finding| mine(finding.code.id))
        .map(|finding| (finding.code.id, finding.severity))
        .collect()
}

fn base64(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

fn entity(id: &str, certificate: &str, attributes: &str) -> String {
    let key = if certificate.is_empty() {
        String::new()
    } else {
        format!(
            "<KeyDescriptor use=\"signing\"><KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data><X509Certificate>{}\
             </X509Certificate></X509Data></KeyInfo></KeyDescriptor>",
            base64(certificate)
        )
    };
    format!(
        "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{id}\"{attributes}><IDPSSODescriptor \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{key}<SingleSignOnService \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"https://idp.example/sso\"/></IDPSSODescriptor>\
         </EntityDescriptor>"
    )
}

fn with_metadata(trust_block: &str, xml: String) -> Project {
    trust(trust_block).file("idp.xml", Ok(xml.into_bytes()))
}

#[test]
fn a_good_certificate_is_let_be() {
    assert_eq!(found(&pinned(&pem(GOOD))), []);
    let file = pinned("      - file: idp.pem\n");
    assert_eq!(found(&file.clone().file("idp.pem", Ok(GOOD.as_bytes().to_vec()))), []);
    let der = crate::saml::Certificate::from_pem(GOOD).unwrap().der().to_vec();
    assert_eq!(found(&file.file("idp.pem", Ok(der))), []);
}

#[test]
fn what_is_no_certificate_is_said_in_the_readers_words() {
    let project = pinned(&pem(&base64(GOOD)));
    assert_eq!(found(&project), [("certificate-unreadable", Severity::Error)]);
    let finding = &project.findings()[0];
    assert!(finding.message.contains("BEGIN CERTIFICATE"), "{}", finding.message);
    assert_eq!(finding.location().unwrap().line(), 26);
    let missing = pinned("      - file: idp.pem\n").file("idp.pem", Err("no such file".to_owned()));
    assert_eq!(found(&missing), [("certificate-unreadable", Severity::Error)]);
}

#[test]
fn a_private_key_is_never_echoed() {
    for (pin, line) in [
        (
            "      - pem: |\n          -----BEGIN PRIVATE KEY-----\n          c2VjcmV0IQ==\n          -----END PRIVATE KEY-----\n",
            26,
        ),
        ("      - pem: \"-----BEGIN PRIVATE KEY-----\\nc2VjcmV0IQ==\\n-----END PRIVATE KEY-----\\n\"\n", 25),
    ] {
        let project = pinned(pin);
        assert_eq!(found(&project), [("certificate-private-key", Severity::Error)]);
        for finding in project.findings() {
            assert_eq!(finding.location().unwrap().line(), line);
            let shown = human::render_one(
                &finding,
                &human::Options { color: false, unicode: false, width: 100, ..human::Options::default() },
            );
            assert!(!shown.contains("c2VjcmV0"), "{shown}");
            assert!(!format!("{finding:?}").contains("c2VjcmV0"));
        }
    }
}

#[test]
fn a_fingerprint_is_that_of_sha256() {
    assert_eq!(found(&pinned(&format!("      - fingerprint: \"{}\"\n", ["AB"; 32].join(":")))), []);
    for (bad, part) in
        [("AB".repeat(20), "SHA-1"), ("AB".repeat(31), "62 digits"), ("zz".repeat(32), "hexadecimal")]
    {
        let project = pinned(&format!("      - fingerprint: {bad}\n"));
        assert_eq!(found(&project), [("certificate-fingerprint", Severity::Error)]);
        let findings = project.findings();
        assert!(findings[0].help.as_ref().unwrap().contains(part), "{findings:#?}");
        assert_eq!(findings[0].location().unwrap().line(), 25);
    }
}

#[test]
fn time_is_judged() {
    let project = pinned(&pem(GOOD));
    let at = |now: &str| found(&project.clone().at(now));
    assert_eq!(at("2026-11-20T00:00:00Z"), [("certificate-not-yet-valid", Severity::Error)]);
    assert_eq!(at("2036-09-18T00:00:00Z"), []);
    assert_eq!(at("2036-10-18T00:00:00Z"), [("certificate-expiring", Severity::Warning)]);
    assert_eq!(at("2036-11-19T00:00:00Z"), [("certificate-expired", Severity::Error)]);
    let soon = project.clone().at("2036-10-18T00:00:00Z").findings();
    assert!(soon[0].message.contains("31 days"), "{}", soon[0].message);
    let patient = project.edit("certificateWarnDays: 60", "certificateWarnDays: 7");
    assert_eq!(found(&patient.at("2036-10-18T00:00:00Z")), []);
}

#[test]
fn what_a_rotation_leaves_behind_is_a_warning() {
    // The first ends one second before the second does.
    let both = pinned(&format!("{}{}", pem(GOOD), pem(OTHER))).at("2036-11-18T21:14:08Z");
    let expected = [("certificate-expired", Severity::Warning), ("certificate-expiring", Severity::Warning)];
    assert_eq!(found(&both), expected);
}

#[test]
fn strength_is_judged() {
    assert_eq!(
        found(&pinned(&pem(WEAK))),
        [("certificate-weak-key", Severity::Error), ("certificate-sha1", Severity::Warning)]
    );
}

#[test]
fn a_metadata_file_has_to_be_readable() {
    let block = "{metadata: {file: idp.xml}}";
    assert_eq!(found(&with_metadata(block, entity("a", GOOD, ""))), []);
    assert_eq!(
        found(&with_metadata(block, "<html>Sign in</html>".to_owned())),
        [("metadata-unreadable", Severity::Error)]
    );
    let missing = trust(block).file("idp.xml", Err("no such file".to_owned()));
    assert_eq!(found(&missing), [("metadata-unreadable", Severity::Error)]);
    assert_eq!(found(&with_metadata(block, entity("a", "", ""))), [("metadata-entity", Severity::Error)]);
}

#[test]
fn one_of_several_entities_has_to_be_named() {
    let both = format!(
        "<EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\">{}{}</EntitiesDescriptor>",
        entity("https://a.example", GOOD, ""),
        entity("https://b.example", OTHER, "")
    );
    let project = with_metadata("{metadata: {file: idp.xml}}", both.clone());
    assert_eq!(found(&project), [("metadata-entity", Severity::Error)]);
    assert!(project.findings()[0].message.contains("https://b.example"));
    assert_eq!(
        found(&with_metadata("{metadata: {file: idp.xml}, entityId: https://b.example}", both.clone())),
        []
    );
    let wrong = with_metadata("{metadata: {file: idp.xml}, entityId: https://c.example}", both);
    assert_eq!(found(&wrong), [("metadata-entity", Severity::Error)]);
    assert_eq!(wrong.findings()[0].location().unwrap().text(), "https://c.example");
}

#[test]
fn metadata_age() {
    let project = with_metadata(
        "{metadata: {file: idp.xml}}",
        entity("a", GOOD, " validUntil=\"2026-11-21T00:00:00Z\""),
    );
    assert_eq!(found(&project), [("metadata-expired", Severity::Warning)]);
}

#[test]
fn pins_have_to_be_among_the_metadata() {
    let fingerprint =
        |pem: &str| crate::saml::Certificate::from_pem(pem).unwrap().sha256_fingerprint().to_owned();
    let block = |pem: &str| {
        format!("{{metadata: {{file: idp.xml}}, certificates: [{{fingerprint: \"{}\"}}]}}", fingerprint(pem))
    };
    assert_eq!(found(&with_metadata(&block(GOOD), entity("a", GOOD, ""))), []);
    let wrong = with_metadata(&block(OTHER), entity("a", GOOD, ""));
    assert_eq!(found(&wrong), [("metadata-pins", Severity::Error)]);
    assert_eq!(wrong.findings()[0].location().unwrap().text(), "certificates");
}
