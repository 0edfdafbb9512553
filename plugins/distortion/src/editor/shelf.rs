//! The factory's devices, with what is known of them.

use std::sync::OnceLock;

use fx::factory::{self, Item};
use nn::Model;

use super::words::DOT;

/// What is known of a device of the factory's.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) item: &'static Item,
    /// In short: what can be turned.
    pub(super) facts: String,
    /// In a sentence or two.
    pub(super) details: String,
}

/// The factory's devices. Read once, in some milliseconds.
pub(super) fn factory() -> &'static [Known] {
    static READ: OnceLock<Vec<Known>> = OnceLock::new();
    READ.get_or_init(|| factory::DRIVES.iter().map(known).collect())
}

fn known(item: &'static Item) -> Known {
    let model = Model::load(item.bytes).ok();
    let facts = model.as_ref().map(facts).unwrap_or_default();
    let details = model.and_then(|model| model.metadata().description.clone()).unwrap_or_default();
    Known { item, facts, details }
}

fn facts(model: &Model) -> String {
    let names: Vec<&str> = model.knobs().iter().map(|knob| knob.name.as_str()).collect();
    match names.len() {
        0 => format!("{} weights", model.weights()),
        _ => names.join(DOT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_says_what_it_is() {
        assert_eq!(factory().len(), factory::DRIVES.len());
        for known in factory() {
            assert!(!known.facts.is_empty() && !known.details.is_empty(), "{known:?}");
        }
    }
}
