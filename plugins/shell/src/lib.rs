//! What the plugins have alike around their effects: parameters as values and as text,
//! undoing and presets, the size of a window, files of the player's and of a trainer's, what
//! the audio thread tells an editor, and what threads find out for one. No sound is made
//! here.

pub mod beside;
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

use fx::Calls;
use nice_plug::prelude::{BufferConfig, ProcessMode};
use nn::Blocks;

/// How the host will call, as it says. That it always passes the same number of samples
/// is never taken for granted: the last block of a render or a loop may be shorter.
pub fn calls(buffer: &BufferConfig) -> Calls {
    Calls {
        blocks: Blocks::UpTo(buffer.max_buffer_size.max(1) as usize),
        offline: buffer.process_mode == ProcessMode::Offline,
    }
}
