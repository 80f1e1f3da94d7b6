//! Metadata components: which types there are, what each may hold, and where they are kept. Written from the published types
//! (`@salesforce/types` 1.9.0) and the Metadata API's documentation.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::formula;
use super::organization::{self, Edition, Settings, table};
use super::tree::Tree;
use crate::sandbox::certificate;
use crate::sandbox::ids;
use crate::sandbox::store::Transaction;

/// What an element may hold.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Text,
    Bool,
    Int,
    Formula,
    /// The enumeration's name and its values.
    Enum(&'static str, &'static [&'static str]),
    /// Elements of a type of their own.
    Group(&'static str, &'static [Field]),
    /// Anything: parts that nobody here looks into.
    Any,
}

/// An element of a type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    name: &'static str,
    form: Form,
    is_required: bool,
}

const fn may(name: &'static str, form: Form) -> Field {
    Field { name, form, is_required: false }
}

const fn must(name: &'static str, form: Form) -> Field {
    Field { name, form, is_required: true }
}

/// A type of components.
#[derive(Debug)]
pub(super) struct Type {
    pub(super) name: &'static str,
    /// Its name in `package.xml`.
    pub(super) manifest: &'static str,
    pub(super) folder: &'static str,
    pub(super) suffix: &'static str,
    fields: &'static [Field],
}

const FORMATS: &[&str] = &["Unspecified", "EmailAddress", "Persistent", "Transient"];
const SUBJECTS: &[&str] =
    &["Username", "FederationId", "UserId", "SpokeId", "CustomAttribute", "PersistentId"];
const HASHES: &[&str] = &["SHA1", "SHA256"];
const BINDINGS: &[&str] = &["RedirectBinding", "PostBinding"];
const ATTRIBUTE: &[Field] = &[must("formula", Form::Formula), must("key", Form::Text)];

