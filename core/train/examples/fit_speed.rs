//! How long fits take on this machine, and how well they end: a curve, and an overdrive.

use std::f32::consts::TAU;
use std::ops::{ControlFlow, Range};
use std::time::Instant;

use nn::{Filter, FilterKind};
use train::hammerstein::{Budget, Design, Progress, Sound, fit};

const RATE: f64 = 48_000.0;

fn main() -> Result<(), train::Error> {
    curve()?;
    overdrive()
}

/// A sine whose amplitude grows, through a curve with corners.
fn curve() -> Result<(), train::Error> {
    let n = 441_000;
    let dry = |i: usize| (TAU * 110.0 * i as f32 / 44_100.0).sin() * i as f32 / n as f32;
    let dry: Vec<f32> = (0..n).map(dry).collect();
    let shape = |x: f32| (0.5 * ((10.0 * x).tanh() + 0.15 * (5.0 * x).powi(2))).clamp(-1.0, 1.0);
    let wet: Vec<f32> = dry.iter().map(|x| shape(*x)).collect();
    for seed in 0..3 {
        let design = Design { seed, ..Design::curve(vec![]) };
        // A curve is known when all levels are: it is judged by all of the sound.
        report(&format!("curve, seed {seed}"), &design, (&dry, &wet), 0..n, 44_100.0, 0.5)?;
    }
    Ok(())
}

/// What a well-known overdrive does: treble clips more, softly and not alike on both
/// sides, before a tone network.
fn overdrive() -> Result<(), train::Error> {
    let n = 48_000 * 60;
    let dry = plucks(n);
    let through = |x: &mut [f32], kind, hz, gain| {
        let at = Filter { kind, hz, q: 0.7, gain }.at(RATE);
        let [mut s1, mut s2] = [0.0; 2];
        for x in x {
            let (input, y) = (f64::from(*x), at.b[0] * f64::from(*x) + s1);
            s1 = at.b[1] * input - at.a[0] * y + s2;
            s2 = at.b[2] * input - at.a[1] * y;
            *x = y as f32;
        }
    };
    let mut treble = dry.clone();
    through(&mut treble, FilterKind::HighPass1, 16.0, 0.0);
    let clean = treble.clone();
    through(&mut treble, FilterKind::HighPass1, 720.0, 0.0);
    let clip = |x: f32| if x > 0.0 { x.tanh() } else { 0.8 * (x / 0.8).tanh() };
    let mut wet: Vec<f32> =
        treble.iter().zip(&clean).map(|(t, c)| 0.4 * clip(25.0 * t) + 0.3 * c).collect();
    through(&mut wet, FilterKind::LowPass1, 5000.0, 0.0);
    through(&mut wet, FilterKind::HighPass1, 12.0, 0.0);
    through(&mut wet, FilterKind::Peak, 700.0, 3.0);
    report("overdrive", &Design::pedal(vec![]), (&dry, &wet), n * 4 / 5..n, RATE, 20.0)
}

/// Decaying chords of many levels.
fn plucks(n: usize) -> Vec<f32> {
    let mut rng = fastrand::Rng::with_seed(5);
    let mut dry = vec![0.0; n];
    let mut at = 0;
    while at < n {
        let (hz, level) = (80.0 * 2.0_f32.powf(rng.f32() * 3.0), 0.5 * 10.0_f32.powf(-rng.f32()));
        let decay = 0.2 + rng.f32();
        for (i, x) in dry[at..].iter_mut().take(96_000).enumerate() {
            let t = i as f32 / RATE as f32;
            let tone = |k: i32| (TAU * hz * t * k as f32 * 1.0003_f32.powi(k * k)).sin();
            let harmonics = (1..9).map(|k| tone(k) / k as f32 * (-t * k as f32 / decay).exp());
            *x += level * harmonics.sum::<f32>() * (t * 500.0).min(1.0);
        }
        at += 4000 + rng.usize(0..30_000);
    }
    dry.iter().map(|x| x.clamp(-1.0, 1.0)).collect()
}

fn report(
    what: &str,
    design: &Design,
    (dry, wet): (&[f32], &[f32]),
    held_out: Range<usize>,
    rate: f64,
    seconds: f64,
) -> Result<(), train::Error> {
    let learnt = if held_out.start == 0 { held_out.end } else { held_out.start };
    let sound =
        Sound { dry, wet, knobs: vec![], train: vec![0..learnt / 2, learnt / 2..learnt], held_out };
    let (begun, mut said) = (Instant::now(), 0.0);
    let budget = Budget { seconds, iterations: 100_000 };
    let mut best = f64::INFINITY;
    let fitted = fit(design, &[sound], rate, &budget, &mut |now: &Progress<'_>| {
        let esr = now.best.map_or(f64::INFINITY, |best| best.esr);
        if esr < 0.5 * best || now.seconds > said + 5.0 {
            (best, said) = (esr, now.seconds);
            println!(
                "  {:6.2} s, step {}, ESR {esr:.2e}, learning {:.2e}",
                now.seconds, now.iteration, now.learning
            );
        }
        ControlFlow::Continue(())
    })?;
    let (took, esr) = (begun.elapsed().as_secs_f64(), fitted.esr);
    println!("{what}: ESR {esr:.2e} after {} steps, {took:.2} s in all", fitted.iterations);
    Ok(())
}
