//! What plans print where something could not be seen: an explanation for each [`super::UnknownReason`].

use crate::diagnostics::{Code, Severity};

const NO_CREDENTIAL: Code = Code {
    id: "no-credential",
    severity: Severity::Error,
    title: "there is no credential to look with, or it could not be read",
    explanation: "The tenant's block for this system refers to a secret that is not there: an environment variable that is not set, a \
                  file that cannot be read, a command that failed or that the policy does not allow. Nothing that only this credential \
                  can see is compared or changed, and `plan` exits with 1.\n\nSet what the message names, then plan again.",
};

const UNAUTHORIZED: Code = Code {
    id: "unauthorized",
    severity: Severity::Error,
    title: "the service refused the credential (HTTP 401)",
    explanation: "The credential was read and sent, and the service does not accept it: it is wrong, was rotated or revoked, or belongs \
                  to another tenant or account. Nothing that only this credential can see is compared or changed.\n\nCheck that ID and \
                  secret belong together and to the domain or account of the manifest.",
};

const FORBIDDEN: Code = Code {
    id: "forbidden",
    severity: Severity::Error,
    title: "the credential is valid and may not do this (HTTP 403)",
    explanation: "The service knows the credential, and it lacks a permission: for Auth0 a scope of the machine-to-machine application, \
                  for Twilio a permission of the API key. What may not be seen is not compared or changed.\n\nGrant what the message \
                  names; the README lists the scopes that Concord needs.",
};

const UNREACHABLE: Code = Code {
    id: "unreachable",
    severity: Severity::Error,
    title: "the service could not be reached, or stopped answering",
    explanation: "No answer came, or only errors of the server, even after several attempts: a network or proxy that does not let the \
                  request out, a wrong host name, or an outage of the service. What could not be seen is not compared or changed.\n\nTry \
                  again later; if it stays, check the domain in the manifest and the way to it.",
};

const UNEXPECTED: Code = Code {
    id: "unexpected",
    severity: Severity::Error,
    title: "the service answered something that Concord does not understand",
    explanation: "An answer did not have the form that its documentation promises, or a probe that is not documented has changed. Rather \
                  than guess, Concord takes what it is about for unknown and changes nothing there.\n\nThe message says what was \
                  answered. If the service is well, a newer version of Concord may know the new form.",
};

/// The codes of this room.
pub const CODES: &[&Code] = &[&NO_CREDENTIAL, &UNAUTHORIZED, &FORBIDDEN, &UNREACHABLE, &UNEXPECTED];

#[cfg(test)]
mod tests {
    use super::super::UnknownReason;
    use super::CODES;

    #[test]
    fn every_reason_is_explained() {
        use UnknownReason::{Forbidden, NoCredential, Unauthorized, Unexpected, Unreachable};
        let reasons =
            [NoCredential, Unauthorized, Forbidden, Unreachable, Unexpected].map(UnknownReason::as_str);
        assert_eq!(CODES.iter().map(|code| code.id).collect::<Vec<_>>(), reasons);
    }
}
