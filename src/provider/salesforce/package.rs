//! The zip of one deploy: components in their folders, the manifest `package.xml` that names them, and `destructiveChangesPost.xml` for
//! what goes. Pure.

use std::{collections::BTreeMap, io::Write as _};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::xml::{Element, NAMESPACE, escape};

/// The types of components that Concord deploys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Certificate,
    ConnectedApp,
    ExternalClientApp,
    /// The policies of an External Client App.
    Policies,
    /// The SAML policies of an External Client App.
    SamlPolicies,
    IdentityProvider,
}

impl Kind {
    /// The name of the type, which is the component's root element.
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Certificate => "Certificate",
            Self::ConnectedApp => "ConnectedApp",
            Self::ExternalClientApp => "ExternalClientApplication",
            Self::Policies => "ExtlClntAppConfigurablePolicies",
            Self::SamlPolicies => "ExtlClntAppSamlConfigurablePolicies",
            Self::IdentityProvider => "IdentityProviderSettings",
        }
    }

    /// The name of the type in `package.xml`: all settings are `Settings` there.
    pub(super) fn manifest_name(self) -> &'static str {
        match self {
            Self::IdentityProvider => "Settings",
            other => other.type_name(),
        }
    }

    /// Folder and suffix.
    fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Certificate => ("certs", "crt-meta.xml"),
            Self::ConnectedApp => ("connectedApps", "connectedApp"),
            Self::ExternalClientApp => ("externalClientApps", "eca"),
            Self::Policies => ("extlClntAppPolicies", "ecaPlcy"),
            Self::SamlPolicies => ("extlClntAppSamlConfigurablePolicies", "ecaSamlPlcy"),
            Self::IdentityProvider => ("settings", "settings"),
        }
    }

    /// Where a component is in the zip.
    pub(super) fn path(self, full_name: &str) -> String {
        let (folder, suffix) = self.place();
        format!("{folder}/{full_name}.{suffix}")
    }
}

/// The full name of the identity provider's settings.
pub(super) const SETTINGS: &str = "IdentityProvider";

/// One component of a deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) kind: Kind,
    pub(super) full_name: String,
    pub(super) element: Element,
}

/// What one deploy does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) items: Vec<Item>,
    /// What is deleted, after everything else.
    pub(super) deletions: Vec<(Kind, String)>,
}

/// Why the zip could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the zip for the deploy cannot be made: {0}")]
pub(super) struct ZipError(#[from] zip::result::ZipError);

impl From<std::io::Error> for ZipError {
    fn from(error: std::io::Error) -> Self {
        Self(error.into())
    }
}

impl Package {
    /// The zip's files, by path.
    pub(super) fn files(&self, version: &str) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        for Item { kind, full_name, element } in &self.items {
            files.insert(kind.path(full_name), element.to_document());
            if *kind == Kind::Certificate {
                // Salesforce makes the key pair; the certificate's own file is there and empty.
                files.insert(format!("certs/{full_name}.crt"), String::new());
            }
        }
        let present = self.items.iter().map(|item| (item.kind, item.full_name.as_str()));
        files.insert("package.xml".to_owned(), manifest(present, version));
        if !self.deletions.is_empty() {
            let gone = self.deletions.iter().map(|(kind, name)| (*kind, name.as_str()));
            files.insert("destructiveChangesPost.xml".to_owned(), manifest(gone, version));
        }
        files
    }

    /// The zip.
    pub(super) fn zip(&self, version: &str) -> Result<Vec<u8>, ZipError> {
        let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        for (path, text) in self.files(version) {
            writer.start_file(path, options)?;
            writer.write_all(text.as_bytes())?;
        }
        Ok(writer.finish()?.into_inner())
    }
}

fn manifest<'a>(components: impl Iterator<Item = (Kind, &'a str)>, version: &str) -> String {
    let mut by_type: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (kind, name) in components {
        by_type.entry(kind.manifest_name()).or_default().push(name);
    }
    let mut out = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Package xmlns=\"{NAMESPACE}\">\n");
    for (kind, names) in by_type {
        out.push_str("    <types>\n");
        for name in names {
            out.push_str(&format!("        <members>{}</members>\n", escape(name)));
        }
        out.push_str(&format!("        <name>{kind}</name>\n    </types>\n"));
    }
    out.push_str(&format!("    <version>{}</version>\n</Package>\n", escape(version)));
    out
}

/// A `multipart/form-data` body (RFC 7578) of the deploy's options and its zip, with the boundary that separates them.
pub(super) fn multipart(options: &serde_json::Value, zip: &[u8], boundary: &str) -> Vec<u8> {
    let mut body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"json\"\r\nContent-Type: application/json\r\n\r\n{options}\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"deploy.zip\"\r\n\
         Content-Type: application/zip\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(zip);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    body
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_zip_holds_what_its_manifest_names() {
        let mut certificate = Element::new("Certificate");
        certificate.set("masterLabel", "Flex & more");
        let package = Package {
            items: vec![
                Item { kind: Kind::Certificate, full_name: "Flex".to_owned(), element: certificate },
                Item {
                    kind: Kind::IdentityProvider,
                    full_name: SETTINGS.to_owned(),
                    element: Element::new("IdentityProviderSettings"),
                },
            ],
            deletions: vec![(Kind::ExternalClientApp, "Old".to_owned())],
        };
        let zip = package.zip("63.0").unwrap();
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
        let mut names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        names.sort();
        assert_eq!(
            names,
            [
                "certs/Flex.crt",
                "certs/Flex.crt-meta.xml",
                "destructiveChangesPost.xml",
                "package.xml",
                "settings/IdentityProvider.settings"
            ]
        );
        let mut text = String::new();
        archive.by_name("package.xml").unwrap().read_to_string(&mut text).unwrap();
        assert!(
            text.contains("<members>IdentityProvider</members>\n        <name>Settings</name>"),
            "{text}"
        );
        assert!(text.contains("<version>63.0</version>"));
        let body = multipart(&serde_json::json!({"deployOptions": {}}), b"PK", "b0");
        assert!(body.starts_with(b"--b0\r\n") && body.ends_with(b"PK\r\n--b0--\r\n"));
    }
}
