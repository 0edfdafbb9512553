//! The drawings of a report, each with what its colours mean.

use plotters::style::RGBColor;

use super::measure::{Wave, Window, decibels};
use super::plot::{Axis, ERROR, INK, Layer, MODEL, Shape, TARGET, draw};
use super::sine::Tone;
use super::{Report, Traces, words};

/// Where levels end that are drawn, in dB.
const FLOOR: f64 = -120.0;
const DEEP: f64 = -140.0;
/// Frames of a waveform's height in which its difference is visible.
const VISIBLE: f64 = 0.1;

/// A drawing and the words around it, not escaped.
pub(super) struct Figure {
    pub(super) title: String,
    /// Class names of colours, and what is drawn in them.
    pub(super) legend: Vec<(&'static str, String)>,
    pub(super) caption: String,
    pub(super) svg: String,
}

impl Figure {
    fn new(
        title: String,
        legend: &[(&'static str, &str)],
        caption: String,
        axes: [Axis; 2],
        layers: &[Layer],
    ) -> Self {
        let legend = legend.iter().map(|(class, text)| (*class, (*text).to_owned())).collect();
        let [x, y] = axes;
        let svg = draw(&title, &x, &y, layers);
        Self { title, legend, caption, svg }
    }
}

/// All drawings that there is something to draw for.
pub(super) fn all(report: &Report) -> Vec<Figure> {
    let traces = &report.traces;
    let mut figures = Vec::new();
    for (wave, which) in traces.waves.iter().zip(["Where it is worst", "A typical moment"]) {
        figures.push(waveform(wave, which));
    }
    figures.extend(levels_over_time(&traces.windows));
    figures.extend(by_level(report));
    figures.extend(spectra(traces));
    figures.extend(history(report));
    for (i, name) in ["Target", "Model"].into_iter().enumerate() {
        figures.extend(transfer(traces, i, name));
    }
    figures.extend(report.tones.iter().map(tone));
    figures
}

fn waveform(wave: &Wave, which: &str) -> Figure {
    let ms = |i: usize| i as f64 * 1000.0 / wave.rate;
    let points = |of: &dyn Fn(usize) -> f64| -> Vec<[f64; 2]> {
        (0..wave.target.len()).map(|i| [ms(i), of(i)]).collect()
    };
    let target = |i: usize| f64::from(wave.target[i]);
    let model = |i: usize| f64::from(wave.model[i]);
    let error = |i: usize| model(i) - target(i);
    let largest =
        |of: &dyn Fn(usize) -> f64| (0..wave.target.len()).map(|i| of(i).abs()).fold(0.0, f64::max);
    let height = match largest(&target).max(largest(&model)) {
        h if h > 0.0 => 1.05 * h,
        _ => 1.0,
    };
    // A small difference is drawn larger, and the legend says so.
    let shown = |factor: &f64| factor * largest(&error) >= VISIBLE * height;
    let factor = [1.0, 10.0, 100.0].into_iter().find(shown).unwrap_or(100.0);
    let difference = match factor {
        1.0 => "difference".to_owned(),
        _ => format!("difference × {factor}"),
    };
    Figure::new(
        format!("{which}: {} s into the passage", words::fixed(wave.start, 2)),
        &[("target", "target"), ("model", "model"), ("error", &difference)],
        String::new(),
        [
            Axis::new("Time (ms)", 0.0, ms(wave.target.len().saturating_sub(1)), 6),
            Axis::new("Amplitude", -height, height, 8),
        ],
        &[
            Layer(TARGET, 2.6, Shape::Line(points(&target))),
            Layer(MODEL, 1.1, Shape::Line(points(&model))),
            Layer(ERROR, 1.1, Shape::Line(points(&|i| factor * error(i)))),
        ],
    )
}

/// Levels in 50 ms. Their distance is the null.
fn levels_over_time(windows: &[Window]) -> Option<Figure> {
    let last = windows.last()?.at + windows.first()?.at;
    let level = |of: fn(&Window) -> f64| {
        windows.iter().map(|w| [w.at, decibels(of(w))]).collect::<Vec<_>>()
    };
    let (target, error) = (level(|w| w.target), level(|w| w.error));
    Some(Figure::new(
        "Null against time".to_owned(),
        &[("target", "target"), ("error", "difference")],
        "Levels over 50 ms. The distance between the two is the null depth.".to_owned(),
        [Axis::new("Time (s)", 0.0, last, 6), Axis::new("Level (dBFS)", FLOOR, 0.0, 6)],
        &[
            Layer(TARGET, 1.4, Shape::Area(target.clone())),
            Layer(TARGET, 1.4, Shape::Line(target)),
            Layer(ERROR, 1.4, Shape::Line(error)),
        ],
    ))
}

fn by_level(report: &Report) -> Option<Figure> {
    let bins = &report.levels;
    let (first, last) = (bins.first()?, bins.last()?);
    let nulls: Vec<f64> = bins.iter().map(|b| decibels(b.esr)).collect();
    let deepest = nulls.iter().copied().fold(0.0, f64::min);
    let highest = nulls.iter().copied().fold(0.0, f64::max);
    let low = (deepest / 10.0 - 0.5).floor().max(-12.0) * 10.0;
    let most = bins.iter().map(|b| b.share).fold(f64::MIN_POSITIVE, f64::max);
    let gap = 0.06 * (last.to_db - first.from_db).min(6.0);
    let bars = bins.iter().zip(&nulls).map(|(bin, null)| {
        (
            [bin.from_db + gap, low],
            [bin.to_db - gap, *null],
            0.25 + 0.75 * (bin.share / most).sqrt(),
        )
    });
    Some(Figure::new(
        "Error by level".to_owned(),
        &[("error", "difference by target: the lower, the better")],
        "For moments at which the target is about as loud. The fuller the colour, the more of \
         the passage is."
            .to_owned(),
        [
            Axis::new("Level of the target (dBFS)", first.from_db, last.to_db, 6),
            Axis::new("ESR (dB)", low, (highest / 10.0).ceil() * 10.0, 5),
        ],
        &[Layer(ERROR, 1.0, Shape::Cells(bars.collect()))],
    ))
}

fn spectra(traces: &Traces) -> Option<Figure> {
    let highest = traces.bands.last()?.hz;
    let line = |i: usize| {
        let level = |b: &super::spectrum::Band| [b.hz.log10(), decibels(b.powers[i])];
        Shape::Line(traces.bands.iter().map(level).collect())
    };
    let loudest = traces.bands.iter().flat_map(|b| b.powers).fold(0.0, f64::max);
    let top = (decibels(loudest) / 10.0).ceil().clamp(-3.0, 4.0) * 10.0;
    Some(Figure::new(
        "Spectra".to_owned(),
        &[("target", "target"), ("model", "model"), ("error", "difference")],
        "Levels in twelfths of an octave, averaged over the passage.".to_owned(),
        [Axis::hertz(highest), Axis::new("Level (dBFS)", FLOOR, top, 6)],
        &[Layer(TARGET, 2.8, line(0)), Layer(MODEL, 1.2, line(1)), Layer(ERROR, 1.4, line(2))],
    ))
}

fn history(report: &Report) -> Option<Figure> {
    let log = |x: f64| if x > 0.0 && x.is_finite() { x.log10() } else { f64::NAN };
    let loss = report.history.iter().map(|p| [p.step as f64, log(p.loss)]);
    let esr = report.history.iter().filter_map(|p| Some([p.step as f64, log(p.esr?)]));
    let number = |p: &[f64; 2]| p[1].is_finite();
    let loss: Vec<[f64; 2]> = loss.filter(number).collect();
    let esr: Vec<[f64; 2]> = esr.filter(number).collect();
    let both = || loss.iter().chain(&esr);
    let last = both().map(|p| p[0]).reduce(f64::max)?;
    let low = both().map(|p| p[1]).fold(f64::INFINITY, f64::min).max(-12.0);
    let high = both().map(|p| p[1]).fold(f64::NEG_INFINITY, f64::max).min(6.0);
    let best = report.best();
    let caption = best.map_or_else(String::new, |p| {
        let esr = p.esr.map_or_else(String::new, |e| format!(", ESR {}", words::small(e)));
        let time = words::duration(p.seconds);
        format!("The best, marked by a point: step {}{esr}, after {time}.", p.step)
    });
    let marked = |p: &super::Point| [p.step as f64, log(p.esr.unwrap_or(p.loss))];
    Some(Figure::new(
        "Training".to_owned(),
        &[("target", "loss on what is learnt"), ("model", "ESR on what is held out")],
        caption,
        [Axis::new("Step", 0.0, last, 5), Axis::decades("Loss and ESR", low, high)],
        &[
            Layer(TARGET, 1.4, Shape::Line(thin(loss))),
            Layer(MODEL, 1.6, Shape::Line(thin(esr))),
            Layer(INK, 4.0, Shape::Dots(best.map(marked).into_iter().collect())),
        ],
    ))
}

/// At most some thousand points, the last among them.
fn thin(points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    let every = points.len().div_ceil(1000).max(1);
    points.into_iter().rev().step_by(every).rev().collect()
}

fn transfer(traces: &Traces, which: usize, name: &str) -> Option<Figure> {
    let density = traces.densities.get(which)?;
    let most = density.counts.iter().copied().max().filter(|most| *most > 0)?;
    let [width, height] = traces.limits;
    let colour: RGBColor = if which == 0 { TARGET } else { MODEL };
    let n = density.cells;
    let edge = |i: usize, limit: f64| (2.0 * i as f64 / n as f64 - 1.0) * limit;
    // By logarithm, so that what is rare is seen beside silence; in ten steps, so that
    // neighbours are alike and one rectangle.
    let step = |count: u32| (f64::from(count).ln_1p() / f64::from(most).ln_1p() * 10.0).ceil();
    let mut cells = Vec::new();
    for (row, counts) in density.counts.chunks(n).enumerate() {
        let mut column = 0;
        for run in counts.chunk_by(|a, b| step(*a) == step(*b)) {
            let to = [edge(column + run.len(), width), edge(row + 1, height)];
            cells.push(([edge(column, width), edge(row, height)], to, step(run[0]) / 10.0));
            column += run.len();
        }
    }
    cells.retain(|(_, _, dense)| *dense > 0.0);
    let mut layers = vec![Layer(colour, 1.0, Shape::Cells(cells))];
    let mut legend = vec![(if which == 0 { "target" } else { "model" }, "how often")];
    if let Some(curve) = traces.curve.as_ref().filter(|_| which == 1) {
        let shown = curve.iter().map(|p| if p[1].abs() > height { [p[0], f64::NAN] } else { *p });
        layers.push(Layer(INK, 1.6, Shape::Line(shown.collect())));
        legend.push(("ink", "a slow sine"));
    }
    Some(Figure::new(
        format!("{name}: from dry to wet"),
        &legend,
        String::new(),
        [
            Axis::new("Dry", -width, width, 8),
            Axis::new(if which == 0 { "Wet" } else { "Model" }, -height, height, 8),
        ],
        &layers,
    ))
}

fn tone(tone: &Tone) -> Figure {
    let harmonics = tone.harmonics_db.iter().enumerate();
    let khz = |hz: f64| hz / 1000.0;
    let stems: Vec<[f64; 2]> = harmonics
        .map(|(i, db)| [khz(tone.hz * (i + 1) as f64), *db])
        .filter(|p| p[1] > DEEP)
        .collect();
    let rest = tone.rest.iter().map(|[hz, db]| [khz(*hz), *db]);
    let rest = rest.filter(|p| p[1] > DEEP).collect();
    Figure::new(
        format!(
            "A sine of {} Hz at {} dBFS",
            words::fixed(tone.hz, 0),
            words::fixed(tone.input_db, 0)
        ),
        &[("model", "harmonics"), ("error", "aliases and noise")],
        format!(
            "Alias level {} dB, harmonic distortion {}\u{a0}%, played at its own rate without \
             oversampling.",
            words::fixed(tone.alias_db, 1),
            words::fixed(100.0 * tone.thd, 2)
        ),
        [Axis::new("Frequency (kHz)", 0.0, 20.0, 5), Axis::new("Level (dBFS)", DEEP, 10.0, 8)],
        &[Layer(ERROR, 1.2, Shape::Stems(rest)), Layer(MODEL, 2.2, Shape::Stems(stems))],
    )
}
