//! Plans made by hand, for tests of what people see. Everything has a default that looks like real life; a test says only what
//! it is about.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::Style;
use crate::{
    component::{
        Address, Capability, Class, Component, Environment, Field, Instruction, Marker, Observed, Realm,
        Rule, Step, StepOutput, Unknown, UnknownReason, Value, step_digest,
    },
    diagnostics::{Location, SourceFile},
    manifest::policy::Policy,
    plan::{Action, Change, FieldChange, Gap, Group, Plan, Reason, Risk, Warning, order::Graph},
    saml::Certificate,
};

/// The moment at which everything is drawn.
pub(crate) fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// 80 columns, no colour.
pub(crate) fn plain() -> Style {
    Style {
        goes_on: false,
        color: false,
        width: 80,
        unicode: true,
        show_users: false,
        compact: false,
        now: now(),
        arguments: String::new(),
    }
}

/// 80 columns, in colour.
pub(crate) fn colored() -> Style {
    Style { color: true, ..plain() }
}

/// A self-signed certificate of an IdP, valid for ten years.
pub(crate) fn certificate() -> Certificate {
    Certificate::from_pem(include_str!("../saml/testdata/rsa2048.pem")).unwrap()
}

/// Another one.
pub(crate) fn other_certificate() -> Certificate {
    Certificate::from_pem(include_str!("../saml/testdata/ec-p521.pem")).unwrap()
}

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// A place in a file with enough lines.
pub(crate) fn at(file: &str, line: usize) -> Location {
    SourceFile::new(file, "\n".repeat(line + 1)).at(line - 1..line - 1)
}

pub(crate) fn warning(code: &'static str, message: &str, people: &[&str]) -> Warning {
    Warning {
        code,
        message: message.to_owned(),
        people: people.iter().map(|person| (*person).to_owned()).collect(),
        location: Some(at("flex.yaml", 40)),
        help: Some("do something about it".to_owned()),
    }
}

pub(crate) fn unknown(reason: UnknownReason, message: &str) -> Unknown {
    Unknown {
        reason,
        message: message.to_owned(),
        help: Some("grant `read:clients` to the client".to_owned()),
    }
}

pub(crate) fn gap(of: Option<&str>, reason: UnknownReason, message: &str) -> Gap {
    Gap { address: of.map(address), realm: realm("auth0"), unknown: unknown(reason, message) }
}

/// The step of a Flex profile.
pub(crate) fn step() -> Step {
    Step {
        version: 1,
        place: "Twilio Console > Flex > Users and access > Single Sign-On".to_owned(),
        url: Some("https://console.twilio.com/us1/develop/flex/users-and-access/sso".to_owned()),
        scope: "AC00000000000000000000000000000001".to_owned(),
        instructions: vec![
            Instruction::Do("Open the page and press `Add a connection`.".to_owned()),
            Instruction::Enter { label: "Friendly name".to_owned(), field: "friendlyName".to_owned() },
            Instruction::Enter { label: "X.509 certificate".to_owned(), field: "certificate".to_owned() },
            Instruction::Note { label: "SSO profile SID".to_owned(), output: "connection".to_owned() },
        ],
        outputs: vec![StepOutput {
            name: "connection".to_owned(),
            title: "connection ID of the SSO profile".to_owned(),
            sid: Some(("JQ", 32)),
            required: true,
        }],
        removal: vec![Instruction::Do("Open the connection and press `Delete`.".to_owned())],
        is_withdrawal: false,
    }
}

fn realm(provider: &'static str) -> Realm {
    let tenant = if provider == "auth0" { "nss.us.auth0.com" } else { "GO00000000000000000000000000000001" };
    Realm::new(provider, tenant)
}

/// Builds a plan.
pub(crate) struct PlanBuilder {
    plan: Plan,
}

