//! The way from a document's root to a node. Owns its notation; walking a tree along it is `node`'s.

use std::fmt;

/// One step: into a mapping by key, or into a list by index (from 0).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// The value of this key.
    Key(String),
    /// The element with this index, from 0.
    Index(usize),
}

impl From<&str> for Segment {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<&String> for Segment {
    fn from(key: &String) -> Self {
        Self::Key(key.clone())
    }
}

impl From<String> for Segment {
    fn from(key: String) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// The way from a document's root to a node, written `spec.attributes[2].name`. Made with [`path!`](crate::yaml_path):
/// `path!["spec", "attributes", 2, "name"]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<Segment>);

impl Path {
    /// The root itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// The steps, from the root on.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// This path with one more step.
    #[must_use]
    pub fn join(&self, segment: impl Into<Segment>) -> Self {
        let mut path = self.clone();
        path.push(segment);
        path
    }

    /// Adds a step.
    pub fn push(&mut self, segment: impl Into<Segment>) {
        self.0.push(segment.into());
    }

    /// The path without its last step; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        let (_, parents) = self.0.split_last()?;
        Some(Self(parents.to_vec()))
    }
}

impl<S: Into<Segment>> FromIterator<S> for Path {
    fn from_iter<I: IntoIterator<Item = S>>(segments: I) -> Self {
        Self(segments.into_iter().map(Into::into).collect())
    }
}

impl<S: Into<Segment>> Extend<S> for Path {
    fn extend<I: IntoIterator<Item = S>>(&mut self, segments: I) {
        self.0.extend(segments.into_iter().map(Into::into));
    }
}

/// Keys that are no plain words are written in brackets and quotes: `metadata.annotations["example.com/x"]`. The root is
/// empty.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if is_word(key) => {
                    write!(f, "{}{key}", if at == 0 { "" } else { "." })?;
                }
                Segment::Key(key) => write!(f, "[{key:?}]")?,
            }
        }
        Ok(())
    }
}

fn is_word(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// A [`Path`] of keys and indices: `path!["spec", "attributes", 2, "name"]`. Exported from the crate's root under this
/// name; `yaml::path!` is the same.
#[macro_export]
macro_rules! yaml_path {
    ($($segment:expr),* $(,)?) => {
        <$crate::yaml::Path as ::core::iter::FromIterator<$crate::yaml::Segment>>::from_iter(
            [$($crate::yaml::Segment::from($segment)),*]
        )
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::path;

    #[test]
    fn paths_read_as_people_write_them() {
        assert_eq!(path!["spec", "attributes", 2, "name"].to_string(), "spec.attributes[2].name");
        assert_eq!(path!["metadata", "annotations", "a.b/c"].to_string(), "metadata.annotations[\"a.b/c\"]");
        assert_eq!(path![0, "x"].to_string(), "[0].x");
        assert_eq!(Path::root().to_string(), "");
        assert_eq!(path!["a", 1].parent(), Some(path!["a"]));
        assert_eq!(path![].parent(), None);
    }
}
