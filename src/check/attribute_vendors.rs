//! Which sources and expressions of a map the identity providers that it serves can do anything with.

use super::{
    Context, Rule,
    maps::{Use, uses},
};
use crate::{
    diagnostics::{Code, Finding, Findings, Severity},
    manifest::{attribute_map::Source, identity_provider::Vendor},
    yaml::{Path, path},
};

pub(super) const RULE: Rule =
    Rule { codes: &[&ATTRIBUTE_APP_METADATA, &ATTRIBUTE_AUTH0_SOURCE, &ATTRIBUTE_EXPRESSION_UNUSED], check };

static ATTRIBUTE_APP_METADATA: Code = Code {
    id: "attribute-app-metadata",
    severity: Severity::Error,
    title: "only Auth0 has app_metadata",
    explanation: "`user.appMetadata.<path>` is a path in Auth0's `app_metadata`. Another identity provider has no such thing, and \
        nothing could be asserted.\n\n\
        Say where that vendor keeps the value, in `expressions:`, or give its profile a map of its own.\n\n\
        Source: Auth0, user metadata.",
};

static ATTRIBUTE_AUTH0_SOURCE: Code = Code {
    id: "attribute-auth0-source",
    severity: Severity::Error,
    title: "Auth0 has no department and no groups of its own",
    explanation: "Auth0's user profile has neither a department nor groups; where they are depends on the connection that people \
        come from and on the tenant.\n\n\
        Say where your tenant keeps the value, as a JavaScript expression over `event`, for instance \
        `expressions: {auth0: \"event.user.user_metadata.department\"}`, or use `user.appMetadata.<path>`.\n\n\
        Source: Auth0, normalized user profile; Actions, post-login event.",
};

static ATTRIBUTE_EXPRESSION_UNUSED: Code = Code {
    id: "attribute-expression-unused",
    severity: Severity::Advice,
    title: "an expression is for an identity provider that the map does not serve",
    explanation: "`expressions:` has one entry for each vendor, and only those of the identity providers behind the profiles that use \
        the map take effect. Another entry is never tried, and may be wrong without anybody noticing.\n\n\
        Remove it, or correct the vendor's name.",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for one in uses(context.manifests) {
        let name_id = &one.map.spec.name_id;
        let vendors = one.vendors(context.manifests);
        let mut sources = vec![(path!["spec", "nameId"], Some(&name_id.from), &name_id.expressions)];
        for (path, attribute) in one.attributes() {
            sources.push((path, attribute.from.as_ref(), &attribute.expressions));
        }
        for (path, source, expressions) in sources {
            for (vendor, profile) in vendors.iter().filter(|(vendor, _)| !expressions.contains_key(vendor)) {
                let Some(source) = source else { continue };
                if let Some(finding) = look(&one, &path, source, *vendor) {
                    findings.push(finding.related(
                        profile.at(&path!["spec", "identityProvider"]),
                        format!("this profile's identity provider is {}", vendor.title()),
                    ));
                }
            }
            if vendors.is_empty() {
                continue;
            }
            for vendor in expressions.keys().filter(|vendor| !vendors.contains_key(vendor)) {
                let served: Vec<&str> = vendors.keys().map(|vendor| vendor.as_str()).collect();
                findings.push(
                    Finding::new(
                        &ATTRIBUTE_EXPRESSION_UNUSED,
                        format!("no profile that uses the map signs in through `{vendor}`"),
                    )
                    .at(one.map.key_at(&path.join("expressions").join(vendor.as_str())), "never used")
                    .help(format!("remove it; the map serves `{}`", served.join("`, `"))),
                );
            }
        }
    }
}

fn look(one: &Use<'_>, path: &Path, source: &Source, vendor: Vendor) -> Option<Finding> {
    let is_name_id = *path == path!["spec", "nameId"];
    let location = one.map.at(&path.join("from"));
    match (source, vendor) {
        (Source::AppMetadata(_), vendor) if vendor != Vendor::Auth0 => Some(
            Finding::new(
                &ATTRIBUTE_APP_METADATA,
                format!("`{source}` exists in Auth0 only, and the map serves `{vendor}`"),
            )
            .at(location, "Auth0's app_metadata")
            .help(format!("say where {vendor} keeps it: `expressions: {{{vendor}: \"...\"}}`")),
        ),
        // A NameID of this kind tells nobody apart, which is a finding of its own.
        (Source::Department | Source::Groups, Vendor::Auth0) if !is_name_id => {
            let field = if *source == Source::Groups { "groups" } else { "department" };
            Some(
                Finding::new(&ATTRIBUTE_AUTH0_SOURCE, format!("Auth0 has no `{source}`"))
                    .at(location, "not in Auth0's user profile")
                    .help(format!(
                        "say where your tenant keeps it: `expressions: {{auth0: \"event.user.user_metadata.{field}\"}}`"
                    )),
            )
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::edit;

    const TEAM: &str = "{name: team, from: user.appMetadata.flex.team}";

    #[test]
    fn app_metadata_is_auth0s() {
        let saml = edit(
            "{vendor: auth0}",
            "{vendor: saml, trust: {issuer: 'https://idp.example.com', \
             ssoUrl: 'https://idp.example.com/sso', certificates: [{fingerprint: \
             '0000000000000000000000000000000000000000000000000000000000000000'}]}}",
        );
        let found = saml.findings();
        let found = found.iter().find(|finding| finding.code.id == "attribute-app-metadata").unwrap();
        assert_eq!(found.location().unwrap().text(), "user.appMetadata.flex.team");
        assert_eq!(found.related[0].location.text(), "auth0-nss");
        let codes =
            saml.edit(TEAM, "{name: team, from: user.appMetadata.flex.team, expressions: {saml: x}}").codes();
        assert!(codes.iter().all(|(code, _)| *code != "attribute-app-metadata"), "{codes:?}");
    }

    #[test]
    fn auth0_has_no_departments_and_groups() {
        for source in ["user.department", "user.groups"] {
            edit(TEAM, &format!("{{name: team, from: {source}}}")).finds(&[(
                "attribute-auth0-source",
                "- {name: team",
                source,
            )]);
            edit(TEAM, &format!("{{name: team, from: {source}, expressions: {{auth0: event.user.x}}}}"))
                .finds_nothing();
        }
    }

    #[test]
    fn expressions_are_for_vendors_that_are_served() {
        edit(TEAM, "{name: team, from: user.appMetadata.flex.team, expressions: {okta: user.team}}")
            .finds(&[("attribute-expression-unused", "- {name: team", "okta")]);
    }
}
