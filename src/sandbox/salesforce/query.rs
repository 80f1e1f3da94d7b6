//! SOQL, as much of it as Concord's kind of clients uses: `SELECT fields FROM object WHERE conditions`, with `=`, `LIKE` and `IN`, joined by
//! `AND` and `OR` without parentheses around them, and fields of related records. Texts are compared without case. Answers come in pages.

use serde_json::{Map, Value, json};

use super::Outcome;
use super::organization::{Settings, record_id, table};
use super::refusal::Refusal;
use crate::sandbox::message::Answer;
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

const OBJECTS: [&str; 4] = ["User", "Profile", "PermissionSet", "PermissionSetAssignment"];
/// The longest URI that the service takes.
const URI_LIMIT: usize = 16_384;

#[derive(Debug, PartialEq)]
struct Query {
    fields: Vec<String>,
    object: String,
    /// Alternatives, each of conditions that must all hold.
    conditions: Vec<Vec<Condition>>,
}

#[derive(Debug, PartialEq)]
struct Condition {
    field: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Debug, PartialEq, Clone, Copy)]
enum Operator {
    Equal,
    Like,
    In,
}

fn malformed(what: impl Into<String>) -> Refusal {
    Refusal::new(400, "MALFORMED_QUERY", what)
}

/// `GET .../query?q=...`.
pub(super) fn run(call: &mut Call<'_, '_>, settings: &Settings) -> Outcome {
    if call.request.raw_query.as_ref().map_or(0, String::len) + call.request.path.len() > URI_LIMIT {
        return Err(Refusal::new(414, "UNKNOWN_EXCEPTION", "URI Too Long"));
    }
    let text = call.request.parameter("q").ok_or_else(|| malformed("A query string has to be specified"))?;
    let records = evaluate(call.documents, &call.request.host, &parse(text)?)?;
    page(call, settings, records, 0, None)
}

/// `GET .../query/{locator}-{offset}`.
pub(super) fn more(call: &mut Call<'_, '_>, settings: &Settings, locator: &str) -> Outcome {
    let invalid = || Refusal::new(400, "INVALID_QUERY_LOCATOR", "invalid query locator");
    let (id, offset) = locator.rsplit_once('-').ok_or_else(invalid)?;
    let offset: usize = offset.parse().map_err(|_| invalid())?;
    let records: Vec<Value> =
        call.documents.read(&table(&call.request.host, "cursors"), id).ok_or_else(invalid)?;
    page(call, settings, records, offset, Some(id.to_owned()))
}

fn page(
    call: &mut Call<'_, '_>,
    settings: &Settings,
    records: Vec<Value>,
    from: usize,
    id: Option<String>,
) -> Outcome {
    let total = records.len();
    let to = (from + settings.page_size.max(1)).min(total);
    let mut body = json!({"totalSize": total, "done": to >= total, "records": records.get(from..to).unwrap_or_default()});
    if to < total {
        let id = id.unwrap_or_else(|| {
            let id = record_id("01g");
            call.documents.write(&table(&call.request.host, "cursors"), &id, &records);
            id
        });
        let version = call.request.segments.get(2).cloned().unwrap_or_default();
        body["nextRecordsUrl"] = format!("/services/data/{version}/query/{id}-{to}").into();
    }
    Ok(Answer::json(200, &body))
}

fn evaluate(documents: &Transaction<'_>, organization: &str, query: &Query) -> Result<Vec<Value>, Refusal> {
    if !OBJECTS.contains(&query.object.as_str()) {
        let message = format!("sObject type '{}' is not supported.", query.object);
        return Err(Refusal::new(400, "INVALID_TYPE", message));
    }
    let fields = query.fields.iter().chain(query.conditions.iter().flatten().map(|it| &it.field));
    if let Some(field) = fields.into_iter().find(|field| !is_field(&query.object, field)) {
        let message = format!("No such column '{field}' on entity '{}'.", query.object);
        return Err(Refusal::new(400, "INVALID_FIELD", message));
    }
    let records = documents.list(&table(organization, &query.object)).map(|(_, record)| record);
    let mut found = Vec::new();
    for record in records {
        let value = |field: &str| lookup(documents, organization, record, field);
        let holds =
            |condition: &Condition| condition.holds(value(&condition.field).as_str().unwrap_or_default());
        if query.conditions.is_empty() || query.conditions.iter().any(|all| all.iter().all(holds)) {
            found.push(view(query, &value));
        }
    }
    Ok(found)
}

