//! The walk along the graph: what is ready runs, a few at once; what depends on something that failed or waits is left.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicBool, Ordering},
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::sync::Mutex;

use super::{
    attestations::AttestationFolder,
    event::{EVENTS_FORMAT_VERSION, Event},
    operator::Operator,
    outcome::{Outcome, Result as NodeResult},
    step::Desk,
};
use crate::{
    component::{Address, Observed, Realm},
    flow::Session,
    plan::{
        Action, ApprovedPlan, Outputs,
        order::{Node, Phase},
    },
    provider::{SharedMutate, WriteError},
};

/// How many changes are made at once. Each provider also limits itself to what its vendor takes.
const CONCURRENCY: usize = 8;

/// Asks a running apply to begin nothing more.
#[derive(Debug, Default)]
pub struct Stop(AtomicBool);

impl Stop {
    /// Begin nothing more; what runs is finished.
    pub fn request(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Carries out an approved plan.
pub struct Executor<'a> {
    pub(super) session: &'a Session,
    pub(super) approved: &'a ApprovedPlan,
    pub(super) operator: &'a dyn Operator,
    pub(super) attestations: &'a AttestationFolder,
    emit: &'a (dyn Fn(Event) + Send + Sync),
    stop: &'a Stop,
    pub(super) writers: Mutex<BTreeMap<Realm, SharedMutate>>,
    pub(super) known: Mutex<Known>,
    /// One person does one step at a time.
    pub(super) at_the_desk: Mutex<()>,
}

/// What is known by now.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) outputs: Outputs,
    /// Objects as they are after this run's writes.
    pub(super) observed: BTreeMap<Address, Observed>,
}

impl<'a> Executor<'a> {
    /// An executor. `emit` is told every event as it happens.
    pub fn new(
        session: &'a Session,
        approved: &'a ApprovedPlan,
        operator: &'a dyn Operator,
        attestations: &'a AttestationFolder,
        emit: &'a (dyn Fn(Event) + Send + Sync),
        stop: &'a Stop,
    ) -> Self {
        let known = Known { outputs: approved.plan().outputs.clone(), observed: BTreeMap::new() };
        Self {
            session,
            approved,
            operator,
            attestations,
            emit,
            stop,
            writers: Mutex::new(BTreeMap::new()),
            known: Mutex::new(known),
            at_the_desk: Mutex::new(()),
        }
    }

