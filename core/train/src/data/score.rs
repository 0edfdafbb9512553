//! What the strings of the test signal play.

use super::strings::Pluck;

/// From very quiet to hot, in an order that jumps.
const HARD: [f64; 7] = [0.9, 0.2, 0.6, 0.07, 1.0, 0.4, 0.03];

/// Chords, lowest string first.
const CHORDS: [&[u8]; 7] = [
    &[40, 47, 52, 55, 59, 64],
    &[45, 52, 57, 61, 64],
    &[50, 57, 62, 66],
    &[43, 47, 50, 55, 59, 67],
    &[48, 52, 55, 60, 64],
    &[41, 48, 53, 57, 60, 65],
    &[46, 53, 58, 62, 65],
];

fn hard(i: usize) -> f64 {
    HARD[i % HARD.len()]
}

/// All strings of a chord, 12 ms after each other as a plectrum takes them.
fn strum(at: f64, long: f64, notes: &[u8], hard: f64) -> impl Iterator<Item = Pluck> {
    notes.iter().enumerate().map(move |(i, &note)| {
        let late = 0.012 * i as f64;
        Pluck::new(at + late, long - late, f64::from(note), hard)
    })
}

/// A guitar's 76 seconds: its range, double stops, chords, palm mutes, bends and slides,
/// chords that ring out, and one note picked ever harder.
pub(super) fn guitar() -> Vec<Pluck> {
    let mut all = Vec::new();
    for i in 0..34 {
        let note = 40.0 + (i * 45 / 33) as f64;
        all.push(Pluck::new(0.5 * i as f64, 0.48, note, hard(i)));
    }
    for i in 0..20 {
        let at = 17.0 + 0.5 * i as f64;
        let root = 45.0 + (i * 5 % 24) as f64;
        let above = [4.0, 5.0, 7.0, 3.0, 12.0, 1.0][i % 6];
        all.push(Pluck::new(at, 0.48, root, hard(i + 2)));
        all.push(Pluck::new(at, 0.48, root + above, hard(i + 2)));
    }
    for i in 0..14 {
        all.extend(strum(27.0 + i as f64, 0.95, CHORDS[i % CHORDS.len()], hard(i + 4)));
    }
    for i in 0..80 {
        let at = 41.0 + 0.125 * i as f64;
        let note = 40.0 + [0.0, 0.0, 3.0, 0.0, 5.0, 0.0, 7.0, 6.0][i / 2 % 8];
        let hard = if i % 4 == 0 { 1.0 } else { 0.5 };
        for above in [0.0, 7.0] {
            all.push(Pluck { mute: true, ..Pluck::new(at, 0.12, note + above, hard) });
        }
    }
    for i in 0..10 {
        let bend = [2.0, -2.0, 5.0, 1.0, -7.0][i % 5];
        let note = 57.0 + (i * 7 % 22) as f64;
        all.push(Pluck { bend, ..Pluck::new(51.0 + i as f64, 0.95, note, hard(i + 1).max(0.2)) });
    }
    all.extend(strum(61.0, 4.0, CHORDS[0], 1.0));
    all.push(Pluck::new(65.0, 4.0, 64.0, 1.0));
    for i in 0..70 {
        let hard = 0.03 * 33f64.powf(i as f64 / 69.0);
        all.push(Pluck::new(69.0 + 0.1 * i as f64, 0.1, 52.0, hard));
    }
    all
}

/// A bass's 38 seconds: its range, octaves, double stops, muted eighths and long notes.
pub(super) fn bass() -> Vec<Pluck> {
    let mut all = Vec::new();
    for i in 0..24 {
        let note = 28.0 + (i * 27 / 23) as f64;
        all.push(Pluck::new(0.5 * i as f64, 0.48, note, hard(i)));
    }
    for i in 0..32 {
        let note = 28.0 + (i / 4 % 5) as f64 + if i % 2 == 1 { 12.0 } else { 0.0 };
        all.push(Pluck::new(12.0 + 0.25 * i as f64, 0.2, note, hard(i).max(0.15)));
    }
    for i in 0..8 {
        let at = 20.0 + 0.5 * i as f64;
        let note = 33.0 + i as f64;
        all.push(Pluck::new(at, 0.48, note, hard(i)));
        all.push(Pluck::new(at, 0.48, note + 16.0, hard(i)));
    }
    for i in 0..24 {
        let note = 28.0 + [0.0, 0.0, 3.0, 5.0][i % 4];
        let hard = hard(i + 3).max(0.1);
        all.push(Pluck { mute: true, ..Pluck::new(24.0 + 0.25 * i as f64, 0.24, note, hard) });
    }
    all.push(Pluck::new(30.0, 4.0, 28.0, 1.0));
    all.push(Pluck { bend: 3.0, ..Pluck::new(34.0, 4.0, 40.0, 0.7) });
    all
}

/// The 10 seconds that are held out: other notes, the same manners.
pub(super) fn held_out() -> Vec<Pluck> {
    let mut all = Vec::new();
    for i in 0..16 {
        let note = 42.0 + [0.0, 0.0, 10.0, 0.0, 5.0, 3.0, 0.0, 1.0][i % 8];
        for above in [0.0, 7.0, 12.0] {
            let hard = if i % 8 == 2 { 1.0 } else { 0.6 };
            let pluck = Pluck::new(0.125 * i as f64, 0.12, note + above, hard);
            all.push(Pluck { mute: i % 8 != 2, ..pluck });
        }
    }
    for (i, note) in [66.0, 69.0, 73.0, 78.0].into_iter().enumerate() {
        let bend = [2.0, 0.0, -3.0, 1.0][i];
        all.push(Pluck { bend, ..Pluck::new(2.0 + 0.5 * i as f64, 0.5, note, 0.8) });
    }
    for i in 0..8 {
        let note = 49.0 + [0.0, 7.0, 12.0, 16.0, 19.0, 16.0, 12.0, 7.0][i];
        let hard = 0.04 + 0.02 * i as f64;
        all.push(Pluck::new(4.0 + 0.25 * i as f64, 6.0 - 4.0 - 0.25 * i as f64, note, hard));
    }
    all.extend(strum(6.0, 0.95, &[42, 49, 54, 58, 61, 66], 1.0));
    all.extend(strum(7.0, 0.95, &[44, 51, 56, 59, 63], 0.3));
    for i in 0..8 {
        let note = 30.0 + [0.0, 0.0, 12.0, 10.0, 7.0, 5.0, 3.0, 0.0][i];
        all.push(Pluck::new(8.0 + 0.25 * i as f64, 0.24, note, hard(i).max(0.2)));
    }
    all
}
