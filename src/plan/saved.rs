//! A plan as JSON, with a schema and without secrets, and its digest.
//!
//! Owns the versioned shape of `plan --format json` and of the file that `plan --out` writes and `apply --plan` reads, and what
//! makes two plans the same. It does not decide whether a plan may be applied, and it draws nothing for people.
//!
//! # Guarantees
//! The digest covers everything that decides what would be done: what is changed, from what to what, what it waits for, and
//! the numbers that the guards count (`digest` has the whole list). Wording, places in files and warnings are not part of it, nor is the order in which
//! changes or fields are held. The value of a field that is only ever written (a secret) is neither shown nor digested.

use std::collections::BTreeMap;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{Action, Change, FieldChange, Gap, Plan, Refusal, Risk, Summary, Warning};
use crate::{
    component::{Address, Capability, Rule},
    diagnostics::Location,
};

mod digest;
#[cfg(test)]
mod tests;

/// The version of the shape below. It grows when a field changes its meaning or goes away, not when one is added.
pub const FORMAT_VERSION: u32 = 1;

/// A plan, as scripts read it and as `apply --plan` takes it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanDocument {
    /// The version of this shape.
    pub format_version: u32,
    /// The project's id.
    pub project: String,
    /// Where the changes would be made: `live`, or `sandbox:` and the sandbox's id.
    pub environment: String,
    /// SHA-256 over everything that decides what would be done, as 64 lower-case hexadecimal digits.
    #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
    pub digest: String,
    /// Whether everything could be seen.
    pub complete: bool,
    /// How many changes there are of each sort.
    pub summary: Summary,
    /// The changes, ordered by address.
    pub changes: Vec<ChangeEntry>,
    /// What could not be seen.
    pub gaps: Vec<GapEntry>,
    /// What a person should know beside the changes.
    pub warnings: Vec<WarningEntry>,
    /// What speaks against applying the plan.
    pub guards: Vec<GuardEntry>,
}

/// What would be done to one component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeEntry {
    /// The component: `tenant/Kind/name/component`.
    pub address: String,
    /// The provider: `auth0`, `twilio-flex`.
    pub provider: String,
    /// What would be done.
    pub action: Action,
    /// Why, for people; nothing decides by it.
    pub reason: String,
    /// How much can go wrong for people who sign in.
    pub risk: Risk,
    /// What it is for a person.
    pub title: String,
    /// The fields that would change, and no others.
    pub fields: Vec<FieldEntry>,
    /// How many settings of a changed object Concord does not manage and keeps; missing where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<usize>,
    /// Manual steps that have to be done before this change can be made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<String>,
    /// The manual step that makes or removes the component, where no API does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepEntry>,
    /// Where the manifests ask for it; null for deletions.
    pub source: Option<PlaceEntry>,
}

/// One field's change. A field that is not set, or whose value is not known, is null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldEntry {
    /// Where the value is in the remote object, keys joined with dots.
    pub path: String,
    /// How the field is written and read.
    pub capability: Capability,
    /// What it is. Certificates are summaries of what they say.
    pub before: Json,
    /// What it should be; null as far as it is pending.
    pub after: Json,
    /// What the new value waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<PendingEntry>,
    /// Whether the values are secret; both are null then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
}

/// An output of another component that is known only after that one was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PendingEntry {
    /// The component that gives it.
    pub from: String,
    /// The output's name there.
    pub output: String,
}

/// A manual step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepEntry {
    /// The digest that an attestation of the step needs; missing while an input is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Where it is done.
    pub place: String,
    /// The version of the step's definition; missing for a removal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

/// A place in the manifests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlaceEntry {
    /// Path relative to the project.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// Something that could not be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GapEntry {
    /// The component; null where a whole listing failed.
    pub address: Option<String>,
    /// The vendor tenant.
    pub realm: String,
    /// What kind of obstacle: `no-credential`, `unauthorized`, `forbidden`, `unreachable` or `unexpected`.
    pub reason: String,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Something that a person should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WarningEntry {
    /// A stable code that `concord explain` knows.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// Where in the manifests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<PlaceEntry>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// Something that speaks against applying the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuardEntry {
    /// The guard's name, as `apply --allow` takes it.
    pub guard: String,
    /// Which objects, which rule, and the arithmetic.
    pub message: String,
    /// The changes that it is about.
    pub addresses: Vec<String>,
    /// The way out.
    pub help: String,
}

