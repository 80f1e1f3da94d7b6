//! References to secrets, and texts that look like a secret where a reference belongs.

mod places;

use std::sync::Arc;

use super::{
    Context, Rule, edits,
    redact::{self, Looks},
};
use crate::{
    diagnostics::{Code, Finding, Findings, Location, Severity},
    manifest::{
        Document, Manifests, SecretRef,
        identity_provider::{CertificateRef, MetadataSource},
    },
    yaml::{Path, path},
};

pub(super) const RULE: Rule =
    Rule { codes: &[&SECRET_COMMAND, &SECRET_REFERENCE, &SECRET_LITERAL, &FILE_OUTSIDE], check };

const SECRET_COMMAND: Code = Code {
    id: "secret-command",
    severity: Severity::Error,
    title: "a secret is read by a command, and the policy does not allow that",
    explanation: "`{command: [...]}` runs a program on the machine that plans. Whoever may change a manifest could then run anything there, so the \
        policy of the project or the tenant has to allow it.\n\nWrite `policy: {allowSecretCommands: true}` in the `Tenant` or the `Project`, \
        files that code owners can guard; or read the secret from `{env: NAME}` or `{file: PATH}`.\n\nSource: Concord's policy.",
};

const SECRET_REFERENCE: Code = Code {
    id: "secret-reference",
    severity: Severity::Error,
    title: "a reference to a secret cannot be followed",
    explanation: "`{env: NAME}` wants the name of an environment variable: letters, digits and `_`, not beginning with a digit, without `$`. \
        `{file: PATH}` wants a path, `{command: [...]}` at least a program.\n\nCorrect the reference. If the secret itself was \
        written there, replace it at the vendor: git keeps it in the history.\n\nSource: POSIX.1-2017, section 8.1 (environment variable \
        names).",
};

const SECRET_LITERAL: Code = Code {
    id: "secret-literal",
    severity: Severity::Error,
    title: "a manifest holds what looks like a secret",
    explanation: "Manifests are kept in git and shown in pull requests, so a secret in one is known to all who can read either, for good. Private \
        keys, tokens of a known form, URLs with a password, and long random texts under keys such as `password` or `token` are taken \
        for secrets. The text is covered in what is shown.\n\nReplace the secret at the vendor, remove it here and from the history, and refer \
        to the new one by `{env: NAME}` or `{file: PATH}`. A text that is no secret belongs under a key of another \
        name.\n\nSource: OWASP, \"Secrets Management Cheat Sheet\".",
};

const FILE_OUTSIDE: Code = Code {
    id: "file-outside",
    severity: Severity::Advice,
    title: "a manifest refers to a file outside of the project",
    explanation: "A path that begins above the project's folder works on this machine and fails on another, in CI for instance; and it is not part \
        of what is reviewed.\n\nKeep the file in the project, or for a secret name an absolute path such as `/run/secrets/NAME` or an \
        environment variable.\n\nSource: Concord's language.",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for place in places::secrets(context.manifests) {
        reference(&place, context.manifests, findings);
    }
    for document in documents(context.manifests) {
        literals(document, findings);
    }
    for provider in context.manifests.identity_providers.values() {
        if let Some(MetadataSource::File(name)) = &provider.spec.trust.metadata {
            outside(name, &provider.at(&path!["spec", "trust", "metadata", "file"]), false, findings);
        }
        for (index, pin) in provider.spec.trust.certificates.iter().enumerate() {
            if let CertificateRef::File(name) = pin {
                outside(
                    name,
                    &provider.at(&path!["spec", "trust", "certificates", index, "file"]),
                    false,
                    findings,
                );
            }
        }
    }
}

fn reference(place: &places::Secret<'_>, manifests: &Manifests, findings: &mut Findings) {
    let at = |key: &str| place.document.at(&place.path.join(key));
    match place.secret {
        SecretRef::Env(name) => environment(place.document, name, &at("env"), findings),
        SecretRef::File(name) if name.trim().is_empty() => findings.push(
            Finding::new(&SECRET_REFERENCE, "the path of the secret's file is empty")
                .at(at("file"), "no path")
                .help("write the path of a file that holds the secret and nothing else"),
        ),
        SecretRef::File(name) => outside(name, &at("file"), true, findings),
        SecretRef::Command(words) => {
            if words.first().is_none_or(|program| program.trim().is_empty()) {
                findings.push(
                    Finding::new(&SECRET_REFERENCE, "the command that prints the secret is empty")
                        .at(at("command"), "no program")
                        .help("write the program and its arguments, for instance `{command: [op, read, op://vault/item/field]}`"),
                );
            }
            let allowed = manifests
                .tenants
                .get(place.tenant)
                .map_or_else(|| manifests.project.spec.policy.clone(), |tenant| manifests.policy(tenant))
                .allow_secret_commands();
            if !allowed {
                findings.push(
                    Finding::new(&SECRET_COMMAND, "a command would be run to read a secret, and the policy does not allow that")
                        .at(place.document.key_at(&place.path.join("command")), "would be run on the machine that plans")
                        .help("write `policy: {allowSecretCommands: true}` in the Tenant or the Project, or use `{env: NAME}`"),
                );
            }
        }
    }
}

