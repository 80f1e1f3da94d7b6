//! What tests of rules share: a complete project that no rule has anything to say about, edits of its text, and findings in a
//! form that a test can compare. It owns no test of a rule but one: that the base is clean.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Context, run};
use crate::{
    diagnostics::{Finding, Findings, SourceFile},
    manifest::{Document, Manifests},
    yaml,
};

/// An organization that signs in to Flex through Auth0. Every rule is content with it.
pub(super) const BASE: &str = "\
apiVersion: concord/v1
kind: Project
metadata: {name: nss}
spec: {id: q7f3k2m9d4}
---
apiVersion: concord/v1
kind: Tenant
metadata: {name: nss}
spec:
  twilio:
    account:
      sid: AC00000000000000000000000000000001
      apiKey: {sid: SK00000000000000000000000000000001, secret: {env: TWILIO_API_KEY_SECRET}}
    flexInstance: GO00000000000000000000000000000001
  auth0: {domain: nss.us.auth0.com, clientId: abc, clientSecret: {env: AUTH0_CLIENT_SECRET}}
  policy: {maxChanges: 30%, maxDeletes: 0, certificateWarnDays: 60}
---
apiVersion: concord/v1
kind: IdentityProvider
metadata: {name: auth0-nss}
spec: {vendor: auth0}
---
apiVersion: concord/v1
kind: AttributeMap
metadata: {name: flex-agents}
spec:
  nameId: {format: emailAddress, from: user.email}
  attributes:
    - {name: email, from: user.email, required: true}
    - {name: full_name, from: user.name, required: true}
    - {name: roles, from: enablement.roles, required: true, values: [agent, supervisor, admin]}
    - {name: team, from: user.appMetadata.flex.team}
