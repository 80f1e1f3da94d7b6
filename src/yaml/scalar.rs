//! What a plain scalar means. Owns the tag resolution of the YAML 1.2 core schema (YAML 1.2.2, section 10.3.2).

use super::node::NodeKind;

/// Resolves a plain scalar. Anything that is no null, truth value or number is a text.
pub(super) fn resolve(text: &str) -> NodeKind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return NodeKind::Null,
        "true" | "True" | "TRUE" => return NodeKind::Bool(true),
        "false" | "False" | "FALSE" => return NodeKind::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return NodeKind::Float(f64::NAN),
        _ => {}
    }
    number(text).unwrap_or_else(|| NodeKind::String(text.to_owned()))
}

fn number(text: &str) -> Option<NodeKind> {
    let radix = |digits: &str, radix: u32| {
        let valid = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
        // Too great for an integer: still a number, and its text is kept.
        valid.then(|| match i64::from_str_radix(digits, radix) {
            Ok(int) => NodeKind::Int(int),
            Err(_) => NodeKind::Float(f64::INFINITY),
        })
    };
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Some(NodeKind::Float(if negative { f64::NEG_INFINITY } else { f64::INFINITY }));
    }
    if !is_decimal(unsigned) {
        return None;
    }
    if unsigned.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(int) = text.parse()
    {
        return Some(NodeKind::Int(int));
    }
    text.parse().ok().map(NodeKind::Float)
}

/// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, which covers whole numbers as well.
fn is_decimal(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    let mantissa_fits = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None => !mantissa.is_empty() && digits(mantissa),
    };
    exponent_fits && mantissa_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_schema_decides() {
        let text = |text: &str| NodeKind::String(text.to_owned());
        for word in
            ["no", "on", "y", "12:30", "2024-01-01", "1_000", "0b1", "-", ".", "+", "1e", "0x", "0xg", "nULL"]
        {
            assert_eq!(resolve(word), text(word), "{word}");
        }
        for (word, kind) in [
            ("", NodeKind::Null),
            ("~", NodeKind::Null),
            ("True", NodeKind::Bool(true)),
            ("0123", NodeKind::Int(123)),
            ("-7", NodeKind::Int(-7)),
            ("+15551234567", NodeKind::Int(15_551_234_567)),
            ("0o17", NodeKind::Int(15)),
            ("0xFF", NodeKind::Int(255)),
            ("1.10", NodeKind::Float(1.1)),
            (".5", NodeKind::Float(0.5)),
            ("5.", NodeKind::Float(5.0)),
            ("1e3", NodeKind::Float(1000.0)),
            ("-.inf", NodeKind::Float(f64::NEG_INFINITY)),
            ("99999999999999999999", NodeKind::Float(1e20)),
        ] {
            assert_eq!(resolve(word), kind, "{word}");
        }
        assert!(matches!(resolve(".nan"), NodeKind::Float(nan) if nan.is_nan()));
    }
}
