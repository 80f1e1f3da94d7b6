//! The generated post-login Action: its code, and reading its header back. Pure text; deploying it is `write`'s.
//!
//! Every text from a manifest is embedded as a JSON string in plain ASCII, so none can end a string, a line or a comment. An
//! `expressions.auth0` is code by intention; [`Expression`] accepts only what cannot leave the parentheses around it.

use std::fmt;

use serde_json::json;

use crate::component::{AppliedNote, Marker};

/// One attribute that the Action sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    /// Its name in the assertion.
    pub(super) name: String,
    /// Where its value comes from.
    pub(super) read: Read,
    /// Whether a sign-in without it is denied.
    pub(super) required: bool,
    /// The values that may be asserted; others are held back. Empty allows all.
    pub(super) values: Vec<String>,
}

/// Where an attribute's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Read {
    /// Keys into the user (`event.user`).
    Path(Vec<String>),
    /// The same for everybody.
    Literal(String),
    /// JavaScript of the manifest's author.
    Expression(Expression),
}

/// One JavaScript expression that stays one wherever it is put in parentheses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expression(String);

/// Why a text is not accepted as an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidExpression {
    #[error("is empty")]
    Empty,
    #[error("has a string that is not closed")]
    OpenString,
    #[error("has brackets that do not match")]
    Brackets,
    #[error("has a character that is not accepted here: {0:?}")]
    Character(char),
    #[error("has something that JavaScript may read as a comment")]
    Comment,
}

impl Expression {
    /// Accepts an expression whose brackets and quotes are closed, without anything that could end it early. Slashes are refused
    /// altogether: whether one divides, comments or begins a regular expression takes a parser to tell.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidExpression> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidExpression::Empty);
        }
        let mut open = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '"' | '\'' => Self::skip_string(c, &mut chars)?,
                '(' => open.push(')'),
                '[' => open.push(']'),
                '{' => open.push('}'),
                ')' | ']' | '}' => {
                    if open.pop() != Some(c) {
                        return Err(InvalidExpression::Brackets);
                    }
                }
                '/' | ';' | '`' | '\\' | '#' | '@' => return Err(InvalidExpression::Character(c)),
                c if c.is_ascii_graphic() || c == ' ' => {}
                c => return Err(InvalidExpression::Character(c)),
            }
        }
        if !open.is_empty() {
            return Err(InvalidExpression::Brackets);
        }
        // Old HTML-like comments are still comments in scripts.
        if text.contains("<!--") || text.contains("-->") {
            return Err(InvalidExpression::Comment);
        }
        Ok(Self(text.to_owned()))
    }

    fn skip_string(quote: char, chars: &mut std::str::Chars<'_>) -> Result<(), InvalidExpression> {
        while let Some(c) = chars.next() {
            match c {
                c if c == quote => return Ok(()),
                '\\' => match chars.next() {
                    Some(escaped) if escaped.is_ascii_graphic() => {}
                    Some(other) => return Err(InvalidExpression::Character(other)),
                    None => return Err(InvalidExpression::OpenString),
                },
                c if c.is_ascii_graphic() || c == ' ' => {}
                c => return Err(InvalidExpression::Character(c)),
            }
        }
        Err(InvalidExpression::OpenString)
    }

    /// The keys into the user that the expression reads, where it does nothing else.
    fn user_path(&self) -> Option<Vec<String>> {
        let rest = self.0.strip_prefix("event.user.")?;
        let keys: Vec<String> = rest.split('.').map(|key| key.trim_end_matches('?').to_owned()).collect();
        let is_plain = |key: &String| {
            !key.is_empty()
                && !key.starts_with(|c: char| c.is_ascii_digit())
                && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
        };
        keys.iter().all(is_plain).then_some(keys)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const MARKER_LINE: &str = "// concord: ";
const NOTE_LINE: &str = "// concord:applied ";
const ATTRIBUTES_LINE: &str = "// concord:attributes ";

/// What the code is made of.
#[derive(Debug, Clone)]
pub(super) struct Recipe<'a> {
    /// The Action's own marker.
    pub(super) marker: &'a Marker,
    /// The markers of the application that it serves: the present one, and the former one while a rename is under way.
    pub(super) clients: Vec<String>,
    /// What people know the application as.
    pub(super) application: &'a str,
    /// The attributes.
    pub(super) settings: &'a [Setting],
}

/// The code, without the line that notes what was applied.
pub(super) fn generate(recipe: &Recipe<'_>) -> String {
    let Recipe { marker, clients, application, settings } = recipe;
    let entries: Vec<_> = settings.iter().map(machine_entry).collect();
    let mut code = format!(
        "{MARKER_LINE}{marker}\n{ATTRIBUTES_LINE}{}\n// Generated by Concord. Changes made here are undone by the next apply.\n\n",
        ascii_json(&entries.into()),
    );
    code.push_str(&format!("const APPLICATIONS = {};\n\n", ascii_json(&json!(clients))));
    code.push_str("const ATTRIBUTES = [\n");
    for setting in *settings {
        code.push_str(&attribute_entry(setting, application));
    }
    code.push_str("];\n");
    code.push_str(BODY);
    code
}

