//! What joins the audio thread and one worker: rings, and marks in them.
//!
//! Input is counted in samples since the link was made; such a count is a position.
//! Every hop of output says which position it begins at, so that what comes too late is
//! known and the rest stays aligned, whatever was lost before. A reset is a position too:
//! from there on the network starts afresh, with the first sample of a hop, and what
//! began before is not heard.

use std::sync::Arc;

use rtrb::{Consumer, Producer, RingBuffer};

use crate::shared::{FOREVER, Phase, Shared};

/// A hop of output: of one that failed there are no samples.
#[derive(Clone, Copy)]
struct Head {
    start: u64,
    good: bool,
}

/// What the audio thread finds where a sample is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing is due yet: the stream has just begun.
    Early,
    /// The network's output.
    Wet,
    /// The network failed there.
    Failed,
    /// It is not there yet.
    Late,
}

/// Sizes of a link, in samples.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) hop: usize,
    /// By which output trails, look-ahead aside.
    pub(crate) lead: usize,
    /// Input that may wait besides the hops under way.
    pub(crate) spare: usize,
}

/// The audio thread's end. Its methods are real-time safe where nothing else is said.
pub(crate) struct Link {
    input: Producer<f32>,
    output: Consumer<f32>,
    heads: Consumer<Head>,
    pub(crate) shared: Arc<Shared>,
    sizes: Sizes,
    /// Position of the next sample to write.
    written: u64,
    /// Position of the latest start.
    start: u64,
    /// Samples heard since then.
    heard: u64,
    /// Samples taken of the first hop that waits.
    taken: usize,
}

/// The worker's end.
pub(crate) struct Bench {
    input: Consumer<f32>,
    output: Producer<f32>,
    heads: Producer<Head>,
    pub(crate) shared: Arc<Shared>,
    hop: usize,
    /// Position of the next sample to read.
    read: u64,
    /// The latest start that was obeyed.
    start: u64,
}

/// What a worker finds to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Nothing, until more input comes.
    None,
    /// To start afresh. So many samples before that are lost.
    Start { lost: u64 },
    /// To run the hop at this position, which was copied.
    Run { start: u64 },
}

/// Both ends of a new link.
pub(crate) fn link(sizes: Sizes) -> (Link, Bench) {
    let shared = Arc::new(Shared::new());
    let waiting = sizes.spare + 4 * sizes.hop;
    // All that waits may be computed between two callbacks.
    let computed = waiting + sizes.lead + 4 * sizes.hop;
    let (input, worker_input) = RingBuffer::new(waiting);
    let (worker_output, output) = RingBuffer::new(computed);
    let (worker_heads, heads) = RingBuffer::new(computed / sizes.hop + 4);
    let link = Link {
        input,
        output,
        heads,
        shared: shared.clone(),
        sizes,
        written: 0,
        start: 0,
        heard: 0,
        taken: 0,
    };
    let bench = Bench {
        input: worker_input,
        output: worker_output,
        heads: worker_heads,
        shared,
        hop: sizes.hop,
        read: 0,
        start: 0,
    };
    (link, bench)
}

impl Link {
    /// Starts afresh with the next sample; nothing of before is heard from now on.
    /// `loss` says whether what the network has not heard yet counts as lost.
    pub(crate) fn begin(&mut self, loss: bool) {
        self.start = self.written;
        self.heard = 0;
        self.shared.mark(self.start, loss);
    }