impl PlanBuilder {
    pub(crate) fn new() -> Self {
        Self {
            plan: Plan {
                project: "k3jd82ma".to_owned(),
                environment: Environment::Live,
                changes: Vec::new(),
                graph: Graph::default(),
                unchanged: 0,
                gaps: Vec::new(),
                warnings: Vec::new(),
                policies: BTreeMap::from([("nss".parse().unwrap(), Policy::default())]),
                owned: BTreeMap::new(),
                outputs: BTreeMap::new(),
                desired: BTreeMap::new(),
            },
        }
    }

    fn change(
        mut self,
        of: &str,
        action: Action,
        reason: Reason,
        more: impl FnOnce(ChangeBuilder) -> ChangeBuilder,
    ) -> Self {
        let change = more(ChangeBuilder::new(address(of), action, reason)).finish();
        self.plan.changes.push(change);
        self
    }

    pub(crate) fn create(self, of: &str, more: impl FnOnce(ChangeBuilder) -> ChangeBuilder) -> Self {
        self.change(of, Action::Create, Reason::Missing, more)
    }

    pub(crate) fn update(self, of: &str, more: impl FnOnce(ChangeBuilder) -> ChangeBuilder) -> Self {
        self.change(of, Action::Update, Reason::ManifestChanged, more)
    }

    pub(crate) fn delete(self, of: &str, more: impl FnOnce(ChangeBuilder) -> ChangeBuilder) -> Self {
        self.change(of, Action::Delete, Reason::NotInManifests, more)
    }

    pub(crate) fn drift(self, of: &str, more: impl FnOnce(ChangeBuilder) -> ChangeBuilder) -> Self {
        self.change(of, Action::Drift, Reason::Observed, more)
    }

    pub(crate) fn blocked(
        self,
        of: &str,
        reason: Reason,
        more: impl FnOnce(ChangeBuilder) -> ChangeBuilder,
    ) -> Self {
        self.change(of, Action::Blocked, reason, more)
    }

    pub(crate) fn manual(self, of: &str, more: impl FnOnce(ChangeBuilder) -> ChangeBuilder) -> Self {
        self.change(of, Action::Manual, Reason::NotAttested, more)
    }

    pub(crate) fn unchanged(mut self, count: usize) -> Self {
        self.plan.unchanged = count;
        self
    }

    pub(crate) fn gap(mut self, gap: Gap) -> Self {
        self.plan.gaps.push(gap);
        self
    }

    pub(crate) fn warning(mut self, warning: Warning) -> Self {
        self.plan.warnings.push(warning);
        self
    }

    pub(crate) fn owned(mut self, provider: &'static str, component_type: &str, count: usize) -> Self {
        let group = Group {
            tenant: "nss".parse().unwrap(),
            realm: realm(provider),
            component_type: component_type.to_owned(),
            is_membership: false,
        };
        self.plan.owned.insert(group, count);
        self
    }

    pub(crate) fn build(mut self) -> Plan {
        self.plan
            .changes
            .sort_by(|one, other| (&one.address, one.action).cmp(&(&other.address, other.action)));
        self.plan.graph = Graph::of(&self.plan.changes).unwrap();
        self.plan
    }
}

/// Builds a change.
pub(crate) struct ChangeBuilder {
    change: Change,
    component: Component,
}

impl ChangeBuilder {
    fn new(address: Address, action: Action, reason: Reason) -> Self {
        let provider = if address.component.starts_with("auth0") { "auth0" } else { "twilio-flex" };
        let title = match provider {
            "auth0" => format!("Auth0 application `Twilio {}`", address.name),
            _ => format!("Flex SSO profile `{}`", address.name),
        };
        let marker = Marker { project: "k3jd82ma".to_owned(), address: address.clone() };
        let mut component = Component::new(marker, realm(provider), &title, "", at("flex.yaml", 12));
        if action == Action::Manual {
            component.step = Some(step());
        }
        let change = Change {
            address,
            realm: realm(provider),
            title,
            class: Class::Object,
            action,
            reason,
            risk: if action == Action::Delete { Risk::High } else { Risk::Medium },
            fields: Vec::new(),
            kept: 0,
            source: (action != Action::Delete).then(|| at("flex.yaml", 12)),
            waits_for: Vec::new(),
            desired: None,
            observed: matches!(action, Action::Update | Action::Adopt | Action::Delete | Action::Drift)
                .then(|| Arc::new(Observed { id: "con_1".to_owned(), ..Observed::default() })),
            removal: None,
            digest: None,
        };
        Self { change, component }
    }

