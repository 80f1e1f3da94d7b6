//! All findings of a run. Owns their order, and that none is told twice.

use super::{Finding, Location, Severity};

/// How many findings there are of each severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Findings that stop a run.
    pub errors: usize,
    /// Findings that do not.
    pub warnings: usize,
    /// Hints.
    pub advice: usize,
}

/// Findings as they accumulate. Every stage adds to them and goes on for as long as it can, so that everything wrong is
/// reported at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    items: Vec<Finding>,
}

impl Findings {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, finding: Finding) {
        self.items.push(finding);
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many there are, duplicates included.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.items.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// How many there are of each severity.
    pub fn counts(&self) -> Counts {
        let count = |severity| self.items.iter().filter(|finding| finding.severity == severity).count();
        Counts {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            advice: count(Severity::Advice),
        }
    }

    /// The findings in the order in which they are held.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.items.iter()
    }

    /// Puts them in the order in which a person reads: what has no place first, then by file, position and arrival;
    /// and drops what was found twice (same code, severity, message and place).
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.items.sort_by(|a, b| a.location().map(Location::order).cmp(&b.location().map(Location::order)));
        let mut kept: Vec<Finding> = Vec::with_capacity(self.items.len());
        for finding in self.items {
            // Duplicates share their place, so they stand in one run of equal places at the end of what is kept.
            let twin =
                kept.iter().rev().take_while(|other| other.location() == finding.location()).any(|other| {
                    other.code == finding.code
                        && other.severity == finding.severity
                        && other.message == finding.message
                });
            if !twin {
                kept.push(finding);
            }
        }
        Self { items: kept }
    }

    /// The findings, given away.
    pub fn into_vec(self) -> Vec<Finding> {
        self.items
    }
}

impl Extend<Finding> for Findings {
    fn extend<I: IntoIterator<Item = Finding>>(&mut self, findings: I) {
        self.items.extend(findings);
    }
}

impl FromIterator<Finding> for Findings {
    fn from_iter<I: IntoIterator<Item = Finding>>(findings: I) -> Self {
        Self { items: findings.into_iter().collect() }
    }
}

impl IntoIterator for Findings {
    type Item = Finding;
    type IntoIter = std::vec::IntoIter<Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Finding;
    type IntoIter = std::slice::Iter<'a, Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Code, SourceFile};
    use super::*;

    static CODE: Code = Code { id: "test", severity: Severity::Error, title: "test", explanation: "" };

    #[test]
    fn sorted_puts_placeless_first_and_drops_twins() {
        let (a, b) = (SourceFile::new("a.yaml", "abc"), SourceFile::new("b.yaml", "abc"));
        let findings: Findings = [
            Finding::new(&CODE, "in b").at(b.at(0..1), ""),
            Finding::new(&CODE, "late in a").at(a.at(2..3), ""),
            Finding::new(&CODE, "early in a").at(a.at(0..1), "first"),
            Finding::new(&CODE, "also early in a").at(a.at(0..1), ""),
            Finding::new(&CODE, "early in a").at(a.at(0..1), "second"),
            Finding::warning(&CODE, "about all"),
        ]
        .into_iter()
        .collect();
        assert!(findings.has_errors());
        assert_eq!(findings.counts(), Counts { errors: 5, warnings: 1, advice: 0 });
        let order: Vec<_> = findings.sorted().into_iter().map(|f| f.message).collect();
        assert_eq!(order, ["about all", "early in a", "also early in a", "late in a", "in b"]);
    }
}
