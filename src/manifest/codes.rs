//! What can be wrong with a project as a whole: kinds, names, references. What can be wrong inside a document is `yaml`'s
//! business, what is unwise is `check`'s.

use crate::diagnostics::{Code, Severity};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $title:literal, $explanation:literal;)*) => {
        $($(#[$doc])* pub(super) const $name: Code =
            Code { id: $id, severity: Severity::Error, title: $title, explanation: $explanation };)*
        /// The codes of this room.
        pub const CODES: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    /// No `kind`, or one that does not exist.
    UNKNOWN_KIND = "unknown-kind", "the document's kind is missing or unknown",
        "Every document says what it describes in `kind`: Project, Tenant, IdentityProvider, SsoProfile, AttributeMap, \
         VanityDomain, EmailDomain, UserEnablement or Attestation, in exactly this spelling.";
    /// No `Project` document.
    PROJECT_MISSING = "project-missing", "the folder has no Project document",
        "A project is a folder with one `Project` document, usually in `concord.yaml`. It holds the project's random id, \
         which is part of every ownership marker, and the default policy. `concord init` writes one.";
    /// More than one `Project` document.
    PROJECT_TWICE = "project-twice", "the folder has several Project documents",
        "The project's id tells its objects from those of other projects, so there is exactly one `Project` document. \
         Remove the others, or move them to folders of their own.";
    /// A project id of another form.
    PROJECT_ID = "project-id", "the project's id has another form",
        "The project's id has 8 to 40 lower-case letters, digits and hyphens, beginning and ending with a letter or digit. \
         It is part of every ownership marker, so choose it at random once and never change it.";
    /// Two resources of one kind and name in one tenant.
    DUPLICATE_RESOURCE = "duplicate-resource", "two documents describe the same resource",
        "Kind, tenant and name together identify a resource. Two documents with the same three would contradict each other: \
         rename one of them or remove it.";
    /// No tenant given, and not exactly one to take.
    TENANT_MISSING = "tenant-missing", "the resource does not say which tenant it belongs to",
        "`metadata.tenant` may be left out only where the project has exactly one `Tenant`. With several, every resource \
         names its own; only an `AttributeMap` may serve several.";
    /// A tenant where none belongs.
    TENANT_UNEXPECTED = "tenant-unexpected", "a Project or Tenant belongs to no tenant",
        "`metadata.tenant` says which tenant a resource belongs to. A `Project` stands above tenants, and a `Tenant` is one.";
    /// A reference to a resource that does not exist.
    UNKNOWN_REFERENCE = "unknown-reference", "a reference names a resource that does not exist",
        "References are by name and stay inside the tenant. The resource may be misspelt, belong to another tenant, or be in a \
         file outside the project's folder.";
    /// `formerly` names a resource that exists.
    FORMERLY_EXISTS = "formerly-exists", "the former name belongs to a resource that still exists",
        "`metadata.formerly` says what a resource was called before, so that its objects are renamed rather than made anew. \
         If a resource of that name exists, both would claim the same objects. That also goes for two resources that swap \
         their names: rename in two steps.";
    /// Two resources with one former name.
    FORMERLY_TWICE = "formerly-twice", "two resources have the same former name",
        "Only one resource can be the renamed one; the other gets objects of its own and needs no `formerly`.";
    /// `formerly` is the present name.
    FORMERLY_SELF = "formerly-self", "the former name is the present one",
        "`metadata.formerly` is the name before the last rename. Remove it where nothing was renamed.";
}
