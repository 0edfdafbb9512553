use roxmltree::{Document, ParsingOptions};

use super::super::plot::{ERROR, FAINT, INK, MODEL, TARGET};
use super::super::{About, Passage, Point};
use super::*;

const RATE: f64 = 48_000.0;

fn report(about: About, dry: &[f32], wrong: f32, history: Vec<Point>) -> Report {
    let json = r#"{"format":"kiln-drive","version":1,"layers":[
        {"type":"dense","weights":[[3.0]],"bias":[0.1]},{"type":"tanh"},
        {"type":"dense","weights":[[0.5]],"bias":[0.0]}]}"#;
    let model = nn::Model::load(json.as_bytes()).expect("a model");
    let mut answer = dry.to_vec();
    model.engine().process(&mut answer);
    let wet: Vec<f32> = answer.iter().map(|y| y * wrong).collect();
    let passage = Passage { rate: RATE, dry, wet: &wet, model: &answer };
    Report::new(about, &passage, &model, history).expect("a report")
}

fn about() -> About {
    About {
        name: "Pedal".into(),
        class: "Curve".into(),
        date: "2025-01-31".into(),
        latency: 12.5,
        gain: 0.5,
        settings: vec![("Steps".into(), "100".into())],
        ..About::default()
    }
}

fn decaying(n: usize) -> Vec<f32> {
    let sample = |i: usize| (i as f32 * 0.05).sin() * (-(i as f32) / 8000.0).exp();
    (0..n).map(sample).collect()
}

fn history() -> Vec<Point> {
    let esr = [Some(0.5), None, Some(0.02), Some(0.04)];
    let point = |(i, esr): (usize, Option<f64>)| Point {
        step: i as u64 * 10,
        seconds: i as f64,
        loss: 0.5 / (i + 1) as f64,
        esr,
    };
    esr.into_iter().enumerate().map(point).collect()
}

/// The page as a tree: every element is closed and every name quoted.
fn parsed(page: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(page, options).expect("well-formed")
}

