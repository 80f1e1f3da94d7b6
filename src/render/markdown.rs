//! A plan for a pull-request comment: the closing sentence and what stands in the way first, manual steps as a task list, every change folded
//! away, and never more than a comment holds.

pub(super) mod escape;

use super::{
    Style,
    field::{Drawer, Mark},
    people::{self, People, is_about_people},
    text::{counted_people, first_of, grouped_gaps},
    words::{self, closing, counted, meaning, symbol},
};
use crate::{
    component::{Class, Environment},
    diagnostics::visible,
    plan::{Action, Change, Plan, Refusal, Risk},
};
use escape::{code, fence, html, inline};

/// Characters of a comment at most. GitHub takes 65,536; some are left for what an action puts around it.
pub const LIMIT: usize = 60_000;

/// Characters that are kept for the note about what was left out.
const RESERVE: usize = 400;
/// Items of one list (steps, warnings, refusals) before the rest is counted.
const LISTED: usize = 20;
/// Characters of one message.
const MESSAGE: usize = 1_000;
/// Columns that fields are laid out for: comments scroll sideways late.
const COLUMNS: usize = 100;

/// The plan as Markdown with a final newline, at most [`LIMIT`] characters. Colour, width and compactness of the style do not
/// matter here.
pub fn plan(plan: &Plan, refusals: &[Refusal], style: &Style) -> String {
    limited(plan, refusals, style, LIMIT)
}

fn limited(plan: &Plan, refusals: &[Refusal], style: &Style, limit: usize) -> String {
    let people = People::of(plan, style);
    let writer = Writer { plan, people: &people, style };
    let mut page = Page { out: String::new(), length: 0, limit: limit.saturating_sub(RESERVE), left_out: 0 };
    page.push(&writer.head());
    page.push(&writer.refusals(refusals));
    page.push(&writer.manual_steps());
    page.push(&writer.gaps());
    page.push(&writer.warnings());
    writer.changes(&mut page);
    page.push(&writer.foot(refusals));
    page.finish()
}

/// A page that takes whole blocks as long as they fit.
struct Page {
    out: String,
    length: usize,
    limit: usize,
    left_out: usize,
}

impl Page {
    fn push(&mut self, block: &str) {
        if block.is_empty() {
            return;
        }
        let length = block.chars().count() + 1;
        if self.length + length > self.limit {
            self.left_out += 1;
            return;
        }
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.push_str(block);
        self.length += length;
    }

    fn finish(mut self) -> String {
        if self.left_out > 0 {
            self.out.push_str(&format!(
                "\n> {} left out, because a comment holds only so much. `concord plan` shows everything.\n",
                match self.left_out {
                    1 => "1 part is".to_owned(),
                    count => format!("{count} parts are"),
                }
            ));
        }
        self.out
    }
}

struct Writer<'a> {
    plan: &'a Plan,
    people: &'a People<'a>,
    style: &'a Style,
}

