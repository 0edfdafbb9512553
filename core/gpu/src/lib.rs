//! Renders many networks at once on a graphics card, whoever made it.
//!
//! A [`Renderer`] takes recordings through as many models as there are; a [`Stream`]
//! plays instances block after block. What comes out is what the engines of [`nn`]
//! answer to within 1e-5 of full scale. Every failure is an [`Error`], after which the
//! processor can do the work; nothing here panics where there is no card or driver.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let device = gpu::Device::open(&gpu::Options::default())?;
//! let models = [nn::Model::load(&std::fs::read("amp.nam")?)?];
//! let mut renderer = gpu::Renderer::new(&device, &models, 1.0)?;
//! let input = vec![0.0; 480_000];
//! let output = renderer.render(&[gpu::Job { model: 0, input: &input }])?;
//! # drop(output);
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! A feed-forward network is cut into *stages*, inside of which no frame waits for
//! another, so that every frame of every instance is a thread and a stage is one
//! dispatch: for a WaveNet, about one a layer. An instance is a *lane* whose signals lie in
//! rings, a row a channel, frames next to each other; a block of 1024 frames of all
//! lanes follows the other. So no work is done twice where there are as many jobs as
//! the card needs; fewer long ones are cut into parts that overlap by the receptive
//! field. The shader is written for the network: sizes, dilations and places are
//! constants of it, weights are data, so models of one shape share it. An LSTM is a
//! thread for each unit, sample after sample, and fills a card by lanes alone.
//!
//! # What bounds it
//!
//! Estimates by arithmetic, not measurements, for NAM's standard WaveNet, which takes
//! 13 320 multiply-adds a sample and 240 tanh of some 16 operations, 30 kFLOP in all.
//! Between stages go, for each channel of a layer, three values read of its input, one
//! more for the residual, one written, and a read and a write of the head's sum: 7 × 240
//! values or 6.7 kB, of which caches may serve the repeated reads, which leaves 3.9 kB. A
//! card of 60 TFLOP/s and 4.8 TB/s can then do 2.0 and 1.2 billion samples a second, so
//! memory bounds it, at 25 000 times real time. A thousand models over ten seconds are
//! 0.4 s of that, and 1.9 GB of output to bring home. `examples/throughput.rs` measures it.

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
