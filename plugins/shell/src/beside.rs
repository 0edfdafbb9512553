//! How a model does that works beside the audio thread, in words for people.

use std::time::Duration;

use nn::Report;
use nn::foreign::State;

/// What stands between facts on a line.
const DOT: &str = "  ·  ";

/// Whether something about it needs the player's eye.
pub fn is_troubled(report: &Report) -> bool {
    matches!(report.state, State::Bypassed { .. })
        || report.underruns > 0
        || report.errors > 0
        || report.inferences > 0 && !report.is_real_time()
}

/// What runs it and how much of its time it takes, in a few words: `CPU, 12 %`.
pub fn short(report: &Report) -> String {
    match report.state {
        State::Bypassed { .. } => "bypassed".into(),
        State::Running if report.inferences == 0 => report.device.clone(),
        State::Running => format!("{}, {}", report.device, share(report)),
    }
}

/// The same in a line, with dropouts, or why it is not heard.
pub fn line(report: &Report) -> String {
    let runs = format!("{} on {}", report.engine, report.device);
    match &report.state {
        State::Bypassed { reason } => format!("Not heard: {reason}"),
        State::Running if report.inferences == 0 => runs,
        State::Running => {
            let dropouts = match report.underruns {
                0 => "no dropouts".into(),
                1 => "1 dropout".into(),
                n => format!("{n} dropouts"),
            };
            format!("{runs}{DOT}{} of its time{DOT}{dropouts}", share(report))
        }
    }
}

/// All there is to say, a line each.
pub fn details(report: &Report) -> Vec<String> {
    let mut lines = vec![format!("Runs beside the sound: {} on {}.", report.engine, report.device)];
    lines.extend(report.notices.iter().cloned());
    if let State::Bypassed { reason } = &report.state {
        lines.push(format!("The signal passes it: {reason}"));
    }
    let Report { hop, budget, mean, p99, peak, load, .. } = *report;
    lines.push(format!("{} of sound at a time, made ready in {}.", ms(hop), ms(load)));
    if report.inferences > 0 {
        let verdict = match report.is_real_time() {
            true => "It keeps up with real time.",
            false => "It does not keep up with real time on this machine.",
        };
        lines.push(format!(
            "Takes {} on average, {} at most 1 time in 100, {} at worst; {} were planned. {verdict}",
            ms(mean),
            ms(p99),
            ms(peak),
            ms(budget)
        ));
    }
    lines.push(format!(
        "{} runs, {} longer than planned, {} dropouts, {} samples not heard by it, {} errors.",
        report.inferences, report.over_budget, report.underruns, report.samples_lost, report.errors
    ));
    lines
}

/// Of the time there is, in per cent.
fn share(report: &Report) -> String {
    let share = report.mean.as_secs_f64() / report.hop.as_secs_f64().max(1e-9);
    match 100.0 * share {
        small if small < 10.0 => format!("{small:.1} %"),
        large => format!("{large:.0} %"),
    }
}

fn ms(time: Duration) -> String {
    match 1000.0 * time.as_secs_f64() {
        short if short < 10.0 => format!("{short:.2} ms"),
        long => format!("{long:.1} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playing() -> Report {
        Report {
            engine: "rten 0.27".into(),
            device: "CPU".into(),
            hop: Duration::from_micros(10_667),
            mean: Duration::from_micros(1_280),
            p99: Duration::from_micros(2_000),
            inferences: 100,
            ..Report::default()
        }
    }

    #[test]
    fn a_model_that_keeps_up_is_no_trouble() {
        let report = playing();
        assert!(!is_troubled(&report));
        assert_eq!(short(&report), "CPU, 12 %");
        assert_eq!(line(&report), "rten 0.27 on CPU  ·  12 % of its time  ·  no dropouts");
        assert!(details(&report).iter().any(|line| line.contains("It keeps up")));
    }

    #[test]
    fn one_that_does_not_says_so() {
        let late = Report { underruns: 2, ..playing() };
        assert!(is_troubled(&late) && line(&late).ends_with("2 dropouts"));
        let slow = Report { p99: Duration::from_millis(10), ..playing() };
        assert!(is_troubled(&slow));
        assert!(details(&slow).iter().any(|line| line.contains("does not keep up")));
        let state = State::Bypassed { reason: "too slow".into() };
        let off = Report { state, ..playing() };
        assert!(is_troubled(&off));
        assert_eq!(
            (short(&off).as_str(), line(&off).as_str()),
            ("bypassed", "Not heard: too slow")
        );
    }

    #[test]
    fn one_that_has_not_begun_is_no_trouble() {
        let report = Report { inferences: 0, ..playing() };
        assert!(!is_troubled(&report));
        assert_eq!(line(&report), "rten 0.27 on CPU");
    }
}
