//! What the plugins have alike around their effects: parameters as values and as text,
//! undoing and presets, the size of a window, files of the player's and of a trainer's, what
//! the audio thread tells an editor, and what threads find out for one. No sound is made
//! here.

pub mod choice;
pub mod disk;
pub mod files;
pub mod follow;
pub mod instance;
pub mod links;
pub mod meters;
pub mod newest;
pub mod path;
pub mod presets;
pub mod recent;
pub mod session;
pub mod state;
pub mod text;
pub mod window;
