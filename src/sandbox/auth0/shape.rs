//! What a request body may look like, as small tables, and the words with which Auth0 refuses another. Owns the checking;
//! the tables are with their resources.

use serde_json::{Map, Value};
use url::Url;

use super::refusal::Refusal;

/// What one value may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    /// Any string.
    Text,
    /// A string of at least and at most so many characters.
    Sized(usize, usize),
    /// A string with neither `<` nor `>`, not empty: names of clients.
    Name,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// An absolute URL without a fragment.
    CallbackUrl,
    /// An absolute URL; `*` and `{placeholders}` may stand in the host.
    PlaceholderUrl,
    /// An absolute URL or the empty string.
    UrlOrEmpty,
    /// An e-mail address.
    Email,
    /// true or false.
    Flag,
    /// A whole number in a range.
    Whole(i64, i64),
    /// An array of this.
    List(&'static Rule),
    /// An object of these properties and no others.
    Closed(&'static [(&'static str, Rule)]),
    /// An object of these properties and any others.
    Open(&'static [(&'static str, Rule)]),
    /// An object whose values are strings (or null, which removes a key) of at most so many characters.
    Texts(usize),
    /// null or this.
    OrNull(&'static Rule),
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Checks a body's top level: an object of the known properties, with the required ones.
pub(crate) fn body<'a>(
    value: &'a Value,
    known: &[(&str, Rule)],
    required: &[&str],
) -> Result<&'a Map<String, Value>, Refusal> {
    let map = object(value, "")?;
    for name in required {
        if !map.contains_key(*name) {
            return Err(Refusal::body(format!("'Missing required property: {name}'")));
        }
    }
    properties(map, known, true, "")?;
    Ok(map)
}

fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, Refusal> {
    value.as_object().ok_or_else(|| wrong_type("object", value, path))
}

fn wrong_type(expected: &str, value: &Value, path: &str) -> Refusal {
    refuse(&format!("Expected type {expected} but found type {}", type_of(value)), path)
}

fn refuse(what: &str, path: &str) -> Refusal {
    if path.is_empty() {
        return Refusal::body(format!("'{what}'"));
    }
    Refusal::body(format!("'{what}' on property {path}"))
}

fn properties(
    map: &Map<String, Value>,
    known: &[(&str, Rule)],
    closed: bool,
    path: &str,
) -> Result<(), Refusal> {
    let unknown: Vec<&str> =
        map.keys().filter(|k| !known.iter().any(|(n, _)| n == k)).map(String::as_str).collect();
    if closed && !unknown.is_empty() {
        return Err(refuse(&format!("Additional properties not allowed: {}", unknown.join(",")), path));
    }
    for (name, rule) in known {
        if let Some(value) = map.get(*name) {
            let inner = if path.is_empty() { (*name).to_owned() } else { format!("{path}.{name}") };
            check(value, *rule, &inner)?;
        }
    }
    Ok(())
}

