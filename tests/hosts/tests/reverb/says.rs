//! What it says of itself, and what is heard.

use hosts::clap::Change;
use hosts::parameter;
use hosts::signal::{guitar, rms};

use super::*;

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn what_it_is() {
    let bundle = reverb();
    assert_eq!(bundle.names[0], name());
    assert_eq!(bundle.id == "audio.kiln.reverb", name() == NAME, "{}", bundle.id);
    assert!(bundle.features.iter().any(|f| f == "reverb"), "{:?}", bundle.features);
    let mut plugin = bundle.open().expect("an instance");
    let parameters = plugin.parameters();
    for id in ["mix", "rt60", "pre_delay", "size", "freeze", "duck_depth", "gate_on"] {
        assert!(parameters.iter().any(|p| p.id == parameter(id) && p.automatable), "no {id}");
    }
    assert!(parameters.iter().all(|p| !p.name.is_empty() && (p.automatable || p.hidden)));
    let rt60 = plugin.parse(parameter("rt60"), "2.5 s").expect("a value");
    assert!(plugin.show(parameter("rt60"), rt60).expect("words").contains("2.5"));
    let pages = plugin.pages().expect("pages");
    assert!(pages.iter().all(|(name, ids)| !name.is_empty() && ids.len() <= 8), "{pages:?}");
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn no_cut_of_the_signal_changes_a_bit_at_any_rate() {
    for rate in [44_100.0, 48_000.0, 96_000.0, 192_000.0] {
        let input = guitar(rate, 0.4);
        let run = |cuts: &[usize]| {
            let mut plugin = hall();
            let mut player = plugin.activate([2, 2], rate, 4096).expect("to activate");
            let output = play(&mut player, &input, cuts, &[]);
            plugin.deactivate(player);
            assert_eq!(plugin.latency(), 0);
            output
        };
        let whole = run(&[4096]);
        assert!(rms(&whole[0]) > 1e-3 && whole.iter().flatten().all(|x| x.is_finite()));
        for cuts in [&[1][..], &[64], &[333], &[1, 4096, 7, 64, 513, 2]] {
            assert!(run(cuts) == whole, "cut into {cuts:?} at {rate} Hz");
        }
    }
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn every_layout_sounds() {
    let input = guitar(RATE, 0.3);
    let run = |inputs: u32, outputs: u32| {
        let mut plugin = hall();
        plugin.select(inputs, outputs).expect("the layout");
        let channels = [inputs as usize, outputs as usize];
        let mut player = plugin.activate(channels, RATE, 512).expect("to activate");
        let output = player.render(&vec![input.clone(); channels[0]], &[256], &[]);
        plugin.deactivate(player);
        output
    };
    let (stereo, mono, between) = (run(2, 2), run(1, 1), run(1, 2));
    assert!(between == stereo, "mono to stereo is as the same on both sides");
    let share = f64::from(rms(&mono[0])).powi(2) / (0.5 * energy(&stereo) / input.len() as f64);
    assert!((0.7..1.4).contains(&share), "mono is {share} as loud");
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn bypassed_and_dry_the_input_passes_at_once() {
    let input = guitar(RATE, 0.5);
    for (id, value) in [("bypass", 1.0), ("mix", 0.0)] {
        let mut plugin = hall();
        let mut player = activate(&mut plugin);
        let change = Change { at: 5000, parameter: parameter(id), value };
        let output = play(&mut player, &input, &[200], &[change]);
        assert!(output[0][7000..] == input[7000..], "{id}");
        plugin.deactivate(player);
    }
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn what_is_no_number_leaves_no_trace() {
    let clean = guitar(RATE, 0.5);
    let (mut poisoned, mut muted) = (clean.clone(), clean);
    for (i, poison) in [(1_000, f32::NAN), (3_000, f32::INFINITY), (5_000, f32::NEG_INFINITY)] {
        poisoned[i..i + 700].fill(poison);
        muted[i..i + 700].fill(0.0);
    }
    let run = |input: &[f32]| {
        let mut plugin = hall();
        let mut player = activate(&mut plugin);
        let output = play(&mut player, input, &[480], &[]);
        plugin.deactivate(player);
        output
    };
    assert!(run(&poisoned) == run(&muted), "it is not the same as silence");
    poisoned.fill(f32::MAX);
    assert!(run(&poisoned).iter().flatten().all(|x| x.is_finite()), "huge input");
    assert!(run(&[1e-40; 9000]).iter().flatten().all(|x| !x.is_subnormal()), "tiny input");
}

/// Schroeder's time in seconds, of all that comes of a click in each channel: of the
/// slope from −5 to −35 dB.
fn t60(player: &mut Player, seconds: f64) -> f64 {
    let silence = vec![0.0; click(seconds).len()];
    let mut energies = vec![0.0_f64; silence.len()];
    for input in [[click(seconds), silence.clone()], [silence, click(seconds)]] {
        player.reset();
        for output in player.render(&input, &[512], &[]) {
            energies.iter_mut().zip(output).for_each(|(e, y)| *e += f64::from(y).powi(2));
        }
    }
    let mut left: f64 = energies.iter().sum();
    let (all, mut at) = (left, [0, 0]);
    for energy in energies {
        let db = 10.0 * (left / all).log10();
        at = [at[0] + usize::from(db > -5.0), at[1] + usize::from(db > -35.0)];
        left -= energy;
    }
    2.0 * (at[1] - at[0]) as f64 / RATE
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn the_decay_knob_is_in_seconds() {
    let mut plugin = hall();
    // What a render is given from the first sample on, a host that plays is soon after.
    plugin.render_offline().expect("a render");
    let mut player = activate(&mut plugin);
    let trained = t60(&mut player, 4.0);
    assert!((1.3..2.0).contains(&trained), "{trained} s as trained");
    let off = Change { at: 0, parameter: parameter("as_trained"), value: 0.0 };
    for seconds in [0.5, 0.8, 1.6, 3.2, 8.0] {
        let value = plugin.parse(parameter("rt60"), &format!("{seconds} s")).expect("a value");
        let changes = [off, Change { at: 0, parameter: parameter("rt60"), value }];
        play(&mut player, &[0.0; 4800], &[512], &changes);
        let found = t60(&mut player, 2.0 * seconds);
        assert!((found / seconds - 1.0).abs() < 0.02, "{found} s instead of {seconds}");
    }
    plugin.deactivate(player);
}
