//! JSON Schemas (draft 2020-12) of the language, generated from the types: one a kind, and one for a whole file.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

use super::{
    Kind, attestation::AttestationSpec, attribute_map::AttributeMapSpec, email_domain::EmailDomainSpec,
    identity_provider::IdentityProviderSpec, project::ProjectSpec, resource::Envelope,
    sso_profile::SsoProfileSpec, tenant::TenantSpec, user_enablement::UserEnablementSpec,
    vanity_domain::VanityDomainSpec,
};

/// The schema of the documents of one kind.
pub fn of_kind(kind: Kind) -> Value {
    let mut schema = match kind {
        Kind::Project => document::<ProjectSpec>(),
        Kind::Tenant => document::<TenantSpec>(),
        Kind::IdentityProvider => document::<IdentityProviderSpec>(),
        Kind::SsoProfile => document::<SsoProfileSpec>(),
        Kind::AttributeMap => document::<AttributeMapSpec>(),
        Kind::VanityDomain => document::<VanityDomainSpec>(),
        Kind::EmailDomain => document::<EmailDomainSpec>(),
        Kind::UserEnablement => document::<UserEnablementSpec>(),
        Kind::Attestation => document::<AttestationSpec>(),
    };
    schema["title"] = kind.as_str().into();
    schema["properties"]["kind"] = json!({"description": "The kind.", "const": kind.as_str()});
    schema
}

/// The schema of any document, for editors: it chooses by `kind`, so that completion and messages fit the kind that is being
/// written.
pub fn of_file() -> Value {
    let mut definitions = serde_json::Map::new();
    let mut choices = Vec::new();
    for kind in Kind::ALL {
        let mut schema = of_kind(kind);
        if let Some(object) = schema.as_object_mut() {
            object.remove("$schema");
            if let Some(Value::Object(inner)) = object.remove("$defs") {
                definitions.extend(inner);
            }
        }
        definitions.insert(format!("{kind}Document"), schema);
        choices.push(json!({
            "if": {"properties": {"kind": {"const": kind.as_str()}}, "required": ["kind"]},
            "then": {"$ref": format!("#/$defs/{kind}Document")},
        }));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Concord manifest",
        "description": "One document of a Concord project.",
        "type": "object",
        "properties": {"kind": {"enum": Kind::ALL.map(Kind::as_str)}},
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "allOf": choices,
        "$defs": definitions,
    })
}

/// `{"enum": [...]}` of a type that is one of a few words: for the keys of a mapping, which schemars leaves free.
pub(super) fn enum_of<T: JsonSchema>() -> Value {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value();
    let words = schema["oneOf"].as_array().into_iter().flatten().map(|choice| choice["const"].clone());
    json!({"enum": words.collect::<Vec<_>>()})
}

fn document<T: JsonSchema>() -> Value {
    let generator: SchemaGenerator = SchemaSettings::draft2020_12().into_generator();
    let schema: Schema = generator.into_root_schema_for::<Envelope<T>>();
    schema.to_value()
}
