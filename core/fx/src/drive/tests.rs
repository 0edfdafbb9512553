use nn::Model;

use super::*;
use crate::probe::{Random, bits, sine, steepest};

const RATE: f32 = 48_000.0;

/// The network that changes nothing.
const IDENTITY: &str = r#"{"format":"kiln-drive","version":1,"layers":[
    {"type":"dense","weights":[[1.0]],"bias":[0.0]}]}"#;

/// tanh, as a network of one neuron.
const TANH: &str = r#"{"format":"kiln-drive","version":1,"layers":[
    {"type":"dense","weights":[[1.0]],"bias":[0.0]},{"type":"tanh"},
    {"type":"dense","weights":[[1.0]],"bias":[0.0]}]}"#;

/// A clipper with a knob for its drive, and filters around it.
const KNOB: &str = r#"{"format":"kiln-drive","version":1,
    "knobs":[{"name":"Drive","min":0,"max":10,"default":5}],
    "pre":[{"kind":"high_pass","hz":90}],
    "layers":[
    {"type":"dense","weights":[[3.0,0.08],[6.0,-0.16],[9.0,0.24],[14.0,0.12]],"bias":[0.1,-0.2,0.3,-0.3]},
    {"type":"tanh"},
    {"type":"dense","weights":[[0.3,0.2,-0.2,0.4],[0.2,0.6,0.5,-0.1]],"bias":[0.1,-0.1]},
    {"type":"tanh"},
    {"type":"dense","weights":[[0.5,0.4]],"bias":[0.05]}],
    "post":[{"kind":"low_pass","hz":7000}]}"#;

fn model(json: &str) -> Model {
    Model::load(json.as_bytes()).expect("a model")
}

/// One of the fixtures of small networks.
fn fixture(name: &str) -> Model {
    let path = format!("{}/../../tests/data/drive/{name}.json", env!("CARGO_MANIFEST_DIR"));
    Model::load(&std::fs::read(path).expect("the fixture")).expect("a model")
}

fn quality(oversampling: Oversampling, phase: Phase) -> Quality {
    Quality { oversampling, phase, antiderivative: false }
}

/// Every quality, with and without integration.
fn qualities() -> Vec<Quality> {
    let mut all = Vec::new();
    for oversampling in Oversampling::ALL {
        for phase in [Phase::Minimum, Phase::Linear] {
            for antiderivative in [false, true] {
                all.push(Quality { oversampling, phase, antiderivative });
            }
        }
    }
    all
}

fn pedal(model: &Model, sample_rate: f32, quality: Quality) -> Pedal {
    Pedal::build(model, Setup { sample_rate, quality, calls: crate::Calls::OFFLINE })
        .expect("a pedal")
}

/// The effect with a pedal.
fn drive(model: &Model, sample_rate: f32, quality: Quality) -> Drive {
    let (loader, effect) = Drive::new(sample_rate);
    loader.offer(pedal(model, sample_rate, quality));
    effect
}

/// What becomes of `io`, of one channel, cut into `cut`s.
fn play(effect: &mut Drive, io: &[f32], cut: usize, params: &Params) -> Vec<f32> {
    let mut io = io.to_vec();
    io.chunks_mut(cut).for_each(|io| effect.process(&mut [io], 1, params));
    io
}

/// Of two channels.
fn play_both(effect: &mut Drive, io: [&[f32]; 2], params: &Params) -> [Vec<f32>; 2] {
    let [mut left, mut right] = io.map(<[f32]>::to_vec);
    effect.process(&mut [&mut left, &mut right], 2, params);
    [left, right]
}

fn noise(length: usize, peak: f32) -> Vec<f32> {
    let mut random = Random(77);
    (0..length).map(|_| peak * random.signed()).collect()
}

/// Sines up to 20 kHz at 44.1.
fn band(length: usize, rate: f32) -> Vec<f32> {
    let mut sum = vec![0.0; length];
    for share in [0.0021, 0.013, 0.071, 0.17, 0.31, 0.42, 0.452] {
        let one = sine(length, rate, f64::from(rate) * share, 0.1);
        sum.iter_mut().zip(one).for_each(|(sum, x)| *sum += x);
    }
    sum
}

