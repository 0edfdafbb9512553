//! A tone stack that rests in silence.

use super::Tone as Params;
use crate::rest::{Rest, unless_silent};
use crate::tone::Tone;

pub(super) struct Toned {
    tone: Tone,
    rest: Rest,
}

impl Toned {
    pub(super) fn new(sample_rate: f32) -> Self {
        // After a second even the lowest filter has nothing left to say.
        Self { tone: Tone::new(sample_rate), rest: Rest::new(sample_rate as usize) }
    }

    /// Forgets all sound; the next parameters hold at once.
    pub(super) fn reset(&mut self) {
        self.tone.reset();
        self.rest.wake();
    }

    /// `here` tells whether the stack lies here.
    pub(super) fn process(&mut self, io: &mut [&mut [f32]], params: &Params, here: bool) {
        let params = Params { on: params.on && here, ..*params };
        unless_silent(&mut self.rest, io, |io, woken| {
            if woken {
                // What was set in silence holds from the first sound on.
                self.tone.reset();
            }
            self.tone.process(io, &params);
        });
    }
}