/// Checks one value.
pub(crate) fn check(value: &Value, rule: Rule, path: &str) -> Result<(), Refusal> {
    let text = || value.as_str().ok_or_else(|| wrong_type("string", value, path));
    let format_error = |name: &str, text: &str| {
        refuse(&format!("Object didn't pass validation for format {name}: {text}"), path)
    };
    match rule {
        Rule::OrNull(_) if value.is_null() => Ok(()),
        Rule::OrNull(inner) => check(value, *inner, path),
        Rule::Text => text().map(drop),
        Rule::Sized(least, most) => {
            let length = text()?.chars().count();
            if length < least {
                return Err(refuse(&format!("String is too short ({length} chars), minimum {least}"), path));
            }
            if length > most {
                return Err(refuse(&format!("String is too long ({length} chars), maximum {most}"), path));
            }
            Ok(())
        }
        Rule::Name => match text()? {
            name if name.is_empty() || name.contains(['<', '>']) => {
                Err(refuse(&format!("String does not match pattern ^[^<>]+$: {name}"), path))
            }
            _ => Ok(()),
        },
        Rule::OneOf(allowed) => match text()? {
            found if allowed.contains(&found) => Ok(()),
            found => Err(refuse(&format!("No enum match for: {found}"), path)),
        },
        Rule::CallbackUrl => match text()? {
            url if is_url(url) && !url.contains('#') => Ok(()),
            url => Err(format_error("callback-url", url)),
        },
        Rule::PlaceholderUrl => match text()? {
            url if is_url(url) => Ok(()),
            url => Err(format_error("url-with-placeholders", url)),
        },
        Rule::UrlOrEmpty => match text()? {
            url if url.is_empty() || is_url(url) => Ok(()),
            url => Err(format_error("absolute-uri-or-empty", url)),
        },
        Rule::Email => match text()? {
            email if is_email(email) => Ok(()),
            email => Err(format_error("email", email)),
        },
        Rule::Flag if value.is_boolean() => Ok(()),
        Rule::Flag => Err(wrong_type("boolean", value, path)),
        Rule::Whole(least, most) => match value.as_i64() {
            Some(n) if n < least => Err(refuse(&format!("Value {n} is less than minimum {least}"), path)),
            Some(n) if n > most => Err(refuse(&format!("Value {n} is greater than maximum {most}"), path)),
            Some(_) => Ok(()),
            None => Err(wrong_type("integer", value, path)),
        },
        Rule::List(inner) => {
            let items = value.as_array().ok_or_else(|| wrong_type("array", value, path))?;
            items.iter().enumerate().try_for_each(|(at, item)| check(item, *inner, &format!("{path}[{at}]")))
        }
        Rule::Closed(known) => properties(object(value, path)?, known, true, path),
        Rule::Open(known) => properties(object(value, path)?, known, false, path),
        Rule::Texts(most) => object(value, path)?.iter().try_for_each(|(key, item)| match item {
            Value::Null => Ok(()),
            item => check(item, Rule::Sized(0, most), &format!("{path}.{key}")),
        }),
    }
}

fn is_url(text: &str) -> bool {
    // A wildcard host does not parse, and neither does a placeholder; any letter in their place does.
    let plain: String = text.chars().map(|c| if matches!(c, '*' | '{' | '}') { 'x' } else { c }).collect();
    !text.contains(char::is_whitespace)
        && Url::parse(&plain).is_ok_and(|u| u.has_host() || !u.cannot_be_a_base())
}

fn is_email(text: &str) -> bool {
    match text.rsplit_once('@') {
        Some((local, domain)) => {
            !local.is_empty()
                && domain.contains('.')
                && !domain.starts_with('.')
                && !domain.ends_with('.')
                && !text.contains(|c: char| c.is_whitespace() || c == ',')
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KNOWN: &[(&str, Rule)] = &[
        ("name", Rule::Name),
        ("count", Rule::Whole(1, 5)),
        ("urls", Rule::List(&Rule::CallbackUrl)),
        ("kind", Rule::OneOf(&["a", "b"])),
        ("meta", Rule::Texts(3)),
    ];

    fn refusal(value: Value) -> String {
        body(&value, KNOWN, &["name"]).unwrap_err().message().to_owned()
    }

    #[test]
    fn refusals_read_like_the_real_ones() {
        insta::assert_snapshot!(refusal(json!({"name": "x", "foo": 1})), @"Payload validation error: 'Additional properties not allowed: foo'.");
        insta::assert_snapshot!(refusal(json!({})), @"Payload validation error: 'Missing required property: name'.");
        insta::assert_snapshot!(refusal(json!({"name": 3})), @"Payload validation error: 'Expected type string but found type integer' on property name.");
        insta::assert_snapshot!(refusal(json!({"name": "a", "urls": ["https://a.example/", "nope"]})), @"Payload validation error: 'Object didn't pass validation for format callback-url: nope' on property urls[1].");
        insta::assert_snapshot!(refusal(json!({"name": "a", "meta": {"k": "long"}})), @"Payload validation error: 'String is too long (4 chars), maximum 3' on property meta.k.");
        insta::assert_snapshot!(refusal(json!({"name": "a", "kind": "c"})), @"Payload validation error: 'No enum match for: c' on property kind.");
    }

    #[test]
    fn urls_with_wildcards_are_urls() {
        assert!(is_url("https://*.example.com/x"));
        assert!(is_url("com.example.app://callback"));
        assert!(!is_url("example.com"));
    }
}