/// One entry of the line that other programs read: the name, where the value comes from, whether it has to be there.
fn machine_entry(setting: &Setting) -> serde_json::Value {
    let mut entry = json!({"name": setting.name, "required": setting.required});
    let mut put = |key: &str, value: serde_json::Value| {
        entry[key] = value;
    };
    match &setting.read {
        Read::Path(keys) => put("path", keys.join(".").into()),
        Read::Literal(text) => put("value", text.as_str().into()),
        Read::Expression(expression) => {
            put("expression", expression.to_string().into());
            if let Some(keys) = expression.user_path() {
                put("path", keys.join(".").into());
            }
        }
    }
    if !setting.values.is_empty() {
        put("values", json!(setting.values));
    }
    entry
}

fn attribute_entry(setting: &Setting, application: &str) -> String {
    let read = match &setting.read {
        Read::Path(keys) => format!("at(event.user, {})", ascii_json(&json!(keys))),
        Read::Literal(text) => ascii_json(&text.as_str().into()),
        Read::Expression(expression) => format!("({expression})"),
    };
    let values =
        if setting.values.is_empty() { "null".to_owned() } else { ascii_json(&json!(setting.values)) };
    let denial = if setting.required {
        let sentence = format!(
            "You cannot sign in to {application} yet: your account has no `{}`. Please ask your administrator.",
            setting.name
        );
        ascii_json(&sentence.into())
    } else {
        "null".to_owned()
    };
    format!(
        "  {{\n    name: {},\n    read: (event) => {read},\n    values: {values},\n    denial: {denial},\n  }},\n",
        ascii_json(&setting.name.as_str().into()),
    )
}

const BODY: &str = r#"
const at = (object, keys) =>
  keys.reduce((inner, key) => (inner === null || inner === undefined ? undefined : inner[key]), object);

const isScalar = (value) => ["string", "number", "boolean"].includes(typeof value);

// One text, or a list of texts where the user has a list; nothing where nothing is left. An empty text is a value: it clears the
// attribute on the other side.
const textsOf = (value, allowed) => {
  const keep = (text) => allowed === null || allowed.includes(text);
  if (Array.isArray(value)) {
    const texts = value.filter(isScalar).map(String).filter((text) => text !== "" && keep(text));
    return texts.length === 0 ? undefined : texts;
  }
  return isScalar(value) && keep(String(value)) ? String(value) : undefined;
};

exports.onExecutePostLogin = async (event, api) => {
  const metadata = event.client.metadata || {};
  if (!APPLICATIONS.includes(metadata.concord || metadata.concord_was)) return;
  for (const { name, read, values, denial } of ATTRIBUTES) {
    let value;
    try {
      value = textsOf(read(event), values);
    } catch (error) {
      value = undefined;
    }
    if (denial !== null && (value === undefined || value === "")) {
      api.access.deny(denial);
      return;
    }
    if (value !== undefined) api.samlResponse.setAttribute(name, value);
  }
};
"#;

/// JSON in plain ASCII: what is not, is escaped (RFC 8259 section 7). U+2028 would end a comment line, and what a console shows of
/// other characters is nobody's business here.
fn ascii_json(value: &serde_json::Value) -> String {
    let mut out = String::new();
    for c in value.to_string().chars() {
        if c.is_ascii() && c != '\u{7f}' {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// The header of an Action's code, as far as it is Concord's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// The marker, as it stands there.
    pub(super) marker: Option<String>,
    /// What was noted beside it.
    pub(super) applied: Option<AppliedNote>,
}

/// Reads the header: the comment lines at the beginning.
pub(super) fn header(code: &str) -> Header {
    let mut header = Header::default();
    for line in code.lines().take_while(|line| line.starts_with("//")) {
        if let Some(marker) = line.strip_prefix(MARKER_LINE) {
            header.marker = Some(marker.trim().to_owned());
        } else if let Some(note) = line.strip_prefix(NOTE_LINE) {
            header.applied = AppliedNote::parse(note);
        }
    }
    header
}

/// The code without the note, as it is compared.
pub(super) fn without_note(code: &str) -> String {
    lines_without(code, &[NOTE_LINE])
}

/// The code without marker and note, as it is left when it is no longer Concord's.
pub(super) fn without_header(code: &str) -> String {
    lines_without(code, &[NOTE_LINE, MARKER_LINE])
}

/// The code with the note behind the marker, as it is written.
pub(super) fn with_note(code: &str, note: &AppliedNote) -> String {
    match code.split_once('\n') {
        Some((first, rest)) => format!("{first}\n{NOTE_LINE}{note}\n{rest}"),
        None => format!("{code}\n{NOTE_LINE}{note}\n"),
    }
}

fn lines_without(code: &str, prefixes: &[&str]) -> String {
    let mut in_header = true;
    code.split_inclusive('\n')
        .filter(|line| {
            in_header &= line.starts_with("//");
            !(in_header && prefixes.iter().any(|prefix| line.starts_with(prefix)))
        })
        .collect()
}

#[cfg(test)]
mod tests;
