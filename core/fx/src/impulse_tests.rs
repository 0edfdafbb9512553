use std::f64::consts::TAU;
use std::io::Cursor;

use super::*;

/// A file with a `fmt ` chunk of `format` (from the tag on) and `data`, with an
/// unknown chunk of odd length before each.
fn file(format: &[u8], data: &[u8]) -> Vec<u8> {
    let mut body = b"WAVE".to_vec();
    for (name, content) in [(b"note", &b"odd"[..]), (b"fmt ", format), (b"data", data)] {
        body.extend(name);
        body.extend((content.len() as u32).to_le_bytes());
        body.extend(content);
        body.extend(vec![0; content.len() % 2]);
    }
    [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat()
}

/// The first 16 bytes of a format.
fn format(tag: u16, channels: u16, rate: u32, bits: u16) -> Vec<u8> {
    let frame = channels.wrapping_mul(bits / 8);
    let words = [tag.to_le_bytes(), channels.to_le_bytes()].concat();
    let rates = [rate.to_le_bytes(), rate.wrapping_mul(u32::from(frame)).to_le_bytes()].concat();
    [words, rates, [frame.to_le_bytes(), bits.to_le_bytes()].concat()].concat()
}

/// A WAVE_FORMAT_EXTENSIBLE of integers (1) or floats (3).
fn extensible(kind: u8, channels: u16, bits: u16, valid: u16) -> Vec<u8> {
    let guid = [kind, 0, 0, 0, 0, 0, 16, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
    let size = 22u16.to_le_bytes();
    let mask = (u32::from(channels) + channels as u32 / 2).to_le_bytes();
    let more = [&size[..], &valid.to_le_bytes(), &mask, &guid].concat();
    [format(0xfffe, channels, 48_000, bits), more].concat()
}

fn floats(x: &[f32]) -> Vec<u8> {
    file(&format(3, 1, 48_000, 32), &x.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>())
}

fn why(bytes: &[u8]) -> String {
    Impulse::load(bytes).expect_err("refused").to_string()
}

fn written(bits: u16, rate: u32, channels: u16) -> Vec<u8> {
    let sample_format =
        if bits == 0 { hound::SampleFormat::Float } else { hound::SampleFormat::Int };
    let bits_per_sample = if bits == 0 { 32 } else { bits };
    let spec = hound::WavSpec { channels, sample_rate: rate, bits_per_sample, sample_format };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).expect("a writer");
    for frame in SHAPE {
        for sign in [1.0, -1.0].iter().take(channels.into()) {
            match bits {
                0 => writer.write_sample(sign * frame).expect("written"),
                _ => {
                    let full = (1i64 << (bits - 1)) as f32;
                    writer.write_sample((sign * frame * full) as i32).expect("written");
                }
            }
        }
    }
    writer.finalize().expect("written");
    bytes.into_inner()
}

/// Exact at all depths.
const SHAPE: [f32; 4] = [0.5, -0.25, 0.125, 0.75];

#[test]
fn reads_every_depth_and_rate() {
    for bits in [0, 8, 16, 24, 32] {
        for (rate, channels) in [(8000, 1), (44_100, 2), (48_000, 1), (768_000, 2)] {
            let impulse = Impulse::load(&written(bits, rate, channels)).expect("valid");
            let name = format!("{bits} bits, {rate} Hz, {channels} channels");
            assert_eq!(impulse.sample_rate(), rate as f32, "{name}");
            assert_eq!(impulse.channels().len(), usize::from(channels), "{name}");
            for (channel, sign) in impulse.channels().zip([1.0, -1.0]) {
                assert_eq!(channel, SHAPE.map(|x| sign * x), "{name}");
            }
        }
    }
}

#[test]
fn reads_what_hound_does_not_write() {
    let doubles = SHAPE.map(|x| f64::from(x).to_le_bytes()).concat();
    let singles = SHAPE.map(|x| (4.0 * x).to_le_bytes()).concat();
    let words = SHAPE.map(|x| ((x * 2f32.powi(31)) as i32).to_le_bytes()).concat();
    let ex = |format: Vec<u8>| [format, vec![0, 0]].concat();
    for (name, format, data, scale) in [
        ("float64", format(3, 1, 48_000, 64), &doubles, 1.0),
        ("float64 with a size", ex(format(3, 1, 48_000, 64)), &doubles, 1.0),
        ("extensible float64", extensible(3, 1, 64, 64), &doubles, 1.0),
        ("extensible float32", extensible(3, 1, 32, 32), &singles, 4.0),
        ("over full scale", format(3, 1, 48_000, 32), &singles, 4.0),
        ("extensible int32", extensible(1, 1, 32, 32), &words, 1.0),
        ("24 bits in 32", extensible(1, 1, 32, 24), &words, 1.0),
        ("int32 with a size", ex(format(1, 1, 48_000, 32)), &words, 1.0),
    ] {
        let impulse = Impulse::load(&file(&format, data)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(impulse.channels[0], SHAPE.map(|x| scale * x), "{name}");
    }
}

#[test]
fn reads_files_whose_lengths_are_wrong() {
    let good = floats(&SHAPE);
    for length in [0u32, 20, 44, u32::MAX] {
        let mut bytes = good.clone();
        bytes[4..8].copy_from_slice(&length.to_le_bytes());
        assert_eq!(Impulse::load(&bytes), Impulse::load(&good), "a file length of {length}");
        let at = bytes.len() - 20;
        bytes[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(Impulse::load(&bytes), Impulse::load(&good), "as a stream is written");
    }
    let cut = Impulse::load(&good[..good.len() - 5]).expect("three samples");
    assert_eq!(cut.channels[0], SHAPE[..2], "the part before the cut");
}

#[test]
fn refuses_in_words() {
    let many = |channels| file(&format(1, channels, 48_000, 16), &[1; 3000]);
    for (bytes, reason) in [
        (b"RIFX....WAVE".to_vec(), "not a WAV file"),
        (vec![], "not a WAV file"),
        (many(3), "channels: expected 1 or 2, found 3"),
        (many(0), "not a WAV file"),
        (many(65_535), "not a WAV file"),
        (file(&format(1, 1, 7999, 16), &[1; 100]), "sample rate: expected 8000 to 768000 Hz"),
        (file(&format(1, 1, 768_001, 16), &[1; 100]), "found 768001 Hz"),
        (file(&format(1, 1, 0, 16), &[1; 100]), "found 0 Hz"),
        (file(&format(2, 1, 48_000, 4), &[1; 100]), "not a WAV file"),
        (file(&format(1, 1, 48_000, 12), &[1; 100]), "not a WAV file"),
        (file(&format(1, 1, 8000, 8), &[1; 80_001]), "length: expected at most 10 s"),
        (floats(&[]), "length: expected at least one sample"),
        (floats(&[0.0, -0.0]), "found silence"),
        (floats(&[1e-10]), "found silence"),
        (floats(&[1.0, f32::NAN]), "found NaN"),
        (floats(&[1.0, f32::INFINITY]), "found inf"),
        (floats(&[1001.0]), "samples: expected −1000 to 1000, found 1001"),
        (vec![0; Impulse::MAX_BYTES + 1], "file: expected at most 67108864 bytes"),
    ] {
        let found = why(&bytes);
        assert!(found.contains(reason), "{found}, not {reason}");
    }
    assert!(Impulse::load(&file(&format(1, 1, 8000, 8), &[1; 80_000])).is_ok(), "10 s");
}

#[test]
fn survives_every_truncation_and_mutation() {
    let mut state = 1u64;
    let mut draw = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % n
    };
    for good in [
        written(16, 48_000, 2),
        file(
            &extensible(3, 2, 64, 64),
            &SHAPE.map(|x| f64::from(x).to_le_bytes()).concat().repeat(2),
        ),
    ] {
        for length in 0..good.len() {
            let _ = Impulse::load(&good[..length]);
        }
        for _ in 0..10_000 {
            let mut bytes = good.clone();
            for _ in 0..1 + draw(4) {
                let at = draw(bytes.len());
                bytes[at] = [0, 1, 0x7f, 0x80, 0xff, draw(256) as u8][draw(6)];
            }
            if let Ok(impulse) = Impulse::load(&bytes) {
                let normal = impulse.channels().flatten().all(|x| x.abs() <= LOUDEST);
                assert!(normal && impulse.channels().len() <= 2);
            }
        }
    }
}

#[test]
fn leaves_out_what_is_before_and_after() {
    let mut left = vec![0.0; 20_000];
    left[300] = 1.0;
    left[200] = 0.99e-4;
    left[4000] = 1e-3;
    let mut right = vec![0.0; 20_000];
    right[250] = -0.5;
    // Noise of −106 dB of the energy.
    left[4001..].iter_mut().enumerate().for_each(|(i, x)| *x = 4e-8 * (i % 3) as f32);
    let impulse = Impulse::new(vec![left.clone(), right.clone()], 48_000).expect("valid");
    assert_eq!(impulse.skipped(), 250);
    assert_eq!((impulse.channels[0][50], impulse.channels[1][0]), (1.0, -0.5));
    assert_eq!(impulse.channels[0][3750], 1e-3);
    let (end, fade) = (3751, 96);
    assert_eq!((impulse.channels[0].len(), impulse.channels[1].len()), (end + fade, end + fade));
    let last = impulse.channels[0][end + fade - 3..].iter().fold(0.0, |max: f32, x| max.max(*x));
    assert!(last < 3e-9, "a step of {last:e}");
    assert_eq!(impulse.seconds(), (end + fade) as f32 / 48_000.0);
}

/// H(f) of a response.
fn spectrum(impulse: &Impulse, f: f64) -> (f64, f64) {
    let turn = TAU * f / f64::from(impulse.rate);
    let add = |(re, im), (n, x): (usize, &f32)| {
        let (sin, cos) = (turn * n as f64).sin_cos();
        (re + f64::from(*x) * cos, im - f64::from(*x) * sin)
    };
    impulse.channels[0].iter().enumerate().fold((0.0, 0.0), add)
}

/// Shapes that begin at once: a click, a cabinet's, and one with the top octave in it.
fn shapes(rate: f64) -> [Vec<f32>; 3] {
    let cabinet = |i: usize| {
        let t = i as f64 / rate;
        let mode = |f: f64, decay: f64| (-t * decay).exp() * (TAU * f * t).cos();
        (mode(110.0, 60.0) * 0.3 + mode(1900.0, 500.0) + mode(3600.0, 2000.0)) as f32
    };
    let bright = |i: usize| {
        let click = [1.0, -0.7, 0.4, 0.5, -0.3, 0.2];
        click.get(i).copied().unwrap_or(0.0) + 0.2 * cabinet(i)
    };
    [vec![1.0], (0..9000).map(cabinet).collect(), (0..9000).map(bright).collect()]
}

#[test]
fn another_rate_changes_neither_gain_nor_delay() {
    for (from, to) in
        [(44_100, 48_000), (44_100, 96_000), (48_000, 44_100), (48_000, 96_000), (96_000, 48_000)]
    {
        for (shape, x) in shapes(f64::from(from)).into_iter().enumerate() {
            let before = Impulse::new(vec![x], from).expect("valid");
            let after = before.at(to as f32);
            let (mut worst_gain, mut worst_delay) = (0.0_f64, 0.0_f64);
            for f in (1..=180).map(|k| 100.0 * f64::from(k)) {
                let ((a, b), (c, d)) = (spectrum(&before, f), spectrum(&after, f));
                let gain = 10.0 * ((c * c + d * d) / (a * a + b * b)).log10();
                let phase = (d * a - b * c).atan2(c * a + d * b);
                worst_gain = worst_gain.max(gain.abs());
                worst_delay = worst_delay.max((phase / (TAU * f) * f64::from(to)).abs());
            }
            let name = format!("{from} to {to} Hz, shape {shape}");
            // Where the lower rate leaves less room above 18 kHz, less is asked.
            let (gain, delay) = if from < to { (0.05, 0.01) } else { (0.1, 0.05) };
            assert!(worst_gain < gain, "{name}: {worst_gain} dB");
            assert!(worst_delay < delay, "{name}: {worst_delay} samples");
        }
    }
}

#[test]
fn odd_rates_and_lengths_keep_the_gain() {
    for (from, to, length) in
        [(48_001, 44_101.0, 3), (8000, 192_000.0, 100), (768_000, 8000.0, 9000)]
    {
        let x = (0..length).map(|i| (-(i as f32) / (0.3 * length as f32)).exp()).collect();
        let before = Impulse::new(vec![x], from).expect("valid");
        let after = before.at(to);
        let power = |(re, im): (f64, f64)| re * re + im * im;
        for f in [0.0, 100.0, 1000.0, 3000.0] {
            let gain = 10.0 * (power(spectrum(&after, f)) / power(spectrum(&before, f))).log10();
            assert!(gain.abs() < 0.05, "{from} to {to} Hz: {gain} dB at {f} Hz");
        }
    }
    let click = Impulse::new(vec![vec![1.0]], 48_000).expect("valid");
    assert_eq!(click.at(48_000.0), click);
    assert_eq!(click.at(f32::NAN).rate, 8000, "no panic");
}

#[test]
fn normalizing_makes_power_one() {
    let click = |x: f32| Impulse::new(vec![vec![x]], 48_000).expect("valid");
    for (x, gain) in [(1.0, 1.0), (0.25, 4.0), (-2.0, 0.5), (1e-6, 100.0), (900.0, 0.01)] {
        let found = click(x).gain_to_normalize();
        assert!((found / gain - 1.0).abs() < 1e-5, "{x}: {found}");
    }
    // Half the power in the mean of both channels.
    let both = Impulse::new(vec![vec![1.0], vec![0.0]], 48_000).expect("valid");
    assert!((both.gain_to_normalize() - 2f32.sqrt()).abs() < 1e-5);
    // Neither the rate nor what lies outside the band matters much.
    let [_, x, _] = shapes(44_100.0);
    let impulse = Impulse::new(vec![x], 44_100).expect("valid");
    let ratio = impulse.gain_to_normalize() / impulse.at(96_000.0).gain_to_normalize();
    assert!((ratio - 1.0).abs() < 0.01, "{ratio}");
}
