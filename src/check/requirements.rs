//! What a profile cannot do without: an attribute map, credentials for both sides, the Auth0 connection.

use super::{Context, Rule};
use crate::{
    diagnostics::{Code, Finding, Findings, Severity},
    manifest::{
        Resource,
        identity_provider::{IdentityProviderSpec, Vendor},
        sso_profile::{Product, SsoProfileSpec},
        tenant::TenantSpec,
    },
    yaml::path,
};

pub(super) const RULE: Rule =
    Rule { codes: &[&ATTRIBUTE_MAP_MISSING, &TENANT_BLOCK_MISSING, &AUTH0_CONNECTION], check };

const ATTRIBUTE_MAP_MISSING: Code = Code {
    id: "attribute-map-missing",
    severity: Severity::Error,
    title: "a Flex profile has no attribute map",
    explanation: "Flex takes people's roles, name and address from the assertion: without `roles`, `full_name` and `email` every \
        sign-in fails. Twilio has no mapping of its own, so the identity provider has to send exactly these names.\n\nWrite an \
        `AttributeMap` and name it in `attributeMap`.\n\nSource: Twilio, \"Flex SSO configuration\" (required SAML attributes).",
};

const TENANT_BLOCK_MISSING: Code = Code {
    id: "tenant-block-missing",
    severity: Severity::Error,
    title: "the tenant lacks what a profile needs",
    explanation: "A profile joins two sides, and the `Tenant` says which account, organization or identity-provider tenant each \
        side is and how to authenticate there. Flex needs `twilio.account`, the Console's self-service SSO needs \
        `twilio.organization`, SendGrid needs `sendgrid`; the vendors okta, auth0, google and salesforce need the block of their \
        name, in the `Tenant` or in the `IdentityProvider`.\n\nAdd the block that the help shows.\n\nSource: Concord's language.",
};

const AUTH0_CONNECTION: Code = Code {
    id: "auth0-connection",
    severity: Severity::Warning,
    title: "the Auth0 connection is not named",
    explanation: "Twilio's page about Auth0 and Flex says that the single sign-on URL ends in `?connection=<name>`: the \
        connection that people sign in with, often `Username-Password-Authentication`. Without it Auth0 asks, or takes the wrong \
        one where several are enabled.\n\nWrite `application: {connection: ...}` in the profile, or `defaults: {connection: \
        ...}` in the identity provider. For products other than Flex this is advice.\n\nSource: Twilio, \"Configure Auth0 for \
        Flex SSO\".",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for profile in context.manifests.sso_profiles.values() {
        let product = profile.spec.product;
        if product.is_flex() && profile.spec.attribute_map.is_none() {
            attribute_map(profile, findings);
        }
        let Some(tenant) = context.manifests.tenants.get(&profile.tenant) else { continue };
        product_block(profile, tenant, findings);
        let Some(provider) = context.manifests.identity_provider_of(profile) else { continue };
        vendor_block(profile, provider, tenant, findings);
        if provider.spec.vendor == Vendor::Auth0
            && profile.spec.application.connection.is_none()
            && provider.spec.defaults.connection.is_none()
        {
            connection(profile, provider, findings);
        }
    }
}

fn attribute_map(profile: &Resource<SsoProfileSpec>, findings: &mut Findings) {
    findings.push(
        Finding::new(
            &ATTRIBUTE_MAP_MISSING,
            format!("profile `{}` has no attribute map, and Flex refuses sign-ins without `roles`", profile.name()),
        )
        .at(profile.at(&path!["spec", "product"]), "needs `attributeMap:` beside it")
        .help(
            "add `attributeMap: NAME`, and an AttributeMap of that name with \
             `nameId: {format: emailAddress, from: user.email}` and the attributes email (`from: user.email`), full_name \
             (`from: user.name`) and roles (`from: enablement.roles`), each `required: true`",
        ),
    );
}

fn product_block(profile: &Resource<SsoProfileSpec>, tenant: &Resource<TenantSpec>, findings: &mut Findings) {
    let twilio = tenant.spec.twilio.as_ref();
    let (is_there, block, example) = match profile.spec.product {
        Product::Flex | Product::FlexLegacy => (
            twilio.is_some_and(|twilio| twilio.account.is_some()),
            "twilio.account",
            "twilio: {account: {sid: AC..., apiKey: {sid: SK..., secret: {env: TWILIO_API_KEY_SECRET}}}}",
        ),
        Product::Console => (
            twilio.is_some_and(|twilio| twilio.organization.is_some()),
            "twilio.organization",
            "twilio: {organization: {sid: OR..., oauthClient: {clientId: OQ..., clientSecret: {env: TWILIO_OAUTH_SECRET}}}}",
        ),
        // Everything goes through support, which is given the values in a ticket.
        Product::ConsoleLegacy => return,
        Product::Sendgrid => {
            (tenant.spec.sendgrid.is_some(), "sendgrid", "sendgrid: {apiKey: {env: SENDGRID_API_KEY}}")
        }
    };
    if is_there {
        return;
    }
    let product = profile.spec.product;
    findings.push(
        Finding::new(
            &TENANT_BLOCK_MISSING,
            format!("a `{product}` profile needs `{block}`, which tenant `{}` has not", tenant.name()),
        )
        .at(profile.at(&path!["spec", "product"]), format!("needs `{block}` in the tenant"))
        .related(tenant.origin(), "this is the tenant")
        .help(format!("add to the tenant's `spec`: `{example}`")),
    );
}

