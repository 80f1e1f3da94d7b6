//! Rehearsal of a plan: the vendors that can be asked say what they would answer to its changes, and make none of them.

use std::collections::BTreeMap;

use crate::{
    component::{Realm, Unknown},
    flow::Session,
    plan::{Change, Plan, Warning},
    provider::{Objection, REHEARSAL, REHEARSAL_WARNING, Rehearsal, registry::Registry},
};

/// What a rehearsal came to.
#[derive(Debug, Clone, Default)]
pub struct Rehearsed {
    /// What the vendors say, in the form in which plans show what a person should know.
    pub warnings: Vec<Warning>,
    /// How many changes would be refused.
    pub refused: usize,
    /// The realms that were asked.
    pub asked: Vec<Realm>,
    /// Realms that could not be asked, and why.
    pub unasked: Vec<(Realm, Unknown)>,
}

impl Session {
    /// Asks what the vendors would say to a plan's changes by API, each realm once, everything in it together.
    pub async fn rehearse(&self, plan: &Plan) -> Rehearsed {
        let registry = Registry::of(&self.project.manifests);
        let mut by_realm: BTreeMap<&Realm, Vec<&Change>> = BTreeMap::new();
        for change in plan.changes.iter().filter(|change| change.action.is_api()) {
            by_realm.entry(&change.realm).or_default().push(change);
        }
        let mut rehearsed = Rehearsed::default();
        for (realm, changes) in by_realm {
            let rehearser = match registry.rehearser(realm, &self.http, &self.credentials).await {
                Ok(Some(rehearser)) => rehearser,
                Ok(None) => continue,
                Err(unknown) => {
                    rehearsed.unasked.push((realm.clone(), unknown));
                    continue;
                }
            };
            let paths: Vec<Vec<String>> = changes.iter().map(|change| known_paths(change)).collect();
            let rehearsals: Vec<Rehearsal<'_>> =
                changes.iter().zip(&paths).filter_map(|(change, paths)| rehearsal(change, paths)).collect();
            match rehearser.rehearse(&rehearsals).await {
                Ok(objections) => {
                    rehearsed.asked.push(realm.clone());
                    rehearsed.refused += objections.iter().filter(|it| !it.is_warning).count();
                    let said = objections.iter().map(|objection| warning(objection, realm, &changes));
                    rehearsed.warnings.extend(said);
                }
                Err(unknown) => rehearsed.unasked.push((realm.clone(), unknown)),
            }
        }
        rehearsed
    }
}

/// The paths of the fields that would be written now: the others wait for what another change makes known.
fn known_paths(change: &Change) -> Vec<String> {
    change.fields.iter().filter(|it| !it.after.is_pending()).map(|it| it.path.clone()).collect()
}

fn rehearsal<'a>(change: &'a Change, changed: &'a [String]) -> Option<Rehearsal<'a>> {
    match (&change.desired, &change.observed) {
        (Some(component), None) => Some(Rehearsal::Create(component)),
        (Some(component), Some(observed)) => Some(Rehearsal::Update { component, observed, changed }),
        (None, Some(observed)) => Some(Rehearsal::Delete { address: &change.address, observed }),
        (None, None) => None,
    }
}

fn warning(objection: &Objection, realm: &Realm, changes: &[&Change]) -> Warning {
    let Objection { address, field, message, help, is_warning } = objection;
    let change = address.as_ref().and_then(|address| changes.iter().find(|it| it.address == *address));
    let desired = change.and_then(|change| change.desired.as_ref());
    let of_field = field.as_deref().and_then(|path| desired?.field(path)?.origin.clone());
    let what = change.map_or_else(|| realm.to_string(), |change| change.title.clone());
    let field = field.as_ref().map(|field| format!(", {field}")).unwrap_or_default();
    let verb = if *is_warning { "warns" } else { "would refuse this" };
    let code = if *is_warning { &REHEARSAL_WARNING } else { &REHEARSAL };
    Warning {
        code: code.id,
        // Braces stand for people in a warning's message, and a vendor's words may have some.
        message: format!("{what}{field}: {} {verb}: {message}", realm.provider).replace("{}", "{ }"),
        people: Vec::new(),
        location: of_field.or_else(|| change.and_then(|change| change.source.clone())),
        help: help
            .clone()
            .or_else(|| Some(format!("`concord explain {}` says what a rehearsal is", code.id))),
    }
}
