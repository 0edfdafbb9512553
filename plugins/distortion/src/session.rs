//! What the editor does as a whole: undo and redo, A and B, and presets.

/// What one editor did and can undo.
pub type Session = shell::session::Session<crate::params::DriveParams>;
