//! The pictures of the impulse responses that play, drawn once for each.

use std::sync::Arc;

use super::desk::Desk;
use crate::picture::Picture;
use crate::places::Place;
use crate::source::Playing;

/// The pictures of both responses.
#[derive(Default)]
pub(super) struct Pictures([Option<(Arc<Playing>, Picture)>; 2]);

/// Of an empty place.
static NOTHING: Picture = Picture { wave: Vec::new(), seconds: 0.0, curve: Vec::new() };

impl Pictures {
    /// Those of what plays now.
    pub(super) fn of(&mut self, desk: &Desk<'_>) -> [&Picture; 2] {
        for (i, known) in self.0.iter_mut().enumerate() {
            let playing = desk.status(Place::Cabinet(i)).playing.as_ref();
            match (playing, known.as_ref()) {
                (Some(new), Some((old, _))) if Arc::ptr_eq(new, old) => {}
                (Some(new), _) => *known = Some((new.clone(), picture(new))),
                (None, _) => *known = None,
            }
        }
        self.0.each_ref().map(|known| known.as_ref().map_or(&NOTHING, |known| &known.1))
    }
}

/// Of the left channel: what is heard of both is alike.
fn picture(playing: &Playing) -> Picture {
    let Some(impulse) = playing.impulse() else { return Picture::default() };
    let left = impulse.channels().next();
    left.map_or_else(Picture::default, |left| Picture::of(left, impulse.sample_rate()))
}