    /// Samples of input that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.input.buffer().capacity() - self.input.slots()
    }

    /// Passes input on; false, with nothing done, where there is no room for it.
    pub(crate) fn write(&mut self, input: &[f32]) -> bool {
        if self.input.push_entire_slice(input).is_err() {
            return false;
        }
        let hop = self.sizes.hop as u64;
        let hops = (self.written - self.start) / hop;
        self.written += input.len() as u64;
        if (self.written - self.start) / hop > hops {
            self.shared.wake();
        }
        true
    }

    /// Tells what is due for the next samples, at most as many as `wet` holds and at
    /// least one if it holds any, and fills in what there is.
    pub(crate) fn next(&mut self, wet: &mut [f32]) -> (Found, usize) {
        let most = wet.len();
        let lead = self.sizes.lead as u64;
        let (found, count) = if self.heard < lead {
            (Found::Early, most.min((lead - self.heard) as usize))
        } else {
            self.find(self.start + self.heard - lead, wet)
        };
        self.heard += count as u64;
        (found, count)
    }

    fn find(&mut self, wanted: u64, wet: &mut [f32]) -> (Found, usize) {
        let most = wet.len() as u64;
        while let Ok(&head) = self.heads.peek() {
            let end = head.start + self.sizes.hop as u64;
            // All that was given for input before the latest start ends before it, too.
            if end <= wanted {
                self.discard(head);
            } else if head.start > wanted {
                return (Found::Late, most.min(head.start - wanted) as usize);
            } else {
                let count = most.min(end - wanted) as usize;
                let here = head.good && self.take(head, wanted, &mut wet[..count]);
                return (if here { Found::Wet } else { Found::Failed }, count);
            }
        }
        (Found::Late, wet.len())
    }

    /// Fills `wet` from the first hop that waits, whose `head` says that it is there.
    fn take(&mut self, head: Head, wanted: u64, wet: &mut [f32]) -> bool {
        self.skip(((wanted - head.start) as usize).saturating_sub(self.taken));
        let whole = self.output.pop_entire_slice(wet).is_ok();
        self.taken += wet.len();
        if self.taken == self.sizes.hop {
            self.taken = 0;
            let _ = self.heads.pop();
        }
        whole
    }

    fn discard(&mut self, head: Head) {
        if head.good {
            self.skip(self.sizes.hop - self.taken);
        }
        self.taken = 0;
        let _ = self.heads.pop();
    }

    fn skip(&mut self, samples: usize) {
        if let Ok(chunk) = self.output.read_chunk(samples) {
            chunk.commit_all();
            self.taken += samples;
        }
    }

    /// Waits for the hop that is due next, unless none is or none will come. For renders
    /// that nobody listens to.
    pub(crate) fn await_next(&mut self) {
        let lead = self.sizes.lead as u64;
        if self.heard < lead {
            return;
        }
        let wanted = self.start + self.heard - lead;
        if wanted + self.sizes.hop as u64 - (wanted - self.start) % self.sizes.hop as u64
            > self.written
        {
            return;
        }
        let shared = self.shared.clone();
        let mut done = || {
            while let Ok(&head) = self.heads.peek() {
                if head.start + self.sizes.hop as u64 > wanted {
                    return true;
                }
                self.discard(head);
            }
            shared.is_over() || shared.phase() == Phase::Failed
        };
        shared.wait(FOREVER, &mut done);
    }
}

impl Bench {
    /// Samples of a hop.
    pub(crate) fn hop(&self) -> usize {
        self.hop
    }

    /// Finds something to do. `hop` takes what is to be run.
    pub(crate) fn next(&mut self, hop: &mut [f32]) -> Work {
        if self.input.slots() < self.hop {
            return Work::None;
        }
        // Whoever wrote what we have just seen had marked the start before it.
        let (start, loss) = self.shared.marked();
        if start != self.start {
            return self.begin(start, loss);
        }
        if self.input.pop_entire_slice(hop).is_err() {
            return Work::None;
        }
        let start = self.read;
        self.read += self.hop as u64;
        Work::Run { start }
    }

    fn begin(&mut self, start: u64, loss: bool) -> Work {
        self.start = start;
        let before = self.start.saturating_sub(self.read);
        // All of it was written before the mark.
        if let Ok(chunk) = self.input.read_chunk(before as usize) {
            chunk.commit_all();
        }
        self.read = self.start;
        Work::Start { lost: before * u64::from(loss) }
    }

    /// Gives back the hop at `start`: the output, or none if it failed. False if there
    /// is no room, which means that the other end has not looked for very long.
    pub(crate) fn give(&mut self, start: u64, hop: Option<&[f32]>) -> bool {
        if self.heads.is_full() {
            return false;
        }
        let good = match hop {
            Some(hop) => self.output.push_entire_slice(hop).is_ok(),
            None => false,
        };
        // The head is seen only after the samples it speaks of.
        self.heads.push(Head { start, good }).is_ok() && good == hop.is_some()
    }

    /// Flags that the worker is about to sleep. False, and no flag, if it should not.
    pub(crate) fn doze(&self) -> bool {
        self.shared.doze(|| self.input.slots() < self.hop)
    }
}
