//! A plugin that is one reverberator, by its own name.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, OnceLock};

use fdn::{Controls, Graph, Range};

use crate::identity;

/// The graph a plugin is made of, instead of the factory's.
#[derive(Clone, Debug)]
pub struct Own {
    pub(crate) name: String,
    /// The graph, as a file holds it.
    pub(crate) graph: Arc<[u8]>,
    /// Tells the graph from others of other bytes.
    pub(crate) key: String,
    /// What its graph asks for; nothing where it cannot be read.
    pub(crate) controls: Controls,
}

impl Own {
    /// A plugin called `name` that is `graph`, as a file holds it.
    pub fn new(name: impl Into<String>, graph: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        graph.hash(&mut hasher);
        Self {
            name: name.into(),
            graph: graph.into(),
            key: format!("own {:016x} {}", hasher.finish(), graph.len()),
            // Every knob asks for them, and a graph takes long to read.
            controls: Graph::load(graph).map(|graph| graph.controls).unwrap_or_default(),
        }
    }

    /// That of this library, if it carries one.
    pub fn carried() -> Option<Self> {
        static OWN: OnceLock<Option<Own>> = OnceLock::new();
        let read = || identity::own().map(|own| Self::new(own.name(), own.graph().as_bytes()));
        OWN.get_or_init(read).clone()
    }
}

/// The range of a knob that goes from `min` to `max` and begins at `init`, once a graph
/// has asked for another: that, as far as the knob goes. What leaves it no way to go, for
/// it is fixed or lies beyond the knob, is only where it begins.
pub(crate) fn narrowed(asked: Option<Range>, [init, min, max]: [f32; 3]) -> [f32; 3] {
    let Some(asked) = asked else { return [init, min, max] };
    let [init, from, to] = [asked.init, asked.min, asked.max].map(|x| (x as f32).clamp(min, max));
    if from < to { [init.clamp(from, to), from, to] } else { [init, min, max] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphs_are_told_apart() {
        let key = |graph: &[u8]| Own::new("Mine", graph).key;
        assert_eq!(key(b"one"), key(b"one"));
        assert_ne!(key(b"one"), key(b"two"));
    }

    #[test]
    fn a_graph_narrows_a_knob_and_never_widens_it() {
        let knob = [2.0, 0.1, 30.0];
        let asked = |init, min, max| Some(Range { init, min, max });
        assert_eq!(narrowed(None, knob), knob);
        assert_eq!(narrowed(asked(3.0, 1.0, 5.0), knob), [3.0, 1.0, 5.0]);
        assert_eq!(narrowed(asked(90.0, 0.01, 100.0), knob), [30.0, 0.1, 30.0]);
        assert_eq!(narrowed(asked(50.0, 40.0, 60.0), knob), [30.0, 0.1, 30.0]);
        assert_eq!(narrowed(asked(1.0, 1.0, 1.0), knob), [1.0, 0.1, 30.0]);
    }
}
