//! What the header shows of the whole: the preset, the two memories, the way back.

/// What the header shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Session {
    /// The name of the preset that was loaded last.
    pub(super) preset: String,
    /// Whether anything was changed since.
    pub(super) changed: bool,
    /// All presets, the factory's first.
    pub(super) presets: Vec<Entry>,
    /// Which memory plays: 0 is A, 1 is B.
    pub(super) memory: usize,
    pub(super) can_undo: bool,
    pub(super) can_redo: bool,
}

/// A preset in the menu.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) factory: bool,
}

/// What was clicked.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Click {
    /// The arrow to the preset before or after.
    Step(isize),
    /// A preset of the menu, by its place there.
    Load(usize),
    /// Keep the present sound under this name.
    Save(String),
    /// Throw a preset of the player's away, by its place in the menu.
    Delete(usize),
    /// Play the other memory.
    Swap,
    /// Make the other memory the same as this.
    Copy,
    Undo,
    Redo,
    Bypass,
}