fn vendor_block(
    profile: &Resource<SsoProfileSpec>,
    provider: &Resource<IdentityProviderSpec>,
    tenant: &Resource<TenantSpec>,
    findings: &mut Findings,
) {
    let (own, shared) = (&provider.spec, &tenant.spec);
    let (is_there, example) = match own.vendor {
        Vendor::Okta => (
            own.okta.is_some() || shared.okta.is_some(),
            "okta: {domain: acme.okta.com, token: {env: OKTA_TOKEN}}",
        ),
        Vendor::Auth0 => (
            own.auth0.is_some() || shared.auth0.is_some(),
            "auth0: {domain: acme.us.auth0.com, clientId: ..., clientSecret: {env: AUTH0_CLIENT_SECRET}}",
        ),
        Vendor::Google => (
            own.google.is_some() || shared.google.is_some(),
            "google: {serviceAccount: concord@PROJECT.iam.gserviceaccount.com, privateKey: {env: GOOGLE_PRIVATE_KEY}, subject: \
             ADMINISTRATOR@YOUR-DOMAIN}",
        ),
        Vendor::Salesforce => (
            own.salesforce.is_some() || shared.salesforce.is_some(),
            "salesforce: {domain: acme.my.salesforce.com, clientId: ..., clientSecret: {env: SALESFORCE_CLIENT_SECRET}}",
        ),
        Vendor::Saml => return,
    };
    if is_there {
        return;
    }
    let vendor = own.vendor;
    findings.push(
        Finding::new(
            &TENANT_BLOCK_MISSING,
            format!(
                "identity provider `{}` needs the block `{vendor}`, which neither it nor tenant `{}` has",
                provider.name(),
                tenant.name()
            ),
        )
        .at(
            profile.at(&path!["spec", "identityProvider"]),
            format!("nothing says which {} this is", vendor.title()),
        )
        .related(provider.at(&path!["spec", "vendor"]), "its vendor")
        .related(tenant.origin(), "this is the tenant")
        .help(format!("add to the `spec` of the tenant or of the identity provider: `{example}`")),
    );
}

fn connection(
    profile: &Resource<SsoProfileSpec>,
    provider: &Resource<IdentityProviderSpec>,
    findings: &mut Findings,
) {
    let severity = if profile.spec.product.is_flex() { Severity::Warning } else { Severity::Advice };
    findings.push(
        Finding::new(
            &AUTH0_CONNECTION,
            format!("profile `{}` does not say which Auth0 connection people sign in with", profile.name()),
        )
        .severity(severity)
        .at(profile.key_at(&path!["spec", "application"]), "no `connection`")
        .related(provider.at(&path!["spec", "vendor"]), "and none in the identity provider's `defaults`")
        .help(
            "write `application: {connection: Username-Password-Authentication}`, with the connection's own name where it has \
             another",
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::{append, edit};
    use crate::diagnostics::Severity;

    #[test]
    fn flex_needs_an_attribute_map() {
        let found = edit("  attributeMap: flex-agents\n", "").codes();
        assert!(found.contains(&("attribute-map-missing", 38)), "{found:?}");
    }

    #[test]
    fn flex_needs_an_account() {
        edit(
            "    account:\n      sid: AC00000000000000000000000000000001\n      apiKey: {sid: SK00000000000000000000000000000001, secret: {env: TWILIO_API_KEY_SECRET}}\n",
            "",
        )
        .finds(&[("tenant-block-missing", "product: flex", "flex")]);
    }

    #[test]
    fn other_products_need_their_own_blocks() {
        for (product, block) in [("console", "twilio.organization"), ("sendgrid", "sendgrid")] {
            let project = append(&format!(
                "kind: SsoProfile\nmetadata: {{name: other}}\nspec:\n  product: {product}\n  friendlyName: Other\n  identityProvider: \
                 auth0-nss\n  application: {{connection: x}}"
            ));
            let findings = project.findings();
            let finding = findings.iter().find(|finding| finding.code.id == "tenant-block-missing");
            assert!(finding.is_some_and(|finding| finding.message.contains(block)), "{findings:#?}");
        }
    }

    #[test]
    fn a_vendor_needs_its_block_in_one_of_two_places() {
        let line =
            "  auth0: {domain: nss.us.auth0.com, clientId: abc, clientSecret: {env: AUTH0_CLIENT_SECRET}}\n";
        edit(line, "").finds(&[("tenant-block-missing", "identityProvider:", "auth0-nss")]);
        edit(line, "")
            .edit("spec: {vendor: auth0}", &format!("spec:\n  vendor: auth0\n{line}"))
            .finds_nothing();
    }

    #[test]
    fn auth0_wants_to_know_the_connection() {
        let project = edit(", connection: Username-Password-Authentication", "");
        project.finds(&[("auth0-connection", "application:", "application")]);
        assert_eq!(project.findings()[0].severity, Severity::Warning);
        project
            .edit("spec: {vendor: auth0}", "spec: {vendor: auth0, defaults: {connection: staff}}")
            .finds_nothing();
    }
}
