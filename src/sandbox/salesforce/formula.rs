//! A small part of Salesforce's formula language: global fields (`$User.Email`), texts, `&` and `+`, comparisons, `IF`, `CASE`, `AND`,
//! `OR` and `NOT`. Everything else is an error that says so, so that the sandbox never pretends to have evaluated what it does not know.

use serde_json::Value;

/// Whose values a formula sees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    /// The user's fields.
    pub(super) user: &'a Value,
    /// The name of the user's profile.
    pub(super) profile: &'a str,
    /// The custom permissions that the user's permission sets give.
    pub(super) permissions: &'a [String],
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Text(String),
    Flag(bool),
}

/// Evaluates a formula to a text; a field that is not set is the empty text.
pub(super) fn evaluate(text: &str, subject: Subject<'_>) -> Result<String, String> {
    match (Reader { rest: text, subject: Some(subject), depth: 0 }).whole()? {
        Term::Text(text) => Ok(text),
        Term::Flag(flag) => Ok(flag.to_string()),
    }
}

/// Whether a formula could be saved: its form is looked at, not its values.
pub(super) fn check(text: &str) -> Result<(), String> {
    Reader { rest: text, subject: None, depth: 0 }.whole().map(drop)
}

struct Reader<'a> {
    rest: &'a str,
    subject: Option<Subject<'a>>,
    depth: usize,
}

/// Deeper formulas than anybody writes.
const MAX_DEPTH: usize = 200;
const USER_FIELDS: [&str; 14] = [
    "Alias",
    "Department",
    "Division",
    "Email",
    "EmployeeNumber",
    "FederationIdentifier",
    "FirstName",
    "Id",
    "LastName",
    "Name",
    "Title",
    "Username",
    "City",
    "CompanyName",
];

impl<'a> Reader<'a> {
    fn whole(mut self) -> Result<Term, String> {
        let value = self.comparison()?;
        self.rest = self.rest.trim_start();
        if self.rest.is_empty() { Ok(value) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> String {
        let token: String = self.rest.trim_start().chars().take(20).collect();
        if token.is_empty() {
            "Syntax error. Found end of formula".to_owned()
        } else {
            format!("Syntax error. Extra '{token}'")
        }
    }

    fn takes(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        let found = self.rest.strip_prefix(token);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.takes(token) { Ok(()) } else { Err(format!("Syntax error. Missing '{token}'")) }
    }

    fn comparison(&mut self) -> Result<Term, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("Formula is too big to execute".to_owned());
        }
        let left = self.sum()?;
        let result = if self.takes("<>") || self.takes("!=") {
            Term::Flag(left != self.sum()?)
        } else if self.takes("==") || self.takes("=") {
            Term::Flag(left == self.sum()?)
        } else {
            left
        };
        self.depth -= 1;
        Ok(result)
    }

    fn sum(&mut self) -> Result<Term, String> {
        let mut value = self.single()?;
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.starts_with("&&") || !(self.takes("&") || self.takes("+")) {
                return Ok(value);
            }
            value = match (value, self.single()?) {
                (Term::Text(left), Term::Text(right)) => Term::Text(left + &right),
                _ => {
                    return Err("Incorrect parameter type for operator '&'. Expected Text, received Boolean"
                        .to_owned());
                }
            };
        }
    }

    fn single(&mut self) -> Result<Term, String> {
        if self.takes("(") {
            let value = self.comparison()?;
            self.expect(")")?;
            return Ok(value);
        }
        if self.takes("$") {
            return self.global();
        }
        self.rest = self.rest.trim_start();
        if self.rest.starts_with(['"', '\'']) {
            return self.literal().map(Term::Text);
        }
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() {
            return Err(self.unexpected());
        }
        self.rest = rest;
        match name.to_ascii_uppercase().as_str() {
            "TRUE" => return Ok(Term::Flag(true)),
            "FALSE" => return Ok(Term::Flag(false)),
            _ => {}
        }
        if !self.takes("(") {
            return Err(format!("Field {name} does not exist. Check spelling."));
        }
        let arguments = self.arguments()?;
        call(name, arguments)
    }

    fn arguments(&mut self) -> Result<Vec<Term>, String> {
        let mut arguments = Vec::new();
        if self.takes(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.comparison()?);
            if self.takes(")") {
                return Ok(arguments);
            }
            self.expect(",")?;
        }
    }

    fn global(&mut self) -> Result<Term, String> {
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.')
            .unwrap_or(self.rest.len());
        let (path, rest) = self.rest.split_at(end);
        self.rest = rest;
        let missing = || Err(format!("Field ${path} does not exist. Check spelling."));
        let Some((object, field)) = path.split_once('.') else { return missing() };
        let text = |text: &str| Ok(Term::Text(text.to_owned()));
        let subject = self.subject;
        match (object, field) {
            ("User", field) if USER_FIELDS.contains(&field) || field.ends_with("__c") => {
                text(subject.and_then(|it| it.user[field].as_str()).unwrap_or_default())
            }
            ("Profile", "Name") => text(subject.map(|it| it.profile).unwrap_or_default()),
            ("Organization", "Name") => text("Sandbox"),
            ("Permission", name) => {
                Ok(Term::Flag(subject.is_some_and(|it| it.permissions.iter().any(|known| known == name))))
            }
            _ => missing(),
        }
    }

    fn literal(&mut self) -> Result<String, String> {
        let quote = self.rest.chars().next().unwrap_or('"');
        let inside = &self.rest[1..];
        let mut out = String::new();
        let mut escaped = false;
        for (at, c) in inside.char_indices() {
            match c {
                _ if escaped => {
                    out.push(c);
                    escaped = false;
                }
                '\\' => escaped = true,
                c if c == quote => {
                    self.rest = &inside[at + 1..];
                    return Ok(out);
                }
                c => out.push(c),
            }
        }
        Err("Syntax error. Missing '\"'".to_owned())
    }
}