/// In dB, of the difference in proportion to `a`.
fn null(a: &[f32], b: &[f32]) -> f64 {
    let square = |x: f32| f64::from(x).powi(2);
    let error: f64 = a.iter().zip(b).map(|(a, b)| square(a - b)).sum();
    10.0 * (error / a.iter().map(|a| square(*a)).sum::<f64>() + 1e-30).log10()
}

#[test]
fn without_a_model_audio_passes() {
    let input = noise(1000, 0.5);
    let (_loader, mut effect) = Drive::new(RATE);
    let out = play(&mut effect, &input, 64, &Params { mix: 0.0, ..Params::default() });
    assert_eq!(bits(&out), bits(&input));
    let dc = play(&mut effect, &input, 64, &Params::default());
    assert!(null(&input, &dc) < -20.0);
}

/// The dry signal goes the same way, so that no mix of it with an equal one combs.
#[test]
fn an_identity_sounds_the_same_at_any_mix() {
    let input = band(16_384, RATE);
    for quality in qualities() {
        let model = model(IDENTITY);
        let out = |mix: f32| {
            let mut effect = drive(&model, RATE, quality);
            let out = play(&mut effect, &input, 64, &Params { mix, ..Params::default() });
            out[8192..].to_vec()
        };
        let dry = out(0.0);
        for mix in [0.3, 0.5, 1.0] {
            // But for the DC block, which turns the phase of the lowest sine a little.
            let mut reference = dry.clone();
            let wet = out(mix);
            let mut blocked = DcBlock::new(RATE);
            let mut through = {
                let mut effect = drive(&model, RATE, quality);
                play(&mut effect, &input, 64, &Params { mix: 0.0, ..Params::default() })
            };
            blocked.process(&mut [&mut through]);
            for (y, x) in reference.iter_mut().zip(&through[8192..]) {
                *y += mix * (x - *y);
            }
            let db = null(&reference, &wet);
            assert!(db < -120.0, "{quality:?} at {mix}: {db} dB");
        }
    }
}

/// Where the correlation of a low band with the input is largest.
fn lag(input: &[f32], output: &[f32], most: usize) -> usize {
    let at = |lag: usize| {
        let pairs = input[..input.len() - most].iter().zip(&output[lag..]);
        pairs.map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>()
    };
    (0..most).max_by(|a, b| at(*a).total_cmp(&at(*b))).unwrap_or(0)
}

#[test]
fn the_latency_is_what_it_says_at_every_rate_and_quality() {
    for rate in [44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0] {
        // Low noise, so that all of it is late alike.
        let mut input = noise(6000, 0.2);
        for _ in 0..3 {
            let mut low = 0.0;
            input.iter_mut().for_each(|x| {
                low += 0.1 * (*x - low);
                *x = low;
            });
        }
        for quality in qualities() {
            let mut effect = drive(&model(TANH), rate, quality);
            let out = play(&mut effect, &input, 500, &Params::default());
            let (found, said) = (lag(&input, &out, 400), effect.latency());
            assert_eq!(found, said, "{quality:?} at {rate}");
        }
    }
}

/// A network of another rate, recurrent, with its knobs.
#[test]
fn models_of_a_rate_of_their_own_are_as_late_as_they_say() {
    let mut input = noise(9000, 0.05);
    for _ in 0..3 {
        let mut low = 0.0;
        input.iter_mut().for_each(|x| {
            low += 0.1 * (*x - low);
            *x = low;
        });
    }
    let identity = IDENTITY.replacen("\"version\":1", "\"version\":1,\"sample_rate\":44100", 1);
    for rate in [44_100.0, 48_000.0, 96_000.0] {
        for oversampling in [Oversampling::X1, Oversampling::X2, Oversampling::X8] {
            for phase in [Phase::Minimum, Phase::Linear] {
                let mut effect = drive(&model(&identity), rate, quality(oversampling, phase));
                let wet = play(&mut effect, &input, 500, &Params::default());
                assert_eq!(lag(&input, &wet, 600), effect.latency(), "{oversampling:?} at {rate}");
                let mut effect = drive(&model(&identity), rate, quality(oversampling, phase));
                let params = Params { mix: 0.0, ..Params::default() };
                let mut dry = play(&mut effect, &input, 500, &params);
                DcBlock::new(rate).process(&mut [&mut dry]);
                let db = null(&wet[4000..], &dry[4000..]);
                assert!(db < -50.0, "{oversampling:?} at {rate}: {db} dB");
            }
        }
    }
}

