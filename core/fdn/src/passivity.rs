//! What may be done to a network without a new proof each time.

/// That nothing in any loop of a network adds energy, so that lines may be turned into
/// one another and fade as fast as one likes, at any speed of change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passivity {
    /// The most each sample of a line in a loop may gain, as a power of two: what
    /// filters take away is given back up to here. Zero or a little above where a
    /// network loses nothing or little at its loudest frequency; infinite without
    /// loops.
    pub decay: f64,
    /// When lines are turned, seen from the gains of the reverberation time.
    pub(crate) turn: Turn,
}

/// Where in a line it may be turned into another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Turn {
    /// Before or after its gain.
    #[default]
    Any,
    /// Before its gain, which makes up for a filter that comes after.
    First,
    /// After its gain, which makes up for a filter that came before.
    Last,
}
