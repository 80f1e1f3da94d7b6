//! Fields that mean nothing for the product or the vendor at hand. They do no harm, but they promise something that will not
//! happen.

use super::{Context, Rule, edits};
use crate::{
    diagnostics::{Code, Finding, Findings, Severity},
    manifest::{
        Resource,
        identity_provider::{IdentityProviderSpec, Vendor},
        sso_profile::{Product, SsoProfileSpec},
        user_enablement::{Assignments, Provisioning, Removal, UserEnablementSpec},
    },
    yaml::{Path, path},
};

pub(super) const RULE: Rule = Rule { codes: &[&FIELD_WITHOUT_EFFECT], check };

const FIELD_WITHOUT_EFFECT: Code = Code {
    id: "field-without-effect",
    severity: Severity::Warning,
    title: "a field has no effect for this product or identity provider",
    explanation: "Some fields belong to one product or one vendor: `loginPopup` to Flex, managed provisioning to every product but the legacy Console, `enforcement` \
        to the Console's self-service SSO, `ticket` to the legacy Console, `enabled` to SendGrid; a connection to Auth0, a \
        catalogue application (`oin`) and exclusive assignments to Okta, the `salesforce` block to Salesforce. Elsewhere nobody \
        reads them, while a reviewer would believe that they protect or change something.\n\nRemove the field, or correct \
        the `product` or `vendor`.\n\nSource: Concord's language; the products' own settings pages.",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for provider in context.manifests.identity_providers.values() {
        identity_provider(provider, findings);
    }
    for profile in context.manifests.sso_profiles.values() {
        let vendor = context.manifests.identity_provider_of(profile).map(|provider| provider.spec.vendor);
        sso_profile(profile, vendor, findings);
        for enablement in context.manifests.enablements_of(profile) {
            user_enablement(enablement, profile.spec.product, vendor, findings);
        }
    }
}

fn identity_provider(provider: &Resource<IdentityProviderSpec>, findings: &mut Findings) {
    let spec = &provider.spec;
    let blocks = [
        (spec.okta.is_some(), "okta", Vendor::Okta),
        (spec.auth0.is_some(), "auth0", Vendor::Auth0),
        (spec.google.is_some(), "google", Vendor::Google),
        (spec.salesforce.is_some(), "salesforce", Vendor::Salesforce),
    ];
    for (given, key, vendor) in blocks {
        if given && spec.vendor != vendor {
            let why = format!("`{key}` is not read for the vendor `{}`", spec.vendor);
            report(provider, path!["spec", key], why, findings);
        }
    }
    if spec.defaults.connection.is_some() && spec.vendor != Vendor::Auth0 {
        let why = format!("only Auth0 has connections, and this is the vendor `{}`", spec.vendor);
        report(provider, path!["spec", "defaults", "connection"], why, findings);
    }
}

fn sso_profile(profile: &Resource<SsoProfileSpec>, vendor: Option<Vendor>, findings: &mut Findings) {
    let spec = &profile.spec;
    let product = spec.product;
    let for_product = [
        (
            spec.login_popup && !product.is_flex(),
            path!["spec", "loginPopup"],
            "only Flex opens the sign-in in a pop-up window",
        ),
        (
            !spec.enforcement.domains.is_empty() && product != Product::Console,
            path!["spec", "enforcement", "domains"],
            "only the Console's self-service SSO can be enforced",
        ),
        (
            !spec.enforcement.exceptions.is_empty() && product != Product::Console,
            path!["spec", "enforcement", "exceptions"],
            "only the Console's self-service SSO can be enforced",
        ),
        (
            spec.urls.sign_out.is_some() && product != Product::Sendgrid,
            path!["spec", "urls", "signOut"],
            "only SendGrid integrations have a sign-out URL",
        ),
        (
            spec.ticket.is_some() && product != Product::ConsoleLegacy,
            path!["spec", "ticket"],
            "only the legacy Console's SSO is set up by a support ticket",
        ),
        (
            spec.enabled.is_some() && product != Product::Sendgrid,
            path!["spec", "enabled"],
            "only SendGrid integrations have a switch",
        ),
    ];
    for (is_idle, path, why) in for_product {
        if is_idle {
            report(profile, path, format!("{why}, and this is `product: {product}`"), findings);
        }
    }
    let Some(vendor) = vendor else { return };
    let application = &spec.application;
    let for_vendor = [
        (application.connection.is_some(), "connection", Vendor::Auth0, "only Auth0 has connections"),
        (application.oin.is_some(), "oin", Vendor::Okta, "only Okta has a catalogue of applications"),
        (
            application.salesforce.is_some(),
            "salesforce",
            Vendor::Salesforce,
            "these settings are Salesforce's",
        ),
    ];
    for (given, key, wanted, why) in for_vendor {
        if given && vendor != wanted {
            let why = format!("{why}, and `{}` is the vendor `{vendor}`", spec.identity_provider);
            report(profile, path!["spec", "application", key], why, findings);
        }
    }
}