/// The types that the sandbox knows; a deploy of any other is refused.
pub(super) static TYPES: &[Type] = &[
    Type {
        name: "Certificate",
        manifest: "Certificate",
        folder: "certs",
        suffix: "crt-meta.xml",
        fields: &[
            must("caSigned", Form::Bool),
            may("encryptedWithPlatformEncryption", Form::Bool),
            may("expirationDate", Form::Text),
            may("keySize", Form::Int),
            must("masterLabel", Form::Text),
            may("privateKeyExportable", Form::Bool),
        ],
    },
    Type {
        name: "IdentityProviderSettings",
        manifest: "Settings",
        folder: "settings",
        suffix: "settings",
        fields: &[must("certificateName", Form::Text), must("enableIdentityProvider", Form::Bool)],
    },
    Type {
        name: "ExternalClientApplication",
        manifest: "ExternalClientApplication",
        folder: "externalClientApps",
        suffix: "eca",
        fields: &[
            may("contactEmail", Form::Text),
            may("contactPhone", Form::Text),
            may("description", Form::Text),
            may(
                "distributionState",
                Form::Enum("ExtlClntAppDistState", &["Local", "Packaged", "Managed", "AutoInstalled"]),
            ),
            may("iconUrl", Form::Text),
            may("infoUrl", Form::Text),
            may("isProtected", Form::Bool),
            may("label", Form::Text),
            may("logoUrl", Form::Text),
            may("managedType", Form::Enum("ExtlClntAppManagedType", &["Local", "Global"])),
            may("orgScopedExternalApp", Form::Text),
        ],
    },
    Type {
        name: "ExtlClntAppConfigurablePolicies",
        manifest: "ExtlClntAppConfigurablePolicies",
        folder: "extlClntAppPolicies",
        suffix: "ecaPlcy",
        fields: &[
            must("externalClientApplication", Form::Text),
            may("isAttestPluginEnabled", Form::Bool),
            may("isCanvasPluginEnabled", Form::Bool),
            must("isEnabled", Form::Bool),
            may("isMobilePluginEnabled", Form::Bool),
            may("isNotificationPluginEnabled", Form::Bool),
            may("isOauthPluginEnabled", Form::Bool),
            may("isPushPluginEnabled", Form::Bool),
            may("isSamlPluginEnabled", Form::Bool),
            may("label", Form::Text),
            may("startPage", Form::Enum("ExtlClntAppStartPage", &["None", "Custom", "OAuth", "SAML"])),
            may("startUrl", Form::Text),
        ],
    },
    Type {
        name: "ExtlClntAppSamlConfigurablePolicies",
        manifest: "ExtlClntAppSamlConfigurablePolicies",
        folder: "extlClntAppSamlConfigurablePolicies",
        suffix: "ecaSamlPlcy",
        fields: &[
            must("acsUrl", Form::Text),
            may("certificate", Form::Text),
            may("commaSeparatedPermissionSet", Form::Text),
            may("commaSeparatedProfile", Form::Text),
            may("customAttributes", Form::Group("ExtlClntAppSamlConfigurablePoliciesAttribute", ATTRIBUTE)),
            may("encryptionCertificate", Form::Text),
            may("encryptionType", Form::Enum("ExtlClntAppSamlEncryptType", &["AES_128", "AES_256"])),
            must("entityUrl", Form::Text),
            must("externalClientApplication", Form::Text),
            may("issuer", Form::Text),
            may("label", Form::Text),
            may("nameIdFormat", Form::Enum("ExtlClntAppNameIdFormatType", FORMATS)),
            may("signingAlgorithmType", Form::Enum("ExtlClntAppSamlSignAlgoType", HASHES)),
            may("singleLogoutBindingType", Form::Enum("ExtlClntAppSamlBindingType", BINDINGS)),
            may("singleLogoutUrl", Form::Text),
            may("startUrl", Form::Text),
            may("subjectCustomAttribute", Form::Text),
            may("subjectType", Form::Enum("ExtlClntAppSamlSubjectType", SUBJECTS)),
        ],
    },
    Type {
        name: "ConnectedApp",
        manifest: "ConnectedApp",
        folder: "connectedApps",
        suffix: "connectedApp",
        fields: &[
            may("attributes", Form::Group("ConnectedAppAttribute", ATTRIBUTE)),
            may("canvas", Form::Any),
            may("canvasConfig", Form::Any),
            must("contactEmail", Form::Text),
            may("contactPhone", Form::Text),
            may("description", Form::Text),
            may("iconUrl", Form::Text),
            may("infoUrl", Form::Text),
            may("ipRanges", Form::Any),
            must("label", Form::Text),
            may("logoUrl", Form::Text),
            may("mobileAppConfig", Form::Any),
            may("mobileStartUrl", Form::Text),
            may("oauthConfig", Form::Any),
            may("oauthPolicy", Form::Any),
            may("permissionSetName", Form::Text),
            may("plugin", Form::Text),
            may("profileName", Form::Text),
            may(
                "samlConfig",
                Form::Group(
                    "ConnectedAppSamlConfig",
                    &[
                        must("acsUrl", Form::Text),
                        may("certificate", Form::Text),
                        may("encryptionCertificate", Form::Text),
                        may(
                            "encryptionType",
                            Form::Enum("SamlEncryptionType", &["AES_128", "AES_256", "Triple_Des"]),
                        ),
                        must("entityUrl", Form::Text),
                        may("issuer", Form::Text),
                        may("samlIdpSLOBindingEnum", Form::Enum("SamlIdpSLOBinding", BINDINGS)),
                        may("samlNameIdFormat", Form::Enum("SamlNameIdFormatType", FORMATS)),
                        may("samlSigningAlgoType", Form::Enum("SamlSigningAlgoType", HASHES)),
                        may("samlSloUrl", Form::Text),
                        may("samlSubjectCustomAttr", Form::Text),
                        must("samlSubjectType", Form::Enum("SamlSubjectType", SUBJECTS)),
                    ],
                ),
            ),
            may("sessionPolicy", Form::Any),
            may("startUrl", Form::Text),
        ],
    },
];

/// The type of a name.
pub(super) fn type_of(name: &str) -> Option<&'static Type> {
    TYPES.iter().find(|it| it.name == name)
}

/// A stored component.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component {
    pub(super) full_name: String,
    pub(super) tree: Tree,
    pub(super) id: String,
    pub(super) created_at: String,
    pub(super) updated_at: String,
    /// Of a certificate: its PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pem: Option<String>,
}

/// What is wrong with a component, and in which line of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) message: String,
    pub(super) line: u32,
}

fn problem(line: u32, message: impl Into<String>) -> Problem {
    Problem { message: message.into(), line }
}

pub(super) fn find(
    documents: &Transaction<'_>,
    organization: &str,
    kind: &str,
    full_name: &str,
) -> Option<Component> {
    all(documents, organization, kind).into_iter().find(|it| it.full_name.eq_ignore_ascii_case(full_name))
}

pub(super) fn all(documents: &Transaction<'_>, organization: &str, kind: &str) -> Vec<Component> {
    documents.read_list(&table(organization, &format!("metadata/{kind}")))
}

