//! The key that an application signs with, as the manifests wish it: two components beside the application.
//!
//! - `okta.key:NAME` is a key of the application. Making it changes nothing for anybody: nothing signs with it yet.
//! - `okta.signing` is which key signs.
//!
//! Which of an application's keys has which name stands in the administrators' note of the application, because keys have no place
//! for it.
//!
//! # The order of a rotation
//! The key is made; the service provider trusts its certificate beside the one that signs now (an attested step, which the resolver
//! puts before `okta.signing`); the application signs with it; a test sign-in. What is to be trusted is an output of the new key and
//! follows from what the note says, so the next plan asks for the old certificate to be taken out, and for another test. At each
//! moment the certificate that signs is trusted. Without `overlap` the service provider trusts one certificate at a time, and nobody
//! can sign in between its change and the next write of a running apply.
//!
//! # Caveats
//! A key cannot be deleted in Okta. An application that nobody can sign in through yet, because it has seeds only, signs with a named
//! key at once.

use super::{
    codes,
    lower::{field, kind},
    wire::{App, Key},
};
use crate::{
    component::{Address, AppliedNote, Capability, Component, Field, Instruction, Observed, Realm, Value},
    diagnostics::{Finding, Location},
    manifest::{
        Name,
        sso_profile::{DEFAULT_KEY_YEARS, Management, SigningKey, ValidityYears},
    },
    provider::{ProfileContext, Rotation},
    saml::Certificate,
    yaml::path,
};

/// Field paths of the two components.
pub(super) const KID: &str = "credentials.signing.kid";
pub(super) const YEARS: &str = "validityYears";
/// Shown as context: whether old and new are trusted side by side.
const OVERLAP: &str = "overlap";
/// Outputs of a key.
const OUTPUT_KID: &str = "kid";
const OUTPUT_CERTIFICATES: &str = "certificates";

/// The key that a profile's manifest wishes.
pub(super) struct Wish<'a> {
    name: &'a Name,
    years: u8,
    overlap: bool,
    place: Location,
}

impl<'a> Wish<'a> {
    pub(super) fn of(context: &ProfileContext<'a>) -> Option<Self> {
        let profile = context.profile;
        let SigningKey { name, validity_years, overlap } = profile.spec.application.signing_key.as_ref()?;
        Some(Self {
            name,
            years: validity_years.map_or(DEFAULT_KEY_YEARS, ValidityYears::value),
            overlap: overlap.unwrap_or(true),
            place: profile.at(&path!["spec", "application", "signingKey"]),
        })
    }

    /// Says what contradicts the wish.
    pub(super) fn check(&self, context: &ProfileContext<'_>, findings: &mut Vec<Finding>) {
        let finding = |message: &str| {
            Finding::new(&codes::SIGNING_KEY, message)
                .at(self.place.clone(), "asks Concord to choose the key")
        };
        if context.profile.spec.application.management == Management::External {
            findings.push(
                finding("somebody else manages the application, and so its keys").help("remove `signingKey`"),
            );
        }
        let provider = context.identity_provider;
        if !provider.spec.trust.certificates.is_empty() {
            findings.push(
                finding("the certificate of a key that Okta is yet to make cannot be pinned")
                    .related(provider.at(&path!["spec", "trust", "certificates"]), "these alone are trusted")
                    .help("remove the pinned certificates, or rotate by hand and pin the new one: leave `signingKey` out"),
            );
        }
    }

    fn key(&self, context: &ProfileContext<'_>) -> Address {
        context.address(format!("{}:{}", kind::KEY, self.name))
    }

    /// What the service provider has to trust.
    pub(super) fn certificates(&self, context: &ProfileContext<'_>) -> Value {
        Value::output_of(&self.key(context), OUTPUT_CERTIFICATES)
    }

