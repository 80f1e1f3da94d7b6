//! Manual steps with every value to paste: as a document for scripts and `attest --from`, as text and as Markdown.
//!
//! Owns the versioned shape of a runbook and how it is made from a plan; the pictures are in `text` and `markdown`. Unlike a
//! plan, a runbook shows certificates as PEM and people by their addresses, because a person pastes them.

mod markdown;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use markdown::markdown;
pub use text::text;

use super::{Style, words};
use crate::{
    apply::StepTask,
    component::{Address, Capability, Component, Instruction, Rule, Step, StepOutput, Value},
    diagnostics::Location,
    manifest::{
        Envelope, Kind, Lifecycle, Metadata, OnRemoval,
        attestation::{AttestationSpec, AttestationState},
        envelope::ApiVersion,
    },
    plan::{
        Action, Change, FieldChange, Plan, Reason, Warning, guard,
        order::{Node, Phase},
    },
};

/// The version of the shape below. It grows when a field changes its meaning or goes away, not when one is added.
pub const FORMAT_VERSION: u32 = 1;

/// The open manual steps of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunbookDocument {
    /// The version of this shape.
    pub format_version: u32,
    /// The project's id.
    pub project: String,
    /// Where the steps are carried out: `live`, or `sandbox:` and the sandbox's id.
    pub environment: String,
    /// The steps, each after those that it depends on.
    pub steps: Vec<RunbookStep>,
    /// Who is selected and cannot be enabled, and why: what a list that a vendor sends is reviewed against.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<RunbookPeople>,
}

/// People whom the plan warns of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunbookPeople {
    /// The warning's code, which `concord explain` knows: `user-alias`, `user-not-in-idp`.
    pub code: String,
    /// One sentence, with the people's addresses.
    pub message: String,
    /// The e-mail addresses that it is about.
    pub emails: Vec<String>,
    /// Where in the manifests, `FILE:LINE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// One manual step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunbookStep {
    /// The component: `tenant/Kind/name/component`.
    pub address: String,
    /// The tenant.
    pub tenant: String,
    /// The component without its tenant, as attestations name it.
    pub step: String,
    /// The version of the step's definition; missing where it is not known any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// What it is for a person.
    pub title: String,
    /// Why it has to be done.
    pub reason: String,
    /// Whether something has to be done or to be removed.
    pub kind: StepKind,
    /// Where it is done.
    pub place: String,
    /// The page's address, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The account or organization SID that it is done in; missing where it is not known any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Whether it can be done now: every value is known, and nothing has to be done before.
    pub ready: bool,
    /// What has to be done before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// The guards that refuse the plan because of it, each with the reason: it is not to be done as things stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
    /// What to do, in order.
    pub instructions: Vec<RunbookInstruction>,
    /// What to write down.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<RunbookOutput>,
    /// What the step had produced, for a removal: how to recognise it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub produced: BTreeMap<String, Json>,
    /// The digest that the attestation needs; missing while an input is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The values by field path as the digest has them: certificates by their SHA-256 fingerprint, sets sorted. An attestation keeps them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Json>,
    /// What becomes of what the step makes when its manifest is removed.
    #[serde(default)]
    pub on_removal: OnRemoval,
    /// The command that records that it was done; missing while it is not ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// Whether something has to be done or to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum StepKind {
    /// It makes or changes something.
    Do,
    /// It removes what an earlier step made.
    Remove,
}

/// One line of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum RunbookInstruction {
    /// Something to do.
    Do {
        /// What.
        text: String,
    },
    /// A field to fill in.
    Enter {
        /// The label on the page.
        label: String,
        /// The path of the component's field.
        field: String,
        /// What to paste; several texts where the page takes several. Certificates are PEM (RFC 7468). Empty where nothing is
        /// to be entered, or while the value is pending.
        paste: Vec<String>,
        /// The components that the value comes from, while it is not known.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pending: Vec<String>,
        /// Whether it differs from what is there, as far as that is known.
        changed: bool,
        /// What was entered before and is to be taken out, where the page takes several.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        remove: Vec<String>,
    },
    /// Something to write down.
    Note {
        /// The label on the page.
        label: String,
        /// The output's name.
        output: String,
    },
}

