//! What manifests ask for and Flex cannot express: found before anything is lowered.

use super::{
    codes,
    lower::{ROLES, is_connection, region, twilio},
};
use crate::{
    diagnostics::Finding,
    manifest::{
        Resource,
        attribute_map::Source,
        user_enablement::{Provisioning, UserEnablementSpec},
    },
    provider::ProfileContext,
    yaml::path,
};

/// Finds what a profile and its enablements ask for and Flex cannot do.
pub(super) fn check(context: &ProfileContext<'_>, findings: &mut Vec<Finding>) {
    let profile = context.profile;
    if let Some(connection) = profile.spec.connection.as_deref().filter(|text| !is_connection(text)) {
        findings.push(
            Finding::new(&codes::CONNECTION_FORM, format!("`{connection}` is no Flex SSO profile"))
                .at(profile.at(&path!["spec", "connection"]), "`JQ` and 32 hexadecimal digits")
                .help("take it from the end of the Entity ID in the Console, or leave it out"),
        );
    }
    let region = region(context);
    if region.is_empty() || !region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    {
        findings.push(
            Finding::new(&codes::REGION_FORM, format!("`{region}` cannot be part of a host name"))
                .at(context.tenant.at(&path!["spec", "twilio", "region"]), "for instance `us1`"),
        );
    }
    for enablement in context.enablements.iter().filter(|it| it.spec.provisioning == Provisioning::Managed) {
        check_managed_users(context, enablement, findings);
    }
}

fn check_managed_users(
    context: &ProfileContext<'_>,
    enablement: &Resource<UserEnablementSpec>,
    findings: &mut Vec<Finding>,
) {
    let here = enablement.at(&path!["spec", "provisioning"]);
    if twilio(context).is_none_or(|twilio| twilio.flex_instance.is_none()) {
        findings.push(
            Finding::new(&codes::INSTANCE_MISSING, "managed Flex users need the tenant's Flex instance")
                .at(here.clone(), "managed here")
                .related(context.tenant.at(&path!["spec", "twilio"]), "no `flexInstance` here")
                .help("add `flexInstance: GO...` to the tenant, or remove `provisioning: managed`"),
        );
    }
    if let Some(map) = context.attribute_map
        && (map.spec.name_id.from != Source::Email || !map.spec.name_id.expressions.is_empty())
    {
        findings.push(
            Finding::new(
                &codes::USERNAME_UNKNOWN,
                "managed Flex users would get a second identity at sign-in",
            )
            .at(map.at(&path!["spec", "nameId"]), "not simply `user.email`")
            .related(here, "managed here")
            .help("take the NameID from `user.email`, or remove `provisioning: managed`"),
        );
    }
    let roles = &enablement.spec.roles;
    let sets = std::iter::once((path!["spec", "roles", "default"], &roles.default)).chain(
        roles
            .overrides
            .iter()
            .enumerate()
            .map(|(at, it)| (path!["spec", "roles", "overrides", at, "roles"], &it.roles)),
    );
    for (path, set) in sets {
        if !set.iter().any(|role| ROLES.contains(&role.as_str())) {
            findings.push(
                Finding::new(
                    &codes::ROLE_UNKNOWN,
                    "a managed Flex user needs `agent`, `supervisor` or `admin`",
                )
                .at(enablement.at(&path), "none of them here"),
            );
        }
    }
}