fn figures(page: &Document<'_>) -> Vec<String> {
    let figures =
        page.descendants().filter(|n| n.has_tag_name(("http://www.w3.org/2000/svg", "svg")));
    figures.map(|n| n.attribute("aria-label").unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_page_holds_all_figures_and_numbers_and_needs_nothing_else() {
    let report = report(about(), &decaying(48_000), 0.9, history());
    let page = report.html();
    let tree = parsed(&page);
    assert_eq!(figures(&tree).len(), 10, "{:?}", figures(&tree));
    let text: String = tree.descendants().filter_map(|n| n.text()).collect();
    // A tenth too loud by the target: (1/0.9 − 1)².
    for part in ["0.0123", "−19.1 dB", "12.5 samples", "−6.02 dB", "Excellent", "Good", "Steps"]
    {
        let expected = part != "Excellent";
        assert_eq!(text.contains(part), expected, "{part}");
    }
    assert!(text.contains("The best, marked by a point: step 20, ESR 0.0200, after 2.0 s."));
    // The model has no memory, so its curve is drawn.
    assert!(text.contains("a slow sine"));
    for word in ["<script", "<link", "<img", "src=", "href=", "url(", "@import"] {
        assert!(!page.contains(word), "{word}");
    }
    let addresses = page.matches("http").count();
    assert_eq!(addresses, page.matches("xmlns=\"http").count() + 1, "one is http-equiv");
    assert!(page.len() < 1 << 20, "{} bytes", page.len());
}

#[test]
fn every_colour_of_a_drawing_has_one_by_dark() {
    for colour in [TARGET, MODEL, ERROR, INK, FAINT] {
        let name = format!("\"#{:02X}{:02X}{:02X}\"", colour.0, colour.1, colour.2);
        assert!(STYLE.contains(&format!("[stroke={name}]")), "{name}");
    }
    assert!(STYLE.contains("prefers-color-scheme: dark"));
    let page = report(about(), &decaying(9600), 0.9, history()).html();
    let tree = parsed(&page);
    for name in ["fill", "stroke"] {
        for colour in tree.descendants().filter_map(|n| n.attribute(name)) {
            let known = colour == "none" || STYLE.contains(&format!("[{name}=\"{colour}\"]"));
            assert!(known, "{name} {colour}");
        }
    }
}

#[test]
fn hostile_names_are_text() {
    let hostile = "</title><script>alert('1')</script>\"&amp;\u{1b}[31m\u{202e}\u{0}\u{ffff}";
    let about = About {
        name: hostile.into(),
        class: hostile.into(),
        date: hostile.into(),
        settings: vec![(hostile.into(), hostile.into())],
        notices: vec![hostile.into()],
        gain: f64::NAN,
        seconds: f64::INFINITY,
        latency: f64::NEG_INFINITY,
        ..About::default()
    };
    let report = report(about, &decaying(4800), 0.9, Vec::new());
    let page = report.html();
    let tree = parsed(&page);
    assert!(!page.contains("<script"));
    let shown = "</title><script>alert('1')</script>\"&amp;\u{fffd}[31m\u{fffd}\u{fffd}\u{fffd}";
    let elements = |tag: &str| {
        let named = tree.descendants().filter(|n| n.tag_name().name() == tag);
        named.filter_map(|n| n.text()).filter(|t| *t == shown).count()
    };
    assert_eq!((elements("h1"), elements("li"), elements("th"), elements("td")), (1, 1, 1, 2));
    let summary = report.summary();
    assert!(summary.contains("Gain             unknown dB"), "{summary}");
    assert!(!summary.contains(|c: char| c.is_control() && c != '\n'), "{summary:?}");
}

#[test]
fn pages_of_nothing_and_of_little_have_no_broken_numbers() {
    let broken = [f32::NAN, f32::INFINITY, 1.0, f32::MAX];
    let lost = vec![Point { step: 1, seconds: 0.0, loss: f64::NAN, esr: Some(f64::INFINITY) }];
    let signals = [vec![], vec![0.5], vec![0.0; 4800], decaying(100), broken.to_vec()];
    for (i, dry) in signals.iter().enumerate() {
        for history in [Vec::new(), lost.clone()] {
            let report = report(about(), dry, 0.9, history);
            let page = report.html();
            let tree = parsed(&page);
            for node in tree.descendants().filter(|n| n.is_element()) {
                for attribute in node.attributes() {
                    let value = attribute.value();
                    assert!(!value.contains("NaN") && !value.contains("inf"), "{i}: {value}");
                }
            }
            let said: String = tree.descendants().filter_map(|n| n.text()).collect();
            assert!(!said.contains("NaN"), "{i}: {said}");
            assert!(!report.summary().contains("NaN"), "{i}: {}", report.summary());
        }
    }
    let unmeasured = vec![
        Point { step: 0, seconds: 0.0, loss: 0.5, esr: None },
        Point { step: 1, seconds: 0.5, loss: 0.4, esr: Some(f64::NAN) },
        Point { step: 2, seconds: 1.0, loss: f64::NAN, esr: None },
    ];
    let by_loss = report(about(), &decaying(100), 0.9, unmeasured);
    assert_eq!(by_loss.best().map(|p| p.step), Some(1));
    let silent = report(about(), &[], 0.9, Vec::new());
    assert!(silent.summary().contains("Unknown"), "{}", silent.summary());
    assert!(silent.best().is_none());
}

#[test]
fn a_report_is_numbers_for_programs() {
    let report = report(about(), &decaying(48_000), 0.9, history());
    let json = serde_json::to_value(&report).expect("JSON");
    let esr = json["numbers"]["esr"].as_f64().expect("a number");
    assert!((esr - (1.0 / 0.9_f64 - 1.0).powi(2)).abs() < 1e-6, "{esr}");
    assert_eq!(json["verdict"], "good");
    assert_eq!(json["about"]["settings"][0][1], "100");
    assert_eq!(json["tones"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["history"][1]["esr"], serde_json::Value::Null);
    assert!(json.get("traces").is_none());
}

#[test]
fn a_summary_is_lines_of_names_and_values() {
    let mut report = report(about(), &decaying(48_000), 0.9, history());
    report.about.notices = vec!["It hums.".into()];
    let summary = report.summary();
    let lines: Vec<&str> = summary.lines().collect();
    assert_eq!(lines[0], "Pedal (Curve)");
    assert!(lines[1].starts_with("Good: Close."), "{}", lines[1]);
    assert_eq!(lines[2], "  ESR              0.0123");
    let notes: Vec<&str> = lines.iter().copied().filter(|l| l.starts_with("Note: ")).collect();
    let loud = ["Note: It hums.", "Note: The model is 0.9 dB too loud."];
    assert_eq!(notes, loud);
    report.tones[1].alias_db = -40.4;
    assert!(report.summary().contains("\nNote: Aliases of a loud sine reach −40 dB."));
    report.any_rate = false;
    assert!(!report.summary().contains("Aliases of a loud sine"));
    assert!(summary.ends_with('\n'));
}
