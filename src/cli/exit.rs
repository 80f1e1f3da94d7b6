//! Exit codes: the one table that users' scripts rely on.

use std::process::ExitCode;

/// How a command ended. Where several hold, the one that stands first here counts: 64, 1, 4, 5, 6, 3, 2, 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// The command line is wrong.
    Usage,
    /// Something went wrong, or could not be seen.
    Error,
    /// A safety policy refused.
    Refused,
    /// Some changes were made, and others failed.
    Partly,
    /// Verification failed.
    Unverified,
    /// Manual steps wait for a person.
    Waiting,
    /// Changes are pending (`plan --detailed-exitcode`).
    Pending,
    /// Done, or nothing to do.
    Success,
}

impl Exit {
    /// Every exit, for the documentation.
    pub const ALL: [Self; 8] = [
        Self::Success,
        Self::Error,
        Self::Pending,
        Self::Waiting,
        Self::Refused,
        Self::Partly,
        Self::Unverified,
        Self::Usage,
    ];

    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Error => 1,
            Self::Pending => 2,
            Self::Waiting => 3,
            Self::Refused => 4,
            Self::Partly => 5,
            Self::Unverified => 6,
            Self::Usage => 64,
        }
    }

    /// What it means, for the documentation.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Success => "done, or nothing to do",
            Self::Error => "an error, or something could not be seen",
            Self::Pending => "changes are pending (plan --detailed-exitcode)",
            Self::Waiting => "waiting for manual steps",
            Self::Refused => "refused by a safety policy",
            Self::Partly => "partly applied",
            Self::Unverified => "verification failed",
            Self::Usage => "wrong usage",
        }
    }

    /// Of two exits the one that counts.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_graver_exit_counts() {
        assert_eq!(Exit::Success.and(Exit::Waiting), Exit::Waiting);
        assert_eq!(Exit::Partly.and(Exit::Unverified), Exit::Partly);
        assert_eq!(Exit::Refused.and(Exit::Error), Exit::Error);
        assert_eq!(Exit::Pending.and(Exit::Waiting).code(), 3);
    }
}