/// Saves a component, and says whether it is new.
pub(super) fn save(
    documents: &mut Transaction<'_>,
    organization: &str,
    kind: &Type,
    full_name: &str,
    tree: &Tree,
    now: Timestamp,
) -> Result<bool, Problem> {
    let at = ids::millis(now);
    let before = find(documents, organization, kind.name, full_name);
    let is_new = before.is_none();
    let mut component = before.unwrap_or_else(|| Component {
        full_name: full_name.to_owned(),
        tree: Tree::default(),
        id: organization::record_id("0x0"),
        created_at: at.clone(),
        updated_at: at.clone(),
        pem: None,
    });
    component.tree = tree.clone();
    component.updated_at = at;
    if kind.name == "Certificate" && component.pem.is_none() {
        let years = if tree.text_of("keySize") == "4096" { 2 } else { 1 };
        let until = now.saturating_add((years * 365 * 24).hours()).unwrap_or(now);
        let pem = certificate::make_until(&format!("{full_name}_{organization}"), now, until);
        component.pem = Some(pem.map_err(|_| problem(0, "An unexpected error occurred."))?);
    }
    documents.write(
        &table(organization, &format!("metadata/{}", kind.name)),
        &component.full_name,
        &component,
    );
    Ok(is_new)
}

/// Removes a component and what belongs to it.
pub(super) fn remove(
    documents: &mut Transaction<'_>,
    organization: &str,
    kind: &str,
    full_name: &str,
) -> bool {
    let is_gone = documents.remove(&table(organization, &format!("metadata/{kind}")), full_name).is_some();
    if is_gone && kind == "ExternalClientApplication" {
        for child in ["ExtlClntAppConfigurablePolicies", "ExtlClntAppSamlConfigurablePolicies"] {
            for component in all(documents, organization, child) {
                if component.tree.text_of("externalClientApplication") == full_name {
                    documents
                        .remove(&table(organization, &format!("metadata/{child}")), &component.full_name);
                }
            }
        }
    }
    is_gone
}

/// Whether an edition has a type.
pub(super) fn is_available(kind: &Type, edition: Edition) -> bool {
    kind.name != "ExtlClntAppSamlConfigurablePolicies" || edition != Edition::Enterprise
}

/// Looks at the form of a component alone.
pub(super) fn check_form(kind: &Type, tree: &Tree) -> Result<(), Problem> {
    if tree.name != kind.name {
        return Err(problem(
            tree.line,
            format!("Error parsing file: Element {} is not {}", tree.name, kind.name),
        ));
    }
    check_fields(kind.name, kind.fields, tree)
}

fn check_fields(kind: &str, fields: &[Field], tree: &Tree) -> Result<(), Problem> {
    for child in &tree.children {
        let Some(field) = fields.iter().find(|field| field.name == child.name) else {
            return Err(problem(
                child.line,
                format!(
                    "Error parsing file: Element {{http://soap.sforce.com/2006/04/metadata}}{} invalid at this location in type {kind}",
                    child.name
                ),
            ));
        };
        let text = child.text.as_str();
        match field.form {
            Form::Text | Form::Any => {}
            Form::Bool if ["true", "false", "1", "0"].contains(&text) => {}
            Form::Bool => {
                return Err(problem(
                    child.line,
                    format!("Error parsing file: '{text}' is not a valid value for xsd:boolean"),
                ));
            }
            Form::Int if text.parse::<i64>().is_ok() => {}
            Form::Int => {
                return Err(problem(
                    child.line,
                    format!("Error parsing file: '{text}' is not a valid value for xsd:int"),
                ));
            }
            Form::Enum(_, values) if values.contains(&text) => {}
            Form::Enum(name, _) => {
                return Err(problem(
                    child.line,
                    format!("'{text}' is not a valid value for the enum '{name}'"),
                ));
            }
            Form::Formula => {
                formula::check(text).map_err(|why| problem(child.line, format!("Invalid formula: {why}")))?;
            }
            Form::Group(name, fields) => check_fields(name, fields, child)?,
        }
    }
    match fields.iter().find(|field| field.is_required && tree.text_of(field.name).is_empty()) {
        Some(field) => Err(problem(tree.line, format!("Required field is missing: {}", field.name))),
        None => Ok(()),
    }
}

