//! JavaScript object literals, read as text and never run: what a configuration script assigns. Tolerant of what scripts have (comments,
//! bare keys, either quotes, trailing commas), and honest about what they compute: an expression is no value here.
//!
//! Source of the grammar: ECMA-262, sections 12 and 13.2.

use std::collections::BTreeMap;

/// Longest script, in bytes: 1 MiB.
pub const MAX_BYTES: usize = 1 << 20;
/// Most objects and lists inside each other.
pub const MAX_DEPTH: usize = 32;

/// Why a script has no literal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LiteralError {
    /// Over [`MAX_BYTES`].
    #[error("it is longer than {MAX_BYTES} bytes")]
    TooLarge,
    /// Over [`MAX_DEPTH`].
    #[error("it has more than {MAX_DEPTH} objects inside each other")]
    TooDeep,
    /// A page instead of a script.
    #[error("it is a web page (HTML), not a script")]
    WebPage,
    /// There is no object literal that is assigned, exported or stands alone.
    #[error("no object is assigned in it")]
    NoObject,
    /// Not well-formed, as far as it is read.
    #[error("line {line}: {expected} is expected")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// What would be right.
        expected: &'static str,
    },
}

/// A value of a literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// `null` or `undefined`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Literal>),
    /// An object; of a key that is repeated the last counts, as when it runs.
    Object(BTreeMap<String, Literal>),
    /// Something that is computed when the script runs.
    Computed,
}

impl Literal {
    /// The text at a path of keys joined by dots: `Some(None)` where there is certainly none, `None` where it is computed.
    pub fn text(&self, path: &str) -> Option<Option<String>> {
        let mut here = self;
        for key in path.split('.') {
            here = match here {
                Self::Object(entries) => match entries.get(key) {
                    Some(next) => next,
                    // What is spread into an object may bring the key.
                    None if entries.contains_key(SPREAD) => return None,
                    None => return Some(None),
                },
                Self::Computed => return None,
                _ => return Some(None),
            };
        }
        match here {
            Self::Text(text) => Some(Some(text.clone())),
            Self::Number(number) => Some(Some(number.clone())),
            Self::Bool(value) => Some(Some(value.to_string())),
            Self::Null | Self::List(_) | Self::Object(_) => Some(None),
            Self::Computed => None,
        }
    }
}

/// Stands for `...expression` in an object; no key of a script can be written like that.
const SPREAD: &str = "...";

