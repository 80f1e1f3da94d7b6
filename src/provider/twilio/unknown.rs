//! How a failed request becomes an [`Unknown`]: the reason by the error's kind, the message by its text, which holds no secret.

use crate::{
    component::{Unknown, UnknownReason},
    http::HttpError,
};

/// What an error of a read means for what was to be seen.
pub(super) fn unknown(error: &HttpError) -> Unknown {
    let (reason, help) = if error.is_unauthorized() {
        (
            UnknownReason::Unauthorized,
            Some("check the API key in the Tenant: its SID, its secret, its account"),
        )
    } else if error.is_forbidden() {
        (UnknownReason::Forbidden, Some("give the API key the permission, or use one that has it"))
    } else if error.is_unreachable() || error.is_retryable() {
        (UnknownReason::Unreachable, Some("run again once the service answers"))
    } else {
        (UnknownReason::Unexpected, None)
    };
    Unknown { reason, message: error.to_string(), help: help.map(str::to_owned) }
}

/// Something that answered, but not as it is documented.
pub(super) fn unexpected(message: impl Into<String>, help: Option<&str>) -> Unknown {
    Unknown { reason: UnknownReason::Unexpected, message: message.into(), help: help.map(str::to_owned) }
}
