//! A plugin that is one reverberator, by its own name.

use fdn::{Controls, Graph, Range};

use crate::identity;

/// The graph a plugin is made of, instead of the factory's.
#[derive(Clone, Debug)]
pub struct Own {
    /// What the plugin is called.
    pub name: String,
    /// The graph, as a file holds it.
    pub graph: Vec<u8>,
}

impl Own {
    /// That of this library, if it carries one.
    pub fn carried() -> Option<Self> {
        let own = identity::own()?;
        Some(Self { name: own.name().into(), graph: own.graph().into() })
    }

    /// The controls its graph asks for; none where it cannot be read.
    pub(crate) fn controls(&self) -> Controls {
        Graph::load(&self.graph).map(|graph| graph.controls).unwrap_or_default()
    }
}

/// The range of a knob that goes from `min` to `max` and begins at `init`, once a graph
/// has asked for another: that, as far as the knob goes.
pub(crate) fn narrowed(asked: Option<Range>, [init, min, max]: [f32; 3]) -> [f32; 3] {
    let Some(asked) = asked else { return [init, min, max] };
    let [from, to] = [asked.min, asked.max].map(|x| (x as f32).clamp(min, max));
    if from < to { [(asked.init as f32).clamp(from, to), from, to] } else { [init, min, max] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graph_narrows_a_knob_and_never_widens_it() {
        let knob = [2.0, 0.1, 30.0];
        let asked = |init, min, max| Some(Range { init, min, max });
        assert_eq!(narrowed(None, knob), knob);
        assert_eq!(narrowed(asked(3.0, 1.0, 5.0), knob), [3.0, 1.0, 5.0]);
        assert_eq!(narrowed(asked(90.0, 0.01, 100.0), knob), [30.0, 0.1, 30.0]);
        assert_eq!(narrowed(asked(50.0, 40.0, 60.0), knob), knob);
    }
}
