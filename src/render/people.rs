//! Who is shown, and how: pseudonyms for e-mail addresses, and memberships in numbers instead of one block a person.
//!
//! Output that ends up in pull requests and logs shows no address unless it is asked to. What counts as an address is decided in
//! two ways: an address that the plan itself says is a person's is never shown anywhere, and in texts that are about people
//! anything that looks like an address is hidden too.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
};

use super::Style;
use crate::{
    component::{Address, Class},
    plan::{Action, Change, Plan, Reason},
};

/// How many people's changes are shown in full in one enablement.
pub(super) const SHOWN: usize = 10;

/// What stands for a person where addresses are not shown: `user-` and the first 8 hexadecimal digits of the SHA-256 of the project's id
/// followed by the lower-cased e-mail address. The same person has the same pseudonym in every plan of a project.
pub fn pseudonym(project: &str, email: &str) -> String {
    let text = format!("{project}{}", email.to_lowercase());
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let digits: String = digest.as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("user-{digits}")
}

/// Whom a plan is about, and whether they are shown.
#[derive(Debug)]
pub(super) struct People<'a> {
    project: &'a str,
    show: bool,
    known: HashSet<String>,
}

impl<'a> People<'a> {
    pub(super) fn of(plan: &'a Plan, style: &Style) -> Self {
        let mut known = HashSet::new();
        if !style.show_users {
            for change in &plan.changes {
                known.extend(key_of(&change.address).map(str::to_lowercase));
                if let Some(desired) = change.desired.as_ref().filter(|_| change.class == Class::Membership) {
                    known.insert(desired.natural_key.to_lowercase());
                }
            }
            // Whoever is enabled without a change, and test users, can stand in a step's values.
            for component in plan.desired.values() {
                if component.class == Class::Membership {
                    known.insert(component.natural_key.to_lowercase());
                }
                known.extend(
                    component
                        .fields
                        .iter()
                        .filter_map(|field| field.value.as_text())
                        .filter(|text| looks_like_email(text))
                        .map(str::to_lowercase),
                );
            }
            known
                .extend(plan.warnings.iter().flat_map(|warning| &warning.people).map(|it| it.to_lowercase()));
            known.retain(|email| email.contains('@'));
        }
        Self { project: &plan.project, show: style.show_users, known }
    }

    /// A person.
    pub(super) fn name(&self, email: &str) -> String {
        if self.show { email.to_owned() } else { pseudonym(self.project, email) }
    }

    /// An address, whose key may be a person's.
    pub(super) fn address(&self, address: &Address) -> String {
        match key_of(address) {
            Some(email) if !self.show => {
                address.sibling(format!("{}:{}", address.component_type(), self.name(email))).to_string()
            }
            _ => address.to_string(),
        }
    }

    /// A reason, with the people in it hidden.
    pub(super) fn reason(&self, reason: &Reason, everyone: bool) -> String {
        match reason {
            Reason::Renamed(former) => format!("renamed from {}", self.address(former)),
            Reason::Upstream(upstream) => {
                format!("depends on {}, which is blocked", self.address(upstream))
            }
            Reason::WaitsFor(addresses) => {
                let names: Vec<_> = addresses.iter().map(|address| self.address(address)).collect();
                format!("waits for {}", names.join(", "))
            }
            // Who attested is in git for everybody to see, and part of what a reviewer judges.
            Reason::AttestationOutdated { .. } => reason.to_string(),
            other => self.mask(&other.to_string(), everyone).into_owned(),
        }
    }

