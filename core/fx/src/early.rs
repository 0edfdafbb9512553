//! The first reflections of a rectangular room.
//!
//! By images: J. B. Allen, D. A. Berkley, "Image method for efficiently simulating
//! small-room acoustics", J. Acoust. Soc. Am. 65 (1979).

use nn::BLOCK;

use crate::smooth::fade_samples;

/// Width, depth and height in metres.
const ROOM: [f32; 3] = [7.0, 5.0, 3.0];
/// Half the distance of the two sources, and of the two ears.
const SOURCE: f32 = 1.2;
const EAR: f32 = 0.3;
/// Depth and height of the sources, and of the ears: in the middle of nothing.
const STAGE: [f32; 2] = [1.1, 1.3];
const SEAT: [f32; 2] = [3.7, 1.55];
/// What a wall sends back.
const WALL: f32 = 0.8;
/// Images that were reflected once or twice.
const IMAGES: usize = 24;
/// Metres a second.
const SOUND: f32 = 343.0;
/// The largest room, as a multiple of [`ROOM`].
const LARGEST: f32 = 4.0;

/// When an image is heard after the source itself, in samples, and how loud.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Tap {
    delay: usize,
    gain: f32,
}

/// The images of the source on an ear's own side and of the one on the other, for the
/// room is the same seen in a mirror.
type Pattern = [[Tap; IMAGES]; 2];

/// What two sources send off the walls to two ears, or one to one.
///
/// A room of another size is cross-faded to. The energy of all reflections of both
/// sources at an ear is that of one of the sources. Real-time safe but for `new`.
#[derive(Clone, Debug)]
pub struct Early {
    sample_rate: f32,
    /// The past of each source; lengths are one power of two.
    rings: [Vec<f32>; 2],
    /// Where the next sample goes.
    head: usize,
    live: Pattern,
    next: Pattern,
    /// The sizes of both, and the one asked for last.
    sizes: [f32; 2],
    wanted: f32,
    /// Samples of a fade, and how many of them lie behind.
    fade: usize,
    faded: usize,
    /// Nothing was heard since construction or reset.
    fresh: bool,
}

impl Early {
    /// Of the room as it is. `sample_rate` is in Hz.
    pub fn new(sample_rate: f32) -> Self {
        let live = pattern(1.0, sample_rate);
        let longest = pattern(LARGEST, sample_rate).iter().flatten().map(|t| t.delay).max();
        let ring = vec![0.0; (longest.unwrap_or(0) + BLOCK).next_power_of_two()];
        Self {
            sample_rate,
            rings: [ring.clone(), ring],
            head: 0,
            live,
            next: live,
            sizes: [1.0; 2],
            wanted: 1.0,
            fade: fade_samples(sample_rate),
            faded: 0,
            fresh: true,
        }
    }

    /// Sets the rate of the signal, in Hz, and forgets all sound.
    pub fn set_sample_rate(&mut self, sample_rate: f32) {
        *self = Self { wanted: self.wanted, ..Self::new(sample_rate) };
    }

    /// Forgets all sound; the next size holds at once.
    pub fn reset(&mut self) {
        self.rings.iter_mut().for_each(|ring| ring.fill(0.0));
        self.fresh = true;
    }

    /// Samples until a sound has left it.
    pub fn memory(&self) -> usize {
        self.rings[0].len()
    }

    /// Heads for a room `size` times as large, 0.25 to 4.
    pub fn set(&mut self, size: f32) {
        self.wanted = size.clamp(0.25, LARGEST);
        if self.fresh && self.sizes != [self.wanted; 2] {
            self.live = pattern(self.wanted, self.sample_rate);
            (self.next, self.sizes) = (self.live, [self.wanted; 2]);
        }
    }