    pub(super) fn lower(&self, context: &ProfileContext<'_>, realm: &Realm) -> [Component; 2] {
        let app = field_app(context);
        let component = |address: Address, title: String| {
            let mut component = Component::new(
                context.marker(&address),
                realm.clone(),
                title,
                self.name.as_str(),
                self.place.clone(),
            );
            component.fields.push(app.clone().from(self.place.clone()));
            component
        };
        let mut key = component(
            self.key(context),
            format!("Okta signing key `{}` of `{}`", self.name, context.profile.name()),
        );
        key.fields.extend([
            Field::managed(YEARS, i64::from(self.years)).from(self.place.clone()),
            Field::new(OVERLAP, self.overlap, Capability::Derived),
        ]);
        let mut signing = component(
            context.address(kind::SIGNING),
            format!("key that Okta signs with for `{}`", context.profile.name()),
        );
        signing.formerly = context.former_address(kind::SIGNING);
        signing.fields.push(
            Field::managed(KID, Value::output_of(&self.key(context), OUTPUT_KID)).from(self.place.clone()),
        );
        [key, signing]
    }

    /// What must not happen before the service provider trusts the new certificate, and what whoever enters it has to know.
    pub(super) fn rotation(&self, context: &ProfileContext<'_>) -> Rotation {
        let text = if self.overlap {
            "If there are two certificates, one signs now and the other will sign next: enter both, and see after saving that both are \
             there. If the page keeps one only, put the former one back and do not confirm; say `overlap: false` under `signingKey` in \
             the manifest and plan again."
        } else {
            "If the certificate is another one than before, nobody can sign in from the moment when you save it until `concord apply` goes \
             on: do it while that waits at a terminal, and confirm at once. Who is signed in stays so."
        };
        Rotation {
            after_trust: vec![context.address(kind::SIGNING)],
            instructions: vec![Instruction::Do(text.to_owned())],
        }
    }
}

fn field_app(context: &ProfileContext<'_>) -> Field {
    Field::managed(field::APP, Value::output_of(&context.address(kind::APP), "id"))
}

/// The name of a key component's key.
pub(super) fn name_of(address: &Address) -> &str {
    address.component.split_once(':').map_or("", |(_, name)| name)
}

/// A named key as it exists; nothing where the application's note does not know it, or Okta no longer.
pub(super) fn observed_key(app: &App, keys: &[Key], component: &Component) -> Option<Observed> {
    let notes = app.notes();
    let kid = notes.key(name_of(&component.address))?.kid()?;
    let certificate_of = |kid: &str| keys.iter().find(|key| key.kid == kid)?.certificate();
    keys.iter().find(|key| key.kid == kid)?;
    let overlaps = component.field(OVERLAP).is_none_or(|it| it.value == Value::Bool(true));
    // What somebody else had it sign with meanwhile is not to be trusted, but to be put right.
    let signs = notes.signs.as_deref().or(app.kid()).filter(|signs| overlaps && *signs != kid);
    let certificates: Option<Vec<Certificate>> = signs.into_iter().chain([kid]).map(certificate_of).collect();
    let mut observed = Observed { id: format!("{}/{kid}", app.id), ..Observed::default() };
    observed.fields.insert(field::APP.to_owned(), Value::text(&app.id));
    // Only a new key takes it.
    if let Some(years) = component.field(YEARS) {
        observed.fields.insert(YEARS.to_owned(), years.value.clone());
    }
    observed.outputs.insert(OUTPUT_KID.to_owned(), Value::text(kid));
    if let Some(certificates) = certificates {
        let certificates = certificates.into_iter().map(Value::Certificate).collect();
        observed.outputs.insert(OUTPUT_CERTIFICATES.to_owned(), Value::List(certificates));
    }
    Some(observed)
}

/// Which key an application signs with.
pub(super) fn observed_signing(app: &App, component: &Component) -> Observed {
    let kid = Value::from(app.kid());
    let id = Value::text(&app.id);
    // The note says which key Concord had it sign with; before that it was nobody's doing but Okta's.
    let last = app.notes().signs.map_or_else(|| kid.clone(), Value::Text);
    let digest = component.digest_of(|field| match field.path.as_str() {
        KID => Some(&last),
        field::APP => Some(&id),
        _ => Some(&field.value),
    });
    let applied = AppliedNote { digest, ..component.applied_note() };
    let mut observed = Observed { id: app.id.clone(), applied: Some(applied), ..Observed::default() };
    observed.fields.insert(KID.to_owned(), kid);
    observed.fields.insert(field::APP.to_owned(), id);
    observed
}

#[cfg(test)]
mod tests;
