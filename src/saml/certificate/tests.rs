//! Certificates that OpenSSL made (testdata, no keys) and that rcgen makes on the spot.

use proptest::prelude::*;
use rcgen::{CertificateParams, KeyPair};

use super::*;

const RSA: &str = include_str!("../testdata/rsa2048.pem");
const RSA_SHA1: &str = include_str!("../testdata/rsa1024-sha1.pem");
const ISSUED: &str = include_str!("../testdata/rsa-issued.pem");
const P521: &str = include_str!("../testdata/ec-p521.pem");

fn rsa() -> Certificate {
    Certificate::from_pem(RSA).unwrap()
}

/// `-----BEGIN LABEL-----` built at run time, so that no scanner takes the test for a leak.
fn block(label: &str, body: &str) -> String {
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

#[test]
fn facts_agree_with_openssl() {
    let certificate = rsa();
    assert_eq!(
        certificate.subject(),
        "emailAddress=info@okta.example,CN=dev-123456,OU=SSOProvider,O=Okta,L=San Francisco,ST=California,C=US"
    );
    assert_eq!(certificate.issuer(), certificate.subject());
    assert_eq!(certificate.serial().replace(':', ""), "370696036A6796100D522424C92ECFF7A8FECF69");
    assert_eq!(
        certificate.sha256_fingerprint(),
        "19:C4:F0:24:55:D8:43:1D:C0:A8:D0:08:93:CD:8E:32:F7:A1:F4:C7:09:04:DF:42:85:3E:30:E4:D2:5A:6C:80"
    );
    assert_eq!(certificate.sha1_fingerprint(), "07:64:54:CB:D6:AB:06:6F:BA:98:A9:8E:C3:CD:55:74:18:14:C3:77");
    assert_eq!(certificate.not_before().to_string(), "2026-11-21T21:14:07Z");
    assert_eq!(certificate.not_after().to_string(), "2036-11-18T21:14:07Z");
    assert_eq!(certificate.public_key(), &PublicKey::Rsa { bits: 2048 });
    assert_eq!(certificate.signature_algorithm(), "sha256WithRSAEncryption");
    assert!(certificate.is_self_signed());
    assert_eq!(certificate.to_pem(), RSA);
}

#[test]
fn self_signatures_are_checked_not_assumed() {
    assert_eq!(Certificate::from_pem(ISSUED).unwrap().self_signature(), SelfSignature::No);
    assert_eq!(Certificate::from_pem(RSA_SHA1).unwrap().self_signature(), SelfSignature::Verified);
    assert_eq!(Certificate::from_pem(P521).unwrap().self_signature(), SelfSignature::Unsupported);
    let mut forged = rsa().der().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(Certificate::from_der(&forged).unwrap().self_signature(), SelfSignature::Wrong);
}

#[test]
fn keys_of_other_kinds() {
    assert_eq!(Certificate::from_pem(RSA_SHA1).unwrap().public_key(), &PublicKey::Rsa { bits: 1024 });
    assert_eq!(Certificate::from_pem(P521).unwrap().public_key().to_string(), "EC P-521");
    let key = KeyPair::generate().unwrap();
    let made = CertificateParams::new(vec!["idp.example".to_owned()]).unwrap().self_signed(&key).unwrap();
    let certificate = Certificate::from_pem(&made.pem()).unwrap();
    assert_eq!(certificate.public_key(), &PublicKey::Ec { curve: "P-256".to_owned(), bits: 256 });
    assert_eq!(certificate.signature_algorithm(), "ecdsa-with-SHA256");
    assert!(certificate.is_self_signed());
    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let made = CertificateParams::new(vec!["idp.example".to_owned()]).unwrap().self_signed(&key).unwrap();
    let certificate = Certificate::from_der(made.der()).unwrap();
    assert_eq!(certificate.public_key(), &PublicKey::Ed25519);
    assert!(certificate.is_self_signed());
}

#[test]
fn white_space_is_forgiven() {
    let certificate = rsa();
    let indented: String = RSA.lines().map(|line| format!("    {line}  \r\n")).collect();
    for text in [
        format!("\n\n  {}", RSA.trim_end()),
        indented,
        format!("\u{feff}Bag Attributes\n    friendlyName: x\n{RSA}trailing words"),
        RSA.replace(" CERTIFICATE", " X509 CERTIFICATE"),
    ] {
        assert_eq!(Certificate::from_pem(&text).as_ref(), Ok(&certificate), "{text}");
    }
    let wrapped =
        certificate.to_pem().lines().filter(|line| !line.contains('-')).collect::<Vec<_>>().join("\n  ");
    assert_eq!(Certificate::from_base64(&wrapped), Ok(certificate.clone()));
    assert_eq!(Certificate::from_base64(wrapped.trim_end_matches('=')), Ok(certificate));
}

#[test]
fn a_bundle_keeps_its_order() {
    let text = format!("# old\n{ISSUED}\n# new\n{RSA}");
    let all = Certificate::from_pem_bundle(&text).unwrap();
    assert_eq!(all, vec![Certificate::from_pem(ISSUED).unwrap(), rsa()]);
    assert_eq!(Certificate::from_pem(&text), Err(CertificateError::Several { count: 2 }));
}

#[test]
fn a_private_key_is_named_and_never_shown() {
    let key = KeyPair::generate().unwrap();
    let pem = key.serialize_pem();
    let der = key.serialize_der();
    let bare = STANDARD.encode(&der);
    let secret = &bare[40..60];
    let mut errors = vec![
        Certificate::from_pem(&pem).unwrap_err(),
        Certificate::from_pem(&format!("{RSA}\n{pem}")).unwrap_err(),
        Certificate::from_pem(&bare).unwrap_err(),
        Certificate::from_base64(&bare).unwrap_err(),
        Certificate::from_pem(&block("CERTIFICATE", &bare)).unwrap_err(),
        Certificate::from_der(&der).unwrap_err(),
        Certificate::from_pem(&pem.replace("-----", "--")).unwrap_err(),
    ];
    for label in ["RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY"] {
        errors.push(Certificate::from_pem(&block(label, &bare)).unwrap_err());
    }
    for error in errors {
        assert!(matches!(error, CertificateError::PrivateKey { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains(secret));
    }
    assert_eq!(
        Certificate::from_pem(&format!("\n{pem}")),
        Err(CertificateError::PrivateKey { line: Some(2) })
    );
}

#[test]
fn what_was_pasted_instead_is_said() {
    let key = KeyPair::generate().unwrap();
    let request =
        CertificateParams::new(vec!["idp.example".to_owned()]).unwrap().serialize_request(&key).unwrap();
    let request = request.pem().unwrap();
    assert_eq!(Certificate::from_pem(&request), Err(CertificateError::CertificateRequest { line: Some(1) }));
    let relabelled = request.replace(" CERTIFICATE REQUEST", " CERTIFICATE");
    assert_eq!(
        Certificate::from_pem(&relabelled),
        Err(CertificateError::CertificateRequest { line: Some(1) })
    );
    let public = key.public_key_pem();
    assert_eq!(
        Certificate::from_pem(&public),
        Err(CertificateError::OtherPem { label: "PUBLIC KEY".to_owned(), line: 1 })
    );
    assert_eq!(Certificate::from_pem(&rsa().to_base64()), Err(CertificateError::NoDashes));
    assert_eq!(Certificate::from_pem("hello"), Err(CertificateError::NoPem));
    assert_eq!(Certificate::from_pem(" \n"), Err(CertificateError::Empty));
    assert_eq!(Certificate::from_base64(""), Err(CertificateError::Empty));
    assert_eq!(Certificate::from_base64("not*base64"), Err(CertificateError::Base64 { line: None }));
    let inside = RSA.replacen("MII", "M*I", 1);
    assert_eq!(Certificate::from_pem(&inside), Err(CertificateError::Base64 { line: Some(1) }));
}

#[test]
fn damage_is_measured() {
    let der = rsa().der().to_vec();
    let all = der.len();
    assert_eq!(
        Certificate::from_der(&der[..all - 10]),
        Err(CertificateError::Truncated { expected: all, actual: all - 10 })
    );
    let longer = [der.as_slice(), b"\0\0\0"].concat();
    assert_eq!(Certificate::from_der(&longer), Err(CertificateError::TrailingData { bytes: 3 }));
    let cut: String = RSA.lines().take(5).map(|line| format!("{line}\n")).collect();
    assert_eq!(Certificate::from_pem(&cut), Err(CertificateError::NoEnd { line: 1 }));
    assert_eq!(Certificate::from_pem(&format!("{cut}{RSA}")), Err(CertificateError::NoEnd { line: 1 }));
    assert!(matches!(
        Certificate::from_der(b"\x30\x02\x30\x00"),
        Err(CertificateError::NotACertificate { .. })
    ));
    assert!(matches!(
        Certificate::from_der(&vec![0x30; MAX_DER_BYTES + 1]),
        Err(CertificateError::TooLarge { .. })
    ));
}

#[test]
fn days_are_whole_and_turn_negative() {
    let certificate = rsa();
    let end = certificate.not_after().as_second();
    let at = |offset: i64| Timestamp::from_second(end + offset).unwrap();
    assert_eq!(certificate.days_left(at(-86_400)), 1);
    assert_eq!(certificate.days_left(at(-86_399)), 0);
    assert_eq!(certificate.days_left(at(0)), 0);
    assert_eq!(certificate.days_left(at(1)), -1);
    assert_eq!(certificate.validity(at(0)), Validity::Valid);
    assert_eq!(certificate.validity(at(1)), Validity::Expired);
    let start = certificate.not_before().as_second();
    assert_eq!(certificate.validity(Timestamp::from_second(start - 1).unwrap()), Validity::NotYet);
}

#[test]
fn summaries_are_for_people() {
    let certificate = rsa();
    let now: Timestamp = "2036-11-01T00:00:00Z".parse().unwrap();
    insta::assert_snapshot!(certificate.summary(now), @r"
    subject  emailAddress=info@okta.example,CN=dev-123456,OU=SSOProvider,O=Okta,L=San Francisco,ST=California,C=US
    issuer   itself (self-signed)
    serial   37:06:96:03:6A:67:96:10:0D:52:24:24:C9:2E:CF:F7:A8:FE:CF:69
    valid    2026-11-21 to 2036-11-18 (17 days left)
    key      RSA 2048 bits, signed sha256WithRSAEncryption
    SHA-256  19:C4:F0:24:55:D8:43:1D:C0:A8:D0:08:93:CD:8E:32:F7:A1:F4:C7:09:04:DF:42:85:3E:30:E4:D2:5A:6C:80
    ");
    insta::assert_snapshot!(
        Certificate::from_pem(RSA_SHA1).unwrap().summary_line(None),
        @"CN=legacy.example, serial 3B:EE:8A:35:4D:0B:CD:F5:E1:F3:CC:D1:45:8E:F9:09:0D:C2:1F:5B, 2026-11-21 to 2036-11-18, RSA 1024 bits, SHA-256 CC:09:3E:78:0F:83:C0:76:08:1A:00:D8:21:DD:B4:D8:CC:7D:41:6A:A2:C6:10:7B:98:59:15:33:A5:8F:33:CB"
    );
    insta::assert_json_snapshot!(certificate, @r#"
    {
      "subject": "emailAddress=info@okta.example,CN=dev-123456,OU=SSOProvider,O=Okta,L=San Francisco,ST=California,C=US",
      "issuer": "emailAddress=info@okta.example,CN=dev-123456,OU=SSOProvider,O=Okta,L=San Francisco,ST=California,C=US",
      "serial": "37:06:96:03:6A:67:96:10:0D:52:24:24:C9:2E:CF:F7:A8:FE:CF:69",
      "notBefore": "2026-11-21T21:14:07Z",
      "notAfter": "2036-11-18T21:14:07Z",
      "sha256": "19:C4:F0:24:55:D8:43:1D:C0:A8:D0:08:93:CD:8E:32:F7:A1:F4:C7:09:04:DF:42:85:3E:30:E4:D2:5A:6C:80",
      "key": "RSA 2048 bits",
      "signatureAlgorithm": "sha256WithRSAEncryption",
      "selfSignature": "verified"
    }
    "#);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_input_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[-A-Z a-z0-9+/=\n]{0,200}") {
        let _ = Certificate::from_der(&bytes);
        let _ = Certificate::from_pem_bundle(&text);
        let _ = Certificate::from_base64(&text);
        let _ = Certificate::from_pem_bundle(&block("CERTIFICATE", &text));
    }

    #[test]
    fn damaged_certificates_never_panic(index in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut der = rsa().der().to_vec();
        let at = index.index(der.len());
        der[at] = byte;
        if let Ok(read) = Certificate::from_der(&der) {
            prop_assert_eq!(Certificate::from_pem(&read.to_pem()).unwrap(), read);
        }
    }
}
