//! What to do, and in which order: a [`Plan`] is data, and says all of itself.
//!
//! Signals live in rows of [`FRAMES`] samples, delays in rings that outlast them.
//! A stage is a list of steps that is run over as many frames at a time as its
//! shortest loop allows: what a delay of m samples gives to the next m frames is
//! known before they are computed, so within them a loop is no loop.

use std::fmt;
use std::ops::Range;

/// Frames computed together at most.
pub(crate) const FRAMES: usize = 64;
/// Floats from one row to the next: kernels compute whole vectors, so the last
/// one of a chunk that begins anywhere needs room.
pub(crate) const STRIDE: usize = FRAMES + 16;

/// A row, by the first of its floats.
pub(crate) type Row = u32;

/// What a step reads or writes, by its number among the places of the plan.
pub(crate) type Id = u32;

/// Where the frames of a chunk lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// In a row.
    Row(Row),
    /// In a ring, so many samples before the present.
    Ring(u32, u32),
}

/// A network made ready to run at one sample rate; made by [`Plan::compile`].
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub(crate) sample_rate: f64,
    pub(crate) rows: usize,
    pub(crate) inputs: Vec<Row>,
    pub(crate) outputs: Vec<Row>,
    pub(crate) rings: Vec<Ring>,
    /// Floats of all rings.
    pub(crate) memory: usize,
    /// Floats of the states of all filters.
    pub(crate) states: usize,
    pub(crate) places: Vec<Place>,
    pub(crate) stages: Vec<Stage>,
    /// Lengths in samples of the lines on which the reverberation time acts.
    pub(crate) decaying: Vec<f64>,
    /// Floats of the moving coefficients of all shelves.
    pub(crate) shelves: usize,
    /// Pairs of lines that are turned into one another.
    pub(crate) pairs: usize,
    /// What tells rings apart, by the line they are of, in ascending order; and which
    /// ring it is.
    pub(crate) keys: Vec<(u64, u32)>,
}

/// The memory of a delay line: the last samples written, some of them twice, so
/// that what is read lies in one piece.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ring {
    /// Of its first float.
    pub(crate) at: usize,
    /// Samples until it repeats.
    pub(crate) period: usize,
    /// Samples kept twice: the longest piece read.
    pub(crate) twice: usize,
    /// How far into the past it is read.
    pub(crate) reach: usize,
}

/// Steps that are run together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stage {
    /// Frames at a time.
    pub(crate) chunk: usize,
    pub(crate) steps: Vec<Step>,
    /// The rings it writes.
    pub(crate) rings: Range<usize>,
    /// The places of its steps.
    pub(crate) places: Range<usize>,
    /// Those of them that are in rings, and move.
    pub(crate) moving: Vec<Moving>,
    /// The states of its filters.
    pub(crate) states: Range<usize>,
    pub(crate) solve: Option<Solve>,
}

/// A place in a ring, with all that tells where it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moving {
    pub(crate) id: Id,
    pub(crate) ring: u32,
    /// Where the ring begins, the rows being first.
    pub(crate) start: u32,
    pub(crate) period: u32,
    /// Samples before the present.
    pub(crate) lag: u32,
}

/// How a loop without delay is solved, one frame at a time: the steps are run
/// with its signals at zero, which tells what reaches them from outside; they
/// are then `inverse` times that.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Solve {
    /// Where the signals are taken from.
    pub(crate) guess: Vec<Id>,
    /// Where the steps leave what the signals should have been.
    pub(crate) made: Vec<Id>,
    /// (I − M)⁻¹, row-major, M being what the loop does within a frame.
    pub(crate) inverse: Vec<f32>,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// Reads delay lines.
    Read(Vec<Read>),
    /// Multiplies by the gains of the reverberation time, by line.
    Decay(Vec<(Id, u32)>),
    /// Lets the reverberation time differ by frequency.
    Shelve(Shelves),
    /// Turns pairs of lines into one another; which pair it is.
    Turn(Vec<([Id; 2], u32)>),
    /// Biquads.
    Filter(Bank),
    /// A matrix with few zeros.
    Dense(Dense),
    /// A matrix with many.
    Sparse(Sparse),
    /// Writes delay lines.
    Write(Vec<(Id, u32)>),
    /// Repeats where rings are kept twice what was written into them directly.
    Mirror(Vec<u32>),
}

