//! Networks without feedback, differentiated in reverse.
