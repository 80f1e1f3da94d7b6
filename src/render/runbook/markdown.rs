//! A runbook as Markdown: a task per step, its instructions numbered, what is to be pasted in code blocks.

use super::{RunbookDocument, RunbookInstruction, RunbookStep, StepKind};
use crate::{
    diagnostics::{visible, visible_block},
    render::{
        markdown::escape::{code, fence, inline},
        words::counted,
    },
};

/// The runbook as Markdown with a final newline. It shows values in full, so it is for the person who does the steps, not for a public
/// comment.
pub fn markdown(runbook: &RunbookDocument) -> String {
    if runbook.steps.is_empty() {
        let mut out = "No manual step is open.\n".to_owned();
        people(&mut out, runbook);
        return out;
    }
    let ready = runbook.steps.iter().filter(|step| step.ready).count();
    let mut out = format!("## Runbook\n\n{}, {ready} ready.\n", counted(runbook.steps.len(), "step"));
    for (index, step) in runbook.steps.iter().enumerate() {
        draw(&mut out, index + 1, step);
    }
    people(&mut out, runbook);
    out
}

/// Who is selected and cannot be enabled.
fn people(out: &mut String, runbook: &RunbookDocument) {
    if runbook.people.is_empty() {
        return;
    }
    out.push_str("\n### People who are not enabled, or need a look\n\n");
    for warning in &runbook.people {
        let source = warning.source.as_ref().map(|source| format!(" ({})", code(source))).unwrap_or_default();
        let help = warning.help.as_ref().map(|help| format!("\n  {}", inline(help))).unwrap_or_default();
        out.push_str(&format!(
            "- **{}**: {}{source}{help}\n",
            inline(&warning.code),
            inline(&warning.message)
        ));
    }
}

fn draw(out: &mut String, number: usize, step: &RunbookStep) {
    let verb = match step.kind {
        StepKind::Do => "",
        StepKind::Remove => "remove ",
    };
    out.push_str(&format!("\n### {number}. {verb}{}\n\n", code(&step.address)));
    out.push_str(&format!("- [ ] {}\n", inline(&step.title)));
    out.push_str(&format!("- Why: {}\n", inline(&step.reason)));
    if step.place != step.title {
        out.push_str(&format!("- Where: {}\n", inline(&step.place)));
    }
    if let Some(url) = &step.url {
        out.push_str(&format!("- Page: {}\n", code(url)));
    }
    if let Some(scope) = &step.scope {
        out.push_str(&format!("- In: {}\n", code(scope)));
    }
    if !step.ready {
        let after: Vec<_> = step.after.iter().map(|address| code(address)).collect();
        let after = if after.is_empty() { String::new() } else { format!(", after {}", after.join(", ")) };
        out.push_str(&format!("- **Not ready yet**{after}\n"));
    }
    for refusal in &step.refused {
        out.push_str(&format!("- **Refused** by {}\n", inline(refusal)));
    }
    for (name, value) in &step.produced {
        let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        out.push_str(&format!("- It made {}: {}\n", inline(name), code(&value)));
    }
    out.push('\n');
    for (index, instruction) in step.instructions.iter().enumerate() {
        let lead = format!("{}. ", index + 1);
        let indent = " ".repeat(lead.len());
        out.push_str(&lead);
        match instruction {
            RunbookInstruction::Do { text } => out.push_str(&format!("{}\n", inline(text))),
            RunbookInstruction::Note { label, output } => {
                out.push_str(&format!("Write down {}: it is the output {}.\n", code(label), code(output)));
            }
            RunbookInstruction::Enter { label, paste, pending, changed, remove, .. } => {
                let note = if *changed { "" } else { " (as before)" };
                match label.strip_suffix(':') {
                    Some(sentence) => out.push_str(&format!("{}{note}:\n", inline(sentence))),
                    None => out.push_str(&format!("Enter {}{note}:\n", code(label))),
                }
                for address in pending {
                    out.push_str(&format!("{indent}- not known yet; comes from {}\n", code(address)));
                }
                if paste.is_empty() && pending.is_empty() {
                    out.push_str(&format!("{indent}- nothing, or a secret that is kept elsewhere\n"));
                }
                for value in paste {
                    block(out, &indent, value);
                }
                for value in remove {
                    out.push_str(&format!("{indent}- and no longer {}\n", code(value)));
                }
            }
        }
    }
    for output in &step.outputs {
        let form = match (output.prefix.as_deref(), output.digits) {
            (Some(""), Some(digits)) => format!(" ({digits} hexadecimal digits)"),
            (Some(prefix), Some(digits)) => format!(" ({prefix} and {digits} hexadecimal digits)"),
            _ => String::new(),
        };
        let optional = if output.required { "" } else { ", if there is one" };
        out.push_str(&format!(
            "\nWrite down {}: {}{form}{optional}.\n",
            code(&output.name),
            inline(&output.title)
        ));
    }
    if let Some(digest) = &step.digest {
        out.push_str(&format!("\nDigest: {}\n", code(digest)));
    }
    if let Some(command) = &step.command {
        let command = visible(command);
        let fence = fence(&command);
        out.push_str(&format!("\nAfterwards:\n\n{fence}sh\n{command}\n{fence}\n"));
    }
}

/// A code block inside a list item.
fn block(out: &mut String, indent: &str, value: &str) {
    let value = visible_block(value);
    let fence = fence(&value);
    out.push_str(&format!("\n{indent}{fence}text\n"));
    for line in value.lines() {
        out.push_str(&format!("{indent}{line}\n"));
    }
    out.push_str(&format!("{indent}{fence}\n\n"));
}
