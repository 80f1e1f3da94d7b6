//! What a refusal of the organization's APIs means, and what to do about it. A denied call names the missing permission; where to grant
//! it is said here.

use super::{GRANT_PLACE, field};
use crate::{
    component::{Unknown, UnknownReason},
    http::{ApiError, HttpError},
    provider::WriteError,
};

/// What is read, and with which permission of the OAuth app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    /// In a sentence: `users`.
    what: &'static str,
    /// The permission that it needs.
    permission: &'static str,
}

/// The list of managed users.
pub(super) const USERS: Reading =
    Reading { what: "the organization's users", permission: "managed-users/list" };
/// The roles and who has them.
pub(super) const ROLES: Reading =
    Reading { what: "the organization's roles", permission: "twilio/iam/role-assignments/list" };

impl Reading {
    /// Why it could not be read.
    pub(super) fn unknown(self, error: &HttpError) -> Unknown {
        let denied = error.api().filter(|_| error.is_forbidden() || error.is_unauthorized());
        let (reason, help) = if let Some(permission) = denied.and_then(named_permission) {
            (UnknownReason::Forbidden, Some(grant(&permission)))
        } else if error.is_forbidden() {
            (UnknownReason::Forbidden, Some(grant(self.permission)))
        } else if error.is_unauthorized() {
            let help = "check the OAuth app's client ID and secret in the Tenant; API keys and Auth Tokens are not accepted here";
            (UnknownReason::Unauthorized, Some(help.to_owned()))
        } else if error.is_unreachable() || error.is_retryable() {
            (UnknownReason::Unreachable, Some("run again once the service answers".to_owned()))
        } else {
            (UnknownReason::Unexpected, None)
        };
        Unknown { reason, message: format!("{} cannot be read: {error}", self.what), help }
    }
}

/// The permission that a refusal names, for instance `twilio/iam/role-assignments/create`.
pub(super) fn named_permission(api: &ApiError) -> Option<String> {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte == b'_')
    };
    api.message
        .as_deref()?
        .split(|c: char| c.is_whitespace() || "\"'`,;:()[]<>".contains(c))
        .map(|word| word.trim_end_matches('.'))
        .find(|word| word.contains('/') && word.split('/').all(is_part))
        .map(str::to_owned)
}

fn grant(permission: &str) -> String {
    format!("grant `{permission}` to the OAuth app: {GRANT_PLACE}")
}

/// What a refused write means. What the transport lost stays as it is, since the change may have been made.
pub(super) fn write_error(what: &str, error: HttpError) -> WriteError {
    let Some(api) = error.api() else { return error.into() };
    let help = match api.code.as_deref() {
        _ if error.is_conflict() => return WriteError::Conflict { what: what.to_owned() },
        Some("25017") => Some(
            "verify the e-mail domain in the organization first: an EmailDomain document describes it, and `concord runbook` \
             says how"
                .to_owned(),
        ),
        Some("25014") => Some(format!(
            "Twilio wants `{}` to be the primary e-mail address; set the two to the same address in Twilio Console > Admin > \
             Users",
            field::USER_NAME
        )),
        Some("25005") => Some("the user name has to be the person's e-mail address".to_owned()),
        Some("25008") => Some("the user is gone since the plan was made: plan again".to_owned()),
        Some("25200") => Some(
            "the scope of a role is the organization or one of its accounts: check the account's SID behind `@`, and that it \
             belongs to the organization"
                .to_owned(),
        ),
        _ if error.is_forbidden() || error.is_unauthorized() => {
            let named = named_permission(api).map(|permission| grant(&permission));
            Some(named.unwrap_or_else(|| {
                "the OAuth app may not do this, or Twilio does not let it be done: the organization's owner and suspended users \
                 cannot be changed"
                    .to_owned()
            }))
        }
        _ => return error.into(),
    };
    WriteError::Refused { what: what.to_owned(), message: error.to_string(), help }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Call, Method, StatusCode};

    fn refused(status: u16, code: Option<&str>, message: &str) -> HttpError {
        HttpError::Api(Box::new(ApiError {
            call: Call {
                vendor: "Twilio organization",
                method: Method::GET,
                host: "iam.twilio.com".to_owned(),
                path: "/v2/Organizations/RoleAssignments".to_owned(),
            },
            status: StatusCode::from_u16(status).unwrap(),
            code: code.map(str::to_owned),
            message: Some(message.to_owned()),
            request_id: None,
        }))
    }

    #[test]
    fn a_denied_call_says_what_to_grant_and_where() {
        let error = refused(403, Some("70051"), "Missing permission: twilio/iam/role-assignments/create.");
        let unknown = USERS.unknown(&error);
        assert_eq!(unknown.reason, UnknownReason::Forbidden);
        let help = unknown.help.unwrap();
        assert!(
            help.contains("`twilio/iam/role-assignments/create`") && help.contains(GRANT_PLACE),
            "{help}"
        );
        // What it does not name is known from the call; a URL is no permission.
        let vague = refused(403, None, "Forbidden, see https://www.twilio.com/docs");
        assert!(ROLES.unknown(&vague).help.unwrap().contains("`twilio/iam/role-assignments/list`"));
        // A permission named by a 401 is not a wrong secret.
        let named = refused(401, None, "not authorized for [managed-users/list]");
        assert_eq!(USERS.unknown(&named).reason, UnknownReason::Forbidden);
        assert_eq!(USERS.unknown(&refused(401, None, "Authenticate")).reason, UnknownReason::Unauthorized);
    }

    #[test]
    fn what_twilio_refuses_is_explained() {
        for (status, code, word) in
            [(400, "25017", "EmailDomain"), (400, "25014", "primary e-mail"), (400, "25200", "accounts")]
        {
            let error = write_error("the user ann@connie.one", refused(status, Some(code), "no"));
            let WriteError::Refused { help: Some(help), .. } = error else { panic!("{error:?}") };
            assert!(help.contains(word), "{help}");
        }
        for status in [409, 412] {
            assert!(matches!(write_error("x", refused(status, None, "no")), WriteError::Conflict { .. }));
        }
        assert!(matches!(write_error("x", refused(500, None, "no")), WriteError::Http(_)));
    }
}
