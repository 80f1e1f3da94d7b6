//! The tenant's signing keys.

use super::{Tenant, keys_address};
use crate::{
    component::Component,
    provider::{ProfileContext, pins::Pins},
};

/// The tenant's signing keys: nothing to write, something to know.
pub(super) fn keys(context: &ProfileContext<'_>, tenant: &Tenant, pins: &Pins) -> Component {
    let provider = context.identity_provider;
    let mut component = Component::new(
        context.marker(&keys_address(context)),
        tenant.realm(),
        format!("signing keys of Auth0 tenant {}", tenant.domain),
        tenant.domain.clone(),
        provider.origin(),
    );
    component.fields.extend(pins.field());
    component
}
