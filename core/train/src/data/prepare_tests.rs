use super::gear::*;
use super::{Options, Pair, fraction, prepare, signal, split};

fn pair(dry: &[f32], wet: Vec<f32>) -> Pair {
    let pair = prepare(&recording(dry.to_vec(), RATE), &recording(wet, RATE), &Options::default());
    match pair {
        Ok(pair) => pair,
        Err(error) => panic!("{error}"),
    }
}

/// Error to signal in dB, away from the ends.
fn difference(a: &[f32], b: &[f32]) -> f64 {
    let common = a.len().min(b.len()) - 200;
    let sum = |of: &dyn Fn(usize) -> f64| (200..common).map(of).sum::<f64>();
    let rest = sum(&|i| (f64::from(a[i]) - f64::from(b[i])).powi(2));
    10.0 * (rest / sum(&|i| f64::from(b[i]).powi(2))).log10()
}

#[test]
fn whole_samples_are_taken_away_exactly() {
    let dry = full(RATE);
    let wet = overdrive(&dry, RATE);
    for late in [0, 1, 480, 30000, -20000] {
        let pair = pair(&dry, delay(&wet, f64::from(late)));
        let found = &pair.found;
        assert_eq!(found.removed, f64::from(late), "{found:?}");
        assert_eq!(pair.dry.len(), pair.wet.len());
        let skipped = (-late).max(0) as usize;
        assert!(pair.dry[..] == dry[skipped..skipped + pair.dry.len()]);
        // Nothing is as it was at all but where the take was cut.
        let length = pair.wet.len() - (late.max(0)) as usize;
        assert!(pair.wet[100..length] == wet[skipped + 100..skipped + length]);
        assert_eq!(found.inverted, Some(false));
        assert_eq!(found.scale, 1.0);
        assert_eq!(found.layout, None);
    }
}

#[test]
fn fractions_are_taken_away_and_the_wet_never_leads() {
    let dry = full(RATE);
    let wet = overdrive(&dry, RATE);
    for late in [480.25, 480.5, 480.8, 99.95, -7.4] {
        let pair = pair(&dry, delay(&wet, late));
        let stays = late - pair.found.removed;
        assert!((0.0..0.2).contains(&stays), "{late}: {stays} stays");
        let skipped = (pair.found.removed.floor().min(0.0)).abs() as usize;
        let off = difference(&pair.wet, &delay(&wet, stays)[skipped..]);
        assert!(off < -45.0, "{late}: {off} dB");
    }
}

#[test]
fn what_is_stated_is_taken_away() {
    let dry = guitar(RATE);
    let wet = delay(&overdrive(&dry, RATE), 100.0);
    for latency in [0.0, 90.0, 99.5] {
        let options = Options { latency: Some(latency), ..Options::default() };
        let pair = prepare(&recording(dry.clone(), RATE), &recording(wet.clone(), RATE), &options);
        let found = pair.expect("a good take").found;
        assert_eq!((found.latency, found.removed), (latency, latency));
    }
    for (latency, normalize) in [(Some(f64::NAN), None), (None, Some(f64::INFINITY))] {
        let options = Options { latency, normalize, ..Options::default() };
        let take = recording(dry.clone(), RATE);
        assert!(prepare(&take, &recording(wet.clone(), RATE), &options).is_err());
    }
    let options = Options { latency: Some(1e300), ..Options::default() };
    assert!(prepare(&recording(dry, RATE), &recording(wet, RATE), &options).is_err());
}

#[test]
fn polarity_and_level_stay_as_the_gear_has_them() {
    let dry = full(RATE);
    let wet: Vec<f32> = overdrive(&dry, RATE).iter().map(|x| -0.1 * x).collect();
    let pair = pair(&dry, wet.clone());
    assert!(pair.wet == wet);
    assert_eq!(pair.found.inverted, Some(true));
    assert!(pair.notices.iter().any(|n| n.contains("upside down")));
    assert!((-40.0..-5.0).contains(&pair.found.level), "{}", pair.found.level);
}

