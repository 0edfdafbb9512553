//! Pairs of recordings: aligned, checked, split.