fn is_field(object: &str, field: &str) -> bool {
    const USER: [&str; 12] = [
        "Id",
        "Username",
        "Email",
        "Name",
        "FirstName",
        "LastName",
        "Alias",
        "IsActive",
        "ProfileId",
        "Department",
        "Division",
        "Title",
    ];
    match (object, field.split_once('.')) {
        ("User", Some(("Profile", field))) | ("PermissionSetAssignment", Some(("PermissionSet", field))) => {
            ["Id", "Name", "Label"].contains(&field)
        }
        ("PermissionSetAssignment", Some(("Assignee", field))) => is_field("User", field),
        ("User", None) => USER.contains(&field) || field.ends_with("__c"),
        ("Profile", None) => ["Id", "Name"].contains(&field),
        ("PermissionSet", None) => ["Id", "Name", "Label"].contains(&field),
        ("PermissionSetAssignment", None) => ["Id", "AssigneeId", "PermissionSetId"].contains(&field),
        _ => false,
    }
}

fn lookup(documents: &Transaction<'_>, organization: &str, record: &Value, field: &str) -> Value {
    let Some((relation, rest)) = field.split_once('.') else { return record[field].clone() };
    let (object, key) = match relation {
        "Assignee" => ("User", "AssigneeId"),
        "PermissionSet" => ("PermissionSet", "PermissionSetId"),
        _ => ("Profile", "ProfileId"),
    };
    let related = record[key].as_str().and_then(|id| documents.get(&table(organization, object), id));
    related.map_or(Value::Null, |related| lookup(documents, organization, related, rest))
}

/// A record as it is answered: related ones are objects inside.
fn view(query: &Query, value: &dyn Fn(&str) -> Value) -> Value {
    let mut record = Map::new();
    let id = value("Id");
    let url = format!("/services/data/sobjects/{}/{}", query.object, id.as_str().unwrap_or_default());
    record.insert("attributes".to_owned(), json!({"type": query.object, "url": url}));
    for field in &query.fields {
        let mut at = &mut record;
        let mut parts = field.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                at.insert(part.to_owned(), value(field));
                break;
            }
            let inner = at.entry(part.to_owned()).or_insert_with(|| json!({"attributes": {"type": part}}));
            let Value::Object(inner) = inner else { break };
            at = inner;
        }
    }
    Value::Object(record)
}

impl Condition {
    fn holds(&self, value: &str) -> bool {
        let value = value.to_lowercase();
        self.values.iter().any(|wanted| match self.operator {
            Operator::Equal | Operator::In => value == wanted.to_lowercase(),
            Operator::Like => {
                like(&wanted.to_lowercase().chars().collect::<Vec<_>>(), &value.chars().collect::<Vec<_>>())
            }
        })
    }
}

/// `%` is any text and `_` any character; a backslash takes their meaning away.
fn like(pattern: &[char], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('%', rest)) => (0..=text.len()).any(|at| like(rest, &text[at..])),
        Some(('_', rest)) => text.split_first().is_some_and(|(_, text)| like(rest, text)),
        Some(('\\', rest)) => match (rest.split_first(), text.split_first()) {
            (Some((wanted, rest)), Some((found, text))) => wanted == found && like(rest, text),
            _ => false,
        },
        Some((wanted, rest)) => {
            text.split_first().is_some_and(|(found, text)| wanted == found && like(rest, text))
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            ',' | '(' | ')' | '=' => tokens.push(Token::Sign(c)),
            '\'' => {
                let mut out = String::new();
                loop {
                    match chars.next() {
                        Some('\\') => match chars.next() {
                            // These two keep their backslash: it is the pattern's.
                            Some(c @ ('_' | '%')) => out.extend(['\\', c]),
                            Some(c) => out.push(c),
                            None => return Err(malformed("unexpected end of query")),
                        },
                        Some('\'') => break,
                        Some(c) => out.push(c),
                        None => return Err(malformed("unexpected end of query: a quote is not closed")),
                    }
                }
                tokens.push(Token::Text(out));
            }
            c if c.is_ascii_alphanumeric() || c == '_' => {
                let mut word = c.to_string();
                while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.')) {
                    word.push(c);
                }
                tokens.push(Token::Word(word));
            }
            other => return Err(malformed(format!("unexpected token: '{other}'"))),
        }
    }
    Ok(tokens)
}