/// Why a text is not a saved plan that this version reads.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum SavedPlanError {
    /// JSON of another shape.
    #[error("this is not a saved plan")]
    #[diagnostic(code(saved_plan_other), help("`concord plan --out FILE` writes one"))]
    NotAPlan,
    /// A version that this program does not know.
    #[error(
        "the saved plan has format version {found}, and this version of Concord reads version {FORMAT_VERSION}"
    )]
    #[diagnostic(code(saved_plan_version), help("plan again with the version of Concord that applies"))]
    UnknownVersion {
        /// The version in the file, as it is written there.
        found: String,
    },
    /// No JSON, or JSON that contradicts itself: cut off, or edited.
    #[error("the saved plan is damaged{}: {reason}", if .path.is_empty() { String::new() } else { format!(" at `{}`", .path) })]
    #[diagnostic(code(saved_plan_damaged), help("plan again; a saved plan is not meant to be edited"))]
    Damaged {
        /// Where in the document; empty for the whole.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

/// The plan that was saved is not the plan of now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
#[error("what the saved plan was made from has changed since: {}", outline(.changed))]
#[diagnostic(code(saved_plan_stale), help("plan again, and read what differs now"))]
pub struct StalePlan {
    /// The changes that are new, gone or different. Empty where only something beside the changes differs: a policy, what is
    /// owned, what could be seen.
    pub changed: Vec<String>,
}

fn outline(changed: &[String]) -> String {
    match changed {
        [] => "a policy, what is owned, or what could be seen".to_owned(),
        [first] => first.clone(),
        [first, others @ ..] => format!("{first} and {} more", others.len()),
    }
}

/// The plan as a document.
pub fn document(plan: &Plan, refusals: &[Refusal]) -> PlanDocument {
    PlanDocument {
        format_version: FORMAT_VERSION,
        project: plan.project.clone(),
        environment: plan.environment.to_string(),
        digest: plan.digest().to_string(),
        complete: plan.is_complete(),
        summary: plan.summary(),
        changes: plan.changes.iter().map(change_entry).collect(),
        gaps: plan.gaps.iter().map(gap_entry).collect(),
        warnings: plan.warnings.iter().map(warning_entry).collect(),
        guards: refusals.iter().map(guard_entry).collect(),
    }
}

/// The JSON Schema of [`PlanDocument`].
pub fn schema() -> Json {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<PlanDocument>().to_value()
}

impl PlanDocument {
    /// Reads a saved plan.
    ///
    /// # Errors
    /// JSON of another shape, another version, or a document that is cut off or contradicts itself.
    pub fn from_json(text: &str) -> Result<Self, SavedPlanError> {
        let damaged = |path: &str, reason: String| SavedPlanError::Damaged { path: path.to_owned(), reason };
        let json: Json = serde_json::from_str(text).map_err(|error| damaged("", error.to_string()))?;
        let version = match (json.get("formatVersion"), json.get("changes"), json.get("digest")) {
            (Some(version), Some(_), Some(_)) => version,
            _ => return Err(SavedPlanError::NotAPlan),
        };
        if version.as_u64() != Some(u64::from(FORMAT_VERSION)) {
            return Err(SavedPlanError::UnknownVersion { found: version.to_string() });
        }
        let document: Self = serde_path_to_error::deserialize(json)
            .map_err(|error| damaged(&error.path().to_string(), error.inner().to_string()))?;
        document.check()?;
        Ok(document)
    }

    /// Whether the document agrees with itself.
    fn check(&self) -> Result<(), SavedPlanError> {
        let damaged =
            |path: String, reason: &str| SavedPlanError::Damaged { path, reason: reason.to_owned() };
        let is_digest = self.digest.len() == 64
            && self.digest.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if !is_digest {
            return Err(damaged("digest".to_owned(), "not 64 lower-case hexadecimal digits"));
        }
        for (index, change) in self.changes.iter().enumerate() {
            if change.address.parse::<Address>().is_err() {
                return Err(damaged(format!("changes[{index}].address"), "not an address"));
            }
        }
        let count = |action| self.changes.iter().filter(|change| change.action == action).count();
        let Summary { create, update, delete, adopt, manual, blocked, drift, unchanged: _ } = self.summary;
        let agrees = [
            (create, Action::Create),
            (update, Action::Update),
            (delete, Action::Delete),
            (adopt, Action::Adopt),
            (manual, Action::Manual),
            (blocked, Action::Blocked),
            (drift, Action::Drift),
        ]
        .into_iter()
        .all(|(said, action)| said == count(action));
        if !agrees {
            return Err(damaged("summary".to_owned(), "does not count the changes that are there"));
        }
        if self.complete != self.gaps.is_empty() {
            return Err(damaged("complete".to_owned(), "does not agree with the gaps that are there"));
        }
        Ok(())
    }

    /// Holds the saved plan against the plan that was made just now.
    ///
    /// # Errors
    /// The two would not do the same; the addresses say where they differ.
    pub fn check_against(&self, plan: &Plan) -> Result<(), StalePlan> {
        if self.digest == plan.digest().as_str() {
            return Ok(());
        }
        let now = document(plan, &[]);
        let (saved, now) = (decisive(&self.changes), decisive(&now.changes));
        let mut changed: Vec<String> = saved
            .keys()
            .chain(now.keys())
            .filter(|key| saved.get(*key) != now.get(*key))
            .map(|(address, _)| address.clone())
            .collect();
        changed.sort();
        changed.dedup();
        Err(StalePlan { changed })
    }
}

/// What of each change can be compared between two documents.
fn decisive(changes: &[ChangeEntry]) -> BTreeMap<(String, Action), Json> {
    changes
        .iter()
        .map(|change| {
            ((change.address.clone(), change.action), json!([change.fields, change.waits_for, change.step]))
        })
        .collect()
}

fn change_entry(change: &Change) -> ChangeEntry {
    let step = match (&change.desired, change.action) {
        (Some(desired), _) => desired.step.as_ref().map(|step| StepEntry {
            digest: change.digest.as_ref().map(ToString::to_string),
            place: step.place.clone(),
            version: Some(step.version),
        }),
        // A removal by hand: no manifest describes the step any more, and the title is its place.
        (None, Action::Manual) => Some(StepEntry {
            digest: change.digest.as_ref().map(ToString::to_string),
            place: change.title.clone(),
            version: None,
        }),
        (None, _) => None,
    };
    ChangeEntry {
        address: change.address.to_string(),
        provider: change.realm.provider.to_owned(),
        action: change.action,
        reason: change.reason.to_string(),
        risk: change.risk,
        title: change.title.clone(),
        fields: change.fields.iter().map(field_entry).collect(),
        kept: (change.kept > 0 && matches!(change.action, Action::Update | Action::Adopt))
            .then_some(change.kept),
        waits_for: change.waits_for.iter().map(ToString::to_string).collect(),
        step,
        source: change.source.as_ref().map(place_entry),
    }
}

fn field_entry(field: &FieldChange) -> FieldEntry {
    let sensitive = field.rule == Rule::WriteOnly;
    let (before, after) = if sensitive {
        (Json::Null, Json::Null)
    } else {
        (field.before.as_ref().map_or(Json::Null, crate::component::Value::to_json), field.after.to_json())
    };
    FieldEntry {
        path: field.path.clone(),
        capability: field.capability,
        before,
        after,
        pending: field
            .pending()
            .into_iter()
            .map(|reference| PendingEntry {
                from: reference.from.to_string(),
                output: reference.output.clone(),
            })
            .collect(),
        sensitive,
    }
}

fn place_entry(location: &Location) -> PlaceEntry {
    PlaceEntry { file: location.file().to_string(), line: location.line(), column: location.column() }
}

fn gap_entry(gap: &Gap) -> GapEntry {
    GapEntry {
        address: gap.address.as_ref().map(ToString::to_string),
        realm: gap.realm.to_string(),
        reason: gap.unknown.reason.as_str().to_owned(),
        message: gap.unknown.message.clone(),
        help: gap.unknown.help.clone(),
    }
}

fn warning_entry(warning: &Warning) -> WarningEntry {
    WarningEntry {
        code: warning.code.to_owned(),
        message: warning.sentence(|person| person.to_owned()),
        source: warning.location.as_ref().map(place_entry),
        help: warning.help.clone(),
    }
}

fn guard_entry(refusal: &Refusal) -> GuardEntry {
    GuardEntry {
        guard: refusal.guard.to_owned(),
        message: refusal.message.clone(),
        addresses: refusal.addresses.iter().map(ToString::to_string).collect(),
        help: refusal.help.clone(),
    }
}

impl Warning {
    /// The message with each `{}` replaced by what `name` makes of the person at its place. A placeholder without a person stays.
    pub fn sentence(&self, name: impl Fn(&str) -> String) -> String {
        let mut out = String::with_capacity(self.message.len());
        let mut people = self.people.iter();
        let mut rest = self.message.as_str();
        while let Some((before, after)) = rest.split_once("{}") {
            out.push_str(before);
            match people.next() {
                Some(person) => out.push_str(&name(person)),
                None => out.push_str("{}"),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}
