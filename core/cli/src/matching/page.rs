//! A page that plays the best beside the target: with its sounds beside it, it needs
//! nothing else, and no script runs.

use super::bands::{BANDS, middle};
use super::distance::REACH;
use super::finish::Shown;
use super::results::Results;

/// What all pages of Kiln look like, and what only this one has.
const STYLE: &str = include_str!("../../../train/src/report/style.css");
const MORE: &str = "section.sheet { background: var(--sheet); border: 1px solid var(--line);
  border-radius: 8px; padding: 1rem; margin-top: 1rem; }
h2 { overflow-wrap: anywhere; } audio { width: 100%; margin: 0.5rem 0; }
code { font-size: 0.85rem; overflow-wrap: anywhere; } p.soft { color: var(--soft); }
td.number, th.number { text-align: right; } .scroll { overflow-x: auto; }
svg .grid { stroke: var(--line); stroke-width: 1; } svg text { fill: var(--axis); font-size: 12px; }
svg .target { stroke: var(--target); } svg .model { stroke: var(--model); }
svg .curve { fill: none; stroke-width: 2; }
";

/// Size of a drawing and of what lies around it, in its units.
const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 44.0;
const BOTTOM: f64 = 34.0;

/// Entries in the table at the end.
const LISTED: usize = 200;

/// The page, as HTML that is also well-formed XML.
pub(super) fn html(results: &Results, shown: &[Shown], target: &[f64; BANDS]) -> String {
    let mut page = String::from("<!DOCTYPE html>\n");
    page += &format!(
        "<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\"><head><meta charset=\"utf-8\"/>\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src \
         'unsafe-inline'; media-src 'self' file:\"/><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"/><meta name=\"color-scheme\" \
         content=\"light dark\"/><title>The nearest models</title>\n<style>\n{STYLE}{MORE}</style>\
         </head>\n<body><main>\n"
    );
    page += &head(results);
    let players = [("Target", "target.wav"), ("DI", "di.wav")]
        .map(|(name, file)| format!("<h2>{name}</h2>{}", player(name, file)));
    page += &format!("<section class=\"sheet\">{}</section>\n", players.concat());
    page += "<section class=\"figures\">\n";
    for (at, shown) in shown.iter().enumerate() {
        page += &card(at + 1, shown, results, target);
    }
    page += "</section>\n";
    page += &table(results);
    page += &failures(results);
    page += "</main></body></html>\n";
    page
}

fn head(results: &Results) -> String {
    let question = &results.question;
    let how = match question.aligned {
        Some((lag, correlation)) => format!(
            "The target is the same performance as the DI, {:.0} ms later (their phases \
             correlate by {correlation:.2}), so distances are taken frame by frame.",
            1000.0 * lag
        ),
        None => "The target is another performance than the DI, so distances are between the \
                 distributions of levels over time."
            .to_owned(),
    };
    let through = match &question.cabinet {
        Some((path, _)) => format!(
            "Every model was heard through {}, and nothing else was matched.",
            escape(&path.display().to_string())
        ),
        None => format!(
            "Models are ranked with a response that brings each one's mean spectrum to the \
             target's, by {:.0} to {:+.0} dB, so a bare amplifier can match a miked one; the \
             distance without it is given beside.",
            REACH[0], REACH[1]
        ),
    };
    let short = if results.complete { "" } else { " Not all models were compared." };
    format!(
        "<header><p class=\"kind\">Tone match</p><h1>{}</h1><p>{} models, {} files \
         skipped.{short}</p></header>\n<section class=\"sheet\"><p>{how}</p><p>{through}</p>\
         </section>\n",
        escape(&name_of(&question.target.path)),
        results.entries.len(),
        results.failed.len(),
    )
}

