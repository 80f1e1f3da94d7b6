//! What a file may cost. Owns the numbers; the parser keeps to them.

/// Bounds for one file, against huge files, deep nesting and alias bombs ("billion laughs").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of the file in bytes. Text that aliases repeat may add as much again.
    pub bytes: usize,
    /// Collections inside one another.
    pub depth: usize,
    /// Scalars, lists and mappings in the file, those that aliases repeat included.
    pub nodes: usize,
    /// Aliases (`*name`) in the file.
    pub aliases: usize,
    /// Documents in the file.
    pub documents: usize,
    /// Findings about the file's text; reading ends after them.
    pub findings: usize,
}

impl Default for Limits {
    /// 1 MiB, 64 levels, 200,000 nodes, 1,000 aliases, 1,000 documents, 256 findings.
    fn default() -> Self {
        Self { bytes: 1 << 20, depth: 64, nodes: 200_000, aliases: 1_000, documents: 1_000, findings: 256 }
    }
}