    /// A field that was not there.
    pub(crate) fn field(self, path: &str, after: Value) -> Self {
        self.field_by(path, Rule::Exact, after)
    }

    pub(crate) fn field_by(self, path: &str, rule: Rule, after: Value) -> Self {
        self.push(path, rule, None, after)
    }

    pub(crate) fn pending(self, path: &str, from: &str, output: &str) -> Self {
        let after = Value::output_of(&address(from), output);
        let seed = (self.change.action == Action::Create).then(|| Value::text("seed"));
        let mut built = self.push(path, Rule::Exact, None, after);
        if let Some(field) = built.component.fields.last_mut() {
            field.seed = seed;
        }
        built
    }

    /// A field that was something else.
    pub(crate) fn changed(self, path: &str, before: Value, after: Value) -> Self {
        self.changed_by(path, Rule::Exact, before, after)
    }

    pub(crate) fn changed_by(self, path: &str, rule: Rule, before: Value, after: Value) -> Self {
        self.push(path, rule, Some(before), after)
    }

    fn push(mut self, path: &str, rule: Rule, before: Option<Value>, after: Value) -> Self {
        let capability = match self.change.action {
            Action::Manual => Capability::Attested,
            Action::Drift => Capability::Observed,
            _ => Capability::Managed,
        };
        self.component.fields.push(Field::new(path, after.clone(), capability).by(rule));
        self.change.fields.push(FieldChange { path: path.to_owned(), capability, rule, before, after });
        self
    }

    /// A field of the component that does not change.
    pub(crate) fn same(mut self, path: &str, value: Value) -> Self {
        self.component.fields.push(Field::new(path, value, Capability::Attested));
        self
    }

    pub(crate) fn kept(mut self, count: usize) -> Self {
        self.change.kept = count;
        self
    }

    pub(crate) fn because(mut self, reason: Reason) -> Self {
        self.change.reason = reason;
        self
    }

    pub(crate) fn title(mut self, title: &str) -> Self {
        title.clone_into(&mut self.change.title);
        self
    }

    pub(crate) fn after(mut self, step: &str) -> Self {
        self.change.waits_for.push(address(step));
        self
    }

    pub(crate) fn person(mut self, email: &str) -> Self {
        self.change.class = Class::Membership;
        self.change.title = format!("Auth0 user `{email}`");
        email.clone_into(&mut self.component.natural_key);
        self
    }

    pub(crate) fn step(mut self, step: Step) -> Self {
        self.component.step = Some(step);
        self
    }

    fn finish(self) -> Change {
        let Self { mut change, mut component } = self;
        component.title.clone_from(&change.title);
        component.class = change.class;
        if change.source.is_some() {
            change.digest = step_digest(&component, &change.address.name, &Environment::Live);
            change.desired = Some(Arc::new(component));
        }
        change
    }

    /// The step's manifest is gone; it has to be removed by hand.
    pub(crate) fn gone(mut self) -> Self {
        self.change.removal = Some(step());
        self.change.source = None;
        self.change.reason = Reason::NotInManifests;
        self.change.risk = Risk::High;
        self.change.title = step().place;
        self.change.observed = Some(Arc::new(Observed {
            outputs: BTreeMap::from([(
                "connection".to_owned(),
                Value::text("JQ00000000000000000000000000000001"),
            )]),
            ..Observed::default()
        }));
        self.change.digest = Some(crate::component::Digest::of(&"removed".into()));
        self
    }
}