fn environment(document: &Document, name: &str, location: &Location, findings: &mut Findings) {
    let plain = name.trim().trim_start_matches('$').trim_matches(['{', '}']);
    if is_variable(plain) && plain != name {
        findings.push(
            Finding::new(&SECRET_REFERENCE, "the variable's name is written without `$` and braces")
                .at(location.clone(), "more than the name")
                .help(format!("write `{plain}`"))
                .with_fix(edits::replacement(location, plain)),
        );
        return;
    }
    // Whoever pastes the secret instead of the variable's name must not see it again in a log.
    let is_pasted =
        !name.contains('_') && name.contains(|c: char| c.is_ascii_lowercase()) && redact::is_random(name);
    if is_variable(name) && !is_pasted {
        return;
    }
    findings.push(
        Finding::new(
            &SECRET_REFERENCE,
            if is_pasted {
                "this looks like the secret itself, not like the name of an environment variable"
            } else {
                "this is no name of an environment variable"
            },
        )
        .at(redact::covered(document, location), "letters, digits and `_`; the text is not shown")
        .help("write the variable's name, for instance `AUTH0_CLIENT_SECRET`; if this is the secret itself, replace it at the vendor"),
    );
}

fn is_variable(name: &str) -> bool {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(is_start) && name.chars().all(|c| is_start(c) || c.is_ascii_digit())
}

