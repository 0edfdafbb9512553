//! How wrong an answer is, and in which direction.
