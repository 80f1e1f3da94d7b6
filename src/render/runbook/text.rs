//! A runbook for a terminal. What is to be pasted stands on lines of its own, unbroken, and a certificate without indentation, so
//! that it can be copied as it is.

use super::{RunbookDocument, RunbookInstruction, RunbookStep, StepKind};
use crate::{
    diagnostics::{visible, visible_block},
    render::{
        Style,
        ink::{Ink, Tone},
        words::counted,
    },
};

/// The runbook as text with a final newline.
pub fn text(runbook: &RunbookDocument, style: &Style) -> String {
    let mut ink = Ink::new(style.color, style.width);
    if runbook.steps.is_empty() {
        ink.line(0, [(Tone::Strong, "No manual step is open.")]);
        people(&mut ink, runbook);
        return ink.finish();
    }
    for (index, step) in runbook.steps.iter().enumerate() {
        ink.gap();
        draw(&mut ink, index + 1, step);
    }
    people(&mut ink, runbook);
    ink.gap();
    let ready = runbook.steps.iter().filter(|step| step.ready).count();
    let closing = format!("Runbook: {}, {ready} ready.", counted(runbook.steps.len(), "step"));
    ink.line(0, [(Tone::Strong, closing.as_str())]);
    ink.finish()
}

/// Who is selected and cannot be enabled.
fn people(ink: &mut Ink, runbook: &RunbookDocument) {
    if runbook.people.is_empty() {
        return;
    }
    ink.gap();
    ink.line(0, [(Tone::Warn, "People who are not enabled, or need a look")]);
    for warning in &runbook.people {
        let mut sentence = visible(&warning.message).into_owned();
        if let Some(source) = &warning.source {
            sentence.push_str(&format!(" ({})", visible(source)));
        }
        let lead = format!("{}: ", visible(&warning.code));
        ink.prose(2, (Tone::Warn, lead.as_str()), Tone::Plain, &sentence);
        if let Some(help) = &warning.help {
            ink.prose(4, (Tone::Info, "help: "), Tone::Plain, &visible(help));
        }
    }
}

fn draw(ink: &mut Ink, number: usize, step: &RunbookStep) {
    let verb = match step.kind {
        StepKind::Do => "",
        StepKind::Remove => "remove ",
    };
    let head = format!("Step {number}: {verb}{}", visible(&step.address));
    ink.line(0, [(Tone::Strong, head.as_str())]);
    ink.prose(2, (Tone::Plain, ""), Tone::Plain, &visible(&step.title));
    ink.prose(2, (Tone::Dim, ""), Tone::Dim, &visible(&step.reason));
    if step.place != step.title {
        ink.prose(2, (Tone::Info, "at "), Tone::Info, &visible(&step.place));
    }
    if let Some(url) = &step.url {
        ink.line(2, [(Tone::Info, visible(url).as_ref())]);
    }
    if let Some(scope) = &step.scope {
        ink.line(2, [(Tone::Dim, "in "), (Tone::Plain, visible(scope).as_ref())]);
    }
    if !step.ready {
        ink.line(2, [(Tone::Warn, "not ready yet")]);
        for address in &step.after {
            ink.line(4, [(Tone::Warn, "after "), (Tone::Plain, visible(address).as_ref())]);
        }
    }
    for refusal in &step.refused {
        ink.prose(2, (Tone::Bad, "refused by "), Tone::Plain, &visible(refusal));
    }
    for (name, value) in &step.produced {
        let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let text = format!("{}: {}", visible(name), visible(&value));
        ink.line(2, [(Tone::Dim, "it made "), (Tone::Plain, text.as_str())]);
    }
    ink.gap();
    for (index, instruction) in step.instructions.iter().enumerate() {
        let lead = format!("{}. ", index + 1);
        let lead = (Tone::Dim, lead.as_str());
        match instruction {
            RunbookInstruction::Do { text } => ink.prose(2, lead, Tone::Plain, &visible(text)),
            RunbookInstruction::Note { label, output } => {
                let text =
                    format!("Write down `{}`: it is the output `{}`.", visible(label), visible(output));
                ink.prose(2, lead, Tone::Plain, &text);
            }
            RunbookInstruction::Enter { label, paste, pending, changed, remove, .. } => {
                let note = if *changed { "" } else { " (as before)" };
                let text = match label.strip_suffix(':') {
                    Some(sentence) => format!("{}{note}:", visible(sentence)),
                    None => format!("Enter `{}`{note}:", visible(label)),
                };
                ink.prose(2, lead, Tone::Plain, &text);
                enter(ink, paste, pending);
                if !remove.is_empty() {
                    ink.line(5, [(Tone::Warn, "and no longer:")]);
                    for value in remove {
                        ink.line(5, [(Tone::Bad, visible(value).as_ref())]);
                    }
                }
            }
        }
    }
    foot(ink, step);
}

fn enter(ink: &mut Ink, paste: &[String], pending: &[String]) {
    for address in pending {
        let text = format!("(not known yet; comes from {})", visible(address));
        ink.line(5, [(Tone::Warn, text.as_str())]);
    }
    if paste.is_empty() && pending.is_empty() {
        ink.line(5, [(Tone::Dim, "(nothing, or a secret that is kept elsewhere)")]);
    }
    for value in paste {
        if value.contains('\n') {
            ink.gap();
            for line in visible_block(value).lines() {
                ink.line(0, [(Tone::Good, line)]);
            }
            ink.gap();
        } else {
            ink.line(5, [(Tone::Good, visible(value).as_ref())]);
        }
    }
}

fn foot(ink: &mut Ink, step: &RunbookStep) {
    if !step.outputs.is_empty() {
        ink.gap();
        ink.line(2, [(Tone::Plain, "Write down:")]);
        for output in &step.outputs {
            let form = match (output.prefix.as_deref(), output.digits) {
                (Some(""), Some(digits)) => format!(" ({digits} hexadecimal digits)"),
                (Some(prefix), Some(digits)) => format!(" ({prefix} and {digits} hexadecimal digits)"),
                _ => String::new(),
            };
            let optional = if output.required { "" } else { ", if there is one" };
            let text = format!("{}: {}{form}{optional}", visible(&output.name), visible(&output.title));
            ink.prose(4, (Tone::Plain, ""), Tone::Plain, &text);
        }
    }
    if let Some(digest) = &step.digest {
        ink.gap();
        ink.line(2, [(Tone::Dim, "digest "), (Tone::Dim, digest.as_str())]);
    }
    if let Some(command) = &step.command {
        ink.line(2, [(Tone::Plain, "Afterwards:")]);
        ink.line(4, [(Tone::Info, visible(command).as_ref())]);
    }
}