#[test]
fn no_cut_of_the_signal_shows() {
    let input = noise(4500, 0.4);
    let params = Params {
        drive: 0.8,
        mix: 0.7,
        tilt: 3.0,
        auto_gain: true,
        before: Cut { low: 60.0, high: 9000.0 },
        after: Cut { low: 90.0, high: 7000.0 },
        ..Params::default()
    };
    let moved = Params { drive: 0.1, knobs: [1.0; KNOBS], tilt: -6.0, mix: 0.9, ..params };
    let models = [model(KNOB), fixture("guitarml_gru_drive"), fixture("torch_lstm_in1_h12")];
    for model in &models {
        for oversampling in [Oversampling::X1, Oversampling::X4] {
            let run = |cut: usize| {
                let mut effect = drive(model, 44_100.0, quality(oversampling, Phase::Minimum));
                let mut out = play(&mut effect, &input[..700], cut, &params);
                out.extend(play(&mut effect, &input[700..], cut, &moved));
                bits(&out)
            };
            let whole = run(4096);
            for cut in [1, 7, 64, 511] {
                assert_eq!(run(cut), whole, "{} in {cut}s, {oversampling:?}", model.format());
            }
        }
    }
}

#[test]
fn another_pedal_comes_without_a_click() {
    let input = sine(30_000, RATE, 220.0, 0.1);
    for (from, to) in [
        (quality(Oversampling::X1, Phase::Minimum), quality(Oversampling::X8, Phase::Minimum)),
        (quality(Oversampling::X8, Phase::Minimum), quality(Oversampling::X4, Phase::Linear)),
        (quality(Oversampling::X4, Phase::Linear), quality(Oversampling::X1, Phase::Minimum)),
    ] {
        for mix in [0.4, 1.0] {
            let params = Params { mix, ..Params::default() };
            let (loader, mut effect) = Drive::new(RATE);
            loader.offer(pedal(&model(TANH), RATE, from));
            play(&mut effect, &input, 64, &params);
            loader.offer(pedal(&model(KNOB), RATE, to));
            let swapped = play(&mut effect, &input, 64, &params);
            let after = effect.latency();
            assert_eq!(after, pedal(&model(TANH), RATE, to).latency());
            // What either makes alone is no steeper by much.
            let still = play(&mut effect, &input, 64, &params);
            let most = steepest(&still[5000..]).max(steepest(&sine(5000, RATE, 220.0, 0.1)));
            let found = steepest(&swapped[10..]);
            assert!(found < 1.5 * most + 1e-3, "{from:?} to {to:?}: {found}, {most}");
        }
    }
}

#[test]
fn a_bypass_passes_the_input_late() {
    let input = noise(20_000, 0.5);
    for quality in
        [quality(Oversampling::X8, Phase::Minimum), quality(Oversampling::X2, Phase::Linear)]
    {
        let mut effect = drive(&model(KNOB), RATE, quality);
        let params = Params { bypass: true, output_gain: 6.0, ..Params::default() };
        let out = play(&mut effect, &input, 100, &params);
        let late = effect.latency();
        assert_eq!(bits(&out[late..]), bits(&input[..20_000 - late]));
        // And back, in a silence, with nothing heard but what is still to come of the input.
        let on = play(&mut effect, &vec![0.0; 4000], 100, &Params::default());
        let on = &on[2 * late + 1..];
        assert!(
            on.iter().all(|x| x.abs() < 0.02),
            "{quality:?}: {:?}",
            on.iter().fold(0.0_f32, |m, x| m.max(x.abs()))
        );
    }
}