    /// Carries out the plan as far as possible.
    pub async fn run(&self) -> Outcome {
        let plan = self.approved.plan();
        self.emit(Event::ApplyStarted {
            format_version: EVENTS_FORMAT_VERSION,
            environment: plan.environment.to_string(),
            digest: plan.digest().to_string(),
            changes: plan.graph.before.len(),
        });
        let mut left: BTreeMap<Node, BTreeSet<Node>> = plan.graph.before.clone();
        let mut after: BTreeMap<Node, Vec<Node>> = BTreeMap::new();
        for (node, before) in &plan.graph.before {
            for other in before {
                after.entry(*other).or_default().push(*node);
            }
        }
        let mut ready: BTreeSet<Node> =
            left.iter().filter(|(_, before)| before.is_empty()).map(|(node, _)| *node).collect();
        let mut outcome = Outcome::default();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < CONCURRENCY
                && !self.stop.is_requested()
                && let Some(node) = ready.pop_first()
            {
                left.remove(&node);
                running.push(async move { (node, self.run_node(node).await) });
            }
            let Some((node, result)) = running.next().await else { break };
            if matches!(result, NodeResult::Done(_)) {
                for next in after.get(&node).into_iter().flatten() {
                    if let Some(before) = left.get_mut(next) {
                        before.remove(&node);
                        if before.is_empty() {
                            ready.insert(*next);
                        }
                    }
                }
            } else {
                self.leave(node, &result, &after, &mut left, &mut ready, &mut outcome);
            }
            outcome.results.insert(node, result);
        }
        for node in left.into_keys() {
            self.emit(Event::NotStarted {
                address: plan.changes[node.change].address.to_string(),
                message: "the run was stopped".to_owned(),
            });
            outcome.results.insert(node, NodeResult::Stopped);
        }
        self.emit(Event::ApplyFinished {
            done: outcome.done(),
            failed: outcome.failed(),
            waiting: outcome.waiting(),
            not_started: outcome.not_started(),
        });
        outcome
    }

    /// Leaves everything that comes after a part that was not done.
    fn leave(
        &self,
        node: Node,
        result: &NodeResult,
        after: &BTreeMap<Node, Vec<Node>>,
        left: &mut BTreeMap<Node, BTreeSet<Node>>,
        ready: &mut BTreeSet<Node>,
        outcome: &mut Outcome,
    ) {
        let changes = &self.approved.plan().changes;
        let cause = &changes[node.change].address;
        let mut queue: Vec<Node> = after.get(&node).cloned().unwrap_or_default();
        while let Some(next) = queue.pop() {
            if left.remove(&next).is_none() {
                continue;
            }
            ready.remove(&next);
            let address = changes[next.change].address.to_string();
            let skipped = match result {
                NodeResult::Waiting(steps) => {
                    self.emit(Event::Waiting { address, message: waits_for(steps) });
                    NodeResult::Waiting(steps.clone())
                }
                _ => {
                    self.emit(Event::NotStarted { address, message: format!("{cause} was not done") });
                    NodeResult::Upstream(cause.clone())
                }
            };
            outcome.results.insert(next, skipped);
            queue.extend(after.get(&next).into_iter().flatten().copied());
        }
    }

    async fn run_node(&self, node: Node) -> NodeResult {
        let change = &self.approved.plan().changes[node.change];
        let address = change.address.to_string();
        let begin = || {
            self.emit(Event::Started {
                address: address.clone(),
                action: change.action,
                title: change.title.clone(),
                is_part: node.phase == Phase::Begin,
            });
        };
        let done = match change.action {
            Action::Manual => {
                let _desk = self.at_the_desk.lock().await;
                if self.stop.is_requested() {
                    return NodeResult::Stopped;
                }
                begin();
                let desk = Desk {
                    session: self.session,
                    plan: self.approved.plan(),
                    operator: self.operator,
                    attestations: self.attestations,
                };
                let outputs = self.known.lock().await.outputs.clone();
                let carried = desk.carry_out(change, &outputs).await;
                match carried {
                    Ok(carried) => {
                        let mut known = self.known.lock().await;
                        known.outputs.entry(change.address.clone()).or_default().extend(carried.values);
                        Ok((carried.effect, carried.outputs))
                    }
                    Err(error) => Err(error),
                }
            }
            _ => {
                begin();
                self.run_change(change, node.phase).await.map(|effect| (Some(effect), BTreeMap::new()))
            }
        };
        match done {
            Ok((Some(effect), outputs)) => {
                self.emit(Event::Done { address, action: change.action, effect: effect.as_str(), outputs });
                NodeResult::Done(effect)
            }
            Ok((None, _)) => {
                let steps = vec![change.address.clone()];
                self.emit(Event::Waiting { address, message: "waits for a person".to_owned() });
                NodeResult::Waiting(steps)
            }
            Err(error) => {
                let message = self.session.http.redactor().redact(&error.to_string());
                let help = error.help().map(|help| self.session.http.redactor().redact(&help));
                self.emit(Event::Failed { address, message, help });
                NodeResult::Failed(error)
            }
        }
    }

    /// The provider that writes in a realm; opened when it is first needed.
    pub(super) async fn writer(&self, realm: &Realm) -> Result<SharedMutate, WriteError> {
        let mut writers = self.writers.lock().await;
        if let Some(writer) = writers.get(realm) {
            return Ok(writer.clone());
        }
        let writer = self.session.writer(self.approved, realm).await?;
        writers.insert(realm.clone(), writer.clone());
        Ok(writer)
    }

    pub(super) fn emit(&self, event: Event) {
        (self.emit)(event);
    }
}

fn waits_for(steps: &[Address]) -> String {
    let steps: Vec<_> = steps.iter().map(ToString::to_string).collect();
    format!("waits for {}", steps.join(", "))
}
