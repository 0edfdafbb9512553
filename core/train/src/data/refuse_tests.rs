use super::gear::*;
use super::{Options, Pair, Recording, prepare};
use crate::Error;

fn pair(dry: Vec<f32>, wet: Vec<f32>) -> Result<Pair, Error> {
    prepare(&recording(dry, RATE), &recording(wet, RATE), &Options::default())
}

/// Refused with all of `words`; learnt from anyway, with a notice, if `is_judgement`.
#[track_caller]
fn refused(dry: Vec<f32>, wet: Vec<f32>, words: &[&str], is_judgement: bool) {
    let Err(error) = pair(dry.clone(), wet.clone()) else { panic!("not refused for {words:?}") };
    let text = error.to_string();
    assert!(matches!(error, Error::Recording { .. }), "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
    let anyway = Options { anyway: true, ..Options::default() };
    match prepare(&recording(dry, RATE), &recording(wet, RATE), &anyway) {
        Ok(pair) => assert!(is_judgement && pair.notices.contains(&text), "{:?}", pair.notices),
        Err(error) => assert!(!is_judgement, "{error}"),
    }
}

fn good() -> (Vec<f32>, Vec<f32>) {
    let dry = guitar(RATE);
    let wet = delay(&overdrive(&dry, RATE), 200.0);
    (dry, wet)
}

#[test]
fn a_good_take_is_not_refused() {
    for gear in [overdrive as fn(&[f32], f64) -> Vec<f32>, fuzz] {
        for dry in [full(RATE), guitar(RATE)] {
            let wet = delay(&gear(&dry, RATE), 200.0);
            if let Err(error) = pair(dry, wet) {
                panic!("{error}");
            }
        }
    }
}

#[test]
fn rates_must_agree() {
    let (dry, wet) = good();
    let options = Options::default();
    let error = prepare(&recording(dry.clone(), RATE), &recording(wet, 48000.0), &options);
    let text = error.expect_err("two rates").to_string();
    assert!(text.contains("44100") && text.contains("48000"), "{text}");
    for rate in [f64::NAN, 0.0, -1.0, f64::INFINITY] {
        let odd = recording(dry.clone(), rate);
        assert!(prepare(&odd, &odd, &options).is_err());
    }
}

#[test]
fn a_wet_of_another_rate_under_a_wrong_label_is_refused() {
    let (dry, wet) = good();
    // 48 kHz said to be 44.1 kHz.
    let slow = other_clock(&wet, (44100.0 / 48000.0 - 1.0) * 1e6);
    let options = Options { latency: Some(0.0), ..Options::default() };
    let error = prepare(&recording(dry, RATE), &recording(slow, RATE), &options);
    let text = error.expect_err("another rate").to_string();
    assert!(text.contains("48000 Hz"), "{text}");
}

#[test]
fn what_is_no_number_is_refused() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let (dry, mut wet) = good();
        wet[1234] = bad;
        refused(dry.clone(), wet, &["wet", "1234"], false);
        let (mut dry, wet) = good();
        dry[77] = bad;
        refused(dry, wet, &["dry", "77"], false);
    }
}

#[test]
fn silence_is_refused() {
    let (dry, wet) = good();
    refused(dry.clone(), vec![0.0; wet.len()], &["wet", "silence", "on"], false);
    refused(vec![0.0; dry.len()], wet.clone(), &["dry", "silence"], false);
    let faint = wet.iter().map(|x| x * 1e-4).collect();
    refused(dry, faint, &["wet", "dBFS"], false);
}

#[test]
fn too_short_takes_are_refused() {
    let (dry, wet) = good();
    let nine = (9.0 * RATE) as usize;
    let (dry, wet) = (dry[..nine].to_vec(), wet[..nine].to_vec());
    refused(dry.clone(), wet.clone(), &["10 s", "9.00 s"], false);
    refused(Vec::new(), Vec::new(), &["10 s", "0.00 s"], false);
    refused(dry.clone(), Vec::new(), &["10 s", "0.00 s"], false);
    let options = Options { shortest: 5.0, ..Options::default() };
    assert!(prepare(&recording(dry, RATE), &recording(wet, RATE), &options).is_ok());
    // Nor may nothing at all pass for long enough.
    let none = Options { shortest: 0.0, ..Options::default() };
    let empty = Recording { samples: Vec::new(), rate: RATE };
    assert!(prepare(&empty, &empty, &none).is_err());
}

