//! A plan for a terminal: what was compared, what changes grouped by resource, people in numbers, then apart from that drift, what
//! is blocked, what could not be seen, warnings and refusals; one closing sentence and the next command at the end.

use std::collections::BTreeMap;

use super::{
    Style,
    field::{Drawer, Line, sign},
    ink::{Ink, Tone},
    people::{self, Enablement, People, is_about_people},
    words::{self, ACTIONS, closing, compared, counted, meaning, symbol},
};
use crate::{
    component::{Address, Class, Environment},
    diagnostics::visible,
    plan::{Action, Change, Gap, Plan, Reason, Refusal, Risk},
};

/// Addresses, names and the like that are listed before the rest is counted.
const LISTED: usize = 5;

/// The plan as text with a final newline; with [`Style::compact`], one line per change.
pub fn plan(plan: &Plan, refusals: &[Refusal], style: &Style) -> String {
    let people = People::of(plan, style);
    let mut page = Page { ink: Ink::new(style.color, style.width), plan, people: &people, style };
    if style.compact {
        page.compact(refusals);
    } else {
        page.whole(refusals);
    }
    page.ink.finish()
}

struct Page<'a> {
    ink: Ink,
    plan: &'a Plan,
    people: &'a People<'a>,
    style: &'a Style,
}