/// Something that a step produces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunbookOutput {
    /// Its name.
    pub name: String,
    /// What it is.
    pub title: String,
    /// Whether the step is not done without it.
    pub required: bool,
    /// What it begins with (`JQ`), where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// How many hexadecimal digits come after the prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digits: Option<usize>,
}

/// The manual steps of a plan.
pub fn runbook(plan: &Plan, style: &Style) -> RunbookDocument {
    let tenants: BTreeSet<_> = plan.changes.iter().map(|change| &change.address.tenant).collect();
    let name_tenant = tenants.len() > 1 || plan.policies.len() > 1;
    let refusals = guard::review(plan, style.now);
    let steps = in_order(plan)
        .into_iter()
        .map(|(index, change)| {
            let after = before(plan, index);
            let mut step = match &change.desired {
                Some(desired) => to_do(change, desired, after),
                None => to_remove(change, change.removal.as_ref(), after),
            };
            for refusal in refusals.iter().filter(|refusal| refusal.addresses.contains(&change.address)) {
                step.refused.push(format!("{}: {}", refusal.guard, refusal.message));
                // Over what else is refused a person may decide while doing it; over people's access nobody decides in passing.
                step.ready &= !guard::STATE_GUARDS.contains(&refusal.guard);
            }
            step.command = step.ready.then(|| attest(plan, style, &step, name_tenant));
            step
        })
        .collect();
    RunbookDocument {
        format_version: FORMAT_VERSION,
        project: plan.project.clone(),
        environment: plan.environment.to_string(),
        steps,
        people: plan.warnings.iter().filter(|warning| !warning.people.is_empty()).map(people).collect(),
    }
}

fn people(warning: &Warning) -> RunbookPeople {
    let place = |location: &Location| format!("{}:{}", location.file(), location.line());
    RunbookPeople {
        code: warning.code.to_owned(),
        // A runbook shows people by their addresses: a person looks for them.
        message: warning.sentence(str::to_owned),
        emails: warning.people.clone(),
        source: warning.location.as_ref().map(place),
        help: warning.help.clone(),
    }
}

/// The runbook as indented JSON with a final newline.
pub fn json(runbook: &RunbookDocument) -> String {
    let mut text = serde_json::to_string_pretty(runbook)
        .expect("a document of texts, numbers and lists has a JSON form");
    text.push('\n');
    text
}

