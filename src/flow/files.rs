//! Files that manifests refer to: certificates and metadata. Read once, before the offline rules and the lowering, which do no I/O.

use std::{collections::BTreeMap, io::Read};

use camino::Utf8Path;
use url::Url;

use crate::{
    manifest::{
        Manifests,
        identity_provider::{CertificateRef, MetadataSource},
    },
    provider::plain_fingerprint,
    saml::{Certificate, Metadata, aggregate},
};

/// No certificate file is larger.
const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// The content of every file that the manifests refer to by the path that they write, or why it cannot be read. Of a large metadata
/// file only the entity that is meant is kept, so two identity providers that take different entities have to name it by two paths.
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
        for path in certificates {
            files.entry(path.clone()).or_insert_with(|| read(&folder.join(path)));
        }
        if let Some(MetadataSource::File(path)) = &trust.metadata {
            let wanted = trust.entity_id.as_deref();
            files.entry(path.clone()).or_insert_with(|| read_metadata(&folder.join(path), wanted));
        }
    }
    files
}

/// Puts the certificates of files in place of the files' names: the lowering does no I/O. What is no single certificate stays as it
/// is; the offline rules say what is wrong with it.
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
    }
}

/// Puts what metadata files say into the manifests: issuer, sign-on URL and certificates, as if they had been written there. The files are
/// part of the project and are reviewed with it, so no trust is asked for beyond that. Where certificates are pinned as well, those
/// count that are in both. A file that cannot be used stays what it is; the offline rules say what is wrong with it.
pub fn embed_metadata(manifests: &mut Manifests, files: &BTreeMap<String, Result<Vec<u8>, String>>) {
    for provider in manifests.identity_providers.values_mut() {
        let trust = &mut provider.spec.trust;
        let Some(MetadataSource::File(path)) = &trust.metadata else { continue };
        let Some(Ok(bytes)) = files.get(path) else { continue };
        let Ok(metadata) = Metadata::parse_bytes(bytes) else { continue };
        let Ok((entity, idp)) = metadata.select_idp(trust.entity_id.as_deref()) else { continue };
        trust.issuer = Some(entity.entity_id.clone());
        if let Some((_, location)) = idp.sign_on()
            && let Ok(url) = Url::parse(location)
        {
            trust.sso_url = Some(url);
        }
        let pinned: Vec<String> = trust.certificates.iter().filter_map(fingerprint).collect();
        let published: Vec<&Certificate> = idp
            .signing_certificates
            .iter()
            .filter(|it| pinned.is_empty() || pinned.contains(&plain_fingerprint(it.sha256_fingerprint())))
            .collect();
        if !published.is_empty() {
            trust.certificates =
                published.into_iter().map(|certificate| CertificateRef::Pem(certificate.to_pem())).collect();
        }
    }
}

/// The fingerprint of a pin, lower-case digits.
fn fingerprint(pin: &CertificateRef) -> Option<String> {
    match pin {
        CertificateRef::Fingerprint(text) => Some(plain_fingerprint(text)),
        CertificateRef::Pem(text) => {
            Some(plain_fingerprint(Certificate::from_pem(text).ok()?.sha256_fingerprint()))
        }
        CertificateRef::File(_) => None,
    }
}

fn read_metadata(path: &Utf8Path, wanted: Option<&str>) -> Result<Vec<u8>, String> {
    let mut file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    aggregate::piece(&mut file, wanted).map_err(|error| error.to_string())
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