    /// Hears at most a block of one or two channels; writes what the walls send back of
    /// it to `heard`, or nothing where nobody listens.
    pub fn process(&mut self, input: &[&[f32]], mut heard: Option<&mut [[f32; BLOCK]; 2]>) {
        self.fresh &= input.first().is_none_or(|x| x.is_empty());
        let mut at = 0;
        let length = input.first().map_or(0, |x| x.len());
        while at < length {
            if self.sizes[0] == self.sizes[1] && self.sizes[1] != self.wanted {
                self.next = pattern(self.wanted, self.sample_rate);
                (self.sizes[1], self.faded) = (self.wanted, 0);
            }
            let fading = self.sizes[0] != self.sizes[1];
            let n = (length - at).min(if fading { self.fade - self.faded } else { BLOCK });
            for (ring, x) in self.rings.iter_mut().zip(input) {
                let mask = ring.len() - 1;
                for (i, x) in x[at..at + n].iter().enumerate() {
                    ring[(self.head + i) & mask] = *x;
                }
            }
            if let Some(heard) = &mut heard {
                for (ear, heard) in heard.iter_mut().take(input.len()).enumerate() {
                    self.listen(ear, input.len(), fading, &mut heard[at..at + n]);
                }
            }
            self.pass(n, fading);
            at += n;
        }
    }

    /// Lets what was just written become the past.
    fn pass(&mut self, n: usize, fading: bool) {
        self.head = (self.head + n) & (self.rings[0].len() - 1);
        if fading {
            self.faded += n;
            if self.faded == self.fade {
                (self.live, self.sizes[0]) = (self.next, self.sizes[1]);
            }
        }
    }

    fn listen(&self, ear: usize, sources: usize, fading: bool, y: &mut [f32]) {
        y.fill(0.0);
        self.sum(&self.live, ear, sources, y);
        if !fading {
            return;
        }
        let mut next = [0.0; BLOCK];
        let next = &mut next[..y.len()];
        self.sum(&self.next, ear, sources, next);
        for (i, (y, next)) in y.iter_mut().zip(next).enumerate() {
            let t = (self.faded + i + 1) as f32 / self.fade as f32;
            *y = *y * (1.0 - t) + *next * t;
        }
    }

    /// Adds what an ear hears of all sources.
    fn sum(&self, pattern: &Pattern, ear: usize, sources: usize, y: &mut [f32]) {
        for (side, taps) in pattern.iter().enumerate().take(sources) {
            let ring = &self.rings[ear ^ side];
            for tap in taps {
                let from = (self.head + ring.len() - tap.delay) & (ring.len() - 1);
                let (first, second) = y.split_at_mut(y.len().min(ring.len() - from));
                for (y, x) in first.iter_mut().zip(&ring[from..]) {
                    *y += tap.gain * x;
                }
                for (y, x) in second.iter_mut().zip(ring) {
                    *y += tap.gain * x;
                }
            }
        }
    }
}

/// The reflections of a room `size` times as large.
fn pattern(size: f32, sample_rate: f32) -> Pattern {
    let ear = [0.5 * ROOM[0] + EAR, SEAT[0], SEAT[1]];
    let mut pattern = [SOURCE, -SOURCE].map(|side| {
        let source = [0.5 * ROOM[0] + side, STAGE[0], STAGE[1]];
        let direct = distance(source, ear);
        let mut taps = [Tap::default(); IMAGES];
        for (tap, (image, walls)) in taps.iter_mut().zip(images(source)) {
            let way = distance(image, ear);
            let delay = (size * (way - direct) / SOUND * sample_rate).round() as usize;
            *tap = Tap { delay, gain: WALL.powi(walls) * direct / way };
        }
        taps
    });
    let energy: f32 = pattern.iter().flatten().map(|tap| tap.gain * tap.gain).sum();
    pattern.iter_mut().flatten().for_each(|tap| tap.gain /= energy.sqrt());
    pattern
}

/// Where a source seems to be in the walls, and how many reflect it: one or two.
fn images(source: [f32; 3]) -> impl Iterator<Item = ([f32; 3], i32)> {
    let cells = (0..125).map(|i| [i % 5 - 2, i / 5 % 5 - 2, i / 25 - 2]);
    cells.filter_map(move |cell: [i32; 3]| {
        let walls = cell.iter().map(|n| n.abs()).sum();
        let at = |axis: usize| {
            let n = cell[axis];
            let within = if n % 2 == 0 { source[axis] } else { ROOM[axis] - source[axis] };
            n as f32 * ROOM[axis] + within
        };
        (1..=2).contains(&walls).then(|| ([at(0), at(1), at(2)], walls))
    })
}

fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
}

#[cfg(test)]
#[path = "early_tests.rs"]
mod tests;
