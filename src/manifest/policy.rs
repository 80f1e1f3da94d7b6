//! Policy: the limits that a plan must keep. It stands in `Project` and `Tenant`, files that code owners can guard, and not
//! in the objects that it protects.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Limits and permissions. A field that a tenant leaves out comes from the project, then from the default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// How much of what is owned one plan may update, delete or replace, per tenant, provider and component type, from ten
    /// objects on. Default `30%`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_changes: Option<Percent>,
    /// How many objects one plan may delete in a tenant. Default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_deletes: Option<u32>,
    /// How much of the users that are enabled one plan may change or take access from, from ten users on. Default `30%`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_user_changes: Option<Percent>,
    /// From how many days before its expiry a certificate is warned about. Default 60.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_warn_days: Option<u32>,
    /// How many break-glass administrators every user enablement has to name at least. Default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_break_glass: Option<u32>,
    /// Whether secrets may be read by running a program (`{command: [...]}`). Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_secret_commands: Option<bool>,
}

impl Policy {
    /// This policy, with what it leaves out taken from `base`.
    pub fn or(&self, base: &Self) -> Self {
        let Self {
            max_changes,
            max_deletes,
            max_user_changes,
            certificate_warn_days,
            min_break_glass,
            allow_secret_commands,
        } = self;
        Self {
            max_changes: max_changes.or(base.max_changes),
            max_deletes: max_deletes.or(base.max_deletes),
            max_user_changes: max_user_changes.or(base.max_user_changes),
            certificate_warn_days: certificate_warn_days.or(base.certificate_warn_days),
            min_break_glass: min_break_glass.or(base.min_break_glass),
            allow_secret_commands: allow_secret_commands.or(base.allow_secret_commands),
        }
    }

    /// The share of owned objects that one plan may change.
    pub fn max_changes(&self) -> Percent {
        self.max_changes.unwrap_or(Percent(30))
    }

    /// The number of objects that one plan may delete.
    pub fn max_deletes(&self) -> usize {
        self.max_deletes.unwrap_or(0) as usize
    }

    /// The share of enabled users that one plan may change.
    pub fn max_user_changes(&self) -> Percent {
        self.max_user_changes.unwrap_or(Percent(30))
    }

    /// Days before expiry from which a certificate is warned about.
    pub fn certificate_warn_days(&self) -> i64 {
        i64::from(self.certificate_warn_days.unwrap_or(60))
    }

    /// The least number of break-glass administrators.
    pub fn min_break_glass(&self) -> usize {
        self.min_break_glass.unwrap_or(1) as usize
    }

    /// Whether secrets may be read by running a program.
    pub fn allow_secret_commands(&self) -> bool {
        self.allow_secret_commands.unwrap_or(false)
    }
}

/// A share from `0%` to `100%`, written with the sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(inline, extend("pattern" = r"^([0-9]|[1-9][0-9]|100)%$"))]
pub struct Percent(u8);

/// The text is not a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a whole percentage from `0%` to `100%`")]
pub struct InvalidPercent;

impl Percent {
    /// The whole number of percent, 0 to 100.
    pub fn value(self) -> u8 {
        self.0
    }

    /// Whether `part` of `whole` is more than this share.
    pub fn is_exceeded(self, part: usize, whole: usize) -> bool {
        part as u128 * 100 > whole as u128 * u128::from(self.0)
    }
}

impl TryFrom<String> for Percent {
    type Error = InvalidPercent;

    fn try_from(text: String) -> Result<Self, InvalidPercent> {
        let digits = text.strip_suffix('%').ok_or(InvalidPercent)?;
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidPercent);
        }
        match digits.parse::<u8>() {
            Ok(value) if value <= 100 => Ok(Self(value)),
            _ => Err(InvalidPercent),
        }
    }
}

impl From<Percent> for String {
    fn from(percent: Percent) -> Self {
        percent.to_string()
    }
}

impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}%", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_exceeded_only_above_its_limit() {
        let limit = Percent::try_from("30%".to_owned()).unwrap();
        assert!(!limit.is_exceeded(3, 10));
        assert!(limit.is_exceeded(4, 10));
        assert!(Percent::try_from("130%".to_owned()).is_err());
        assert!(Percent::try_from("+3%".to_owned()).is_err());
        assert!(Percent::try_from("30".to_owned()).is_err());
    }
}
