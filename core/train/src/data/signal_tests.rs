use super::signal;
use super::signal::{PARTS, Part};

fn decibels(x: f32) -> f32 {
    20.0 * x.log10()
}

fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |a: f32, x| a.max(x.abs()))
}

/// Start and end of the parts, in seconds.
fn spans(kind: Part) -> Vec<(f64, f64)> {
    let mut end = 0.0;
    let mut out = Vec::new();
    for (part, seconds) in PARTS {
        if part == kind {
            out.push((end, end + seconds));
        }
        end += seconds;
    }
    out
}

#[test]
fn three_minutes_below_full_scale_at_every_rate() {
    for rate in [44100.0, 48000.0, 96000.0] {
        let all = signal(rate);
        assert_eq!(all.len(), (180.0 * rate) as usize);
        assert!(all.iter().all(|x| x.is_finite()));
        assert!((-1.2..=-1.0).contains(&decibels(peak(&all))), "{}", decibels(peak(&all)));
        for (start, end) in spans(Part::Silence) {
            let part = &all[(start * rate) as usize..(end * rate) as usize];
            assert!(part.iter().all(|x| *x == 0.0), "silence at {start} s");
        }
    }
}

#[test]
fn odd_rates_give_the_nearest() {
    assert_eq!(signal(f64::NAN).len(), 180 * 48000);
    assert_eq!(signal(-1.0).len(), 180 * 8000);
    assert_eq!(signal(0.0).len(), 180 * 8000);
}

#[test]
fn it_is_the_same_each_time() {
    assert_eq!(signal(44100.0), signal(44100.0));
}

#[test]
fn the_held_out_passage_comes_twice() {
    let rate = 48000.0;
    let all = signal(rate);
    let takes: Vec<&[f32]> = (spans(Part::HeldOut).into_iter())
        .map(|(start, end)| &all[(start * rate) as usize..(end * rate) as usize])
        .collect();
    assert_eq!(takes.len(), 2);
    assert_eq!(takes[0], takes[1]);
}

/// Half-second moments of the playing range over at least 30 dB, and the strings sound at
/// the pitch that is written.
#[test]
fn the_playing_is_quiet_and_loud_and_in_tune() {
    let rate = 48000.0;
    let all = signal(rate);
    for kind in [Part::Guitar, Part::Bass, Part::HeldOut] {
        let (start, end) = spans(kind)[0];
        let part = &all[(start * rate) as usize..(end * rate) as usize];
        let mut levels: Vec<f32> =
            part.chunks((0.5 * rate) as usize).map(|c| decibels(peak(c))).collect();
        levels.sort_by(f32::total_cmp);
        let range = levels[levels.len() - 1] - levels[levels.len() / 20];
        assert!(range > if kind == Part::HeldOut { 15.0 } else { 22.0 }, "{kind:?}: {range}");
    }
    // The guitar's first notes: E2, F2, F#2, G#2 of half a second each.
    for (i, note) in [40.0, 41.0, 42.0, 44.0, 45.0].into_iter().enumerate() {
        let from = ((spans(Part::Guitar)[0].0 + 0.5 * i as f64 + 0.1) * rate) as usize;
        let found = pitch(&all[from..from + 16000], rate);
        let cents = 1200.0 * (found / (440.0 * 2f64.powf((note - 69.0) / 12.0))).log2();
        assert!(cents.abs() < 8.0, "note {note}: {cents} cents");
    }
}

/// The pitch, by the highest peak of the autocorrelation between 60 and 200 Hz.
fn pitch(samples: &[f32], rate: f64) -> f64 {
    let (low, high) = ((rate / 200.0) as usize, (rate / 60.0) as usize);
    let count = samples.len() - high - 2;
    let at = |lag: usize| -> f64 {
        let pairs = samples[..count].iter().zip(&samples[lag..lag + count]);
        pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    };
    let best = (low..high).max_by(|&a, &b| at(a).total_cmp(&at(b))).expect("lags");
    let part = super::phase::vertex(at(best - 1), at(best), at(best + 1));
    rate / (best as f64 + part)
}

#[test]
fn sweeps_pass_a_kilohertz_where_they_should() {
    let rate = 48000.0;
    let all = signal(rate);
    let start = spans(Part::Sweeps)[0].0;
    // ln(1000 / 20) / ln(18000 / 20) of the sweep's 3.75 s.
    let at = start + 3.75 * 50f64.ln() / 900f64.ln();
    let part = &all[((at - 0.02) * rate) as usize..((at + 0.02) * rate) as usize];
    let crossings = part.windows(2).filter(|w| (w[0] < 0.0) != (w[1] < 0.0)).count();
    assert!((78..=82).contains(&crossings), "{crossings}");
}
