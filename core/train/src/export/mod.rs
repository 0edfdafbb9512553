//! Model files as players read them.