    /// A text with the people in it hidden: those whom the plan names, and `everyone` who looks like an e-mail address.
    pub(super) fn mask<'t>(&self, text: &'t str, everyone: bool) -> Cow<'t, str> {
        if self.show || !text.contains('@') {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('@') {
            // The word around the sign: addresses may have almost any character, but these do not occur in practice.
            let start = rest[..at].rfind(is_boundary).map_or(0, |start| start + char_len(rest, start));
            let end = rest[at..].find(is_boundary).map_or(rest.len(), |end| at + end);
            out.push_str(&rest[..start]);
            self.mask_word(&rest[start..end], everyone, &mut out);
            rest = &rest[end..];
        }
        out.push_str(rest);
        Cow::Owned(out)
    }

    fn mask_word(&self, word: &str, everyone: bool, out: &mut String) {
        let address = word.trim_end_matches(['.', ':', '!', '?', '\'']);
        // An address may stand behind something: `auth0.user:ann@example.com`, `mailto:`, a path.
        let starts = std::iter::once(0)
            .chain(address.match_indices([':', '=', '/', '\'']).map(|(index, _)| index + 1))
            .collect::<Vec<_>>();
        let known = starts.iter().find(|start| self.known.contains(&address[**start..].to_lowercase()));
        // A certificate's subject is how people tell it from others, and nobody's mailbox.
        let is_subject = address.starts_with("emailAddress=");
        let alike = starts
            .iter()
            .rev()
            .find(|start| everyone && !is_subject && looks_like_email(&address[**start..]));
        match known.or(alike) {
            Some(&start) => {
                out.push_str(&word[..start]);
                out.push_str(&pseudonym(self.project, &address[start..]));
                out.push_str(&word[address.len()..]);
            }
            None => out.push_str(word),
        }
    }
}

fn is_boundary(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '`' | '"' | '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';' | '|')
}

fn char_len(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(0, char::len_utf8)
}

/// Something, an at sign, and a domain whose last label has letters: unlike `package@4.17.21` and `Billing Manager@AC00`.
fn looks_like_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let Some((rest, last)) = domain.rsplit_once('.') else { return false };
    !local.is_empty()
        && !rest.is_empty()
        && last.chars().count() >= 2
        && last.chars().all(char::is_alphabetic)
}

/// The person in an address's key.
fn key_of(address: &Address) -> Option<&str> {
    address.component.split_once(':').map(|(_, key)| key).filter(|key| key.contains('@'))
}

/// Whether anything like an address in a change is a person's. In some it is a mailbox that nobody reads, and a reader can do without it:
/// pseudonyms are promised.
pub(super) fn is_about_people(change: &Change) -> bool {
    !change.address.component.is_empty()
}

/// The people of one enablement.
#[derive(Debug)]
pub(super) struct Enablement<'a> {
    /// The resource: `tenant/Kind/name`.
    pub(super) resource: String,
    /// How many of them something happens to for one reason.
    pub(super) crowds: Vec<Crowd<'a>>,
    /// Those who are shown in full: what changed by hand comes first.
    pub(super) shown: Vec<&'a Change>,
    /// How many more would be shown, by the path of what changes.
    pub(super) rest: Rest,
}

/// Changes that are not shown in full.
#[derive(Debug, Default)]
pub(super) struct Rest {
    /// How many.
    pub(super) count: usize,
    /// How many of them change a path.
    pub(super) by_path: BTreeMap<String, usize>,
}

/// People to whom one thing happens for one reason.
#[derive(Debug)]
pub(super) struct Crowd<'a> {
    /// What happens.
    pub(super) action: Action,
    /// Which component of theirs.
    pub(super) component_type: &'a str,
    /// Why.
    pub(super) reason: String,
    /// The manual steps that have to be done before.
    pub(super) waits_for: Vec<&'a Address>,
    /// Their changes.
    pub(super) changes: Vec<&'a Change>,
}

impl Crowd<'_> {
    /// The people, sorted, where they may be shown.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> =
            self.changes.iter().map(|it| key_of(&it.address).unwrap_or(&it.title)).collect();
        names.sort_unstable();
        names
    }
}

