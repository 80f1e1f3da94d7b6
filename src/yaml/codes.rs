//! What can be wrong with the text and the shape of a document, before its meaning is looked at.

use crate::diagnostics::{Code, Severity};

/// The codes of this room, in the order in which they are explained.
pub const CODES: &[&Code] = &[
    &YAML_SYNTAX,
    &YAML_DUPLICATE_KEY,
    &YAML_LIMIT,
    &YAML_TAG,
    &YAML_MERGE_KEY,
    &YAML_KEY,
    &UNKNOWN_FIELD,
    &MISSING_FIELD,
    &WRONG_TYPE,
    &UNKNOWN_VALUE,
    &INVALID_VALUE,
];

macro_rules! codes {
    ($($name:ident, $id:literal, $title:literal, $explanation:literal;)*) => {$(
        #[doc = concat!("`", $id, "`: ", $title, ".")]
        pub static $name: Code =
            Code { id: $id, severity: Severity::Error, title: $title, explanation: $explanation };
    )*};
}

codes! {
    YAML_SYNTAX, "yaml-syntax", "the file is not YAML",
    "The text breaks the grammar of YAML, so nobody can know what it says. Documents after the next `---` are still \
     read.\n\nOften the indentation is off by a space, a quote or a bracket is not closed, a text with `: ` or ` #` in \
     it needs quotes, or a tab indents a line (YAML allows spaces only). Files are UTF-8.\n\nSource: YAML 1.2.2.";

    YAML_DUPLICATE_KEY, "yaml-duplicate-key", "a key is written twice in one mapping",
    "Keys of a mapping are unique. Many readers silently take the last one, so that a reviewer who sees the first is \
     misled.\n\nKeep one of the two; for several values, write a list.\n\nSource: YAML 1.2.2, section 3.2.1.3.";

    YAML_LIMIT, "yaml-limit", "the file is larger or more deeply nested than is read",
    "Size, nesting, number of nodes, aliases and documents of a file are bounded, so that a small file cannot exhaust \
     the machine that plans it (an \"alias bomb\" expands to gigabytes).\n\nThe limits for one file: 1 MiB, 64 levels, \
     200,000 nodes, 1,000 aliases, 1,000 documents; after 256 problems the rest is not read. Split the file: a project is a folder, and its files are read \
     together.";

    YAML_TAG, "yaml-tag", "a tag is not allowed",
    "Tags (`!Name`) ask the reader to make something special of a value. Concord knows only the tags of the core schema \
     (`!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!seq`, `!!map`), and only where the value fits.\n\nLeave the \
     tag out; secrets are written as `{env: NAME}`, `{file: PATH}` or `{command: [...]}`.\n\nSource: YAML 1.2.2, section \
     10.3.";

    YAML_MERGE_KEY, "yaml-merge-key", "merge keys are not supported",
    "`<<` is no part of YAML 1.2. Readers differ in which value wins, and a diff of the merged mapping does not show \
     what changes where it is merged in.\n\nWrite the fields out, or repeat a whole value with an alias (`*name`).\
     \n\nSource: YAML 1.2.2 leaves out the merge type of YAML 1.1.";

    YAML_KEY, "yaml-key", "a key is not a text",
    "Every key in a manifest is a text. `1`, `true`, `null`, lists and mappings are not.\n\nPut the key in quotes \
     (`\"1\": ...`) where the text is meant.";

    UNKNOWN_FIELD, "unknown-field", "a field does not exist here",
    "A field that nobody reads would look as if it had an effect. It is probably misspelt, or belongs one level up or \
     down.\n\nThe help lists the fields that exist there; an editor that uses the JSON Schemas under `schemas/` offers \
     them while you type.";

    MISSING_FIELD, "missing-field", "a required field is missing",
    "The mapping cannot be understood without this field, and no default would be safe.\n\nAdd it; `concord schema` \
     tells what it holds.";

    WRONG_TYPE, "wrong-type", "a value has the wrong type",
    "For example a text where a list is expected, or a number in quotes where a number is expected.\n\nTexts: a bare \
     number is taken as it is written; `true`, `false` and `null` need quotes. Numbers and truth values are written \
     without quotes; `yes`, `no`, `on` and `off` are texts in YAML 1.2. A list with one element still needs its dash or \
     brackets.";

    UNKNOWN_VALUE, "unknown-value", "a value is not one of those that are possible here",
    "The field takes one of a fixed set of values. It is probably misspelt; the values are sensitive to case.\n\nThe \
     help lists them.";

    INVALID_VALUE, "invalid-value", "a value does not have the form that is required",
    "The type is right and the text is not: a URL that does not parse, an identifier of the wrong length, a name with a \
     character that is not allowed. The message says which rule is broken.";
}
