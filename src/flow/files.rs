//! Files that manifests refer to: certificates and metadata. Read once, before the offline rules and the lowering, which do no I/O.

use std::{collections::BTreeMap, io::Read};

use camino::Utf8Path;

use crate::{
    manifest::{
        Manifests,
        identity_provider::{CertificateRef, MetadataSource, Trust, Vendor},
    },
    saml::{Certificate, Metadata, names::Binding},
};

/// No certificate or metadata file of one identity provider is larger.
const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// The content of every file that the manifests refer to by the path that they write, or why it cannot be read.
pub fn read_referenced_files(
    folder: &Utf8Path,
    manifests: &Manifests,
) -> BTreeMap<String, Result<Vec<u8>, String>> {
    let mut files = BTreeMap::new();
    for provider in manifests.identity_providers.values() {
        let trust = &provider.spec.trust;
        let certificates = trust.certificates.iter().filter_map(|certificate| match certificate {
            CertificateRef::File(path) => Some(path),
            CertificateRef::Pem(_) | CertificateRef::Fingerprint(_) => None,
        });
        let metadata = trust.metadata.iter().filter_map(|source| match source {
            MetadataSource::File(path) => Some(path),
            MetadataSource::Url(_) => None,
        });
        for path in certificates.chain(metadata) {
            files.entry(path.clone()).or_insert_with(|| read(&folder.join(path)));
        }
    }
    files
}

/// Puts the certificates of files in place of the files' names, and what Google's metadata file says in place of the file: the lowering
/// does no I/O. What is no single certificate, or no metadata of one identity provider, stays as it is; the offline rules say what is wrong
/// with it.
pub fn embed_certificates(manifests: &mut Manifests, files: &BTreeMap<String, Result<Vec<u8>, String>>) {
    for provider in manifests.identity_providers.values_mut() {
        for reference in &mut provider.spec.trust.certificates {
            let CertificateRef::File(path) = &*reference else { continue };
            let Some(Ok(bytes)) = files.get(path) else { continue };
            let certificate = match std::str::from_utf8(bytes) {
                Ok(text) => Certificate::from_pem(text),
                Err(_) => Certificate::from_der(bytes),
            };
            if let Ok(certificate) = certificate {
                *reference = CertificateRef::Pem(certificate.to_pem());
            }
        }
        if provider.spec.vendor == Vendor::Google {
            embed_metadata(&mut provider.spec.trust, files);
        }
    }
}

/// Puts issuer, SSO URL and certificates of a metadata file where they could have been written by hand. Certificates that are pinned beside
/// the file choose among those of the file.
fn embed_metadata(trust: &mut Trust, files: &BTreeMap<String, Result<Vec<u8>, String>>) {
    let Some(MetadataSource::File(path)) = &trust.metadata else { return };
    let Some(Ok(bytes)) = files.get(path) else { return };
    let Ok(metadata) = Metadata::parse_bytes(bytes) else { return };
    let Ok((entity, idp)) = metadata.select_idp(trust.entity_id.as_deref()) else { return };
    trust.issuer = Some(entity.entity_id.clone());
    let url = idp.sso_location(Binding::HttpRedirect).or_else(|| idp.sso_location(Binding::HttpPost));
    trust.sso_url = url.and_then(|url| url.parse().ok());
    let pins: Vec<String> = trust.certificates.iter().filter_map(fingerprint).collect();
    let chosen: Vec<CertificateRef> = idp
        .signing_certificates
        .iter()
        .filter(|it| pins.is_empty() || pins.contains(&plain(it.sha256_fingerprint())))
        .map(|it| CertificateRef::Pem(it.to_pem()))
        .collect();
    if !chosen.is_empty() {
        trust.certificates = chosen;
    }
}

fn fingerprint(reference: &CertificateRef) -> Option<String> {
    match reference {
        CertificateRef::Pem(text) => {
            Certificate::from_pem(text).ok().map(|it| plain(it.sha256_fingerprint()))
        }
        CertificateRef::Fingerprint(text) => Some(plain(text)),
        CertificateRef::File(_) => None,
    }
}

/// A fingerprint as lower-case digits without separators.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ':' | ' ')).collect::<String>().to_ascii_lowercase()
}

fn read(path: &Utf8Path) -> Result<Vec<u8>, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("larger than {} MiB", MAX_FILE_BYTES / 1024 / 1024));
    }
    Ok(bytes)
}
