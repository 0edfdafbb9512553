//! Recurrent networks, differentiated through time.
