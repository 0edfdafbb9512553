//! Plays an ONNX file of audio in and audio out as a model.

mod error;
mod file;
mod graph;
pub mod limits;
mod native;
mod rewrite;
mod scan;
mod session;
mod tensor;

use std::path::PathBuf;

pub use error::Error;
pub use file::{Dim, Element, Port};
pub use graph::Graph;
pub use tensor::{Data, Tensor};

/// How to run a graph.
#[derive(Clone, Debug)]
pub struct Options {
    /// The library of ONNX Runtime to use instead of the runtime we carry, by an
    /// absolute path. One process loads one.
    pub library: Option<PathBuf>,
    /// What is to compute, where a library is named: the first that works.
    pub providers: Vec<Provider>,
}

impl Default for Options {
    /// The runtime we carry; where a library is named, whatever is fastest.
    fn default() -> Self {
        let providers = vec![Provider::Cuda, Provider::CoreMl, Provider::DirectMl, Provider::Cpu];
        Self { library: None, providers }
    }
}

/// What computes in ONNX Runtime; a library is built with some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// A graphics card of NVIDIA.
    Cuda,
    /// What macOS chooses.
    CoreMl,
    /// A graphics card on Windows.
    DirectMl,
    /// One core of the processor.
    Cpu,
}