#[test]
fn only_a_wet_above_full_scale_is_scaled_unless_asked() {
    let dry = full(RATE);
    let wet: Vec<f32> = overdrive(&dry, RATE).iter().map(|x| 5.0 * x).collect();
    let peak = |x: &[f32]| x.iter().fold(0.0, |a: f32, x| a.max(x.abs()));
    let pair = pair(&dry, wet.clone());
    assert!((peak(&pair.wet) - 1.0).abs() < 1e-5);
    assert!((pair.found.scale * f64::from(peak(&wet)) - 1.0).abs() < 1e-5);
    assert!(pair.notices.iter().any(|n| n.contains("scaled")));
    let options = Options { normalize: Some(-6.0), ..Options::default() };
    let pair = prepare(&recording(dry, RATE), &recording(wet, RATE), &options).expect("a take");
    assert!((peak(&pair.wet) - 0.501).abs() < 1e-3);
}

#[test]
fn the_test_signal_is_split_as_meant_and_compared_with_itself() {
    let dry = signal(RATE);
    let wet = delay(&overdrive(&dry, RATE), 777.0);
    let pair = pair(&dry, wet.clone());
    assert_eq!(pair.found.layout, Some("Kiln's test signal"));
    assert_eq!(pair.found.removed, 777.0);
    assert!(pair.found.replicate.expect("a replicate") < 1e-6);
    assert_eq!(pair.held_out, 3 * 44100..13 * 44100);
    assert_eq!(pair.train, vec![13 * 44100..166 * 44100]);
    // Gear that changes over the take: a knob that was moved.
    let last = wet.len() - 20 * 44100;
    let changed: Vec<f32> =
        wet.iter().enumerate().map(|(i, x)| if i > last { 0.8 * x } else { *x }).collect();
    let error = prepare(&recording(dry, RATE), &recording(changed, RATE), &Options::default());
    let text = error.expect_err("not itself").to_string();
    assert!(text.contains("played twice") && text.contains("0.01"), "{text}");
}

#[test]
fn the_passage_held_out_is_loud_varied_and_not_learnt() {
    let rate = 44100.0;
    // Two minutes of which only the last is loud.
    let mut dry: Vec<f32> = signal(rate)[53 * 44100..113 * 44100].to_vec();
    let quiet: Vec<f32> = dry.iter().map(|x| 1e-3 * x).collect();
    dry.splice(0..0, quiet);
    let passage = split::held_out(&dry, rate);
    assert_eq!(passage.len(), 10 * 44100 / 2205 * 2205);
    let power = |x: &[f32]| x.iter().map(|x| f64::from(x * x)).sum::<f64>() / x.len() as f64;
    assert!(power(&dry[passage.clone()]) > 0.5 * power(&dry), "{passage:?}");
    let guitar = guitar(rate);
    let pair = pair(&guitar, overdrive(&guitar, rate));
    assert!(pair.held_out.len() > 44100 * 29 / 10, "{:?}", pair.held_out);
    let learnt: usize = pair.train.iter().map(|r| r.len()).sum();
    assert_eq!(learnt + pair.held_out.len(), pair.dry.len());
    for range in &pair.train {
        assert!(range.end <= pair.held_out.start || range.start >= pair.held_out.end);
    }
    for short in [0, 1, 100, 5000] {
        let passage = split::held_out(&dry[..short], rate);
        assert!(passage.end <= short);
    }
}

/// Against a delay by the phase of the whole spectrum.
#[test]
fn fractions_of_a_sample_are_exact_below_a_high_treble() {
    let x = low_pass(&low_pass(&low_pass(&full(RATE), 3000.0, RATE), 3000.0, RATE), 3e3, RATE);
    for ahead in [0.0, 0.1, 0.5, 0.93, 1.0] {
        let off = difference(&fraction::advance(&delay(&x, ahead), ahead), &x);
        assert!(off < -60.0, "{ahead}: {off} dB");
    }
    assert!(fraction::advance(&[], 0.5).is_empty());
}