fn parse(text: &str) -> Result<Query, Refusal> {
    let tokens = tokens(text)?;
    let mut at = tokens.iter();
    let unexpected = |token: Option<&Token>| match token {
        Some(Token::Word(word)) => malformed(format!("unexpected token: '{word}'")),
        Some(Token::Text(_)) => malformed("unexpected token: a text"),
        Some(Token::Sign(sign)) => malformed(format!("unexpected token: '{sign}'")),
        None => malformed("unexpected end of query"),
    };
    let is = |token: Option<&Token>, wanted: &str| matches!(token, Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted));
    let first = at.next();
    if !is(first, "select") {
        return Err(unexpected(first));
    }
    let mut fields = Vec::new();
    loop {
        match at.next() {
            Some(Token::Word(word)) => fields.push(word.clone()),
            other => return Err(unexpected(other)),
        }
        match at.next() {
            Some(Token::Sign(',')) => {}
            token if is(token, "from") => break,
            other => return Err(unexpected(other)),
        }
    }
    let Some(Token::Word(object)) = at.next() else { return Err(unexpected(None)) };
    let mut conditions = Vec::new();
    match at.next() {
        None => {}
        token if is(token, "where") => {
            conditions.push(Vec::new());
            loop {
                let condition = condition(&mut at).map_err(|token| unexpected(token.as_ref()))?;
                if let Some(last) = conditions.last_mut() {
                    last.push(condition);
                }
                match at.next() {
                    None => break,
                    token if is(token, "and") => {}
                    token if is(token, "or") => conditions.push(Vec::new()),
                    other => return Err(unexpected(other)),
                }
            }
        }
        other => return Err(unexpected(other)),
    }
    Ok(Query { fields, object: object.clone(), conditions })
}

fn condition<'a>(at: &mut impl Iterator<Item = &'a Token>) -> Result<Condition, Option<Token>> {
    let Some(Token::Word(field)) = at.next() else { return Err(None) };
    let field = field.clone();
    let text = |at: &mut dyn Iterator<Item = &'a Token>| match at.next() {
        Some(Token::Text(text)) => Ok(text.clone()),
        other => Err(other.cloned()),
    };
    match at.next() {
        Some(Token::Sign('=')) => Ok(Condition { field, operator: Operator::Equal, values: vec![text(at)?] }),
        Some(Token::Word(word)) if word.eq_ignore_ascii_case("like") => {
            Ok(Condition { field, operator: Operator::Like, values: vec![text(at)?] })
        }
        Some(Token::Word(word)) if word.eq_ignore_ascii_case("in") => {
            match at.next() {
                Some(Token::Sign('(')) => {}
                other => return Err(other.cloned()),
            }
            let mut values = Vec::new();
            loop {
                values.push(text(at)?);
                match at.next() {
                    Some(Token::Sign(',')) => {}
                    Some(Token::Sign(')')) => return Ok(Condition { field, operator: Operator::In, values }),
                    other => return Err(other.cloned()),
                }
            }
        }
        other => Err(other.cloned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn queries_are_those_that_soql_documents() {
        let query = parse("SELECT Id, Profile.Name FROM User WHERE Email LIKE '%@a\\_b.one' OR Email IN ('o\\'x@a', 'b') AND Name = 'c'").unwrap();
        assert_eq!(query.fields, ["Id", "Profile.Name"]);
        assert_eq!(query.conditions.len(), 2);
        assert!(query.conditions[0][0].holds("Ann@a_b.one") && !query.conditions[0][0].holds("ann@acb.one"));
        assert!(query.conditions[1][0].holds("O'X@A"));
        for wrong in [
            "",
            "SELECT FROM User",
            "SELECT Id FROM User WHERE",
            "SELECT Id FROM User WHERE Email",
            "SELECT Id FROM User WHERE Email IN ()",
            "SELECT Id FROM User WHERE Email = 'a",
            "SELECT Id FROM User LIMIT 5",
            "DELETE FROM User",
        ] {
            assert_eq!(parse(wrong).unwrap_err().code, "MALFORMED_QUERY", "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
