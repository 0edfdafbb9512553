//! Renders many networks at once on a graphics card, whoever made it.

mod bank;
mod device;
mod error;
mod functions;
mod kernel;
mod pack;
mod plan;
mod recurrent;
mod renderer;
mod source;
mod stream;

pub use device::{Description, Device, Options, devices};
pub use error::Error;
pub use renderer::{Job, Renderer};
pub use stream::{Live, Stream};

#[cfg(test)]
mod forms_tests;
