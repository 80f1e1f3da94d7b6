//! Which components a person of an enablement becomes: the managed user, and the roles. The Console product calls these for its members
//! and adds what has to come first (the verified domain).

use super::{
    field, kind, realm,
    roles::{Grant, Vocabulary},
};
use crate::{
    component::{Address, Class, Component, Field, Rule, Value},
    diagnostics::Location,
    manifest::{Kind, Resource, user_enablement::UserEnablementSpec},
    provider::{Member, ProfileContext},
};

/// Keys of `attributes` that are parts of a managed user's name, with the fields that they set. The identity provider's population knows a
/// full name only, and a name cannot be taken apart without guessing.
const NAME_ATTRIBUTES: [(&str, &str); 2] =
    [("givenName", field::GIVEN_NAME), ("familyName", field::FAMILY_NAME)];

/// One person as a managed user of the tenant's organization; `None` where the tenant names no organization. A user who exists is
/// simply that user. The display name is managed where the identity provider has one, first and last name where the
/// enablement's `attributes` have `givenName` and `familyName`.
pub fn lower_user(
    context: &ProfileContext<'_>,
    enablement: &Resource<UserEnablementSpec>,
    member: &Member<'_>,
) -> Option<Component> {
    let email = member.person.email.to_lowercase();
    let from = |field: Field| field.from(member.origin.clone());
    let mut fields = vec![
        from(Field::managed(field::USER_NAME, email.as_str()).by(Rule::IgnoreCase)),
        from(Field::managed(field::ACTIVE, true)),
    ];
    let name = member.person.name.as_deref().map(str::trim);
    // An identity provider that knows no name often gives the address instead.
    if let Some(name) = name.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(&email)) {
        fields.push(from(Field::managed(field::DISPLAY_NAME, name)));
    }
    for (key, path) in NAME_ATTRIBUTES {
        if let Some(value) = member.attributes.get(key) {
            fields.push(from(Field::managed(path, value.as_str())));
        }
    }
    let title = format!("Twilio user {email}");
    Some(Component { fields, ..component(context, enablement, kind::USER, &email, title, &member.origin)? })
}

/// A person whom an enablement's `remove` names: the user is deactivated, never deleted. One whom the organization does not have is gone
/// already.
pub fn lower_removed(
    context: &ProfileContext<'_>,
    enablement: &Resource<UserEnablementSpec>,
    email: &str,
    origin: &Location,
) -> Option<Component> {
    let email = email.trim().to_lowercase();
    if is_break_glass(context, enablement, &email) {
        return None;
    }
    let title = format!("Twilio user {email}");
    let fields = vec![Field::managed(field::ACTIVE, false).from(origin.clone())];
    Some(Component { fields, ..component(context, enablement, kind::USER, &email, title, origin)? })
}

/// One person's roles, as far as the profile's enablements name any; `None` where they name none, where the tenant names no
/// organization, and for a break-glass administrator, whose roles are never touched.
///
/// The field `roles` has the person's own; `vocabulary`, which is not compared, has every role and scope that the enablements of the
/// profile name for anybody: what the person has of it and should not have is taken away, and all else is left.
pub fn lower_roles(
    context: &ProfileContext<'_>,
    enablement: &Resource<UserEnablementSpec>,
    member: &Member<'_>,
) -> Option<Component> {
    let email = member.person.email.to_lowercase();
    if is_break_glass(context, enablement, &email) {
        return None;
    }
    let organization = organization(context)?;
    let own = member.roles.iter().map(|role| Grant::of(role, organization));
    let mut vocabulary = Vocabulary::of(context.enablements.iter().copied(), organization);
    vocabulary.0.extend(own.clone());
    if vocabulary.is_empty() {
        return None;
    }
    let title = format!("roles of Twilio user {email}");
    let component = component(context, enablement, kind::ROLES, &email, title, &member.origin)?;
    let roles = Value::texts(own.map(|grant| grant.to_string()));
    Some(Component {
        fields: vec![
            Field::managed(field::ROLES, roles).by(Rule::Set).from(member.origin.clone()),
            Field::new(field::VOCABULARY, vocabulary.to_value(), crate::component::Capability::Derived)
                .by(Rule::Set),
        ],
        needs: vec![component.address.sibling(format!("{}:{email}", kind::USER))],
        ..component
    })
}

fn component(
    context: &ProfileContext<'_>,
    enablement: &Resource<UserEnablementSpec>,
    kind: &str,
    email: &str,
    title: String,
    origin: &Location,
) -> Option<Component> {
    let address = Address::new(
        enablement.tenant.clone(),
        Kind::UserEnablement,
        enablement.name().clone(),
        format!("{kind}:{email}"),
    );
    let former = enablement.metadata.formerly.clone();
    Some(Component {
        formerly: former.map(|name| address.renamed(name)),
        lifecycle: enablement.lifecycle.clone(),
        class: Class::Membership,
        ..Component::new(
            context.marker(&address),
            realm(organization(context)?),
            title,
            email,
            origin.clone(),
        )
    })
}

fn organization<'a>(context: &ProfileContext<'a>) -> Option<&'a str> {
    Some(context.tenant.spec.twilio.as_ref()?.organization.as_ref()?.sid.as_str())
}

/// Whether any enablement of the profile keeps the person out.
fn is_break_glass(
    context: &ProfileContext<'_>,
    enablement: &Resource<UserEnablementSpec>,
    email: &str,
) -> bool {
    let all = context.enablements.iter().copied().chain([enablement]);
    all.flat_map(|enablement| &enablement.spec.break_glass).any(|it| it.trim().eq_ignore_ascii_case(email))
}
