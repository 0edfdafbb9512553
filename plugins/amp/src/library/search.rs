//! Finding something in a library.

use std::sync::Arc;

use super::{Catalogue, Entry, Kind};

/// What is looked for. Everything that is set must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Words that must all occur, in any order and anywhere.
    pub words: String,
    /// Models, or impulse responses.
    pub models: bool,
    /// Only what the player marked.
    pub favourites: bool,
    /// Only this type of gear.
    pub gear_type: Option<String>,
    /// Only this tone.
    pub tone: Option<String>,
    /// Only this architecture.
    pub architecture: Option<String>,
    /// Only what says at what level it was made.
    pub calibrated: bool,
    /// At most so many nanoseconds a sample.
    pub most_cost: Option<f32>,
    /// Only what can be played.
    pub playable: bool,
    /// How it is sorted.
    pub order: Order,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            words: String::new(),
            models: true,
            favourites: false,
            gear_type: None,
            tone: None,
            architecture: None,
            calibrated: false,
            most_cost: None,
            playable: false,
            order: Order::Name,
        }
    }
}

/// How a list is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By name, as people count.
    #[default]
    Name,
    /// By folder, then by name.
    Folder,
    /// The cheapest first.
    Cost,
}

impl Query {
    /// What of `catalogue` is looked for.
    pub fn find(&self, catalogue: &Catalogue) -> Vec<Arc<Entry>> {
        let words: Vec<String> = self.words.split_whitespace().map(str::to_lowercase).collect();
        let holds = |entry: &&Arc<Entry>| {
            entry.is_model() == self.models
                && entry.kind != Kind::Other
                && words.iter().all(|word| entry.text.contains(word.as_str()))
                && (!self.favourites || catalogue.is_favourite(&entry.path))
                && (!self.playable || entry.error.is_none())
                && self.holds_facts(entry)
        };
        let mut found: Vec<_> = catalogue.entries.iter().filter(holds).cloned().collect();
        match self.order {
            // As the catalogue is, and the others keep that order among equals.
            Order::Name => {}
            Order::Folder => found.sort_by(|a, b| a.folder.cmp(&b.folder)),
            Order::Cost => {
                let cost = |entry: &Entry| entry.cost.unwrap_or(f32::INFINITY);
                found.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
            }
        }
        found
    }

    fn holds_facts(&self, entry: &Entry) -> bool {
        let Some(facts) = entry.model() else {
            let asks = self.gear_type.is_some() || self.tone.is_some() || self.calibrated;
            return !asks && self.architecture.is_none() && self.most_cost.is_none();
        };
        let is = |asked: &Option<String>, said: Option<&str>| {
            asked.as_deref().is_none_or(|asked| said.is_some_and(|s| s.eq_ignore_ascii_case(asked)))
        };
        is(&self.gear_type, facts.gear_type.as_deref())
            && is(&self.tone, facts.tone.as_deref())
            && is(&self.architecture, Some(&facts.architecture))
            && (!self.calibrated || facts.is_calibrated())
            && self.most_cost.is_none_or(|most| entry.cost.is_some_and(|cost| cost <= most))
    }
}
