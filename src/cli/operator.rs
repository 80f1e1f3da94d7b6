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

    fn ask(&self, task: &StepTask) -> Option<Performed> {
        let style = super::common::style(&self.ui);
        self.ui.result(&render::runbook::task(task, &style));
        if !self.ui.confirm("Is it done?")? {
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
                let text = self.ui.ask(&format!("{}:", output.title), valid)?;
                outputs.insert(output.name.clone(), text);
            }
        }
        let not_empty = |text: &str| {
            if text.is_empty() { Err("a name or an e-mail address") } else { Ok(text.to_owned()) }
        };
        let by = self.ui.ask("Your e-mail address, for the attestation:", not_empty)?;
        let anything = |text: &str| Ok::<_, std::convert::Infallible>(text.to_owned());
        let evidence = self.ui.ask("Evidence, a ticket or a link (may be empty):", anything)?;
        let evidence = Some(evidence).filter(|text| !text.is_empty());
        Some(Performed::Done { by, evidence, outputs })
    }
}

#[async_trait]
impl Operator for TerminalOperator {
    async fn perform(&self, task: &StepTask) -> Result<Performed, OperatorError> {
        // The answer may take a while; what else is running goes on meanwhile.
        let answer = tokio::task::block_in_place(|| self.ask(task));
        answer.ok_or_else(|| OperatorError { message: "the terminal was closed".to_owned() })
    }
}
