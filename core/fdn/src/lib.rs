//! Feedback delay networks, from the graph a trainer wrote to sound.
//!
//! ```text
//! JSON ── load ──▶ Graph ── at_rate ──▶ Graph ── flatten ──▶ Network ── compile ──▶ Plan ── run ──▶ Reverb
//!                                                            └──────── certify ──▶ Certificate
//! ```
//!
//! A [`Graph`] is a tree in float64, as it was designed. A [`Network`] is the same
//! without its nesting: signals, and the operations that make them. A plan is what
//! to do with them in single precision, and in which order.

pub mod analysis;
mod certify;
mod compile;
mod controls;
mod error;
mod faust;
mod fractional;
mod graph;
mod latch;
pub mod live;
mod network;
#[cfg(test)]
mod network_tests;
mod passivity;
mod plan;
mod poles;
mod portrait;
mod rate;
mod response;
mod run;
#[cfg(test)]
mod run_tests;
mod scalar;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod testing;

pub use certify::{
    Certificate, Conditions, FilterCertificate, LoopCertificate, Proof, Verdict, certify,
    certify_unless,
};
pub use compile::Decay;
pub use controls::{Bands, Calibration, Effect, Law, Model, Modulation, Params};
pub use cpu::Isa;
pub use error::Error;
pub use faust::faust;
pub use graph::{Controls, Delay, Graph, Kind, Module, Node, Range, Section};
pub use network::{Network, Op, OpKind, Signal};
pub use passivity::Passivity;
pub use plan::Plan;
pub use poles::{Poles, poles};
pub use portrait::Portrait;
pub use run::Reverb;