fn name_of(path: &std::path::Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn player(what: &str, file: &str) -> String {
    format!(
        "<audio controls=\"controls\" preload=\"none\" src=\"{}\" aria-label=\"Play {}\"></audio>",
        escape(file),
        escape(what)
    )
}

fn card(rank: usize, shown: &Shown, results: &Results, target: &[f64; BANDS]) -> String {
    let entry = &shown.entry;
    let file = name_of(&entry.file);
    let name = entry.name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or(&file);
    let mut text = format!("<figure><h2>{rank}. {}</h2>", escape(name));
    if let Some(made) = &entry.made {
        text += &player(name, &made.sound.display().to_string());
    }
    text += "<ul class=\"legend\"><li><i class=\"target\"></i>Target</li>\
             <li><i class=\"model\"></i>Model</li></ul>";
    text += &drawing(&format!("Mean spectra of the target and of {name}"), target, &shown.bands);
    text += &format!(
        "<figcaption>{}: {:.2} dB from the target; {:.2} dB without a response. Input {:+.1} dB, \
         output {:+.1} dB.</figcaption>",
        escape(&file),
        entry.rank(&results.question),
        entry.distance,
        entry.input_gain,
        entry.output_gain,
    );
    if let Some(made) = &entry.made {
        text += &format!("<p><code>{}</code></p>", escape(&made.command));
    }
    text + "</figure>\n"
}

/// Third-octave levels over frequency.
fn drawing(title: &str, target: &[f64; BANDS], model: &[f64; BANDS]) -> String {
    let top = target.iter().chain(model).fold(f64::MIN, |top, db| top.max(*db));
    let top = (top / 10.0).ceil() * 10.0;
    let (low, span) = (top - 70.0, 70.0);
    let x = |hz: f64| {
        let place = (hz / middle(0)).log10() / (middle(BANDS - 1) / middle(0)).log10();
        LEFT + (WIDTH - LEFT - 10.0) * place
    };
    let y = |db: f64| 8.0 + (HEIGHT - BOTTOM - 8.0) * (1.0 - (db.clamp(low, top) - low) / span);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"{}\">",
        escape(title)
    );
    for (hz, label) in [(100.0, "100 "), (1000.0, "1 k"), (10_000.0, "10 k")] {
        let (x, end) = (x(hz), HEIGHT - BOTTOM);
        svg += &format!(
            "<line class=\"grid\" x1=\"{x:.1}\" y1=\"8\" x2=\"{x:.1}\" y2=\"{end}\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{label}Hz</text>",
            end + 16.0
        );
    }
    for step in 0..=3 {
        let db = top - 20.0 * f64::from(step);
        svg += &format!(
            "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{}\" y2=\"{y:.1}\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - 10.0,
            LEFT - 6.0,
            y(db) + 4.0,
            format!("{db:.0}").replace('-', "−"),
            y = y(db),
        );
    }
    for (class, bands) in [("target", target), ("model", model)] {
        let points: Vec<_> = (0..BANDS)
            .filter(|band| bands[*band].is_finite())
            .map(|band| format!("{:.1},{:.1}", x(middle(band)), y(bands[band])))
            .collect();
        svg += &format!("<polyline class=\"curve {class}\" points=\"{}\"/>", points.join(" "));
    }
    svg + "</svg>"
}

fn table(results: &Results) -> String {
    let row = |(at, entry): (usize, &super::results::Entry)| {
        format!(
            "<tr><td class=\"number\">{}</td><td>{}</td><td>{}</td><td class=\"number\">{:.2}</td>\
             <td class=\"number\">{:.2}</td><td class=\"number\">{:+.0}</td></tr>\n",
            at + 1,
            escape(&entry.file.display().to_string()),
            escape(&entry.architecture),
            entry.matched,
            entry.distance,
            entry.input_gain,
        )
    };
    let rows: String = results.entries.iter().take(LISTED).enumerate().map(row).collect();
    format!(
        "<section class=\"sheet scroll\"><h2>Ranking</h2><table><thead><tr>\
         <th scope=\"col\" class=\"number\">Rank</th><th scope=\"col\">File</th>\
         <th scope=\"col\">Network</th><th scope=\"col\" class=\"number\">With a response, dB</th>\
         <th scope=\"col\" class=\"number\">Without, dB</th>\
         <th scope=\"col\" class=\"number\">Input, dB</th></tr></thead><tbody>\n{rows}</tbody>\
         </table></section>\n"
    )
}

fn failures(results: &Results) -> String {
    if results.failed.is_empty() {
        return String::new();
    }
    let item = |failure: &super::results::Failure| format!("<li>{}</li>\n", escape(&failure.error));
    let items: String = results.failed.iter().map(item).collect();
    format!("<section class=\"notices\"><h2>Not models</h2><ul>\n{items}</ul></section>\n")
}

/// Text as it may stand in elements and attributes.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '&' => safe += "&amp;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            c if c.is_control() => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}
