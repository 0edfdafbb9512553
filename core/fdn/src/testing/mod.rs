//! What tests hold the compiler to: the plainest way to run a graph, and random
//! graphs to run.

mod interpreter;
mod random;

pub use interpreter::Interpreter;
pub use random::{Recipe, random_graph};

#[cfg(test)]
#[path = "interpreter_tests.rs"]
mod tests;
