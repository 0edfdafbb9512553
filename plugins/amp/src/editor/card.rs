//! What there is to say about the model, and what is wrong.

use egui::{Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

use super::header::clipped_text;
use super::theme;
use crate::seat::Status;
use crate::source::{Playing, Source};

/// The rate of a model whose file does not say, in Hz.
const USUAL_RATE: f64 = 48_000.0;

/// Draws the card of the playing model in `rect`.
pub(super) fn show(ui: &mut Ui, rect: Rect, status: &Status) {
    let painter = ui.painter();
    let line = Stroke::new(1.0, theme::ASH);
    painter.rect(rect, theme::ROUND, theme::CLAY, line, StrokeKind::Inside);
    let ember = Rect::from_min_size(rect.min, vec2(3.0, rect.height()));
    painter.rect_filled(ember, 2.0, theme::EMBER);
    let Some(playing) = &status.playing else {
        let words = "No model is loaded: the signal passes as it is.";
        clipped_text(ui, rect.shrink2(vec2(18.0, 0.0)), words, 14.0, theme::DIM);
        return;
    };
    let text = rect.shrink2(vec2(18.0, 10.0));
    let row = |i: usize, height: f32| {
        let top = text.top() + [0.0, 28.0, 50.0][i];
        Rect::from_min_max(pos2(text.left(), top), pos2(text.right(), top + height))
    };
    clipped_text(ui, row(0, 26.0), &playing.name, 20.0, theme::TEXT);
    clipped_text(ui, row(1, 20.0), &credit(playing), 13.0, theme::DIM);
    clipped_text(ui, row(2, 20.0), &facts(playing), 13.0, theme::DIM);
    let differences = playing.model().map_or(&[][..], |model| model.differences());
    if !differences.is_empty() {
        let response = ui.interact(rect, ui.scope_id().with("card"), Sense::hover());
        response.on_hover_text(differences.join("\n"));
    }
}

/// The gear and who modeled it.
pub(super) fn credit(playing: &Playing) -> String {
    let Some(metadata) = playing.model().map(|model| model.metadata()) else {
        return String::new();
    };
    let known = |text: &Option<String>| {
        text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let gear = [known(&metadata.gear_make), known(&metadata.gear_model)];
    let gear = gear.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let mut parts = Vec::new();
    if !gear.is_empty() {
        parts.push(gear);
    }
    for text in [&metadata.gear_type, &metadata.tone_type] {
        parts.extend(known(text).map(|text| text.replace('_', " ")));
    }
    parts.extend(known(&metadata.modeled_by).map(|by| format!("modeled by {by}")));
    if parts.is_empty() {
        parts.push(match &playing.source {
            Source::Factory(_) => "Factory model".into(),
            Source::File(path) => path.display().to_string(),
            Source::Project(_) => "The file says nothing of its gear".into(),
        });
    }
    parts.join("  ·  ")
}

/// The network in numbers.
pub(super) fn facts(playing: &Playing) -> String {
    let Some(model) = playing.model() else { return String::new() };
    let rate = model.sample_rate().unwrap_or(USUAL_RATE);
    let samples = playing.receptive_field;
    let memory = match samples as f64 / rate * 1000.0 {
        short if short < 10.0 => format!("{samples} samples of memory"),
        long => format!("{long:.0} ms of memory"),
    };
    let mut parts = vec![
        model.architecture().to_owned(),
        format!("{} weights", thousands(model.weights())),
        khz(rate),
        memory,
    ];
    let sizes = model.qualities().len();
    if sizes > 0 {
        parts.push(format!("{} sizes", sizes + 1));
    }
    if !model.differences().is_empty() {
        parts.push("unlike the official player".into());
    }
    parts.join("  ·  ")
}

/// Something to tell, and whether it is an error.
pub(super) struct Message {
    pub(super) words: String,
    pub(super) error: bool,
    /// Whether reading it is the end of it.
    pub(super) dismissible: bool,
}

/// The most pressing thing to tell. `host_rate` is in Hz, 0 while unknown.
pub(super) fn message(status: &Status, host_rate: f32) -> Option<Message> {
    if let Some(error) = &status.error {
        let playing = status.playing.as_ref();
        let on = playing.map_or(String::new(), |p| format!(" {} plays on.", p.name));
        return Some(Message { words: format!("{error}{on}"), error: true, dismissible: true });
    }
    if let Some(notice) = &status.notice {
        return Some(Message { words: notice.clone(), error: false, dismissible: true });
    }
    let rate = status.playing.as_ref()?.model()?.sample_rate().unwrap_or(USUAL_RATE);
    let host_rate = f64::from(host_rate);
    (host_rate > 0.0 && (rate - host_rate).abs() > 0.5).then(|| Message {
        words: format!(
            "This model was made at {}, the host runs at {}: it will sound different.",
            khz(rate),
            khz(host_rate)
        ),
        error: false,
        dismissible: false,
    })
}

/// Draws the banner in `rect` and returns whether it was clicked away.
pub(super) fn banner(ui: &mut Ui, rect: Rect, message: &Message) -> bool {
    let color = if message.error { theme::ALARM } else { theme::FLAME };
    let fill = color.gamma_multiply(0.14);
    ui.painter().rect(rect, theme::ROUND, fill, Stroke::new(1.0, color), StrokeKind::Inside);
    let close =
        Rect::from_center_size(pos2(rect.right() - 18.0, rect.center().y), vec2(24.0, 24.0));
    let room = Rect::from_min_max(
        pos2(rect.left() + 14.0, rect.top()),
        pos2(close.left() - 6.0, rect.bottom()),
    );
    let elided = clipped_text(ui, room, &message.words, 13.0, theme::TEXT);
    let response = ui.interact(room, ui.scope_id().with("banner"), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &message.words));
    if elided {
        response.on_hover_text(&message.words);
    }
    if !message.dismissible {
        return false;
    }
    let response = ui.interact(close, ui.scope_id().with("dismiss"), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Dismiss"));
    let color = if response.hovered() { theme::FLAME } else { theme::DIM };
    let (c, r, stroke) = (close.center(), 4.5, Stroke::new(1.5, color));
    ui.painter().line_segment([c - vec2(r, r), c + vec2(r, r)], stroke);
    ui.painter().line_segment([c - vec2(r, -r), c + vec2(r, -r)], stroke);
    response.clicked()
}

fn khz(rate: f64) -> String {
    let khz = format!("{:.3}", rate / 1000.0);
    format!("{} kHz", khz.trim_end_matches('0').trim_end_matches('.'))
}

fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!(khz(44_100.0), "44.1 kHz");
        assert_eq!(khz(48_000.0), "48 kHz");
        assert_eq!(thousands(13_802), "13 802");
        assert_eq!(thousands(999), "999");
    }
}
