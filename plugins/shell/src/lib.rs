//! What the plugins have alike around their effects: values as text, the size of a
//! window, files of the player's, and what the audio thread tells an editor. No sound
//! is made here.

pub mod disk;
pub mod meters;
pub mod text;
pub mod window;