/// Why a file is no runbook that attestations can be made from.
#[derive(Debug, thiserror::Error)]
pub enum RunbookError {
    /// It is not of this shape.
    #[error("this is no runbook: {0}")]
    Shape(#[from] serde_json::Error),
    /// It was written by another version.
    #[error("this runbook has format version {0}, and this program reads version {FORMAT_VERSION}")]
    Version(u32),
    /// An output that the step needs is missing, or cannot be what it is said to be.
    #[error("the {title} is missing or has another form")]
    Output {
        /// What the output is.
        title: String,
    },
}

impl RunbookDocument {
    /// Reads a runbook that [`json`] wrote.
    ///
    /// # Errors
    /// It is none, or of another version.
    pub fn from_json(text: &str) -> Result<Self, RunbookError> {
        let document: Self = serde_json::from_str(text)?;
        if document.format_version == FORMAT_VERSION {
            Ok(document)
        } else {
            Err(RunbookError::Version(document.format_version))
        }
    }
}

impl RunbookStep {
    /// The attestation that a person makes of this step, from the runbook alone; `None` while a value of it is not known.
    ///
    /// # Errors
    /// A required output is missing, or cannot be what it is said to be.
    pub fn statement(
        &self,
        address: &Address,
        environment: &str,
        given: &BTreeMap<String, String>,
        by: &str,
        evidence: Option<String>,
        at: Timestamp,
    ) -> Result<Option<Envelope<AttestationSpec>>, RunbookError> {
        let (Some(digest), Some(step_version)) = (&self.digest, self.version) else { return Ok(None) };
        let mut outputs = BTreeMap::new();
        for output in &self.outputs {
            match given.get(&output.name) {
                Some(text) if output.accepts(text) => {
                    outputs.insert(output.name.clone(), text.clone());
                }
                None if !output.required => {}
                _ => return Err(RunbookError::Output { title: output.title.clone() }),
            }
        }
        Ok(Some(Envelope {
            api_version: ApiVersion::V1,
            kind: Kind::Attestation,
            metadata: Metadata {
                name: crate::apply::attestation_name(address),
                tenant: Some(address.tenant.clone()),
                labels: BTreeMap::new(),
                annotations: BTreeMap::new(),
                formerly: None,
            },
            spec: AttestationSpec {
                step: self.step.clone(),
                step_version,
                state: match self.kind {
                    StepKind::Do => AttestationState::Done,
                    StepKind::Remove => AttestationState::Removed,
                },
                digest: digest.clone(),
                environment: environment.to_owned(),
                inputs: self.inputs.clone(),
                outputs,
                on_removal: self.on_removal,
                by: by.to_owned(),
                at,
                evidence,
            },
            lifecycle: Lifecycle::default(),
        }))
    }
}

impl RunbookOutput {
    fn accepts(&self, text: &str) -> bool {
        let rest = text.strip_prefix(self.prefix.as_deref().unwrap_or_default());
        rest.is_some_and(|rest| match self.digits {
            Some(digits) => rest.len() == digits && rest.bytes().all(|byte| byte.is_ascii_hexdigit()),
            None => !rest.trim().is_empty(),
        })
    }
}

/// One step for the person who is asked to carry it out now, with every value known.
pub fn task(task: &StepTask, style: &Style) -> String {
    let instructions = task
        .instructions()
        .iter()
        .map(|it| match it {
            Instruction::Do(text) => RunbookInstruction::Do { text: text.clone() },
            Instruction::Enter { label, field } => {
                let value = task.values.get(field);
                RunbookInstruction::Enter {
                    label: label.clone(),
                    field: field.clone(),
                    paste: value.map(|value| paste(&value.value)).unwrap_or_default(),
                    pending: Vec::new(),
                    changed: value.is_none_or(|value| value.is_changed),
                    remove: Vec::new(),
                }
            }
            Instruction::Note { label, output } => {
                RunbookInstruction::Note { label: label.clone(), output: output.clone() }
            }
        })
        .collect();
    let step = RunbookStep {
        address: task.address.to_string(),
        tenant: task.address.tenant.to_string(),
        step: task.address.within_tenant(),
        version: Some(task.step.version),
        title: task.title.clone(),
        reason: "waits for you".to_owned(),
        kind: if task.is_removal { StepKind::Remove } else { StepKind::Do },
        place: task.step.place.clone(),
        url: task.step.url.clone(),
        scope: Some(task.step.scope.clone()),
        ready: true,
        after: Vec::new(),
        refused: Vec::new(),
        instructions,
        outputs: task.step.outputs.iter().map(output).collect(),
        produced: BTreeMap::new(),
        digest: Some(task.digest.to_string()),
        inputs: BTreeMap::new(),
        on_removal: OnRemoval::Delete,
        command: None,
    };
    text(
        &RunbookDocument {
            format_version: FORMAT_VERSION,
            project: String::new(),
            environment: String::new(),
            steps: vec![step],
            people: Vec::new(),
        },
        style,
    )
}

/// The JSON Schema of [`RunbookDocument`].
pub fn schema() -> Json {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RunbookDocument>().to_value()
}

/// The manual changes, each after those that it depends on.
fn in_order(plan: &Plan) -> Vec<(usize, &Change)> {
    let mut seen = BTreeSet::new();
    let from_graph = plan.graph.levels().into_iter().flatten().map(|node| node.change);
    // What the graph does not have comes last rather than being lost.
    from_graph
        .chain(0..plan.changes.len())
        .filter(|index| seen.insert(*index))
        .filter_map(|index| Some((index, plan.changes.get(index)?)))
        .filter(|(_, change)| change.action == Action::Manual)
        .collect()
}

/// What has to be done before a step: other steps, and changes by API that still have something to do.
fn before(plan: &Plan, index: usize) -> Vec<String> {
    let node = Node { change: index, phase: Phase::Complete };
    let mut before: BTreeSet<&Address> = plan.changes[index].waits_for.iter().collect();
    for other in plan.graph.before.get(&node).into_iter().flatten() {
        let change = &plan.changes[other.change];
        // An application that exists with its seeds, and of which only pending values are left, holds nobody up.
        let is_begun = other.phase == Phase::Begin
            && change.action == Action::Update
            && change.fields.iter().all(|field| field.after.is_pending())
            && !matches!(change.reason, Reason::Renamed(_));
        if !is_begun {
            before.insert(&change.address);
        }
    }
    before.into_iter().map(ToString::to_string).collect()
}

fn to_do(change: &Change, desired: &Component, after: Vec<String>) -> RunbookStep {
    let instructions = desired.step.as_ref().map_or(&[][..], |step| &step.instructions);
    let value = |path: &str| desired.field(path).map(|field| (field.value.clone(), field.rule));
    let inputs = desired
        .fields
        .iter()
        .filter(|field| field.rule != Rule::WriteOnly)
        .map(|field| (field.path.clone(), field.rule.normalise(&field.value).to_canonical_json()))
        .collect();
    let digest = change.digest.as_ref().map(ToString::to_string);
    let step = desired.step.as_ref();
    RunbookStep {
        version: step.map(|step| step.version),
        place: step.map(|step| step.place.clone()).unwrap_or_default(),
        url: step.and_then(|step| step.url.clone()),
        scope: step.map(|step| step.scope.clone()),
        ready: digest.is_some() && after.is_empty(),
        after,
        instructions: instructions.iter().map(|it| instruction(it, change, &value)).collect(),
        outputs: step.map(|step| step.outputs.iter().map(output).collect()).unwrap_or_default(),
        inputs,
        digest,
        on_removal: desired.lifecycle.on_removal,
        ..blank(change, StepKind::Do)
    }
}

fn to_remove(change: &Change, step: Option<&Step>, after: Vec<String>) -> RunbookStep {
    let value = |path: &str| {
        let field = change.fields.iter().find(|field| field.path == path)?;
        Some((field.before.clone().unwrap_or(Value::Null), field.rule))
    };
    let mut instructions: Vec<_> = step
        .map(|step| step.removal.iter().map(|it| instruction(it, change, &value)).collect())
        .unwrap_or_default();
    if instructions.is_empty() {
        instructions.push(RunbookInstruction::Do { text: "Remove what the step made.".to_owned() });
    }
    let produced = change.observed.as_ref().map(|observed| {
        observed.outputs.iter().map(|(name, value)| (name.clone(), value.to_json())).collect()
    });
    RunbookStep {
        version: step.map(|step| step.version),
        place: step.map_or_else(|| change.title.clone(), |step| step.place.clone()),
        url: step.and_then(|step| step.url.clone()),
        scope: step.map(|step| step.scope.clone()),
        ready: after.is_empty(),
        after,
        instructions,
        produced: produced.unwrap_or_default(),
        digest: change.digest.as_ref().map(ToString::to_string),
        ..blank(change, StepKind::Remove)
    }
}

/// A step with what both kinds have.
fn blank(change: &Change, kind: StepKind) -> RunbookStep {
    RunbookStep {
        address: change.address.to_string(),
        tenant: change.address.tenant.to_string(),
        step: change.address.within_tenant(),
        version: None,
        title: change.title.clone(),
        reason: change.reason.to_string(),
        kind,
        place: String::new(),
        url: None,
        scope: None,
        ready: false,
        after: Vec::new(),
        refused: Vec::new(),
        instructions: Vec::new(),
        outputs: Vec::new(),
        produced: BTreeMap::new(),
        digest: None,
        inputs: BTreeMap::new(),
        on_removal: OnRemoval::Delete,
        command: None,
    }
}

fn instruction(
    instruction: &Instruction,
    change: &Change,
    value: &impl Fn(&str) -> Option<(Value, Rule)>,
) -> RunbookInstruction {
    match instruction {
        Instruction::Do(text) => RunbookInstruction::Do { text: text.clone() },
        Instruction::Enter { label, field } => {
            let found = value(field);
            let is_derived = change
                .desired
                .as_ref()
                .and_then(|desired| desired.field(field))
                .is_some_and(|field| field.capability == Capability::Derived);
            let mut pending: Vec<_> = found
                .iter()
                .flat_map(|(value, _)| value.references())
                .map(|reference| reference.from.to_string())
                .collect();
            pending.dedup();
            let paste = match &found {
                // A secret is entered from wherever it is kept.
                Some((_, Rule::WriteOnly)) | None => Vec::new(),
                Some((value, _)) if value.is_pending() => Vec::new(),
                Some((value, _)) => paste(value),
            };
            RunbookInstruction::Enter {
                label: label.clone(),
                field: field.clone(),
                paste,
                pending,
                // What nobody enters cannot be as it was entered before.
                changed: is_derived || change.fields.iter().any(|changed| changed.path == *field),
                remove: change.fields.iter().find(|it| it.path == *field).map(gone).unwrap_or_default(),
            }
        }
        Instruction::Note { label, output } => {
            RunbookInstruction::Note { label: label.clone(), output: output.clone() }
        }
    }
}

/// The items of a list that were entered before and are not wanted any more.
fn gone(field: &FieldChange) -> Vec<String> {
    let items = |value: &Value| -> BTreeSet<String> {
        value.as_list().unwrap_or_default().iter().filter_map(Value::as_text).map(str::to_owned).collect()
    };
    let Some(before) = &field.before else { return Vec::new() };
    items(before).difference(&items(&field.after)).cloned().collect()
}

/// A value as a person pastes it.
fn paste(value: &Value) -> Vec<String> {
    match value {
        Value::Null | Value::Pending(_) => Vec::new(),
        Value::Bool(true) => vec!["yes".to_owned()],
        Value::Bool(false) => vec!["no".to_owned()],
        Value::Int(number) => vec![number.to_string()],
        Value::Text(text) => vec![text.clone()],
        Value::Certificate(certificate) => vec![certificate.to_pem()],
        Value::List(items) => items.iter().flat_map(paste).collect(),
        Value::Map(entries) => {
            entries.iter().map(|(key, item)| format!("{key}: {}", paste(item).join(", "))).collect()
        }
    }
}

fn output(output: &StepOutput) -> RunbookOutput {
    RunbookOutput {
        name: output.name.clone(),
        title: output.title.clone(),
        required: output.required,
        prefix: output.sid.map(|(prefix, _)| prefix.to_owned()),
        digits: output.sid.map(|(_, digits)| digits),
    }
}

/// `concord attest --step SsoProfile/flex/flex.trust --output connection=JQ... --by you@example.com`.
fn attest(plan: &Plan, style: &Style, step: &RunbookStep, name_tenant: bool) -> String {
    let mut flags = vec![format!("--step {}", quoted(if name_tenant { &step.address } else { &step.step }))];
    match step.kind {
        StepKind::Remove => flags.push("--removed".to_owned()),
        StepKind::Do => flags.extend(step.outputs.iter().filter(|output| output.required).map(|output| {
            format!("--output {}={}...", output.name, output.prefix.as_deref().unwrap_or_default())
        })),
    }
    flags.push("--by you@example.com".to_owned());
    words::command(plan, style, "attest", &flags.join(" "))
}

/// A word as a POSIX shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:@+=,".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests;
