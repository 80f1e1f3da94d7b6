//! A small part of Okta's expression language: `user.x`, texts, `+`, `==`, `isMemberOfGroupName("x")` and `a ? b : c`. Everything else is
//! an error that says so, so that the sandbox never pretends to have evaluated what it does not know.

use serde_json::Value;

/// Whose values an expression sees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    /// The user's profile.
    pub(super) profile: &'a Value,
    /// The names of the user's groups.
    pub(super) groups: &'a [String],
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Text(String),
    Flag(bool),
}

/// Evaluates an expression to a text; a profile attribute that is not set is the empty text.
pub(super) fn evaluate(text: &str, subject: Subject<'_>) -> Result<String, String> {
    let mut reader = Reader { rest: text, subject, depth: 0 };
    let value = reader.choice()?;
    reader.rest = reader.rest.trim_start();
    match value {
        _ if !reader.rest.is_empty() => Err(reader.unknown()),
        Term::Text(text) => Ok(text),
        Term::Flag(flag) => Ok(flag.to_string()),
    }
}

struct Reader<'a> {
    rest: &'a str,
    subject: Subject<'a>,
    depth: usize,
}

/// Deeper expressions than anybody writes.
const MAX_DEPTH: usize = 200;

impl<'a> Reader<'a> {
    fn unknown(&self) -> String {
        let rest: String = self.rest.chars().take(40).collect();
        format!(
            "the sandbox does not understand the expression at {rest:?}; it knows user.x, texts, +, ==, isMemberOfGroupName and a ? b : c"
        )
    }

    fn takes(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        let found = self.rest.strip_prefix(token);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.takes(token) { Ok(()) } else { Err(self.unknown()) }
    }

    fn choice(&mut self) -> Result<Term, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the expression is too deep for the sandbox".to_owned());
        }
        let condition = self.comparison()?;
        if !self.takes("?") {
            return Ok(condition);
        }
        let Term::Flag(flag) = condition else {
            return Err("only true or false can stand before `?`".to_owned());
        };
        let yes = self.choice()?;
        self.expect(":")?;
        let no = self.choice()?;
        Ok(if flag { yes } else { no })
    }

    fn comparison(&mut self) -> Result<Term, String> {
        let left = self.sum()?;
        if self.takes("==") { Ok(Term::Flag(left == self.sum()?)) } else { Ok(left) }
    }

    fn sum(&mut self) -> Result<Term, String> {
        let mut value = self.single()?;
        while self.takes("+") {
            value = match (value, self.single()?) {
                (Term::Text(left), Term::Text(right)) => Term::Text(left + &right),
                _ => return Err("only texts can be joined".to_owned()),
            };
        }
        Ok(value)
    }

    fn single(&mut self) -> Result<Term, String> {
        if self.takes("(") {
            let value = self.choice()?;
            self.expect(")")?;
            return Ok(value);
        }
        if self.takes("isMemberOfGroupName(") {
            let name = self.literal()?;
            self.expect(")")?;
            return Ok(Term::Flag(self.subject.groups.contains(&name)));
        }
        if self.takes("user.") {
            let end =
                self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
            let (name, rest) = self.rest.split_at(end);
            if name.is_empty() || rest.starts_with(['.', '(']) {
                return Err(self.unknown());
            }
            self.rest = rest;
            return Ok(Term::Text(self.subject.profile[name].as_str().unwrap_or_default().to_owned()));
        }
        self.literal().map(Term::Text)
    }

    fn literal(&mut self) -> Result<String, String> {
        self.rest = self.rest.trim_start();
        let quote =
            self.rest.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or_else(|| self.unknown())?;
        let inside = &self.rest[1..];
        let end = inside
            .find([quote, '\\'])
            .filter(|at| inside[*at..].starts_with(quote))
            .ok_or_else(|| self.unknown())?;
        self.rest = &inside[end + 1..];
        Ok(inside[..end].to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn of(text: &str) -> Result<String, String> {
        let profile = json!({"email": "ann@connie.one", "firstName": "Ann", "lastName": "Lee"});
        evaluate(text, Subject { profile: &profile, groups: &["Leads".to_owned()] })
    }

    #[test]
    fn what_is_known_is_evaluated() {
        for (text, value) in [
            ("user.email", "ann@connie.one"),
            ("user.firstName + \" \" + user.lastName", "Ann Lee"),
            ("user.team", ""),
            ("\"agent\"", "agent"),
            (
                "isMemberOfGroupName(\"Admins\") ? \"admin\" : isMemberOfGroupName(\"Leads\") ? \"lead\" : \"agent\"",
                "lead",
            ),
            ("(user.email == 'ann@connie.one') ? 'x' : 'y'", "x"),
        ] {
            assert_eq!(of(text).as_deref(), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for text in [
            "",
            "agent",
            "String.join(\" \", user.firstName)",
            "user.getLinkedObject()",
            "user.email ? 1 : 2",
            "\"a",
            "\"a\" \"b\"",
        ] {
            assert!(of(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in any::<String>()) {
            let _ = of(&text);
        }
    }
}