/// Looks at a component among all others, after everything of its deploy was saved. `is_new` says that it was not there before.
pub(super) fn check_place(
    documents: &Transaction<'_>,
    organization: &str,
    settings: &Settings,
    kind: &Type,
    full_name: &str,
    tree: &Tree,
    is_new: bool,
) -> Result<(), Problem> {
    let line_of = |name: &str| tree.child(name).map_or(tree.line, |child| child.line);
    let no = |field: &str, object: &str, name: &str| {
        Err(problem(line_of(field), format!("In field: {field} - no {object} named {name} found")))
    };
    if tree.text_of("description").chars().count() > 255 {
        return Err(problem(line_of("description"), "description: data value too large (max length=255)"));
    }
    match kind.name {
        "Certificate" => {
            if !["", "2048", "4096"].contains(&tree.text_of("keySize")) {
                return Err(problem(line_of("keySize"), "Key Size: the value must be 2048 or 4096"));
            }
        }
        "IdentityProviderSettings" => {
            let name = tree.text_of("certificateName");
            if find(documents, organization, "Certificate", name).is_none() {
                return no("certificateName", "Certificate", name);
            }
        }
        "ExternalClientApplication" if tree.text_of("contactEmail").is_empty() => {
            return Err(problem(tree.line, "Required field is missing: contactEmail"));
        }
        "ConnectedApp" if is_new && !settings.allow_connected_app_creation => {
            return Err(problem(
                tree.line,
                "You can't create a connected app. To enable connected app creation, contact Salesforce Customer Support.",
            ));
        }
        "ConnectedApp" => {
            for (field, object) in [("profileName", "Profile"), ("permissionSetName", "PermissionSet")] {
                for child in tree.all(field) {
                    if organization::named(documents, organization, object, &child.text).is_none() {
                        return no(field, object, &child.text);
                    }
                }
            }
        }
        "ExtlClntAppConfigurablePolicies" | "ExtlClntAppSamlConfigurablePolicies" => {
            check_policies(documents, organization, kind, tree, &line_of)?;
        }
        _ => {}
    }
    check_attributes(tree, full_name)
}

fn check_policies(
    documents: &Transaction<'_>,
    organization: &str,
    kind: &Type,
    tree: &Tree,
    line_of: &dyn Fn(&str) -> u32,
) -> Result<(), Problem> {
    let parent = tree.text_of("externalClientApplication");
    let Some(app) = find(documents, organization, "ExternalClientApplication", parent) else {
        let message = format!(
            "In field: externalClientApplication - no ExternalClientApplication named {parent} found"
        );
        return Err(problem(line_of("externalClientApplication"), message));
    };
    if kind.name == "ExtlClntAppConfigurablePolicies" {
        return Ok(());
    }
    if app.tree.text_of("distributionState") != "Local" {
        let message = "SAML is available only for external client apps whose distribution state is Local.";
        return Err(problem(tree.line, message));
    }
    let policies = all(documents, organization, "ExtlClntAppConfigurablePolicies");
    let is_enabled = policies.iter().any(|it| {
        it.tree.text_of("externalClientApplication") == parent
            && it.tree.text_of("isSamlPluginEnabled") == "true"
    });
    if !is_enabled {
        return Err(problem(tree.line, "The SAML plugin isn't enabled for this external client app."));
    }
    for (field, object) in
        [("commaSeparatedProfile", "Profile"), ("commaSeparatedPermissionSet", "PermissionSet")]
    {
        for name in tree.text_of(field).split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let is_known = organization::named(documents, organization, object, name).is_some()
                || documents.get(&table(organization, object), name).is_some();
            if !is_known {
                let message = format!("In field: {field} - no {object} named {name} found");
                return Err(problem(line_of(field), message));
            }
        }
    }
    Ok(())
}

/// Keys are unique within an application.
fn check_attributes(tree: &Tree, full_name: &str) -> Result<(), Problem> {
    let mut seen = std::collections::BTreeSet::new();
    for attribute in tree.all("customAttributes").chain(tree.all("attributes")) {
        let key = attribute.text_of("key");
        if !seen.insert(key) {
            return Err(problem(attribute.line, format!("Duplicate attribute key {key} in {full_name}")));
        }
    }
    Ok(())
}

/// A component as `readMetadata` answers it.
pub(super) fn record_xml(
    documents: &Transaction<'_>,
    organization: &str,
    settings: &Settings,
    kind: &str,
    component: &Component,
) -> String {
    let mut tree = component.tree.clone();
    if kind == "ExternalClientApplication" {
        tree.set("orgScopedExternalApp", &format!("{}:{}", settings.id, component.full_name));
    }
    if kind == "ExtlClntAppSamlConfigurablePolicies" && settings.access_as_ids {
        for (field, object) in
            [("commaSeparatedProfile", "Profile"), ("commaSeparatedPermissionSet", "PermissionSet")]
        {
            let ids: Vec<String> = tree
                .text_of(field)
                .split(',')
                .filter_map(|name| organization::named(documents, organization, object, name.trim()))
                .filter_map(|record| record["Id"].as_str().map(str::to_owned))
                .collect();
            tree.set(field, &ids.join(","));
        }
    }
    if let Some(pem) = &component.pem {
        tree.set("content", &STANDARD.encode(pem));
        if let Ok(read) = certificate::read(pem)
            && let Ok(end) = Timestamp::from_second(read.not_after)
        {
            tree.set("expirationDate", &ids::millis(end));
        }
    }
    tree.children.insert(0, Tree::of_text("fullName", &component.full_name));
    format!("<records xsi:type=\"{kind}\">{}</records>", tree.inner_xml())
}