---
apiVersion: concord/v1
kind: SsoProfile
metadata: {name: flex}
spec:
  product: flex
  friendlyName: Auth0 - Nevada Senior Services
  identityProvider: auth0-nss
  application: {name: Twilio Flex - NSS, connection: Username-Password-Authentication}
  attributeMap: flex-agents
  urls: {defaultRedirect: https://nss.connie.team, trusted: [https://nss.connie.team]}
  testUsers: [test@connie.one]
---
apiVersion: concord/v1
kind: VanityDomain
metadata: {name: nss}
spec:
  hostname: nss.connie.team
  profile: flex
  dns: {cname: d111111abcdef8.cloudfront.net}
---
apiVersion: concord/v1
kind: UserEnablement
metadata: {name: nss-agents}
spec:
  profile: flex
  select: {emailDomains: [connie.one]}
  rollout: {stage: pilot, pilot: [test@connie.one]}
  breakGlass: [root@connie.one]
  roles: {default: [agent], overrides: [{user: lead@connie.one, roles: [agent, supervisor]}]}
";

/// A project's text with what else rules look at.
#[derive(Debug, Clone)]
pub(super) struct Project {
    text: String,
    files: BTreeMap<String, Result<Vec<u8>, String>>,
    now: Timestamp,
}

/// The base.
pub(super) fn base() -> Project {
    Project {
        text: BASE.to_owned(),
        files: BTreeMap::new(),
        now: "2026-11-21T12:00:00Z".parse().expect("a time as RFC 3339 writes it"),
    }
}

/// The base with one edit, see [`Project::edit`].
pub(super) fn edit(old: &str, new: &str) -> Project {
    base().edit(old, new)
}

/// The base with further documents, see [`Project::append`].
pub(super) fn append(documents: &str) -> Project {
    base().append(documents)
}

impl Project {
    /// Replaces a text that occurs exactly once.
    #[track_caller]
    pub(super) fn edit(mut self, old: &str, new: &str) -> Self {
        let count = self.text.matches(old).count();
        assert_eq!(count, 1, "{old:?} occurs {count} times:\n{}", self.text);
        self.text = self.text.replacen(old, new, 1);
        self
    }

    /// Adds documents, each with its `kind:`, `metadata:` and `spec:`; the first needs no `---`, and `apiVersion` is put in.
    pub(super) fn append(mut self, documents: &str) -> Self {
        for document in documents.trim().split("\n---\n") {
            self.text.push_str("---\napiVersion: concord/v1\n");
            self.text.push_str(document);
            self.text.push('\n');
        }
        self
    }

    /// Adds a file that manifests refer to.
    #[allow(dead_code, reason = "for rules that look at files")]
    pub(super) fn file(mut self, path: &str, content: Result<Vec<u8>, String>) -> Self {
        self.files.insert(path.to_owned(), content);
        self
    }

    /// Sets the present moment, as RFC 3339 writes it.
    #[allow(dead_code, reason = "for rules that look at the clock")]
    pub(super) fn at(mut self, now: &str) -> Self {
        self.now = now.parse().expect("a time as RFC 3339 writes it");
        self
    }

    /// Everything that the rules find, sorted. The text has to be good enough to become manifests.
    #[track_caller]
    pub(super) fn findings(&self) -> Vec<Finding> {
        let source = SourceFile::new("concord.yaml", self.text.clone());
        let mut findings = Findings::new();
        let documents = yaml::parse(&source, &yaml::Limits::default(), &mut findings)
            .into_iter()
            .map(|root| Arc::new(Document { source: Arc::clone(&source), root }))
            .collect();
        let manifests = Manifests::from_documents(documents, &mut findings);
        let Some(manifests) = manifests.filter(|_| !findings.has_errors()) else {
            panic!("the text is no project: {findings:#?}\n{}", self.text)
        };
        let mut findings = Findings::new();
        run(&Context::new(&manifests, &self.files, self.now), &mut findings);
        findings.sorted().into_vec()
    }

    /// The codes that are found, with their lines (from 1; 0 for what has no place).
    #[track_caller]
    pub(super) fn codes(&self) -> Vec<(&'static str, usize)> {
        let line = |finding: &Finding| finding.location().map_or(0, |location| location.line());
        self.findings().iter().map(|finding| (finding.code.id, line(finding))).collect()
    }

    /// Asserts that exactly these codes are found, in the order of their places: each with the beginning of its line (spaces
    /// aside) and with the text that is underlined (its first line).
    #[track_caller]
    pub(super) fn finds(&self, expected: &[(&str, &str, &str)]) -> &Self {
        let findings = self.findings();
        let found: Vec<(&str, &str, &str)> = findings
            .iter()
            .map(|finding| match finding.location() {
                None => (finding.code.id, "", ""),
                Some(location) => {
                    let line = location.source.text().lines().nth(location.line() - 1).unwrap_or_default();
                    let underlined = location.text().lines().next().unwrap_or_default();
                    (finding.code.id, line.trim_start(), underlined)
                }
            })
            .collect();
        let agree = found.len() == expected.len()
            && found.iter().zip(expected).all(|(found, expected)| {
                found.0 == expected.0 && found.1.starts_with(expected.1) && found.2 == expected.2
            });
        assert!(agree, "expected {expected:#?}\nfound {found:#?}\n{findings:#?}");
        for finding in &findings {
            assert!(finding.help.is_some(), "no help: {finding:#?}");
        }
        self
    }

    /// Asserts that nothing is found.
    #[track_caller]
    pub(super) fn finds_nothing(&self) {
        self.finds(&[]);
    }

    /// Asserts that every finding has a fix, and that nothing is found once all of them are applied.
    #[track_caller]
    pub(super) fn is_mended(&self) {
        let mut edits = Vec::new();
        for finding in self.findings() {
            let Some(fix) = finding.fix else { panic!("no fix: {finding:#?}") };
            edits.extend(fix.edits);
        }
        edits.sort_by_key(|edit| std::cmp::Reverse(edit.location.span));
        let mut mended = self.clone();
        for edit in edits {
            let span = edit.location.span;
            mended.text.replace_range(span.start..span.end, &edit.replacement);
        }
        let left = mended.findings();
        assert!(left.is_empty(), "still found: {left:#?}\n{}", mended.text);
    }
}

#[test]
fn the_base_is_clean() {
    base().finds_nothing();
}
