//! Values as YAML text, for files that Concord writes itself. Owns the safe quoting; edits of files that a person wrote
//! are not made here, because they would lose the comments.

use serde::Serialize;

/// Why a value could not be written as YAML.
#[derive(Debug, thiserror::Error)]
#[error("the value cannot be written as YAML")]
pub struct EmitError(#[from] serde_saphyr::ser::Error);

/// Writes a value as one YAML document that ends in a line break.
///
/// Texts that a YAML 1.1 reader would take for something else (`no`, `12:30`, `2024-01-01`, `0123`) are quoted, so that
/// every reader sees the same value.
///
/// # Errors
/// Where the value's own `Serialize` fails, or has no form in YAML.
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, EmitError> {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    Ok(serde_saphyr::to_string_with_options(&value, options)?)
}