/// Reads the object that a script assigns: the last one at its top level, so that `var defaults = {...}; var appConfig = {...}` gives
/// what Flex sees.
///
/// # Errors
/// See [`LiteralError`].
pub fn parse(script: &str) -> Result<Literal, LiteralError> {
    if script.len() > MAX_BYTES {
        return Err(LiteralError::TooLarge);
    }
    let script = script.trim_start_matches('\u{feff}');
    let opening: String = script.trim_start().chars().take(15).collect::<String>().to_ascii_lowercase();
    if opening.starts_with("<!doctype html") || opening.starts_with("<html") {
        return Err(LiteralError::WebPage);
    }
    let mut parser = Parser { text: script, at: 0 };
    let mut named = None;
    let mut last = None;
    // The name that is assigned to, as far as it was just read.
    let mut name = String::new();
    let mut is_assigned = true;
    loop {
        parser.space()?;
        let Some(c) = parser.peek() else { break };
        match c {
            '{' if is_assigned => {
                let object = parser.value(0)?;
                if matches!(object, Literal::Object(_)) {
                    if name.ends_with("appConfig") {
                        named = Some(object);
                    } else {
                        last = Some(object);
                    }
                }
                is_assigned = false;
            }
            // A block of a function or a condition: what is assigned in it is no literal of the file.
            '{' | '(' | '[' => parser.skip_group(0)?,
            '\'' | '"' | '`' => {
                parser.string()?;
                is_assigned = false;
            }
            '=' => {
                parser.next();
                is_assigned = !matches!(parser.peek(), Some('=' | '>'));
            }
            c if is_word(c) => {
                let word = parser.word();
                is_assigned = matches!(word, "default" | "return");
                name = word.to_owned();
            }
            ';' => {
                parser.next();
                is_assigned = true;
                name.clear();
            }
            _ => {
                parser.next();
                is_assigned = false;
            }
        }
    }
    named.or(last).ok_or(LiteralError::NoObject)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '#')
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn wrong(&self, expected: &'static str) -> LiteralError {
        LiteralError::Syntax { line: self.text[..self.at].matches('\n').count() + 1, expected }
    }

    /// White space and comments.
    fn space(&mut self) -> Result<(), LiteralError> {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start().len();
            if blank > 0 {
                self.at += blank;
            } else if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.at += rest.find("*/").ok_or_else(|| self.wrong("the end of a comment"))? + 2;
            } else {
                return Ok(());
            }
        }
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// A value and what follows it up to a comma or a closing bracket: where more than a literal stands there, it is computed.
    fn value(&mut self, depth: usize) -> Result<Literal, LiteralError> {
        if depth > MAX_DEPTH {
            return Err(LiteralError::TooDeep);
        }
        self.space()?;
        let value = match self.peek() {
            None => return Err(self.wrong("a value")),
            Some('{') => self.object(depth)?,
            Some('[') => self.list(depth)?,
            Some('\'' | '"' | '`') => self.string()?,
            Some(c) if is_word(c) || matches!(c, '-' | '+') => {
                let sign = if matches!(c, '-' | '+') { self.next() } else { None };
                let word = self.word();
                match (sign, word) {
                    (None, "null" | "undefined") => Literal::Null,
                    (None, "true") => Literal::Bool(true),
                    (None, "false") => Literal::Bool(false),
                    (sign, number) if number.starts_with(|c: char| c.is_ascii_digit()) => {
                        Literal::Number(if sign == Some('-') {
                            format!("-{number}")
                        } else {
                            number.to_owned()
                        })
                    }
                    _ => Literal::Computed,
                }
            }
            Some(_) => Literal::Computed,
        };
        self.space()?;
        match self.peek() {
            None | Some(',' | '}' | ']' | ';' | ')') => Ok(value),
            // At the top level the next statement may follow without a semicolon.
            Some(_) if depth == 0 => Ok(value),
            Some(_) => {
                self.skip_expression(depth)?;
                Ok(Literal::Computed)
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Literal, LiteralError> {
        self.next();
        let mut entries = BTreeMap::new();
        loop {
            self.space()?;
            let key = match self.peek() {
                None => return Err(self.wrong("`}`")),
                Some('}') => {
                    self.next();
                    return Ok(Literal::Object(entries));
                }
                Some(',') => {
                    self.next();
                    continue;
                }
                Some('\'' | '"') => match self.string()? {
                    Literal::Text(key) => key,
                    _ => SPREAD.to_owned(),
                },
                // A key that is computed may be any.
                Some('[') => {
                    self.skip_group(depth)?;
                    SPREAD.to_owned()
                }
                Some(c) if is_word(c) => {
                    let word = self.word();
                    if word.starts_with(SPREAD) { SPREAD.to_owned() } else { word.to_owned() }
                }
                Some(_) => return Err(self.wrong("a key")),
            };
            self.space()?;
            let value = if self.peek() == Some(':') {
                self.next();
                self.value(depth + 1)?
            } else {
                // A spread, a shorthand or a method.
                self.skip_expression(depth)?;
                Literal::Computed
            };
            entries.insert(key, value);
        }
    }

    fn list(&mut self, depth: usize) -> Result<Literal, LiteralError> {
        self.next();
        let mut items = Vec::new();
        loop {
            self.space()?;
            match self.peek() {
                None => return Err(self.wrong("`]`")),
                Some(']') => {
                    self.next();
                    return Ok(Literal::List(items));
                }
                Some(',') => {
                    self.next();
                }
                Some(_) => {
                    let before = self.at;
                    items.push(self.value(depth + 1)?);
                    if self.at == before {
                        return Err(self.wrong("a value"));
                    }
                }
            }
        }
    }

    /// A text in any quotes; a template with something computed in it is computed.
    fn string(&mut self) -> Result<Literal, LiteralError> {
        let quote = self.next().unwrap_or_default();
        let mut text = String::new();
        let mut is_computed = false;
        loop {
            match self.next() {
                None => return Err(self.wrong("the end of a text")),
                Some(c) if c == quote => break,
                Some('\n') if quote != '`' => return Err(self.wrong("the end of a text")),
                Some('$') if quote == '`' && self.peek() == Some('{') => {
                    is_computed = true;
                    self.skip_group(0)?;
                }
                Some('\\') => self.escape(&mut text)?,
                Some(c) => text.push(c),
            }
        }
        Ok(if is_computed { Literal::Computed } else { Literal::Text(text) })
    }

    fn escape(&mut self, text: &mut String) -> Result<(), LiteralError> {
        match self.next() {
            None => return Err(self.wrong("the end of a text")),
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('v') => text.push('\u{b}'),
            Some('0') => text.push('\0'),
            Some('\n') => {}
            Some('x') => self.code(2, text)?,
            Some('u') if self.peek() == Some('{') => {
                self.next();
                let digits = self.word();
                let c = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                text.push(c.ok_or_else(|| self.wrong("a character's number"))?);
                if self.next() != Some('}') {
                    return Err(self.wrong("`}`"));
                }
            }
            Some('u') => self.code(4, text)?,
            Some(c) => text.push(c),
        }
        Ok(())
    }

    fn code(&mut self, digits: usize, text: &mut String) -> Result<(), LiteralError> {
        let hex = self.rest().get(..digits).ok_or_else(|| self.wrong("a character's number"))?;
        let number = u32::from_str_radix(hex, 16).map_err(|_| self.wrong("a character's number"))?;
        // Half of a surrogate pair alone is no character.
        text.push(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER));
        self.at += digits;
        Ok(())
    }

    /// Up to the comma or bracket that ends an expression.
    fn skip_expression(&mut self, depth: usize) -> Result<(), LiteralError> {
        loop {
            self.space()?;
            match self.peek() {
                None => return Err(self.wrong("`}`")),
                Some(',' | '}' | ']' | ')' | ';') => return Ok(()),
                Some('{' | '(' | '[') => self.skip_group(depth)?,
                Some('\'' | '"' | '`') => {
                    self.string()?;
                }
                Some(_) => {
                    self.next();
                }
            }
        }
    }

    /// A bracket with everything in it.
    fn skip_group(&mut self, depth: usize) -> Result<(), LiteralError> {
        let mut open = 0_usize;
        loop {
            self.space()?;
            match self.peek() {
                None => return Err(self.wrong("a closing bracket")),
                Some('{' | '(' | '[') => {
                    open += 1;
                    if open + depth > MAX_DEPTH {
                        return Err(LiteralError::TooDeep);
                    }
                    self.next();
                }
                Some('}' | ')' | ']') => {
                    self.next();
                    open = open.saturating_sub(1);
                    if open == 0 {
                        return Ok(());
                    }
                }
                Some('\'' | '"' | '`') => {
                    // Templates nest through this function, so their depth counts too.
                    if open + depth >= MAX_DEPTH {
                        return Err(LiteralError::TooDeep);
                    }
                    self.string_at(depth + open)?;
                }
                Some(_) => {
                    self.next();
                }
            }
        }
    }

    fn string_at(&mut self, depth: usize) -> Result<Literal, LiteralError> {
        let quote = self.peek().unwrap_or_default();
        if quote != '`' {
            return self.string();
        }
        self.next();
        loop {
            match self.next() {
                None => return Err(self.wrong("the end of a text")),
                Some('`') => return Ok(Literal::Computed),
                Some('\\') => {
                    self.next();
                }
                Some('$') if self.peek() == Some('{') => self.skip_group(depth + 1)?,
                Some(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_twilio_documents_is_read() {
        let script = "// made by the deployment\nvar appConfig = {\n  pluginService: { enabled: true, url: '/plugins' },\n  \
            sso: { accountSid: 'AC1', loginPopup: false, },\n  \"oauth\": {connection: \"JQ1\", clientId: `abc`, \
            redirectUrl: 'https:\\/\\/nss.connie.team'}, /* more */\n  ytica: false,\n  logLevel: -1.5e3, list: [1, , 'a',],\n};\n";
        let literal = parse(script).unwrap();
        let text = |path: &str| literal.text(path).unwrap();
        assert_eq!(text("sso.accountSid").as_deref(), Some("AC1"));
        assert_eq!(text("oauth.connection").as_deref(), Some("JQ1"));
        assert_eq!(text("oauth.clientId").as_deref(), Some("abc"));
        assert_eq!(text("oauth.redirectUrl").as_deref(), Some("https://nss.connie.team"));
        assert_eq!(text("sso.loginPopup").as_deref(), Some("false"));
        assert_eq!(text("sso.nothing"), None);
        assert_eq!(text("oauth"), None);
    }

    #[test]
    fn what_is_computed_is_no_value() {
        let script = "window.appConfig = {sso: {accountSid: process.env.ACCOUNT, ...more}, oauth: {connection: 'JQ' + id, \
            clientId: `a${b({c: '}'})}`, redirectUrl: location.origin, connected() { return '{' }}, [key]: 1}";
        let literal = parse(script).unwrap();
        for path in
            ["sso.accountSid", "sso.other", "oauth.connection", "oauth.clientId", "oauth.redirectUrl", "any"]
        {
            assert_eq!(literal.text(path), None, "{path}");
        }
        assert_eq!(literal.text("oauth.nothing"), Some(None));
    }

    #[test]
    fn the_object_of_flex_is_found_among_others() {
        let found = |script: &str| parse(script).unwrap().text("a").unwrap();
        assert_eq!(
            found("const x = {a: 1}; const appConfig = {a: 2}; const y = {a: 3};").as_deref(),
            Some("2")
        );
        assert_eq!(found("export default {a: 'x'}").as_deref(), Some("x"));
        assert_eq!(
            found("(function () { var z = {a: 9}; })()\nvar appConfig = {a: '2'}").as_deref(),
            Some("2")
        );
        assert_eq!(found("{\"a\": \"json\"}").as_deref(), Some("json"));
        assert_eq!(found("var appConfig = {a: 1, a: '\\u0041\\x42\\u{43}'}").as_deref(), Some("ABC"));
    }

    #[test]
    fn what_is_no_literal_is_refused() {
        assert_eq!(parse("<!DOCTYPE html><html>"), Err(LiteralError::WebPage));
        assert_eq!(parse("var a = 1;"), Err(LiteralError::NoObject));
        assert_eq!(parse(&" ".repeat(MAX_BYTES + 1)), Err(LiteralError::TooLarge));
        assert_eq!(parse(&format!("a = {}", "{a:".repeat(100))), Err(LiteralError::TooDeep));
        assert_eq!(parse(&format!("a = {{b: f{}", "(".repeat(100))), Err(LiteralError::TooDeep));
        assert_eq!(parse(&format!("a = {{b: f({}", "`${".repeat(100))), Err(LiteralError::TooDeep));
        assert!(matches!(parse("a = {\nb: 'x"), Err(LiteralError::Syntax { line: 2, .. })));
        assert!(matches!(parse("a = {b: 1"), Err(LiteralError::Syntax { .. })));
    }

    proptest! {
        #[test]
        fn no_script_panics_or_runs_for_ever(script in "[a={}\\[\\](),:;'\"`$\\\\.x1/*\n -]{0,60}") {
            let _ = parse(&script);
        }
    }
}
