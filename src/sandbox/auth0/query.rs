//! User search syntax (`search_engine=v3`): the part of Lucene that Auth0 documents and that is useful here. What is not understood is
//! an error, as at Auth0, never an empty result.
//!
//! ```text
//! query  = or        or = and ("OR" and)*        and = unary ("AND" unary)*
//! unary  = ("NOT" | "-") unary | "(" or ")" | clause
//! clause = "_exists_" ":" path | path ":" ( "(" value (("OR"|"AND") value)* ")" | value )
//! value  = "quoted" | word | word* | ("[" | "{") bound TO bound ("]" | "}")
//! ```

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;

/// A parsed query.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Query {
    All(Vec<Query>),
    Any(Vec<Query>),
    Not(Box<Query>),
    Exists(String),
    Match(String, Term),
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Term {
    Exact(String),
    Prefix(String),
    Range { low: Bound, high: Bound },
}

/// One end of a range.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Bound {
    Open,
    Including(String),
    Excluding(String),
}

/// Why a query is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misunderstood(pub(crate) String);

/// How deep parentheses and negations may nest.
const DEPTH: usize = 50;

/// Parses a query.
pub(crate) fn parse(text: &str) -> Result<Query, Misunderstood> {
    let mut parser = Parser { rest: text, depth: 0 };
    let query = parser.any()?;
    parser.space();
    if parser.rest.is_empty() { Ok(query) } else { Err(parser.unexpected()) }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn unexpected(&self) -> Misunderstood {
        let near: String = self.rest.chars().take(20).collect();
        if near.is_empty() {
            return Misunderstood("unexpected end of the query".into());
        }
        Misunderstood(format!("unexpected input at {near:?}"))
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word_is(&mut self, word: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(word) {
            Some(rest) if rest.starts_with(|c: char| c.is_whitespace() || c == '(') => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn any(&mut self) -> Result<Query, Misunderstood> {
        let mut parts = vec![self.all()?];
        while self.word_is("OR") {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Query::Any))
    }

    fn all(&mut self) -> Result<Query, Misunderstood> {
        let mut parts = vec![self.unary()?];
        while self.word_is("AND") {
            parts.push(self.unary()?);
        }
        Ok(one_or(parts, Query::All))
    }

    fn unary(&mut self) -> Result<Query, Misunderstood> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Misunderstood("the query is nested too deeply".into()));
        }
        self.space();
        let query = if self.word_is("NOT") || self.eat("-") {
            Query::Not(Box::new(self.unary()?))
        } else if self.eat("(") {
            let inner = self.any()?;
            self.close(")")?;
            inner
        } else {
            self.clause()?
        };
        self.depth -= 1;
        Ok(query)
    }

    fn close(&mut self, token: &str) -> Result<(), Misunderstood> {
        self.space();
        if self.eat(token) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn clause(&mut self) -> Result<Query, Misunderstood> {
        let end =
            self.rest.find(|c: char| !(c.is_alphanumeric() || "_.-".contains(c))).unwrap_or(self.rest.len());
        let (field, rest) = self.rest.split_at(end);
        if field.is_empty() || !rest.starts_with(':') {
            return Err(self.unexpected());
        }
        let field = field.to_owned();
        self.rest = &rest[1..];
        if field == "_exists_" {
            return Ok(Query::Exists(self.word()?));
        }
        if !self.eat("(") {
            let term = self.term()?;
            return Ok(matching(field, term));
        }
        let mut parts = vec![matching(field.clone(), self.term()?)];
        let mut join = None;
        loop {
            let or = self.word_is("OR");
            if !or && !self.word_is("AND") {
                break;
            }
            if join.is_some_and(|join| join != or) {
                return Err(Misunderstood("AND and OR are mixed in one group".into()));
            }
            join = Some(or);
            parts.push(matching(field.clone(), self.term()?));
        }
        self.close(")")?;
        Ok(one_or(parts, if join == Some(false) { Query::All } else { Query::Any }))
    }

    fn term(&mut self) -> Result<Term, Misunderstood> {
        self.space();
        if self.rest.starts_with('"') {
            return self.quoted().map(Term::Exact);
        }
        if self.rest.starts_with(['[', '{']) {
            return self.range();
        }
        let word = self.word()?;
        match word.strip_suffix('*') {
            Some(prefix) if !prefix.contains('*') => Ok(Term::Prefix(prefix.to_owned())),
            None if !word.contains('*') => Ok(Term::Exact(word)),
            _ => Err(Misunderstood(format!("a wildcard may only end a value: {word:?}"))),
        }
    }

    fn quoted(&mut self) -> Result<String, Misunderstood> {
        let mut out = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(out);
                }
                '\\' => match chars.next() {
                    Some((_, escaped)) => out.push(escaped),
                    None => break,
                },
                c => out.push(c),
            }
        }
        Err(Misunderstood("a quotation mark is not closed".into()))
    }

    fn word(&mut self) -> Result<String, Misunderstood> {
        let mut out = String::new();
        let mut chars = self.rest.char_indices();
        let mut end = self.rest.len();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => out.extend(chars.next().map(|(_, escaped)| escaped)),
                c if c.is_whitespace() || c == ')' => {
                    end = at;
                    break;
                }
                '(' | '"' | '[' | ']' | '{' | '}' | ':' | '~' | '^' | '/' | '?' | '!' | '&' => {
                    return Err(Misunderstood(format!("{c:?} must be quoted or escaped")));
                }
                c => out.push(c),
            }
        }
        self.rest = &self.rest[end..];
        if out.is_empty() { Err(self.unexpected()) } else { Ok(out) }
    }

    fn range(&mut self) -> Result<Term, Misunderstood> {
        let wrong = || Misunderstood("a range is [LOW TO HIGH], with { } where an end is excluded".into());
        let end = self.rest.find([']', '}']).ok_or_else(wrong)?;
        let inside = &self.rest[1..end];
        let (includes_low, includes_high) = (self.rest.starts_with('['), self.rest[end..].starts_with(']'));
        let (low, high) = inside.split_once(" TO ").ok_or_else(wrong)?;
        let bound = |text: &str, includes: bool| {
            let text = text.trim().trim_matches('"');
            match text {
                "" => Err(wrong()),
                "*" => Ok(Bound::Open),
                text if includes => Ok(Bound::Including(text.to_owned())),
                text => Ok(Bound::Excluding(text.to_owned())),
            }
        };
        let term = Term::Range { low: bound(low, includes_low)?, high: bound(high, includes_high)? };
        self.rest = &self.rest[end + 1..];
        Ok(term)
    }
}

