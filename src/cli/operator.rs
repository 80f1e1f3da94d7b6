//! A person at this terminal, who carries out manual steps while apply waits.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;

use crate::{
    apply::{Operator, OperatorError, Performed, StepTask},
    render,
    ui::Ui,
};

/// Asks the person at the terminal.
pub(super) struct TerminalOperator {
    ui: Arc<Ui>,
}

impl TerminalOperator {
    pub(super) fn new(ui: Arc<Ui>) -> Self {
        Self { ui }
    }

    fn ask(ui: &Ui, task: &StepTask) -> Option<Performed> {
        let style = super::common::style(ui);
        ui.result(&render::runbook::task(task, &style));
        if !ui.confirm("Is it done?")? {
            return Some(Performed::Later);
        }
        let mut outputs = BTreeMap::new();
        if !task.is_removal {
            for output in &task.step.outputs {
                let valid = |text: &str| {
                    if output.accepts(text) {
                        Ok(text.to_owned())
                    } else {
                        Err(format!("this cannot be the {}", output.title))
                    }
                };
                let text = ui.ask(&format!("{}:", output.title), valid)?;
                outputs.insert(output.name.clone(), text);
            }
        }
        let not_empty = |text: &str| {
            if text.is_empty() { Err("a name or an e-mail address") } else { Ok(text.to_owned()) }
        };
        let by = ui.ask("Your e-mail address, for the attestation:", not_empty)?;
        let anything = |text: &str| Ok::<_, std::convert::Infallible>(text.to_owned());
        let evidence = ui.ask("Evidence, a ticket or a link (may be empty):", anything)?;
        let evidence = Some(evidence).filter(|text| !text.is_empty());
        Some(Performed::Done { by, evidence, outputs })
    }
}

#[async_trait]
impl Operator for TerminalOperator {
    async fn perform(&self, task: &StepTask) -> Result<Performed, OperatorError> {
        // The answer may take a while; on a thread of its own it holds up nothing else that is running.
        let (ui, task) = (Arc::clone(&self.ui), task.clone());
        let answer = tokio::task::spawn_blocking(move || Self::ask(&ui, &task)).await;
        answer.ok().flatten().ok_or_else(|| OperatorError { message: "the terminal was closed".to_owned() })
    }
}