#[test]
fn channels_are_what_they_are_said_to_be() {
    let (left, right) = (noise(6000, 0.3), sine(6000, RATE, 500.0, 0.3));
    let quality = Quality::default();
    let both = |channels: Channels, io: [&[f32]; 2]| {
        let mut effect = drive(&model(KNOB), RATE, quality);
        play_both(&mut effect, io, &Params { channels, ..Params::default() })
    };
    let one = |io: &[f32]| {
        let mut effect = drive(&model(KNOB), RATE, quality);
        play(&mut effect, io, 6000, &Params::default())
    };
    let [a, b] = both(Channels::Stereo, [&left, &right]);
    assert_eq!((bits(&a), bits(&b)), (bits(&one(&left)), bits(&one(&right))));
    let mean: Vec<f32> = left.iter().zip(&right).map(|(l, r)| 0.5 * (l + r)).collect();
    let [a, b] = both(Channels::Mono, [&left, &right]);
    assert_eq!((bits(&a), bits(&b)), (bits(&one(&mean)), bits(&one(&mean))));
    let half: Vec<f32> = left.iter().zip(&right).map(|(l, r)| 0.5 * (l - r)).collect();
    let [a, b] = both(Channels::MidSide, [&left, &right]);
    let (middle, side) = (one(&mean), one(&half));
    for i in 0..6000 {
        assert!((a[i] - middle[i] - side[i]).abs() < 1e-6, "{i}");
        assert!((b[i] - middle[i] + side[i]).abs() < 1e-6, "{i}");
    }
    // Equal channels stay equal, through one network or two.
    let [a, b] = both(Channels::Stereo, [&left, &left]);
    assert_eq!(bits(&a), bits(&b));
    assert_eq!(bits(&a), bits(&one(&left)));
}

#[test]
fn nothing_that_comes_in_makes_it_say_nonsense() {
    let mut random = Random(5);
    let models = [model(KNOB), fixture("guitarml_lstm")];
    for model in &models {
        let mut effect = drive(model, RATE, Quality::default());
        for _ in 0..60 {
            let mut params = Params {
                auto_gain: true,
                calibrate_input: random.below(2) == 0,
                bypass: random.below(5) == 0,
                ..Params::default()
            };
            for range in RANGES {
                range.set(&mut params, random.hostile(range.min, range.max));
            }
            let length = 1 + random.below(400);
            let mut io = [(); 2]
                .map(|()| (0..length).map(|_| random.hostile(-1.0, 1.0)).collect::<Vec<f32>>());
            let [left, right] = &mut io;
            effect.process(&mut [left, right], 1 + random.below(2), &params);
            for x in io.iter().flatten() {
                assert!(x.is_finite() && !x.is_subnormal(), "{x} from {}", model.format());
            }
        }
        // And it recovers, without a reset.
        let out = play(&mut effect, &sine(48_000, RATE, 220.0, 0.1), 64, &Params::default());
        assert!(out[24_000..].iter().any(|x| x.abs() > 0.01));
    }
}

/// A network that says something in silence is not heard there, neither at first nor
/// where its drive turns nor where another comes.
#[test]
fn no_offset_is_heard_where_nothing_plays() {
    let silence = vec![0.0; 6000];
    let louder = KNOB.replacen("\"bias\":[0.05]", "\"bias\":[0.4]", 1);
    for quality in [quality(Oversampling::X1, Phase::Minimum), Quality::default()] {
        let (loader, mut effect) = Drive::new(RATE);
        loader.offer(pedal(&model(KNOB), RATE, quality));
        let mut most = 0.0_f32;
        for (i, share) in [0.93, 0.2, 0.55, 1.0].into_iter().enumerate() {
            if i == 2 {
                loader.offer(pedal(&model(&louder), RATE, quality));
            }
            let params = Params { drive: share, ..Params::default() };
            let out = play(&mut effect, &silence, 64, &params);
            most = most.max(largest(&out));
        }
        assert!(most < 1e-2, "{quality:?}: {most}");
    }
}

/// What is silent is exactly silent at last, and the first note after it is as ever.
#[test]
fn sleeps_in_silence_and_wakes_as_it_was() {
    let note = sine(3000, RATE, 330.0, 0.3);
    let mut effect = drive(&model(KNOB), RATE, Quality::default());
    play(&mut effect, &note, 512, &Params::default());
    let rest = play(&mut effect, &vec![0.0; 8 * RATE as usize], 512, &Params::default());
    assert!(rest[7 * RATE as usize..].iter().all(|x| *x == 0.0));
    let awake = play(&mut effect, &note, 512, &Params::default());
    let mut fresh = drive(&model(KNOB), RATE, Quality::default());
    play(&mut fresh, &vec![0.0; RATE as usize], 512, &Params::default());
    let reference = play(&mut fresh, &note, 512, &Params::default());
    let far = awake.iter().zip(&reference).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(far < 1e-4, "{far}");
}