#[test]
fn a_lag_can_leave_too_little() {
    let (dry, wet) = good();
    let eleven = (11.0 * RATE) as usize;
    let wet = delay(&wet[..eleven], 1.2 * RATE);
    refused(dry[..eleven].to_vec(), wet, &["aligned", "10 s"], false);
}

#[test]
fn a_wet_that_ends_early_is_refused() {
    let (dry, mut wet) = good();
    wet.truncate(wet.len() - (2.0 * RATE) as usize);
    refused(dry, wet, &["length", "13.00 s", "15.00 s"], true);
}

#[test]
fn a_clipped_converter_is_told_from_a_clipping_pedal() {
    let (dry, wet) = good();
    let rounded = |x: f32| (x * 32768.0).round().clamp(-32768.0, 32767.0) / 32768.0;
    let hot: Vec<f32> = wet.iter().map(|x| rounded(3.0 * x)).collect();
    refused(dry.clone(), hot, &["wet", "flat tops", "gain"], true);
    // The same tops, 1 dB lower: the pedal's own.
    let own: Vec<f32> = wet.iter().map(|x| (3.0 * x).clamp(-1.0, 1.0) * 0.89).collect();
    assert!(pair(dry.clone(), own).is_ok());
    let cut: Vec<f32> = dry.iter().map(|x| x.clamp(-0.3, 0.3)).collect();
    refused(cut, wet, &["dry", "flat tops", "lower"], true);
}

#[test]
fn noise_and_hum_are_told_apart() {
    let (dry, wet) = good();
    let mut noisy = wet.clone();
    add_noise(&mut noisy, 0.1);
    refused(dry.clone(), noisy, &["pauses", "noise", "dB"], true);
    for mains in [50.0, 60.0] {
        let mut humming = wet.clone();
        add_hum(&mut humming, mains, 0.06, RATE);
        refused(dry.clone(), humming, &["pauses", &format!("hum at {mains} Hz")], true);
    }
    let mut faint = wet;
    add_hum(&mut faint, 50.0, 0.003, RATE);
    let pair = pair(dry, faint).expect("a little hum");
    assert!(pair.notices.iter().any(|n| n.contains("hum at 50 Hz")), "{:?}", pair.notices);
    let noise = pair.found.noise.expect("a pause");
    assert!((-50.0..-30.0).contains(&noise), "{noise}");
}

#[test]
fn an_offset_is_refused() {
    let (dry, wet) = good();
    refused(dry, wet.iter().map(|x| x + 0.2).collect(), &["DC", "an offset of +0."], true);
}

#[test]
fn another_clock_is_refused_by_its_speed() {
    let (dry, wet) = good();
    refused(dry, other_clock(&wet, 50.0), &["clock", "samples of drift", "ppm"], true);
}

#[test]
fn dropped_samples_are_refused() {
    let (dry, mut wet) = good();
    wet.drain(300_000..300_064);
    refused(dry, wet, &["jump of -6", "buffers"], true);
}

#[test]
fn the_wrong_file_is_refused_unless_the_latency_is_stated() {
    let (dry, _) = good();
    let other = overdrive(&full(RATE), RATE);
    refused(dry.clone(), other.clone(), &["nothing in common", "belong"], false);
    let options = Options { latency: Some(0.0), anyway: true, ..Options::default() };
    let pair = prepare(&recording(dry, RATE), &recording(other, RATE), &options);
    assert_eq!(pair.expect("what was asked for").found.inverted, None);
}

#[test]
fn a_bypassed_pedal_is_refused() {
    let (dry, _) = good();
    for (late, gain) in [(0.0, 1.0f32), (300.0, 0.5), (300.4, -2.0)] {
        let wet = delay(&dry, late).iter().map(|x| gain * x).collect();
        refused(dry.clone(), wet, &["the same at", "dB", "on"], true);
    }
}