fn call(name: &str, arguments: Vec<Term>) -> Result<Term, String> {
    let flag = |term: &Term| match term {
        Term::Flag(flag) => Ok(*flag),
        Term::Text(_) => {
            Err(format!("Incorrect parameter type for function '{name}()'. Expected Boolean, received Text"))
        }
    };
    let wrong = |expected: usize| {
        Err(format!(
            "Incorrect number of parameters for function '{name}()'. Expected {expected}, received {}",
            arguments.len()
        ))
    };
    match name.to_ascii_uppercase().as_str() {
        "IF" => match &arguments[..] {
            [condition, yes, no] => Ok(if flag(condition)? { yes.clone() } else { no.clone() }),
            _ => wrong(3),
        },
        "NOT" => match &arguments[..] {
            [condition] => Ok(Term::Flag(!flag(condition)?)),
            _ => wrong(1),
        },
        "AND" => Ok(Term::Flag(
            arguments.iter().map(flag).collect::<Result<Vec<_>, _>>()?.into_iter().all(|it| it),
        )),
        "OR" => Ok(Term::Flag(
            arguments.iter().map(flag).collect::<Result<Vec<_>, _>>()?.into_iter().any(|it| it),
        )),
        "CASE" if arguments.len() >= 4 && arguments.len() % 2 == 0 => {
            let (subject, rest) = (&arguments[0], &arguments[1..]);
            let chosen = rest.chunks_exact(2).find(|pair| pair[0] == *subject).map(|pair| pair[1].clone());
            Ok(chosen.unwrap_or_else(|| rest[rest.len() - 1].clone()))
        }
        "CASE" => wrong(4),
        "UPPER" | "LOWER" => match &arguments[..] {
            [Term::Text(text)] if name.eq_ignore_ascii_case("UPPER") => Ok(Term::Text(text.to_uppercase())),
            [Term::Text(text)] => Ok(Term::Text(text.to_lowercase())),
            _ => wrong(1),
        },
        _ => Err(format!("Unknown function {name}. Check spelling.")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn of(text: &str) -> Result<String, String> {
        let user =
            json!({"Email": "ann@connie.one", "FirstName": "Ann", "LastName": "Lee", "Team__c": "North"});
        let permissions = ["Flex_Supervisor".to_owned()];
        evaluate(text, Subject { user: &user, profile: "Flex Agent", permissions: &permissions })
    }

    #[test]
    fn what_is_known_is_evaluated() {
        for (text, value) in [
            ("$User.Email", "ann@connie.one"),
            ("$User.FirstName & \" \" & $User.LastName", "Ann Lee"),
            ("$User.Team__c", "North"),
            ("$User.Department", ""),
            ("\"agent,supervisor\"", "agent,supervisor"),
            (
                "IF($Profile.Name = \"Flex Admin\", \"admin\", IF($User.Email = \"ann@connie.one\", \"lead\", \"agent\"))",
                "lead",
            ),
            ("IF($Permission.Flex_Supervisor, 'supervisor', 'agent')", "supervisor"),
            ("CASE($Profile.Name, \"Flex Agent\", \"agent\", \"admin\")", "agent"),
            ("IF(AND($Profile.Name <> \"x\", NOT($Permission.Other)), UPPER(\"a\"), \"b\")", "A"),
        ] {
            assert_eq!(of(text).as_deref(), Ok(value), "{text}");
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for text in [
            "",
            "agent",
            "$User.Nothing",
            "$Profile.Id",
            "IF(\"a\", 1, 2)",
            "\"a",
            "\"a\" \"b\"",
            "TEXT(1)",
            "IF($Permission.A)",
        ] {
            assert!(of(text).is_err(), "{text}");
            assert!(check(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in any::<String>()) {
            let _ = of(&text);
        }
    }
}