#[test]
fn a_reset_is_a_new_beginning() {
    let input = noise(3000, 0.4);
    let params = Params { tilt: 4.0, drive: 0.9, mix: 0.8, ..Params::default() };
    for model in [model(KNOB), fixture("guitarml_gru_drive")] {
        for quality in [Quality::default(), quality(Oversampling::X2, Phase::Linear)] {
            let mut effect = drive(&model, 44_100.0, quality);
            let first = play(&mut effect, &input, 64, &params);
            play(&mut effect, &input, 64, &Params { drive: 0.2, ..params });
            effect.reset();
            assert_eq!(bits(&play(&mut effect, &input, 64, &params)), bits(&first));
        }
    }
}

#[test]
fn a_tilt_turns_about_its_middle() {
    for gain in [-12.0, -5.0, 7.0, 12.0] {
        for (hz, db) in [(20.0, -gain), (700.0, 0.0), (16_000.0, gain)] {
            let mut effect =
                drive(&model(IDENTITY), RATE, quality(Oversampling::X1, Phase::Minimum));
            let input = sine(48_000, RATE, hz, 0.01);
            let tilt = gain as f32;
            let out = play(&mut effect, &input, 64, &Params { tilt, ..Params::default() });
            let power = |x: &[f32]| x[24_000..].iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
            let found = 10.0 * (power(&out) / power(&input)).log10();
            assert!((found - db).abs() < 0.5, "{gain} dB at {hz} Hz: {found}");
        }
    }
}

/// A level change of the drive is taken back, for the signal it was measured with and
/// about so for another.
#[test]
fn auto_gain_keeps_the_loudness_whatever_the_drive() {
    let rate = 48_000.0;
    let signal = loudness::test_signal(rate);
    let lead = rate as usize / 25;
    let riff = riff();
    for model in [model(KNOB), model(TANH), fixture("kiln_drive")] {
        for (signal, lead, bound) in [(&signal, lead, 1.0), (&riff, 4800, 3.0)] {
            let mut range = (f64::INFINITY, f64::NEG_INFINITY);
            for step in 0..=20 {
                for input_gain in [0.0, 9.0] {
                    let params = Params {
                        drive: step as f32 / 20.0,
                        auto_gain: true,
                        input_gain,
                        ..Params::default()
                    };
                    let mut effect = drive(&model, RATE, quality(Oversampling::X2, Phase::Minimum));
                    let out = play(&mut effect, signal, 64, &params);
                    let found = loudness::Meter::new(rate).loudness(&out, lead);
                    range = (range.0.min(found), range.1.max(found));
                }
            }
            let (low, high) = range;
            let middle = loudness::Meter::new(rate).loudness(signal, lead);
            let far = (high - middle).max(middle - low);
            assert!(far < bound, "{}: {low} to {high}, from {middle}", model.format());
        }
    }
}

/// The first seconds of the riff that ships, at its usual loudness.
fn riff() -> Vec<f32> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/riff.wav");
    let mut wav = hound::WavReader::open(path).expect("the riff");
    let scale = match wav.spec().sample_format {
        hound::SampleFormat::Int => 1.0 / 2f32.powi(i32::from(wav.spec().bits_per_sample) - 1),
        hound::SampleFormat::Float => 1.0,
    };
    let mut riff: Vec<f32> = match wav.spec().sample_format {
        hound::SampleFormat::Int => {
            wav.samples::<i32>().take(96_000).map(|x| x.expect("a sample") as f32 * scale).collect()
        }
        hound::SampleFormat::Float => {
            wav.samples::<f32>().take(96_000).map(|x| x.expect("a sample")).collect()
        }
    };
    let loudness = loudness::Meter::new(48_000.0).loudness(&riff, 4800);
    let gain = 10f64.powf((loudness::NOMINAL - loudness) / 20.0) as f32;
    riff.iter_mut().for_each(|x| *x *= gain);
    riff
}

#[test]
fn the_loudness_meter_reads_what_the_recommendation_says() {
    // BS.1770-5: a sine of 997 Hz at full scale in one channel reads −3.01.
    for rate in [44_100.0, 48_000.0, 96_000.0] {
        let sine = sine(rate as usize, rate as f32, 997.0, 1.0);
        let found = loudness::Meter::new(rate).loudness(&sine, rate as usize / 10);
        assert!((found + 3.01).abs() < 0.06, "{found} at {rate}");
    }
}

