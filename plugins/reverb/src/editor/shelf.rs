//! The factory's graphs, by category.

use std::sync::OnceLock;

use fdn::Graph;
use fx::factory::{self, Item};
use serde_json::Value;

use super::words::{self, DOT};
use crate::source;

/// Categories, in the order in which they are listed, and what belongs to them.
const CATEGORIES: [(&str, &[&str]); 4] = [
    ("Rooms", &["small-room", "live-room", "chamber"]),
    ("Halls", &["medium-hall", "large-hall", "cathedral"]),
    ("Plates and springs", &["bright-plate", "dark-plate", "spring"]),
    ("Others", &["colourless", "endless-bloom"]),
];

/// What is known of a graph of the factory's.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) item: &'static Item,
    pub(super) category: &'static str,
    /// In short: how many lines, and two of its tags.
    pub(super) facts: String,
    /// In a sentence.
    pub(super) details: String,
}

/// The factory's graphs, by category. Read once, in some milliseconds.
pub(super) fn factory() -> &'static [Known] {
    static READ: OnceLock<Vec<Known>> = OnceLock::new();
    READ.get_or_init(|| {
        let in_order = CATEGORIES.iter().flat_map(|(category, ids)| {
            let items = ids.iter().filter_map(|id| factory::reverb(id));
            items.map(move |item| known(item, category))
        });
        in_order.collect()
    })
}

fn known(item: &'static Item, category: &'static str) -> Known {
    let lines = Graph::load(item.bytes).map_or(0, |graph| source::lines(&graph.root, false));
    let file: Value = serde_json::from_slice(item.bytes).unwrap_or_default();
    let meta = file.get("meta");
    let text = |key| meta.and_then(|meta| meta.get(key));
    let tags = text("tags").and_then(Value::as_array).into_iter().flatten();
    let tags: Vec<&str> = tags.filter_map(Value::as_str).take(2).collect();
    let facts = format!("{}{DOT}{}", words::lines(lines), tags.join(", "));
    let details = text("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    Known { item, category, facts, details }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_graph_of_the_factory_has_its_place() {
        let shown: Vec<&str> = factory().iter().map(|known| known.item.id).collect();
        for item in factory::REVERBS {
            assert_eq!(shown.iter().filter(|id| **id == item.id).count(), 1, "{}", item.id);
        }
        assert_eq!(shown.len(), factory::REVERBS.len());
        for known in factory() {
            assert!(!known.details.is_empty() && !known.facts.starts_with('0'), "{known:?}");
        }
    }
}