fn outside(name: &str, location: &Location, is_secret: bool, findings: &mut Findings) {
    let mut depth = 0_i32;
    let leaves = name.split(['/', '\\']).any(|part| {
        match part {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        depth < 0
    });
    let is_absolute = name.starts_with('/') || name.starts_with('~');
    if (is_absolute && is_secret) || !(leaves || is_absolute) {
        return;
    }
    let help = if is_secret {
        "name an absolute path such as `/run/secrets/NAME`, or an environment variable"
    } else {
        "keep the file in the project's folder, so that it is reviewed with the rest"
    };
    findings.push(
        Finding::new(&FILE_OUTSIDE, format!("`{name}` is outside of the project's folder"))
            .at(location.clone(), "not part of the project")
            .help(help),
    );
}

fn literals(document: &Document, findings: &mut Findings) {
    for literal in redact::literals(document) {
        let path = literal.path.to_string();
        // A private key among the pinned certificates is for the certificates' rule.
        if path.starts_with("spec.trust.certificates") {
            continue;
        }
        let (message, label) = match literal.looks {
            Looks::PrivateKey => {
                (format!("`{path}` holds a private key"), "a private key; its text is not shown")
            }
            Looks::Credential(what) => (format!("`{path}` holds what looks like {what}"), "not shown"),
            Looks::Random => {
                (format!("`{path}` holds what looks like a secret"), "a long random text; not shown")
            }
            Looks::Url => (format!("`{path}` holds a URL with a password in it"), "not shown"),
        };
        let location = redact::covered(document, &document.source.at(literal.span));
        let help = if literal.looks == Looks::Url {
            "remove the user and the password from the URL, and replace the password where it is used"
        } else {
            "replace it at the vendor, remove it here and from the history, and refer to the new one by `{env: NAME}`"
        };
        findings.push(Finding::new(&SECRET_LITERAL, message).at(location, label).help(help));
    }
}

/// The documents of all resources.
fn documents(manifests: &Manifests) -> Vec<&Arc<Document>> {
    let Manifests {
        project,
        tenants,
        identity_providers,
        sso_profiles,
        attribute_maps,
        shared_attribute_maps,
        vanity_domains,
        email_domains,
        user_enablements,
        attestations,
    } = manifests;
    std::iter::once(&project.document)
        .chain(tenants.values().map(|resource| &resource.document))
        .chain(identity_providers.values().map(|resource| &resource.document))
        .chain(sso_profiles.values().map(|resource| &resource.document))
        .chain(attribute_maps.values().map(|resource| &resource.document))
        .chain(shared_attribute_maps.values().map(|resource| &resource.document))
        .chain(vanity_domains.values().map(|resource| &resource.document))
        .chain(email_domains.values().map(|resource| &resource.document))
        .chain(user_enablements.values().map(|resource| &resource.document))
        .chain(attestations.values().map(|resource| &resource.document))
        .collect()
}

/// The path of a nested field.
fn below(base: &Path, keys: &[&str]) -> Path {
    keys.iter().fold(base.clone(), |path, key| path.join(*key))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Project, append, edit};
    use crate::diagnostics::{Finding, human};

    const REFERENCE: &str = "{env: AUTH0_CLIENT_SECRET}";

    fn shown(finding: &Finding) -> String {
        human::render_one(
            finding,
            &human::Options { color: false, unicode: false, width: 100, ..human::Options::default() },
        )
    }

    #[test]
    fn commands_need_permission() {
        let project = edit(REFERENCE, "{command: [op, read, x]}");
        project.finds(&[("secret-command", "auth0:", "command")]);
        project.clone().edit("maxDeletes: 0", "allowSecretCommands: true").finds_nothing();
        project
            .edit("spec: {id: q7f3k2m9d4}", "spec: {id: q7f3k2m9d4, policy: {allowSecretCommands: true}}")
            .finds_nothing();
        edit(REFERENCE, "{command: []}")
            .finds(&[("secret-command", "auth0:", "command"), ("secret-reference", "auth0:", "[]")]);
    }

    #[test]
    fn a_variable_has_a_name() {
        edit(REFERENCE, "{env: '${AUTH0_SECRET}'}")
            .finds(&[("secret-reference", "auth0:", "'${AUTH0_SECRET}'")])
            .is_mended();
        let pasted = edit(REFERENCE, "{env: a8F3kz92Lq0PxY71mN5c}");
        pasted.finds(&[("secret-reference", "auth0:", "********************")]);
        edit(REFERENCE, "{env: AUTH0SECRET20261121}").finds_nothing();
        let shown = shown(&pasted.findings()[0]);
        assert!(!shown.contains("a8F3kz92"), "{shown}");
    }

    #[test]
    fn files_stay_in_the_project_or_are_absolute() {
        edit(REFERENCE, "{file: ../secret.txt}").finds(&[("file-outside", "auth0:", "../secret.txt")]);
        edit(REFERENCE, "{file: a/../../secret.txt}").finds(&[(
            "file-outside",
            "auth0:",
            "a/../../secret.txt",
        )]);
        edit(REFERENCE, "{file: a/../secret.txt}").finds_nothing();
        edit(REFERENCE, "{file: /run/secrets/auth0}").finds_nothing();
        edit("spec: {vendor: auth0}", "spec: {vendor: auth0, trust: {metadata: {file: ../idp.xml}}}")
            .finds(&[("file-outside", "spec: {vendor", "../idp.xml")]);
    }

    #[test]
    fn a_secret_is_found_and_never_shown() {
        let annotated = |annotations: &str| -> Project {
            edit(
                "kind: SsoProfile\nmetadata: {name: flex}",
                &format!("kind: SsoProfile\nmetadata:\n  name: flex\n  annotations:\n{annotations}"),
            )
        };
        for (annotations, line, secret) in [
            ("    client-secret: x9Tz4Qw7Lm2Vb8Rk\n    other: y", 39, "x9Tz4Qw7Lm2Vb8Rk"),
            (
                "    key: |\n      -----BEGIN RSA PRIVATE KEY-----\n      c2VjcmV0IQ==\n      -----END RSA PRIVATE KEY-----",
                39,
                "c2VjcmV0",
            ),
            ("    link: https://root:hunter22@example.com/", 39, "hunter22"),
            ("    a: ghp_0123456789abcdefghijklmnopqrstuvwxyz", 39, "ghp_0123"),
        ] {
            let findings = annotated(annotations).findings();
            let [finding] = findings.as_slice() else { panic!("{findings:#?}") };
            assert_eq!(finding.code.id, "secret-literal");
            let found = finding.location().unwrap().line();
            assert!(found == line || found == line + 1, "{found}");
            assert!(!shown(finding).contains(secret), "{}", shown(finding));
        }
        annotated("    secret-owner: team-identity\n    token-doc: https://wiki.example.com/tokens")
            .finds_nothing();
    }

    #[test]
    fn the_token_of_a_domain_is_public() {
        append("kind: EmailDomain\nmetadata: {name: d}\nspec: {domain: connie.one, verification: {token: 5f2d8c1a9b7e4f60a1b2c3d4e5f60718}}")
            .finds_nothing();
    }
}
