//! What of a network can be turned.

/// An input of a network beside the sound, which its player may turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Knob {
    /// A name for people.
    pub name: String,
    /// The least it was trained with.
    pub min: f32,
    /// The most.
    pub max: f32,
    /// Where it stands at first.
    pub default: f32,
}

impl Knob {
    /// One of unknown meaning, as formats without words for it have them: 0 to
    /// 1, the `number`th counted from 1.
    pub(crate) fn unnamed(number: usize) -> Self {
        Self { name: format!("Knob {number}"), min: 0.0, max: 1.0, default: 0.5 }
    }
}