fn user_enablement(
    enablement: &Resource<UserEnablementSpec>,
    product: Product,
    vendor: Option<Vendor>,
    findings: &mut Findings,
) {
    let spec = &enablement.spec;
    let is_console = matches!(product, Product::Console | Product::ConsoleLegacy);
    let idle = [
        (
            spec.provisioning == Provisioning::Managed && product == Product::ConsoleLegacy,
            path!["spec", "provisioning"],
            "the legacy Console's users are not made by Concord",
        ),
        (
            spec.removal == Removal::Deprovision && !product.is_flex(),
            path!["spec", "removal"],
            "only Flex users are deprovisioned",
        ),
        (
            !spec.select.user_sids.is_empty() && !is_console,
            path!["spec", "select", "userSids"],
            "only Console users are selected by user SID",
        ),
        (
            !spec.select.accounts.is_empty() && !is_console,
            path!["spec", "select", "accounts"],
            "only Console users are selected by account",
        ),
    ];
    for (is_idle, path, why) in idle {
        if is_idle {
            report(enablement, path, format!("{why}, and the profile is `product: {product}`"), findings);
        }
    }
    if spec.assignments == Assignments::Exclusive
        && let Some(vendor) = vendor
        && vendor != Vendor::Okta
    {
        let why = format!("only Okta has assignments of its own, and the profile's vendor is `{vendor}`");
        report(enablement, path!["spec", "assignments"], why, findings);
    }
}

fn report<T>(resource: &Resource<T>, path: Path, why: String, findings: &mut Findings) {
    let finding = Finding::new(&FIELD_WITHOUT_EFFECT, why)
        .at(resource.key_at(&path), "has no effect")
        .help("remove it");
    findings.push(match edits::removal(&resource.document, &path) {
        Some(fix) => finding.with_fix(fix),
        None => finding,
    });
}

#[cfg(test)]
mod tests {
    use super::super::testing::{append, edit};

    const ID: &str = "field-without-effect";

    #[test]
    fn fields_of_other_products_are_named() {
        let project = edit(
            "  testUsers: [test@connie.one]\n",
            "  testUsers: [test@connie.one]\n  enforcement:\n    domains: [d]\n    exceptions: [root@connie.one]\n  ticket: {edition: enterprise}\n  enabled: true\n",
        )
        .append("kind: EmailDomain\nmetadata: {name: d}\nspec: {domain: connie.one}");
        project.finds(&[
            (ID, "domains:", "domains"),
            (ID, "exceptions:", "exceptions"),
            (ID, "ticket:", "ticket"),
            (ID, "enabled:", "enabled"),
        ]);
        assert!(project.findings().iter().all(|finding| finding.fix.is_some()));
        edit("  testUsers: [test@connie.one]\n", "  testUsers: [test@connie.one]\n  enabled: true\n  ticket:\n    edition: x\n    contacts: [a@connie.one]\n")
            .finds(&[(ID, "enabled", "enabled"), (ID, "ticket", "ticket")])
            .is_mended();
    }

    #[test]
    fn fields_of_flex_mean_nothing_elsewhere() {
        append(
            "kind: SsoProfile\nmetadata: {name: console}\nspec:\n  product: console-legacy\n  friendlyName: Console\n  \
             identityProvider: auth0-nss\n  application: {connection: x}\n  attributeMap: flex-agents\n  loginPopup: true\n\
             ---\nkind: UserEnablement\nmetadata: {name: console}\nspec:\n  profile: console\n  select: {emailDomains: [connie.one]}\n  \
             rollout: {pilot: [test@connie.one]}\n  breakGlass: [root@connie.one]\n  removal: deprovision\n  provisioning: managed",
        )
        .finds(&[(ID, "loginPopup", "loginPopup"), (ID, "removal", "removal"), (ID, "provisioning", "provisioning")])
        .is_mended();
    }

    #[test]
    fn fields_of_other_vendors_are_named() {
        edit(
            "connection: Username-Password-Authentication}",
            "connection: Username-Password-Authentication, oin: {name: x}, salesforce: {kind: connectedApp}}",
        )
        .finds(&[(ID, "application:", "oin"), (ID, "application:", "salesforce")]);
        edit(
            "  breakGlass: [root@connie.one]\n",
            "  breakGlass: [root@connie.one]\n  assignments: exclusive\n",
        )
        .finds(&[(ID, "assignments", "assignments")])
        .is_mended();
        append(
            "kind: IdentityProvider\nmetadata: {name: other}\nspec:\n  vendor: salesforce\n  defaults: {connection: x}\n  \
             okta: {domain: acme.okta.com, token: {env: T}}",
        )
        .finds(&[
            ("unused-resource", "metadata: {name: other", "other"),
            (ID, "defaults:", "connection"),
            (ID, "okta:", "okta"),
        ]);
    }

    #[test]
    fn flex_people_have_no_user_sids() {
        edit(
            "select: {emailDomains: [connie.one]}",
            "select: {emailDomains: [connie.one], userSids: [US00000000000000000000000000000001], accounts: [AC00000000000000000000000000000001]}",
        )
        .finds(&[(ID, "select:", "userSids"), (ID, "select:", "accounts")]);
    }
}
