//! `Requirement`: what has to hold before a component is touched. Lowering states it, the guard judges it, so that neither knows the
//! other: a plan's guard knows no product, and a product's lowering knows no plan.

use super::Address;

/// What has to hold before a component is touched; a plan that touches it all the same is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The guard's name, by which it can be overridden: one of [`crate::plan::guard::GUARDS`].
    pub guard: &'static str,
    /// When it holds.
    pub holds: Condition,
    /// What is wrong where it does not hold, as a sentence without its end.
    pub message: String,
    /// The way out.
    pub help: String,
}

/// When a requirement holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// This component is complete before the plan is carried out: it needs no change, and was not blocked.
    Complete(Address),
    /// Never, as things stand: what was read says so already.
    Never,
}