fn matching(field: String, term: Term) -> Query {
    match term {
        Term::Prefix(prefix) if prefix.is_empty() => Query::Exists(field),
        term => Query::Match(field, term),
    }
}

fn one_or(mut parts: Vec<Query>, many: fn(Vec<Query>) -> Query) -> Query {
    match parts.len() {
        1 => parts.remove(0),
        _ => many(parts),
    }
}

impl Query {
    /// Whether the user matches.
    pub(crate) fn matches(&self, user: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|q| q.matches(user)),
            Self::Any(parts) => parts.iter().any(|q| q.matches(user)),
            Self::Not(inner) => !inner.matches(user),
            Self::Exists(path) => values(user, path).iter().any(|v| !v.is_null()),
            Self::Match(path, term) if path == "email.domain" => {
                let email = user.get("email").and_then(Value::as_str).unwrap_or_default();
                let domain = email.rsplit_once('@').map(|(_, domain)| domain).unwrap_or_default();
                !domain.is_empty() && term.matches_text(domain, true)
            }
            Self::Match(path, term) => {
                // Profile fields are compared without case, metadata as it is.
                let folded = !path.starts_with("app_metadata") && !path.starts_with("user_metadata");
                values(user, path).into_iter().any(|value| term.matches(value, folded))
            }
        }
    }
}

/// All values at a dotted path; arrays on the way and at the end count by their items.
fn values<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![value];
    for part in path.split('.') {
        found = found
            .into_iter()
            .flat_map(|v| match v {
                Value::Array(items) => items.iter().collect(),
                other => vec![other],
            })
            .filter_map(|v| v.get(part))
            .collect();
    }
    found
        .into_iter()
        .flat_map(|v| match v {
            Value::Array(items) => items.iter().collect(),
            other => vec![other],
        })
        .collect()
}

impl Term {
    fn matches(&self, value: &Value, folded: bool) -> bool {
        match value {
            Value::String(text) => self.matches_text(text, folded),
            Value::Bool(_) | Value::Number(_) => self.matches_text(&value.to_string(), folded),
            _ => false,
        }
    }