impl Writer<'_> {
    fn head(&self) -> String {
        let place = match &self.plan.environment {
            Environment::Live => String::new(),
            Environment::Sandbox(id) => format!(" in the sandbox {}", code(id)),
        };
        format!(
            "### Concord plan for {}{place}\n\n**{}**\n",
            code(&self.plan.project),
            inline(&closing(self.plan))
        )
    }

    fn foot(&self, refusals: &[Refusal]) -> String {
        let (why, command) = words::next(self.plan, refusals, self.style);
        format!("{why}: {}\n\nDigest: {}\n", code(&command), code(self.plan.digest().as_str()))
    }

    /// A message from outside, in prose, shortened where it is absurdly long.
    fn message(&self, text: &str) -> String {
        let text = self.people.mask(text, true);
        match text.char_indices().nth(MESSAGE) {
            Some((end, _)) => format!("{}...", inline(&text[..end])),
            None => inline(&text),
        }
    }

    fn refusals(&self, refusals: &[Refusal]) -> String {
        let items = refusals.iter().map(|refusal| {
            format!(
                "- **{}**: {}\n  {}\n",
                inline(refusal.guard),
                self.message(&refusal.message),
                self.message(&refusal.help)
            )
        });
        list("#### Refused", items)
    }

    fn manual_steps(&self) -> String {
        let steps = self
            .plan
            .changes
            .iter()
            .filter(|change| change.action == Action::Manual && change.class == Class::Object);
        let items = steps.map(|change| {
            let step = change.desired.as_ref().and_then(|desired| desired.step.as_ref());
            let place = step.map(|step| format!(" at {}", self.message(&step.place))).unwrap_or_default();
            let after = self.plan.nearest(&change.waits_for).into_iter();
            let after: Vec<_> = after.map(|address| code(&self.people.address(address))).collect();
            let after =
                if after.is_empty() { String::new() } else { format!(", after {}", after.join(", ")) };
            format!(
                "- [ ] {}: {}{place}; {}{after}\n",
                code(&self.people.address(&change.address)),
                self.message(&change.title),
                inline(&self.people.reason(&change.reason, is_about_people(change))),
            )
        });
        list("#### Manual steps", items)
    }

    fn gaps(&self) -> String {
        let groups = grouped_gaps(&self.plan.gaps);
        let items = groups.iter().map(|(gap, addresses)| {
            let about = match addresses.len() {
                0 => String::new(),
                count => format!(" ({})", counted(count, "component")),
            };
            let help = gap.unknown.help.as_deref().map(|help| format!("\n  {}", self.message(help)));
            format!(
                "- {}: {}{about}{}\n",
                code(&gap.realm.to_string()),
                self.message(&gap.unknown.message),
                help.unwrap_or_default()
            )
        });
        list("#### What could not be seen", items)
    }

    fn warnings(&self) -> String {
        let items = self.plan.warnings.iter().map(|warning| {
            let sentence = warning.sentence(|person| self.people.name(person));
            let place = warning
                .location
                .as_ref()
                .map(|location| format!(" ({})", code(&format!("{}:{}", location.file(), location.line()))));
            let help = warning.help.as_deref().map(|help| format!("\n  {}", self.message(help)));
            format!(
                "- **{}**: {}{}{}\n",
                inline(warning.code),
                self.message(&sentence),
                place.unwrap_or_default(),
                help.unwrap_or_default()
            )
        });
        list("#### Warnings", items)
    }

    fn changes(&self, page: &mut Page) {
        let object = |wanted: fn(Action) -> bool| {
            self.plan
                .changes
                .iter()
                .filter(move |change| change.class == Class::Object && wanted(change.action))
                .map(|change| self.change(change))
                .collect::<Vec<_>>()
        };
        let sections = [
            ("#### Changes", object(|action| !matches!(action, Action::Drift | Action::Blocked))),
            ("#### People", self.memberships()),
            ("#### Drift", object(|action| action == Action::Drift)),
            ("#### Blocked", object(|action| action == Action::Blocked)),
        ];
        for (title, blocks) in sections {
            for (index, block) in blocks.iter().enumerate() {
                if index == 0 {
                    page.push(&format!("{title}\n\n{block}"));
                } else {
                    page.push(block);
                }
            }
        }
    }

    /// One change, folded.
    fn change(&self, change: &Change) -> String {
        let everyone = is_about_people(change);
        let risk = if change.risk == Risk::High { " (high risk)" } else { "" };
        let address = self.people.address(&change.address);
        let title = self.people.mask(&change.title, everyone);
        let mut reason = self.people.reason(&change.reason, everyone);
        if let Some(source) = &change.source {
            reason.push_str(&format!(" ({}:{})", source.file(), source.line()));
        }
        let mut out = format!(
            "<details><summary>{} {} <code>{}</code>: {}{risk}</summary>\n\n{}\n",
            html(symbol(change.action)),
            html(meaning(change.action)),
            html(&address),
            html(&title),
            inline(&reason),
        );
        let fields = self.fields(change, everyone);
        if !fields.is_empty() {
            let fence = fence(&fields);
            out.push_str(&format!("\n{fence}diff\n{fields}{fence}\n"));
        }
        if change.kept > 0 && matches!(change.action, Action::Update | Action::Adopt) {
            out.push_str(&format!("\n{} kept\n", counted(change.kept, "other setting")));
        }
        for step in self.plan.nearest(&change.waits_for) {
            out.push_str(&format!("\nafter step {}\n", code(&self.people.address(step))));
        }
        out.push_str("\n</details>\n");
        out
    }

    /// The fields as a diff, whose signs stand in the first column.
    fn fields(&self, change: &Change, everyone: bool) -> String {
        let drawer = Drawer { people: self.people, everyone, style: self.style, room: COLUMNS };
        let mut out = String::new();
        for line in change.fields.iter().flat_map(|field| drawer.lines(field)) {
            let sign = match line.mark {
                Mark::Added => '+',
                Mark::Removed => '-',
                Mark::None | Mark::Context => ' ',
            };
            let text: String = line.spans.iter().map(|(_, text)| text.as_str()).collect();
            let text = format!("{sign} {}{text}", "  ".repeat(line.depth));
            out.push_str(text.trim_end());
            out.push('\n');
        }
        out
    }

    fn memberships(&self) -> Vec<String> {
        let mut blocks = Vec::new();
        for enablement in people::enablements(self.plan, self.people) {
            let mut out = format!("{}\n\n", code(&enablement.resource));
            for crowd in &enablement.crowds {
                let after: Vec<_> =
                    crowd.waits_for.iter().map(|address| code(&self.people.address(address))).collect();
                let after =
                    if after.is_empty() { String::new() } else { format!(", after {}", after.join(", ")) };
                out.push_str(&format!(
                    "- {} for {} ({}): {}{after}\n",
                    meaning(crowd.action),
                    counted_people(crowd.changes.len()),
                    code(crowd.component_type),
                    inline(&crowd.reason),
                ));
                if self.style.show_users {
                    let names: Vec<String> =
                        crowd.names().iter().map(|name| visible(name).into_owned()).collect();
                    out.push_str(&format!("  {}\n", inline(&first_of(&names))));
                }
            }
            if enablement.rest.count > 0 {
                out.push_str(&format!(
                    "- of these, {} are not shown below\n",
                    counted_people(enablement.rest.count)
                ));
            }
            blocks.push(out);
            blocks.extend(enablement.shown.iter().map(|change| self.change(change)));
        }
        blocks
    }
}

/// A heading and its items, the first few of them; nothing where there are none.
fn list(title: &str, items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        return String::new();
    }
    let mut out = format!("{title}\n\n{}", items[..items.len().min(LISTED)].concat());
    if items.len() > LISTED {
        out.push_str(&format!("- and {} more\n", items.len() - LISTED));
    }
    out
}

#[cfg(test)]
mod tests;
