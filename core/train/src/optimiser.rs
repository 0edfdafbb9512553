//! Steps by gradients.