impl Page<'_> {
    fn whole(&mut self, refusals: &[Refusal]) {
        self.head();
        self.legend();
        let is_object = |change: &&Change| change.class == Class::Object;
        let plan = self.plan;
        let objects = |action: fn(Action) -> bool| {
            plan.changes.iter().filter(is_object).filter(move |change| action(change.action))
        };
        self.changes(None, objects(|action| !matches!(action, Action::Drift | Action::Blocked)));
        self.memberships();
        self.changes(
            Some((Tone::Warn, "Drift: differs, and Concord does not write it")),
            objects(|action| action == Action::Drift),
        );
        self.changes(
            Some((Tone::Bad, "Blocked: nothing can be done yet")),
            objects(|action| action == Action::Blocked),
        );
        self.gaps();
        self.warnings();
        self.refusals(refusals);
        self.foot(refusals);
    }

    fn head(&mut self) {
        let place = match &self.plan.environment {
            Environment::Live => String::new(),
            Environment::Sandbox(id) => format!(" in the sandbox {}", visible(id)),
        };
        let project = visible(&self.plan.project).into_owned();
        self.ink.line(
            0,
            [(Tone::Strong, "Plan"), (Tone::Plain, format!(" for project {project}{place}").as_str())],
        );
        let mut realms: Vec<String> = self
            .plan
            .changes
            .iter()
            .map(|change| &change.realm)
            .chain(self.plan.gaps.iter().map(|gap| &gap.realm))
            .map(|realm| visible(&realm.to_string()).into_owned())
            .collect();
        realms.sort();
        realms.dedup();
        let mut text = format!("{} compared", counted(compared(self.plan), "component"));
        if !realms.is_empty() {
            text.push_str(&format!("; what follows is about {}", realms.join(", ")));
        }
        self.ink.prose(0, (Tone::Dim, ""), Tone::Dim, &text);
    }

    fn legend(&mut self) {
        let occurring: Vec<Action> = ACTIONS
            .into_iter()
            .filter(|action| self.plan.changes.iter().any(|change| change.action == *action))
            .collect();
        if occurring.is_empty() {
            return;
        }
        self.ink.gap();
        let mut spans = Vec::new();
        for (index, action) in occurring.into_iter().enumerate() {
            if index > 0 {
                spans.push((Tone::Plain, "   "));
            }
            spans.extend([
                (words::tone(action), symbol(action)),
                (Tone::Plain, " "),
                (Tone::Dim, meaning(action)),
            ]);
        }
        self.ink.line(0, spans);
    }

    fn changes<'c>(&mut self, title: Option<(Tone, &str)>, changes: impl Iterator<Item = &'c Change>) {
        let mut by_resource: BTreeMap<String, Vec<&Change>> = BTreeMap::new();
        for change in changes {
            by_resource.entry(people::resource(&change.address)).or_default().push(change);
        }
        if let Some(title) = title.filter(|_| !by_resource.is_empty()) {
            self.ink.gap();
            self.ink.line(0, [title]);
        }
        for (resource, changes) in by_resource {
            self.ink.gap();
            self.ink.line(0, [(Tone::Strong, resource.as_str())]);
            for change in changes {
                self.change(change, 2);
            }
        }
    }

    /// A change with everything that is to be said about it.
    fn change(&mut self, change: &Change, indent: usize) {
        let everyone = is_about_people(change);
        let clean = |text: &str| visible(&self.people.mask(text, everyone)).into_owned();
        let tone = words::tone(change.action);
        let component = visible(&component_of(&self.people.address(&change.address))).into_owned();
        let title = clean(&change.title);
        let risk = if change.risk == Risk::High { "  (high risk)" } else { "" };
        self.ink.line(
            indent,
            [
                (tone, symbol(change.action)),
                (Tone::Plain, " "),
                (tone, component.as_str()),
                (Tone::Plain, "  "),
                (Tone::Plain, title.as_str()),
                (Tone::Bad, risk),
            ],
        );
        let inner = indent + 2;
        let mut reason = visible(&self.people.reason(&change.reason, everyone)).into_owned();
        if let Some(source) = &change.source {
            reason.push_str(&format!(" ({}:{})", visible(source.file().as_str()), source.line()));
        }
        self.ink.prose(inner, (Tone::Dim, ""), Tone::Dim, &reason);
        if change.action == Action::Manual && change.desired.is_some() {
            let step = change.desired.as_ref().and_then(|desired| desired.step.as_ref());
            if let Some(step) = step {
                self.ink.prose(inner, (Tone::Info, "at "), Tone::Info, &visible(&step.place));
            }
        }
        self.fields(change, inner);
        if change.fields.is_empty() && matches!(change.reason, Reason::Renamed(_) | Reason::LifecycleChanged)
        {
            self.ink.line(inner, [(Tone::Dim, "only its marker is rewritten")]);
        }
        if change.kept > 0 && matches!(change.action, Action::Update | Action::Adopt) {
            let text = format!("{} kept", counted(change.kept, "other setting"));
            self.ink.line(inner, [(Tone::Dim, text.as_str())]);
        }
        for step in self.plan.nearest(&change.waits_for) {
            let step = visible(&self.people.address(step)).into_owned();
            self.ink.line(inner, [(Tone::Info, "after step "), (Tone::Info, step.as_str())]);
        }
    }

    fn fields(&mut self, change: &Change, indent: usize) {
        let drawer = Drawer {
            people: self.people,
            everyone: is_about_people(change),
            style: self.style,
            room: self.ink.columns().saturating_sub(indent),
        };
        for Line { depth, mark, spans } in change.fields.iter().flat_map(|field| drawer.lines(field)) {
            let tone = spans.first().map_or(Tone::Plain, |(tone, _)| *tone);
            let spans = spans.iter().map(|(tone, text)| (*tone, text.as_str()));
            self.ink.line(indent + 2 * depth, std::iter::once((tone, sign(mark))).chain(spans));
        }
    }

    fn memberships(&mut self) {
        let enablements = people::enablements(self.plan, self.people);
        if enablements.is_empty() {
            return;
        }
        for Enablement { resource, crowds, shown, rest } in enablements {
            self.ink.gap();
            self.ink.line(0, [(Tone::Strong, resource.as_str()), (Tone::Dim, "  people")]);
            for crowd in crowds {
                let text = format!(
                    "{} for {} ({}): {}",
                    meaning(crowd.action),
                    counted_people(crowd.changes.len()),
                    visible(crowd.component_type),
                    visible(&crowd.reason),
                );
                let lead = format!("{} ", symbol(crowd.action));
                self.ink.prose(2, (words::tone(crowd.action), lead.as_str()), Tone::Plain, &text);
                for step in &crowd.waits_for {
                    let step = visible(&self.people.address(step)).into_owned();
                    self.ink.line(4, [(Tone::Info, "after step "), (Tone::Info, step.as_str())]);
                }
                let is_in_full = matches!(crowd.action, Action::Update | Action::Drift);
                if self.style.show_users && !is_in_full {
                    let names: Vec<String> =
                        crowd.names().iter().map(|name| visible(name).into_owned()).collect();
                    self.ink.prose(4, (Tone::Dim, ""), Tone::Dim, &first_of(&names));
                }
            }
            for change in shown {
                self.change(change, 2);
            }
            if rest.count > 0 {
                let mut text = format!("... and {}", counted_people(rest.count));
                let paths: Vec<_> =
                    rest.by_path.iter().map(|(path, count)| format!("{} ({count})", visible(path))).collect();
                if !paths.is_empty() {
                    text.push_str(&format!(" more, who differ in {}", first_of(&paths)));
                }
                self.ink.prose(2, (Tone::Dim, ""), Tone::Dim, &text);
            }
        }
    }

    fn gaps(&mut self) {
        if self.plan.gaps.is_empty() {
            return;
        }
        self.ink.gap();
        self.ink.line(0, [(Tone::Bad, "What could not be seen")]);
        for (gap, addresses) in grouped_gaps(&self.plan.gaps) {
            let message = format!(
                "{}: {} ({})",
                visible(&gap.realm.to_string()),
                visible(&self.people.mask(&gap.unknown.message, true)),
                gap.unknown.reason.as_str(),
            );
            self.ink.prose(2, (Tone::Plain, ""), Tone::Plain, &message);
            self.addresses(&addresses);
            self.help(gap.unknown.help.as_deref());
        }
    }

    fn warnings(&mut self) {
        if self.plan.warnings.is_empty() {
            return;
        }
        self.ink.gap();
        self.ink.line(0, [(Tone::Warn, "Warnings")]);
        for warning in &self.plan.warnings {
            // A warning is about what the manifests say of these people: whoever reads it here has to know whom to look for. What
            // ends up in a pull request is Markdown, which hides them.
            let sentence = warning.sentence(str::to_owned);
            let mut text = visible(&sentence).into_owned();
            if let Some(location) = &warning.location {
                text.push_str(&format!(" ({}:{})", visible(location.file().as_str()), location.line()));
            }
            let lead = format!("{}: ", warning.code);
            self.ink.prose(2, (Tone::Warn, lead.as_str()), Tone::Plain, &text);
            self.help(warning.help.as_deref());
        }
    }

    fn refusals(&mut self, refusals: &[Refusal]) {
        if refusals.is_empty() {
            return;
        }
        self.ink.gap();
        self.ink.line(0, [(Tone::Bad, "Refused")]);
        for refusal in refusals {
            let lead = format!("{}: ", refusal.guard);
            let message = visible(&self.people.mask(&refusal.message, true)).into_owned();
            self.ink.prose(2, (Tone::Bad, lead.as_str()), Tone::Plain, &message);
            self.addresses(&refusal.addresses.iter().collect::<Vec<_>>());
            self.help(Some(&refusal.help));
        }
    }

    fn addresses(&mut self, addresses: &[&Address]) {
        for address in addresses.iter().take(LISTED) {
            let text = visible(&self.people.address(address)).into_owned();
            self.ink.line(4, [(Tone::Dim, text.as_str())]);
        }
        if addresses.len() > LISTED {
            let text = format!("and {} more", addresses.len() - LISTED);
            self.ink.line(4, [(Tone::Dim, text.as_str())]);
        }
    }

    fn help(&mut self, help: Option<&str>) {
        if let Some(help) = help {
            let help = visible(&self.people.mask(help, true)).into_owned();
            self.ink.prose(4, (Tone::Info, "help: "), Tone::Plain, &help);
        }
    }

    fn foot(&mut self, refusals: &[Refusal]) {
        self.ink.gap();
        self.ink.line(0, [(Tone::Strong, closing(self.plan).as_str())]);
        if self.style.goes_on && refusals.is_empty() {
            return;
        }
        let (why, command) = words::next(self.plan, refusals, self.style);
        self.ink.line(0, [(Tone::Dim, why.as_str()), (Tone::Dim, ": "), (Tone::Info, command.as_str())]);
    }

    /// `<symbol> <address> <action> <n fields> <reason>`, then what else stands in the way, then the closing sentence.
    fn compact(&mut self, refusals: &[Refusal]) {
        for change in &self.plan.changes {
            let address = visible(&self.people.address(&change.address)).into_owned();
            let reason = self.people.reason(&change.reason, is_about_people(change));
            let tail = format!(
                " {} {} {}",
                change.action.as_str(),
                counted(change.fields.len(), "field"),
                visible(&reason)
            );
            self.ink.line(
                0,
                [
                    (words::tone(change.action), symbol(change.action)),
                    (Tone::Plain, " "),
                    (Tone::Plain, address.as_str()),
                    (Tone::Dim, tail.as_str()),
                ],
            );
        }
        for gap in &self.plan.gaps {
            let what = gap
                .address
                .as_ref()
                .map_or_else(|| gap.realm.to_string(), |address| self.people.address(address));
            let message = self.people.mask(&gap.unknown.message, true).into_owned();
            let text =
                format!("unseen {} {} {}", visible(&what), gap.unknown.reason.as_str(), visible(&message));
            self.ink.line(0, [(Tone::Bad, text.as_str())]);
        }
        for warning in &self.plan.warnings {
            let text = format!("warning {} {}", warning.code, visible(&warning.sentence(str::to_owned)));
            self.ink.line(0, [(Tone::Warn, text.as_str())]);
        }
        for refusal in refusals {
            let message = self.people.mask(&refusal.message, true).into_owned();
            let text = format!("refused {} {}", refusal.guard, visible(&message));
            self.ink.line(0, [(Tone::Bad, text.as_str())]);
        }
        self.ink.line(0, [(Tone::Strong, closing(self.plan).as_str())]);
    }
}

/// The part of an address behind its resource.
fn component_of(address: &str) -> String {
    address.splitn(4, '/').last().unwrap_or(address).to_owned()
}

pub(super) fn counted_people(count: usize) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}

/// The first few, and how many more.
pub(super) fn first_of(texts: &[String]) -> String {
    let mut out = texts[..texts.len().min(LISTED)].join(", ");
    if texts.len() > LISTED {
        out.push_str(&format!(" and {} more", texts.len() - LISTED));
    }
    out
}

/// Gaps with one cause together, so that an unreachable service is told once.
pub(super) fn grouped_gaps(gaps: &[Gap]) -> Vec<(&Gap, Vec<&Address>)> {
    let mut groups: Vec<(&Gap, Vec<&Address>)> = Vec::new();
    let mut at: BTreeMap<(String, String, &str), usize> = BTreeMap::new();
    for gap in gaps {
        let key = (gap.realm.to_string(), gap.unknown.message.clone(), gap.unknown.reason.as_str());
        let index = *at.entry(key).or_insert_with(|| {
            groups.push((gap, Vec::new()));
            groups.len() - 1
        });
        groups[index].1.extend(&gap.address);
    }
    groups
}

#[cfg(test)]
pub(super) mod tests;
