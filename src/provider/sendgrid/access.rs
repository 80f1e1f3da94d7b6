//! What a teammate may do: the manifests' roles in SendGrid's terms. Owns the vocabulary.

use std::collections::{BTreeMap, BTreeSet};

use crate::{component::Value, manifest::user_enablement::Role};

/// Sets of scopes that SendGrid has a name for.
const PERSONAS: [&str; 4] = ["accountant", "developer", "marketer", "observer"];
/// Everything, in the account or for one subuser.
const ADMIN: &str = "admin";
/// Scopes without a dot.
const PLAIN_SCOPES: [&str; 4] = [
    "2fa_required",
    "sender_verification_eligible",
    "sender_verification_exempt",
    "sender_verification_legacy",
];

/// What a teammate may do. SendGrid takes exactly one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Access {
    /// Everything.
    Admin,
    /// A named set of scopes.
    Persona(&'static str),
    /// These scopes.
    Scopes(BTreeSet<String>),
    /// Nothing in the account itself, and this for subusers, by their IDs. No scopes are everything.
    Subusers(BTreeMap<i64, BTreeSet<String>>),
}

impl Access {
    /// What roles mean.
    ///
    /// # Errors
    /// Why SendGrid does not take them, as the end of a sentence.
    pub(super) fn of(roles: &[Role]) -> Result<Self, String> {
        if roles.is_empty() {
            return Err("there are none, and SendGrid makes no teammate who may do nothing".to_owned());
        }
        if roles.iter().any(|role| role.scope().is_some()) {
            return Self::of_subusers(roles);
        }
        let names: BTreeSet<&str> = roles.iter().map(Role::name).collect();
        let named = |wanted: &str| names.contains(wanted);
        if named(ADMIN) {
            return if names.len() == 1 {
                Ok(Self::Admin)
            } else {
                Err("an `admin` has every scope, and SendGrid takes no others beside".to_owned())
            };
        }
        if let Some(persona) = PERSONAS.into_iter().find(|persona| named(persona)) {
            return if names.len() == 1 {
                Ok(Self::Persona(persona))
            } else {
                Err(format!("the persona `{persona}` stands alone, without other personas and scopes"))
            };
        }
        scopes(names).map(Self::Scopes)
    }

    fn of_subusers(roles: &[Role]) -> Result<Self, String> {
        let mut by_subuser: BTreeMap<i64, BTreeSet<&str>> = BTreeMap::new();
        for role in roles {
            let Some(subuser) = role.scope() else {
                return Err(format!(
                    "whoever is restricted to subusers has no roles in the account itself, and `{role}` is one"
                ));
            };
            let id = subuser.parse().ok().filter(|id| *id > 0);
            let id = id.ok_or_else(|| format!("`{subuser}` is no subuser's number"))?;
            by_subuser.entry(id).or_default().insert(role.name());
        }
        let access = by_subuser.into_iter().map(|(id, names)| match names.contains(ADMIN) {
            true if names.len() == 1 => Ok((id, BTreeSet::new())),
            true => {
                Err(format!("an `admin@{id}` has every scope of the subuser, and takes no others beside"))
            }
            false => Ok((id, scopes(names)?)),
        });
        access.collect::<Result<_, _>>().map(Self::Subusers)
    }
}

fn scopes(names: BTreeSet<&str>) -> Result<BTreeSet<String>, String> {
    let is_scope = |name: &str| {
        PLAIN_SCOPES.contains(&name)
            || (name.contains('.')
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)))
    };
    match names.iter().find(|name| !is_scope(name)) {
        Some(unknown) => Err(format!(
            "`{unknown}` is neither `admin`, nor a persona ({}), nor a scope such as `mail.send`",
            PERSONAS.join(", ")
        )),
        None => Ok(names.into_iter().map(str::to_owned).collect()),
    }
}

/// Scopes as they are compared: SendGrid adds some without a dot by itself, so these count only where the manifests name them.
pub(super) fn compared(found: &[String], wanted: &Value) -> Value {
    let is_wanted = |scope: &String| wanted.as_list().unwrap_or_default().contains(&Value::text(scope));
    let kept = found.iter().filter(|scope| !PLAIN_SCOPES.contains(&scope.as_str()) || is_wanted(scope));
    Value::texts(kept.map(String::as_str).collect::<BTreeSet<_>>())
}

/// What somebody may do for one subuser, as a value. No scopes are everything.
pub(super) fn subuser<'a>(id: i64, scopes: impl IntoIterator<Item = &'a str>) -> Value {
    let scopes: BTreeSet<&str> = scopes.into_iter().filter(|scope| !PLAIN_SCOPES.contains(scope)).collect();
    let kind = if scopes.is_empty() { ADMIN } else { "restricted" };
    let mut entries =
        BTreeMap::from([("id".to_owned(), Value::Int(id)), ("permission_type".to_owned(), kind.into())]);
    if !scopes.is_empty() {
        entries.insert("scopes".to_owned(), Value::texts(scopes));
    }
    Value::Map(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(roles: &[&str]) -> Result<Access, String> {
        let roles: Vec<Role> = roles.iter().map(|role| Role::try_from((*role).to_owned()).unwrap()).collect();
        Access::of(&roles)
    }

    #[test]
    fn roles_are_one_of_four_kinds() {
        assert_eq!(access(&["admin"]), Ok(Access::Admin));
        assert_eq!(access(&["developer"]), Ok(Access::Persona("developer")));
        let scopes: BTreeSet<String> = ["mail.send".to_owned(), "2fa_required".to_owned()].into();
        assert_eq!(access(&["mail.send", "2fa_required"]), Ok(Access::Scopes(scopes)));
        let subusers = BTreeMap::from([(7, BTreeSet::new()), (8, ["mail.send".to_owned()].into())]);
        assert_eq!(access(&["admin@7", "mail.send@8"]), Ok(Access::Subusers(subusers)));
    }

    #[test]
    fn what_sendgrid_does_not_take_together_is_refused() {
        for (roles, why) in [
            (&[][..], "none"),
            (&["admin", "mail.send"], "every scope"),
            (&["developer", "observer"], "stands alone"),
            (&["agent"], "neither"),
            (&["mail.send", "admin@7"], "restricted to subusers"),
            (&["admin@x"], "no subuser's number"),
            (&["admin@7", "mail.send@7"], "takes no others"),
        ] {
            let error = access(roles).unwrap_err();
            assert!(error.contains(why), "{roles:?}: {error}");
        }
    }

    #[test]
    fn scopes_that_sendgrid_adds_by_itself_are_no_difference() {
        let found = ["mail.send", "2fa_required", "sender_verification_eligible"].map(str::to_owned);
        assert_eq!(compared(&found, &Value::texts(["mail.send"])), Value::texts(["mail.send"]));
        assert_eq!(
            compared(&found, &Value::texts(["2fa_required"])),
            Value::texts(["2fa_required", "mail.send"])
        );
    }
}
