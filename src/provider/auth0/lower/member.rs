//! What enables one person.

use super::{Tenant, field, kind};
use crate::{
    component::{Address, Capability, Class, Component, Field, Rule, Value},
    manifest::{Kind, Resource, attribute_map::Source, user_enablement::UserEnablementSpec},
    provider::{Member, ProfileContext},
};

/// What enables one person: the roles and values that the Action reads. Nothing where the application asks for none, because then
/// everybody who is in the tenant can sign in.
pub(super) fn user(
    context: &ProfileContext<'_>,
    tenant: &Tenant,
    enablement: &Resource<UserEnablementSpec>,
    member: &Member<'_>,
) -> Option<Component> {
    let email = member.person.email.to_lowercase();
    let address = Address::new(
        enablement.tenant.clone(),
        Kind::UserEnablement,
        enablement.name().clone(),
        format!("{}:{email}", kind::USER),
    );
    let mut fields = Vec::new();
    let reads_roles = context.profile.spec.product.is_flex()
        || context
            .attribute_map
            .is_some_and(|map| map.spec.attributes.iter().any(|it| it.from == Some(Source::EnablementRoles)));
    if reads_roles && !member.roles.is_empty() {
        let roles = Value::texts(member.roles.iter().map(|role| role.as_str()));
        fields.push(Field::managed(format!("{}roles", field::FLEX), roles).by(Rule::Set));
    }
    for (key, value) in &member.attributes {
        let path = format!("{}{key}", field::FLEX);
        if fields.iter().all(|field| field.path != path) {
            fields.push(Field::managed(path, value.as_str()));
        }
    }
    if fields.is_empty() {
        return None;
    }
    let keys = fields.iter().filter_map(|it| it.path.strip_prefix(field::FLEX)).map(str::to_owned);
    let keys = Value::texts(keys.collect::<Vec<_>>());
    fields.push(Field::managed(field::KEYS, keys).by(Rule::Set));
    for field in &mut fields {
        field.origin = Some(member.origin.clone());
    }
    fields.push(Field::new(field::USER_ID, member.person.id.as_str(), Capability::Derived));

    let marker = context.marker(&address);
    let mut component =
        Component::new(marker, tenant.realm(), format!("Auth0 user {email}"), email, member.origin.clone());
    component.formerly = enablement.metadata.formerly.clone().map(|former| component.address.renamed(former));
    component.class = Class::Membership;
    component.adopt = enablement.spec.adopt;
    component.needs = member.needs.clone();
    component.fields = fields;
    component.lifecycle = enablement.lifecycle.clone();
    Some(component)
}
