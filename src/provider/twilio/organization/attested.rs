//! The components of the realm that people make in the Console: nothing can be read of them, so they count as present and their
//! attestations alone say how they are. The Console product puts its probes here.

use super::observe::{Observations, present};
use crate::component::{Component, Observed};

/// What is known of components that are made by manual steps.
pub(super) async fn observe_attested(components: &[&Component]) -> Observations {
    components
        .iter()
        .filter(|component| component.step.is_some())
        .map(|component| (component.address.clone(), present(Observed::default())))
        .collect()
}
