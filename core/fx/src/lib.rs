//! The effects, whole but host-free: what a plugin wraps and what the offline renderer runs.
