//! The size of the editor, which is saved with the project.

use std::sync::{Arc, Mutex, PoisonError};

use nice_plug::params::persist::PersistentField;
use serde_json::Value;

/// The largest sides that are believed, in points.
const LIMITS: std::ops::RangeInclusive<f32> = 100.0..=16_384.0;

/// Width and height of the editor in points, once there is something to remember.
/// A clone is another handle to the same.
#[derive(Clone, Default)]
pub struct Window(Arc<Mutex<Option<[f32; 2]>>>);

impl Window {
    /// The size a project or the player gave it, if any did.
    pub fn size(&self) -> Option<[f32; 2]> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a size; one that no window has is ignored.
    pub fn set(&self, size: [f32; 2]) {
        if size.iter().all(|side| LIMITS.contains(side)) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(size);
        }
    }
}

// Of any JSON, so that a damaged project is no error on the way here.
impl PersistentField<'_, Value> for Window {
    fn set(&self, value: Value) {
        if let Ok(size) = serde_json::from_value(value) {
            Self::set(self, size);
        }
    }

    fn map<F: Fn(&Value) -> R, R>(&self, f: F) -> R {
        f(&serde_json::json!(self.size()))
    }
}
