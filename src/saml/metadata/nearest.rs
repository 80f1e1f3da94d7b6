//! Entity IDs for a message: how many there are, and the few that are most like the one that was asked for. Bounded, since an aggregate has
//! thousands.

use std::fmt;

/// Entity IDs that are named in a message.
const SHOWN: usize = 5;
/// Entity IDs are compared and shown up to this many characters.
const COMPARED: usize = 300;

/// The entity IDs most like one that was asked for; without one, the first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Nearest {
    wanted: Option<String>,
    /// Likeness in thousandths, and the ID; the most alike first.
    shown: Vec<(u32, String)>,
    count: usize,
}

impl Nearest {
    /// None yet.
    pub fn to(wanted: Option<&str>) -> Self {
        let wanted = wanted.map(|wanted| wanted.chars().take(COMPARED).collect::<String>().to_lowercase());
        Self { wanted, ..Self::default() }
    }

    /// Of these entity IDs.
    pub fn of<'a>(wanted: Option<&str>, ids: impl IntoIterator<Item = &'a str>) -> Self {
        let mut nearest = Self::to(wanted);
        ids.into_iter().for_each(|id| nearest.offer(id));
        nearest
    }

    /// Counts an entity ID, and keeps it if it is near.
    pub fn offer(&mut self, id: &str) {
        self.count += 1;
        let id: String = id.chars().take(COMPARED).collect();
        let likeness = self.wanted.as_ref().map_or(0, |wanted| {
            let score = strsim::jaro_winkler(wanted, &id.to_lowercase());
            // From 0 to 1, so the product fits.
            (score * 1000.0) as u32
        });
        let place = self.shown.partition_point(|(other, _)| *other >= likeness);
        self.shown.insert(place, (likeness, id));
        self.shown.truncate(SHOWN);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The nearest, or the first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.shown.iter().map(|(_, id)| id.as_str())
    }
}

impl fmt::Display for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = self.ids().collect::<Vec<_>>().join(", ");
        match self.count - self.shown.len() {
            0 => f.write_str(&ids),
            more if self.wanted.is_some() => write!(f, "{ids} (the nearest) and {more} more"),
            more => write!(f, "{ids} and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_of_many_are_named() {
        let ids: Vec<String> = (0..5_000).map(|n| format!("https://idp{n}.example.org/metadata")).collect();
        let near = Nearest::of(Some("https://IDP77.example.org/metadata"), ids.iter().map(String::as_str));
        assert_eq!(near.count(), 5_000);
        assert_eq!(near.ids().next(), Some("https://idp77.example.org/metadata"));
        assert!(near.to_string().ends_with("(the nearest) and 4995 more"), "{near}");
        assert_eq!(Nearest::of(None, ["urn:b", "urn:a"]).to_string(), "urn:b, urn:a");
    }
}