/// One read of a delay line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Read {
    pub(crate) ring: u32,
    /// Samples from the present to the newest sample heard.
    pub(crate) lag: usize,
    /// Weights of what is heard, the newest first; none is one sample, as it is.
    pub(crate) taps: Vec<f32>,
    pub(crate) to: Id,
    /// Whether to add to the row.
    pub(crate) add: bool,
}

/// A low and a high shelf for each line on which the reverberation time acts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shelves {
    /// From where, to where; filled up to a whole vector of any width.
    pub(crate) channels: Vec<(Id, Id)>,
    /// The number of the first line, and how many there are.
    pub(crate) lines: Range<usize>,
    /// Where the states begin: of the low shelves, then of the high ones.
    pub(crate) states: usize,
    /// Where the coefficients begin: see [`crate::run`].
    pub(crate) coefficients: usize,
}

/// Cascades of biquads over channels; all have as many sections.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bank {
    /// From where, to where; filled up to `width`.
    pub(crate) channels: Vec<(Id, Id)>,
    pub(crate) sections: Vec<Sections>,
    /// Where the states begin: by section, two sets of as many as `width`.
    pub(crate) states: usize,
    /// Channels, and those that fill the last vector.
    pub(crate) width: usize,
    /// Channels that are heard.
    pub(crate) heard: usize,
}

/// A section of each channel; coefficient × channel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sections {
    pub(crate) form: Form,
    pub(crate) coefficients: Vec<f32>,
}

/// How a biquad is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    /// y = b₀x − a₁y₋₁.
    OnePole,
    /// First order, transposed direct form.
    First,
    /// Transposed direct form II: b₀, b₁, b₂, a₁, a₂. The cheapest.
    Direct,
    /// State variables and their changes, for poles near ±1, where the direct
    /// form would keep too few digits of their distance.
    StateVariable,
}

impl Form {
    /// Coefficients of a channel.
    pub(crate) fn coefficients(self) -> usize {
        match self {
            Form::OnePole => 2,
            Form::First => 3,
            Form::Direct => 5,
            Form::StateVariable => 6,
        }
    }
}

/// Rows of a dense matrix that share their inputs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dense {
    pub(crate) outputs: Vec<Id>,
    pub(crate) inputs: Vec<Id>,
    /// In tiles of [`Dense::TILE`] outputs: input × output within a tile.
    pub(crate) weights: Vec<f32>,
    /// Whether to add to the outputs.
    pub(crate) add: bool,
}

impl Dense {
    /// Outputs that are summed together.
    pub(crate) const TILE: usize = 6;
}

/// Rows of a sparse matrix.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sparse {
    /// Where to, and how many terms.
    pub(crate) rows: Vec<(Id, u32)>,
    /// All terms, row by row.
    pub(crate) terms: Vec<(Id, f32)>,
    /// Whether to add to the rows.
    pub(crate) add: bool,
    /// What it is a factor of.
    pub(crate) factor: Option<Factor>,
}

/// What a matrix was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Structure {
    /// Sylvester's, up to permutations and signs of rows and columns.
    Hadamard,
    /// A multiple of the identity and a matrix of rank one.
    Householder,
    /// A Kronecker product of matrices of two.
    Kronecker,
}

