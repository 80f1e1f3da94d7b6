//! Query parameters that several resources share: pages, totals, chosen fields.

use serde_json::{Map, Value, json};

use crate::sandbox::message::{Answer, Request};

use super::refusal::Refusal;

/// A requested page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) number: usize,
    pub(crate) size: usize,
    pub(crate) totals: bool,
}

impl Page {
    /// Reads `page`, `per_page` (100 at most) and `include_totals`.
    pub(crate) fn of(request: &Request, default_size: usize) -> Result<Self, Refusal> {
        let number = whole(request, "page", 0, usize::MAX / 1_000)?.unwrap_or_default();
        let size = whole(request, "per_page", 0, 100)?.unwrap_or(default_size);
        Ok(Self { number, size, totals: flag(request, "include_totals")?.unwrap_or_default() })
    }

    /// The index of the first item.
    pub(crate) fn start(self) -> usize {
        self.number.saturating_mul(self.size)
    }

    /// The items of this page.
    pub(crate) fn cut(self, items: Vec<Value>) -> Vec<Value> {
        items.into_iter().skip(self.start()).take(self.size).collect()
    }

    /// The answer: a bare array, or with totals `{start, limit, total, NAME: [...]}`.
    pub(crate) fn answer(self, name: &str, items: Vec<Value>) -> Answer {
        let total = items.len();
        let items = self.cut(items);
        if !self.totals {
            return Answer::json(200, &Value::Array(items));
        }
        let mut body = Map::new();
        body.insert("start".into(), json!(self.start()));
        body.insert("limit".into(), json!(self.size));
        body.insert("total".into(), json!(total));
        body.insert(name.into(), Value::Array(items));
        Answer::json(200, &Value::Object(body))
    }
}

/// A parameter that must be a whole number in a range.
pub(crate) fn whole(
    request: &Request,
    name: &str,
    least: usize,
    most: usize,
) -> Result<Option<usize>, Refusal> {
    let Some(text) = request.parameter(name) else { return Ok(None) };
    let Ok(value) = text.parse::<usize>() else {
        return Err(Refusal::query(format!(
            "'Expected type integer but found type string' on property {name}"
        )));
    };
    if value < least {
        return Err(Refusal::query(format!(
            "'Value {value} is less than minimum {least}' on property {name}"
        )));
    }
    if value > most {
        return Err(Refusal::query(format!(
            "'Value {value} is greater than maximum {most}' on property {name}"
        )));
    }
    Ok(Some(value))
}

/// A parameter that must be true or false.
pub(crate) fn flag(request: &Request, name: &str) -> Result<Option<bool>, Refusal> {
    match request.parameter(name) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => {
            Err(Refusal::query(format!("'Expected type boolean but found type string' on property {name}")))
        }
    }
}

/// Refuses parameters that the resource does not know.
pub(crate) fn only(request: &Request, known: &[&str]) -> Result<(), Refusal> {
    match request.query.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, _)) => Err(Refusal::query(format!("'Additional properties not allowed: {name}'"))),
        None => Ok(()),
    }
}

/// Keeps or leaves out the properties that `fields` and `include_fields` name.
pub(crate) fn choose_fields(request: &Request, items: &mut [Value]) -> Result<(), Refusal> {
    let Some(fields) = request.parameter("fields") else { return Ok(()) };
    let include = flag(request, "include_fields")?.unwrap_or(true);
    let named: Vec<&str> = fields.split(',').map(str::trim).collect();
    for item in items.iter_mut().filter_map(Value::as_object_mut) {
        item.retain(|name, _| named.contains(&name.as_str()) == include);
    }
    Ok(())
}
