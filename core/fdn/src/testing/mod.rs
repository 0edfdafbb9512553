//! What tests hold the compiler to: the plainest ways to run a graph and a network,
//! and random ones to run.

mod equations;
mod interpreter;
mod random;
mod random_network;

pub use equations::network_response;
pub use interpreter::Interpreter;
pub use random::{Recipe, random_graph};
pub use random_network::random_network;

#[cfg(test)]
#[path = "interpreter_tests.rs"]
mod tests;
