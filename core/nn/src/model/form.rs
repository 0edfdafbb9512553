//! What a model is made of, for crates that run it in ways of their own.

use std::sync::Arc;

use super::{Model, Net};
use crate::ladder::choose;
use crate::program::Program;
use crate::recurrent::Recurrent;

impl Model {
    /// The program of a feed-forward network, of the size that `quality` chooses as
    /// [`Engine::set_quality`](crate::Engine::set_quality) does. `None` for all others.
    pub fn program(&self, quality: f32) -> Option<Arc<Program>> {
        match self.net.size(quality) {
            Net::FeedForward(program) => Some(program.clone()),
            _ => None,
        }
    }

    /// The weights of an LSTM, of the size that `quality` chooses. `None` for all others.
    pub fn recurrent(&self, quality: f32) -> Option<Recurrent> {
        match self.net.size(quality) {
            Net::Lstm(net) => Some(net.view()),
            _ => None,
        }
    }
}

impl Net {
    fn size(&self, quality: f32) -> &Self {
        match self {
            Net::Sizes(sizes) => &sizes[choose(sizes.iter().map(|(until, _)| *until), quality)].1,
            other => other,
        }
    }
}