    fn matches_text(&self, text: &str, folded: bool) -> bool {
        let fold = |t: &str| if folded { t.to_lowercase() } else { t.to_owned() };
        match self {
            Self::Exact(wanted) => fold(text) == fold(wanted),
            Self::Prefix(prefix) => fold(text).starts_with(&fold(prefix)),
            Self::Range { low, high } => {
                let above = match low {
                    Bound::Open => true,
                    Bound::Including(low) => compare(text, low, false).is_ge(),
                    Bound::Excluding(low) => compare(text, low, true).is_gt(),
                };
                let below = match high {
                    Bound::Open => true,
                    Bound::Including(high) => compare(text, high, true).is_le(),
                    Bound::Excluding(high) => compare(text, high, false).is_lt(),
                };
                above && below
            }
        }
    }
}

/// Compares times as times, numbers as numbers and everything else as text. A bound that is a date stands for the start or
/// the end of that day in UTC.
fn compare(value: &str, bound: &str, end_of_day: bool) -> std::cmp::Ordering {
    if let (Some(value), Some(bound)) = (instant(value, false), instant(bound, end_of_day)) {
        return value.cmp(&bound);
    }
    if let (Ok(value), Ok(bound)) = (value.parse::<f64>(), bound.parse::<f64>()) {
        return value.total_cmp(&bound);
    }
    value.cmp(bound)
}

fn instant(text: &str, end_of_day: bool) -> Option<Timestamp> {
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp);
    }
    let date: Date = text.parse().ok()?;
    let start = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
    if !end_of_day {
        return Some(start);
    }
    start.checked_add(24.hours()).ok()?.checked_sub(1.nanosecond()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn user() -> Value {
        json!({
            "user_id": "auth0|1", "email": "ann@connie.one", "name": "Ann Lee", "blocked": false, "logins_count": 12,
            "created_at": "2026-03-01T10:00:00.000Z",
            "app_metadata": {"flex": {"roles": ["agent", "admin"], "team": "North"}},
            "identities": [{"connection": "Username-Password-Authentication"}],
        })
    }

    fn finds(query: &str) -> bool {
        parse(query).unwrap_or_else(|e| panic!("{query}: {e:?}")).matches(&user())
    }

    #[test]
    fn the_supported_forms_find_what_they_should() {
        for query in [
            r#"email.domain:"connie.one""#,
            r#"email:"ANN@connie.one""#,
            "email:ann@connie.one",
            "email:ann*",
            "_exists_:app_metadata.flex",
            r#"app_metadata.flex.roles:"admin""#,
            r#"app_metadata.flex.team:(South OR "North")"#,
            "created_at:[2026-03-01 TO *]",
            "created_at:[2026-03-01T10:00:00.000Z TO 2026-03-01T10:00:00.000Z]",
            "created_at:[* TO 2026-03-01]",
            "created_at:{2026-02-28 TO 2026-03-02}",
            "blocked:false AND logins_count:[9 TO 20]",
            "NOT email:bob* AND (name:\"ann lee\" OR name:bob)",
            "-_exists_:app_metadata.other",
            "identities.connection:Username-Password-Authentication",
            "user_id:auth0|1",
            "name:*",
        ] {
            assert!(finds(query), "{query}");
        }
    }

    #[test]
    fn and_not_what_they_should_not() {
        for query in [
            r#"email.domain:"connie""#,
            "email:nn*",
            "_exists_:app_metadata.flex.program",
            "app_metadata.flex.team:north",
            "created_at:{2026-03-01T10:00:00.000Z TO *]",
            "created_at:[* TO 2026-03-01T10:00:00.000Z}",
            "created_at:{2026-03-01 TO *]",
            "NOT email:ann*",
            "email:ann* AND blocked:true",
        ] {
            assert!(!finds(query), "{query}");
        }
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for query in [
            "",
            "ann",
            "email:",
            "email:ann bob",
            "email:a AND",
            "(email:a",
            "email:*ann",
            "email:/a/",
            "email:ann~",
            "created_at:[a b]",
            "email:\"a",
            "a:(b OR c AND d)",
            &"(".repeat(5_000),
        ] {
            assert!(parse(query).is_err(), "{query}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in r#"[a-z:*"()\[\]{} \\TONAR_.-]{0,40}"#) {
            let _ = parse(&text).map(|query| query.matches(&user()));
        }

        #[test]
        fn a_quoted_value_is_found_whatever_it_holds(value in "\\PC{1,12}") {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            let query = parse(&format!("app_metadata.x:\"{escaped}\"")).unwrap();
            let user = json!({"app_metadata": {"x": value}});
            let found = query.matches(&user);
            let not_found = Query::Not(Box::new(query)).matches(&user);
            prop_assert!(found && !not_found);
        }
    }
}