#[test]
fn the_trace_shows_the_network_at_work() {
    for auto_gain in [false, true] {
        let mut effect = drive(&model(TANH), RATE, quality(Oversampling::X4, Phase::Minimum));
        let input = sine(24_000, RATE, 110.0, 0.3);
        let params = Params { drive: 0.75, auto_gain, input_gain: 3.0, ..Params::default() };
        play(&mut effect, &input, 64, &params);
        let trace = effect.trace();
        let most = trace.iter().map(|[x, _]| x.abs()).fold(0.0, f32::max);
        // 12 dB of drive and 3 before it.
        assert!((most / (0.3 * 10f32.powf(15.0 / 20.0)) - 1.0).abs() < 0.01, "{most}");
        for [x, y] in trace {
            assert!((y - x.tanh()).abs() < 0.02, "{x}: {y}, {}", x.tanh());
        }
    }
}

mod aliasing {
    use super::*;

    fn alias(db: f32, hz: f32, quality: Quality) -> f32 {
        // With a peak of 1 and no gain but the network's own.
        let weight = 10f64.powf(f64::from(db) / 20.0);
        let json = TANH.replacen("[[1.0]]", &format!("[[{weight}]]"), 1);
        let setup = Setup { sample_rate: 48_000.0, quality, calls: crate::Calls::OFFLINE };
        let found = measure::alias_to_signal(&model(&json), setup, &Params::default(), hz, 1.0);
        found.expect("measured").alias_db
    }

    /// A sine through tanh behind a gain, with ideal filters: dB of alias to signal.
    #[test]
    fn is_what_ideal_filters_would_leave() {
        use Oversampling::{X1, X2, X4, X8, X16};
        for (db, hz, list) in [
            (24.0, 1251.0, &[(X1, -29.7), (X2, -62.4)][..]),
            (24.0, 5007.0, &[(X1, -14.4), (X2, -24.9), (X4, -40.7), (X8, -73.4)]),
            (40.0, 1251.0, &[(X1, -19.1), (X2, -27.7), (X4, -39.5), (X8, -60.4), (X16, -102.0)]),
            (40.0, 5007.0, &[(X1, -12.1), (X2, -18.9), (X4, -25.6), (X8, -33.7), (X16, -45.4)]),
        ] {
            for (oversampling, expected) in list {
                for phase in [Phase::Minimum, Phase::Linear] {
                    let found = alias(db, hz, quality(*oversampling, phase));
                    let words = format!("{db} dB, {hz} Hz, {oversampling:?}, {phase:?}");
                    assert!((found - expected).abs() < 0.5, "{words}: {found} for {expected}");
                }
            }
        }
    }

    /// The same, integrated. What makes up for the droop lifts the highest aliases by up
    /// to 2.4 dB at twice the rate, and by more where nothing is oversampled; there, what
    /// counts is that less is left than without.
    #[test]
    fn integrated_is_what_ideal_filters_would_leave() {
        use Oversampling::{X1, X2, X4, X8};
        for (db, hz, list) in [
            (24.0, 1251.0, &[(X1, -37.7, -29.7), (X2, -76.9, -62.4)][..]),
            (
                24.0,
                5007.0,
                &[(X1, -27.2, -14.4), (X2, -44.7, -24.9), (X4, -64.3, -40.7), (X8, -102.0, -73.4)],
            ),
            (
                40.0,
                1251.0,
                &[(X1, -30.0, -19.1), (X2, -45.2, -27.7), (X4, -63.8, -39.5), (X8, -90.0, -60.4)],
            ),
            (
                40.0,
                5007.0,
                &[(X1, -26.0, -12.1), (X2, -39.4, -18.9), (X4, -50.4, -25.6), (X8, -63.8, -33.7)],
            ),
        ] {
            for (oversampling, expected, plain) in list {
                let quality =
                    Quality { antiderivative: true, ..quality(*oversampling, Phase::Minimum) };
                let found = alias(db, hz, quality);
                let words = format!("{db} dB, {hz} Hz, {oversampling:?}: {found} for {expected}");
                match oversampling {
                    X1 => assert!(found < plain - 2.0, "{words}"),
                    X2 => assert!((0.0..1.6).contains(&(found - expected)), "{words}"),
                    _ => assert!((found - expected).abs() < 0.5, "{words}"),
                }
            }
        }
    }
}