/// One of the factors of a matrix that has a structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Factor {
    pub(crate) of: Structure,
    /// Rows of the whole.
    pub(crate) size: usize,
    /// Its number, from one on, and how many there are.
    pub(crate) number: usize,
    pub(crate) count: usize,
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.of {
            Structure::Hadamard => "Hadamard up to order and signs",
            Structure::Householder => "Householder",
            Structure::Kronecker => "Kronecker",
        };
        let Self { size, number, count, .. } = self;
        write!(f, "{name}, {size} × {size}, factor {number} of {count}")
    }
}

impl Plan {
    /// Hz.
    pub fn sample_rate(&self) -> f64 {
        self.sample_rate
    }

    /// Channels it hears.
    pub fn inputs(&self) -> usize {
        self.inputs.len()
    }

    /// Steps with states, in order.
    pub(crate) fn stateful(&self) -> impl Iterator<Item = &Step> {
        let steps = self.stages.iter().flat_map(|s| &s.steps);
        steps.filter(|s| matches!(s, Step::Filter(_) | Step::Shelve(_)))
    }

    /// Channels it makes.
    pub fn outputs(&self) -> usize {
        self.outputs.len()
    }

    /// How many delay lines it has.
    pub fn lines(&self) -> usize {
        self.rings.len()
    }

    /// Samples that all its lines hold together. A sound that is not heard for as long,
    /// neither from outside nor at an output, has left the network.
    pub fn held(&self) -> usize {
        self.rings.iter().map(|ring| ring.reach).sum()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (inputs, outputs) = (self.inputs.len(), self.outputs.len());
        writeln!(f, "{inputs} in, {outputs} out, {} Hz", self.sample_rate)?;
        let bytes = 4 * (self.memory + self.states + self.rows * STRIDE);
        let lines = self.rings.len();
        writeln!(f, "{} kB of memory: {lines} lines, {} rows", bytes.div_ceil(1000), self.rows)?;
        for (i, stage) in self.stages.iter().enumerate() {
            let solved = match &stage.solve {
                Some(s) => format!(", a delay-free loop of {} signals solved", s.guess.len()),
                None => String::new(),
            };
            writeln!(f, "stage {}: {} frames at a time{solved}", i + 1, stage.chunk)?;
            for step in &stage.steps {
                writeln!(f, "  {step}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Read(reads) => {
                let (low, high) = reads.iter().fold((usize::MAX, 0), |(low, high), r| {
                    let last = r.lag + r.taps.len().saturating_sub(1);
                    (low.min(r.lag), high.max(last))
                });
                let taps = reads.iter().map(|r| r.taps.len()).max().unwrap_or(0);
                write!(f, "read      {} lines, {low} to {high} samples ago", reads.len())?;
                if taps > 0 { write!(f, ", up to {taps} taps") } else { Ok(()) }
            }
            Step::Decay(rows) => write!(f, "decay     {} rows", rows.len()),
            Step::Shelve(s) => write!(f, "shelves   {} rows, if asked for", s.lines.len()),
            Step::Turn(pairs) => write!(f, "turn      {} pairs, if asked for", pairs.len()),
            Step::Filter(bank) => {
                let (channels, sections) = (bank.heard, bank.sections.len());
                write!(f, "filter    {channels} channels × {sections} sections:")?;
                bank.sections.iter().try_for_each(|s| write!(f, " {:?}", s.form))
            }
            Step::Dense(d) => {
                let add = if d.add { ", added" } else { "" };
                write!(f, "matrix    {} × {}{add}", d.outputs.len(), d.inputs.len())
            }
            Step::Sparse(s) => {
                let add = if s.add { ", added" } else { "" };
                write!(f, "sparse    {} rows, {} terms{add}", s.rows.len(), s.terms.len())?;
                s.factor.map_or(Ok(()), |factor| write!(f, ": {factor}"))
            }
            Step::Write(writes) => write!(f, "write     {} lines", writes.len()),
            Step::Mirror(rings) => write!(f, "wrap      {} lines, written in place", rings.len()),
        }
    }
}
