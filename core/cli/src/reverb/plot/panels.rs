//! What is on the paper.

use plotters::prelude::*;

use super::Figure;
use crate::paper::{Area, BLUE, FONT, GREY, INK, ORANGE, Painted, RED, legend, panel, plain, px};

/// Columns a long response is drawn in, each from its least to its greatest sample.
const COLUMNS: usize = 1600;

/// The name of the octave band around `x` Hz, after IEC 61260-1.
fn octave(x: &f64) -> String {
    let names = ["31.5", "63", "125", "250", "500", "1k", "2k", "4k", "8k", "16k"];
    let number = (x / 1000.0).log10() / 0.3 + 5.0;
    let name = names.get(number.round() as usize).map(|name| (*name).to_owned());
    name.unwrap_or_else(|| format!("{}k", (x / 1000.0).round()))
}

pub(super) fn response(area: &Area<'_>, figure: &Figure) -> Painted {
    let seconds = figure.seconds();
    let shown = &figure.response[..figure.response.len().min((seconds * figure.rate) as usize)];
    let peak = 1.05 * shown.iter().fold(1e-9f64, |m, x| m.max(x.abs()));
    let labels = ["Impulse response", "Time (s)", "Amplitude"];
    let mut chart = panel(area, labels, 0.0..seconds, -peak..peak, [&plain, &plain])?;
    let wide = shown.len().div_ceil(COLUMNS).max(1);
    // A line of many corners would be drawn beyond its points, so each column is its own.
    let mut last = 0.0;
    let columns = (0..shown.len()).step_by(wide).map(|at| {
        let column = &shown[at..shown.len().min(at + wide)];
        let least = column.iter().copied().fold(last, f64::min);
        let most = column.iter().copied().fold(last, f64::max);
        last = column[column.len() - 1];
        let t = at as f64 / figure.rate;
        PathElement::new([(t, least), (t, most)], BLUE.stroke_width(px(2)))
    });
    chart.draw_series(columns)?;
    let zero = [(0.0, 0.0), (seconds, 0.0)];
    chart.draw_series(LineSeries::new(zero, BLUE.stroke_width(px(1))))?;
    if let Some(direct) = figure.direct {
        let text = format!("not shown: {} at 0 s", plain(&direct));
        let style = (FONT, px(32)).into_font().color(&INK);
        chart.draw_series([Text::new(text, (0.6 * seconds, 0.85 * peak), style)])?;
    }
    Ok(())
}

pub(super) fn decay(area: &Area<'_>, figure: &Figure) -> Painted {
    let seconds = figure.seconds();
    let labels = ["Energy decay", "Time (s)", "Level (dB)"];
    let mut chart = panel(area, labels, 0.0..seconds, super::FLOOR..0.0, [&plain, &plain])?;
    let every = (figure.decay.len() / (4 * COLUMNS)).max(1);
    let curve = figure.decay.iter().enumerate().step_by(every);
    let curve = curve.map(|(n, db)| (n as f64 / figure.rate, *db));
    let curve = curve.take_while(|(t, db)| *t <= seconds && *db >= super::FLOOR);
    chart.draw_series(LineSeries::new(curve, BLUE.stroke_width(px(4))))?;
    let text = match figure.t60 {
        Some(t60) => format!("T60 = {t60:.2} s"),
        None => "T60 unknown: it decays by less than 45 dB".to_owned(),
    };
    let style = (FONT, px(32)).into_font().color(&INK);
    chart.draw_series([Text::new(text, (0.03 * seconds, 0.92 * super::FLOOR), style)])?;
    Ok(())
}

pub(super) fn times(area: &Area<'_>, figure: &Figure) -> Painted {
    let top = figure.rate / 2.0;
    let found = |bands: &[fdn::analysis::Band]| -> Vec<(f64, f64)> {
        bands.iter().filter_map(|b| Some((b.centre, b.t60?))).collect()
    };
    let (octaves, thirds) = (found(&figure.octaves), found(&figure.thirds));
    let longest = octaves.iter().chain(&thirds).fold(0.1f64, |m, (_, t)| m.max(*t)) * 1.15;
    let marks = (0..).map(|k| 1000.0 * 10f64.powf(0.3 * f64::from(k - 5)));
    let marks: Vec<f64> = marks.take_while(|f| *f < top).collect();
    let labels = ["Reverberation time", "Frequency (Hz)", "T60 (s)"];
    let x = (25.0..top).log_scale().with_key_points(marks);
    let mut chart = panel(area, labels, x, 0.0..longest, [&octave, &plain])?;
    if octaves.is_empty() && thirds.is_empty() {
        return Ok(());
    }
    chart
        .draw_series(LineSeries::new(thirds, ORANGE.stroke_width(px(3))))?
        .label("one-third octaves")
        .legend(|(x, y)| {
            PathElement::new([(x, y), (x + px(36) as i32, y)], ORANGE.stroke_width(px(3)))
        });
    let dots = octaves.iter().map(|at| Circle::new(*at, px(8), BLUE.filled()));
    chart
        .draw_series(dots)?
        .label("octaves")
        .legend(|(x, y)| Circle::new((x + px(18) as i32, y), px(8), BLUE.filled()));
    legend(&mut chart, SeriesLabelPosition::LowerLeft)
}

pub(super) fn poles(area: &Area<'_>, figure: &Figure) -> Painted {
    let rate = figure.rate;
    // In kHz and dB a second; of each pair, the one above the real axis.
    let place = |z: &num_complex::Complex64| {
        let db = 20.0 * z.norm().log10() * rate;
        (z.arg() / std::f64::consts::TAU * rate / 1000.0, db)
    };
    let shown = figure.poles.found.iter().filter(|z| z.im >= 0.0 && z.norm() > 0.0);
    let shown: Vec<_> = shown.map(place).collect();
    let (least, most) = span(&shown);
    let (found, count) = (figure.poles.found.len(), figure.poles.count);
    let title = if found < count {
        format!("Poles ({found} of {count})")
    } else {
        format!("Poles ({count})")
    };
    let labels = [&title, "Frequency (kHz)", "Decay (dB/s)"];
    let mut chart = panel(area, labels, 0.0..rate / 2000.0, least..most, [&plain, &plain])?;
    let edge = [(0.0, 0.0), (rate / 2000.0, 0.0)];
    chart.draw_series(LineSeries::new(edge, GREY.stroke_width(px(2))))?;
    // A pole on the circle is there but for rounding.
    let colour = |db: f64| if db > 1e-6 * rate { RED } else { BLUE };
    let shown = shown.into_iter().filter(|(_, db)| *db >= least);
    chart.draw_series(shown.map(|at| Circle::new(at, px(3), colour(at.1).filled())))?;
    Ok(())
}

/// The axis of decay: most poles, and the limit of stability. Filters have poles
/// of their own far below, which nobody hears and which would hide the others.
fn span(poles: &[(f64, f64)]) -> (f64, f64) {
    let mut all: Vec<f64> = poles.iter().map(|(_, db)| *db).collect();
    all.sort_by(f64::total_cmp);
    let least = all.get(all.len() / 50).copied().unwrap_or(-60.0).min(-1.0);
    let most = all.last().copied().unwrap_or(0.0).max(0.0);
    let room = 0.08 * (most - least);
    (least - room, most + room)
}