/// The memberships of a plan in numbers.
pub(super) fn enablements<'a>(plan: &'a Plan, people: &People<'_>) -> Vec<Enablement<'a>> {
    let mut by_resource: BTreeMap<String, Vec<&Change>> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| change.class == Class::Membership) {
        by_resource.entry(resource(&change.address)).or_default().push(change);
    }
    // Thousands wait for the same few steps.
    let mut nearest: BTreeMap<&[Address], Vec<&Address>> = BTreeMap::new();
    by_resource
        .into_iter()
        .map(|(resource, changes)| {
            let mut crowds: BTreeMap<_, Vec<&Change>> = BTreeMap::new();
            for change in &changes {
                let waits = nearest
                    .entry(&change.waits_for)
                    .or_insert_with(|| plan.nearest(&change.waits_for))
                    .clone();
                let key =
                    (change.action, change.address.component_type(), common_reason(change, people), waits);
                crowds.entry(key).or_default().push(change);
            }
            let crowds = crowds
                .into_iter()
                .map(|((action, component_type, reason, waits_for), changes)| Crowd {
                    action,
                    component_type,
                    reason,
                    waits_for,
                    changes,
                })
                .collect();
            let mut shown: Vec<&Change> = changes
                .into_iter()
                .filter(|change| matches!(change.action, Action::Update | Action::Drift))
                .collect();
            // A stable sort: the order by address stays within both halves.
            shown.sort_by_key(|change| {
                change.reason != Reason::ChangedElsewhere && change.reason != Reason::Observed
            });
            let mut rest = Rest::default();
            for change in shown.split_off(shown.len().min(SHOWN)) {
                rest.count += 1;
                for field in &change.fields {
                    *rest.by_path.entry(field.path.clone()).or_default() += 1;
                }
            }
            Enablement { resource, crowds, shown, rest }
        })
        .collect()
}

/// `tenant/Kind/name`.
pub(super) fn resource(address: &Address) -> String {
    format!("{}/{}/{}", address.tenant, address.kind, address.name)
}

/// The reason without what differs from person to person, so that people can be counted by it.
fn common_reason(change: &Change, people: &People<'_>) -> String {
    match &change.reason {
        Reason::Renamed(former) => format!("renamed from {}", resource(former)),
        Reason::Upstream(upstream) if key_of(upstream).is_some() => {
            format!("depends on {}, which is blocked", upstream.sibling(upstream.component_type()))
        }
        Reason::Foreign(_) => "belongs to somebody else".to_owned(),
        Reason::Ambiguous(_) => "several objects carry its marker".to_owned(),
        other => people.reason(other, true),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{PlanBuilder, plain, warning};
    use super::*;

    fn plan() -> Plan {
        PlanBuilder::new()
            .create("nss/UserEnablement/agents/auth0.user:Ann/b@example.com", |change| change)
            .warning(warning("x", "{}", &["odd'one@localhost"]))
            .build()
    }

    #[test]
    fn known_people_are_hidden_wherever_they_stand() {
        let plan = plan();
        let people = People::of(&plan, &plain());
        let ann = pseudonym("k3jd82ma", "ann/b@example.com");
        for (text, expected) in [
            ("user `ann/b@example.com`.", format!("user `{ann}`.")),
            ("at auth0.user:ANN/B@example.com, and", format!("at auth0.user:{ann}, and")),
            ("ann/b@example.com.", format!("{ann}.")),
            ("odd'one@localhost!", format!("{}!", pseudonym("k3jd82ma", "odd'one@localhost"))),
            ("lodash@4.17.21 bob@example.com", "lodash@4.17.21 bob@example.com".to_owned()),
            ("@ @@ a@ @b", "@ @@ a@ @b".to_owned()),
        ] {
            assert_eq!(people.mask(text, false), expected);
        }
    }

    #[test]
    fn strangers_are_hidden_in_texts_about_people() {
        let plan = plan();
        let people = People::of(&plan, &plain());
        let bob = pseudonym("k3jd82ma", "bob@example.com");
        assert_eq!(
            people.mask("lodash@4.17.21 <Bob@example.com>, mailto:bob@example.com Billing@AC01", true),
            format!("lodash@4.17.21 <{bob}>, mailto:{bob} Billing@AC01")
        );
        let shown = People::of(&plan, &super::super::Style { show_users: true, ..plain() });
        assert_eq!(shown.mask("Bob@example.com", true), "Bob@example.com");
    }

    proptest::proptest! {
        #[test]
        fn masking_hides_the_known_and_never_panics(before in "\\PC{0,10}", after in "\\PC{0,10}") {
            let plan = plan();
            let people = People::of(&plan, &plain());
            let text = format!("{before} ann/b@example.com {after}");
            proptest::prop_assert!(!people.mask(&text, false).contains(" ann/b@example.com "));
        }
    }
}
