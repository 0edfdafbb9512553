//! The light of a file that is followed: it flares when something new was taken from it.

use std::path::Path;

use egui::{Color32, Rect, Response, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

use crate::{lamp, paint, theme};

/// Seconds until a flare is gone.
const FADE: f32 = 2.5;

/// What is followed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    /// Nothing.
    Idle,
    /// A file; `since` seconds ago something new came from it, if anything did.
    Following {
        /// Seconds since it came.
        since: Option<f32>,
    },
    /// What came last could not be used.
    Error,
}

impl State {
    /// Its colour, and how bright it is: 0 to 1.
    fn light(self) -> (Color32, f32) {
        match self {
            State::Idle => (theme::STEEL, 0.0),
            State::Error => (theme::ALARM, 1.0),
            State::Following { since } => {
                let flare = since.map_or(0.0, |since| (1.0 - since / FADE).clamp(0.0, 1.0));
                (theme::GLAZE.lerp_to_gamma(theme::FLAME, flare), 0.35 + 0.65 * flare)
            }
        }
    }

    /// Whether it changes by itself, and has to be drawn again.
    pub fn moves(self) -> bool {
        matches!(self, State::Following { since: Some(since) } if since < FADE)
    }
}

/// What there is to say of a file that is followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Followed<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// The revision that plays, if it says which it is.
    pub revision: Option<u64>,
    /// How good what plays is, in words, if that is known.
    pub score: Option<String>,
    /// How often something was taken from it.
    pub reloads: u64,
    /// Seconds since something was.
    pub since: Option<f32>,
    /// Why what came last could not be used.
    pub error: Option<&'a str>,
}

impl Followed<'_> {
    /// What its light is to show.
    pub fn state(&self) -> State {
        match self.error {
            Some(_) => State::Error,
            None => State::Following { since: self.since },
        }
    }

    /// What stands beside the light: what came last.
    pub fn words(&self) -> String {
        if let Some(why) = self.error {
            return format!("refused: {why}");
        }
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let what = self.score.as_deref().unwrap_or(&name);
        match self.revision {
            Some(revision) => format!("r{revision} · {what}"),
            None if self.reloads > 0 => format!("#{} · {what}", self.reloads),
            None => format!("waiting for {name}"),
        }
    }

    /// All there is to say.
    pub fn details(&self) -> String {
        let times = match self.reloads {
            1 => "once".to_owned(),
            n => format!("{n} times"),
        };
        let following = format!("Following {}\nloaded {times} since", self.path.display());
        match (self.error, self.revision) {
            (None, _) => following,
            (Some(why), None) => format!("{following}\n{why}"),
            (Some(why), Some(last)) => format!("{following}\n{why}\nr{last} plays on"),
        }
    }
}

/// Draws the light in `rect` with `words` beside it, such as a revision; `details` are
/// its tooltip.
pub fn show(ui: &mut Ui, rect: Rect, state: State, words: &str, details: &str) -> Response {
    let unit = theme::unit(ui);
    let response = ui.interact(rect, ui.scope_id().with("live light"), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, words));
    let (color, level) = state.light();
    let round = theme::round(rect.height() * 0.5 / unit, unit);
    let fill = theme::COAL.lerp_to_gamma(color, 0.16 * level);
    let line = if state == State::Idle { theme::SEAM } else { color.gamma_multiply(0.7) };
    ui.painter().rect(rect, round, fill, Stroke::new(1.0, line), StrokeKind::Inside);
    let at = pos2(rect.left() + 15.0 * unit, rect.center().y);
    lamp::led(ui.painter(), at, 4.5 * unit, color, level);
    let room = rect.with_min_x(rect.left() + 28.0 * unit);
    let room = room.with_max_x(rect.right() - 10.0 * unit).shrink2(vec2(0.0, 1.0));
    let ink = match state {
        State::Idle => theme::FAINT,
        _ => theme::TEXT,
    };
    paint::clipped_text(ui, room, words, 12.0 * unit, ink);
    response.on_hover_text(details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flare_fades() {
        let level = |since| State::Following { since }.light().1;
        assert!(level(Some(0.0)) > 0.99 && level(Some(1.0)) < level(Some(0.5)));
        assert_eq!(level(Some(60.0)), level(None));
        assert!(State::Following { since: Some(0.1) }.moves());
        assert!(!State::Following { since: Some(FADE) }.moves() && !State::Error.moves());
    }

    #[test]
    fn what_came_last_is_said() {
        let path = Path::new("/x/pedal.json");
        let mut is =
            Followed { path, revision: None, score: None, reloads: 0, since: None, error: None };
        assert_eq!(is.words(), "waiting for pedal.json");
        (is.reloads, is.since) = (3, Some(0.1));
        assert_eq!((is.words().as_str(), is.state().moves()), ("#3 · pedal.json", true));
        (is.revision, is.score) = (Some(17), Some("ESR 2.1 %".into()));
        assert_eq!(is.words(), "r17 · ESR 2.1 %");
        assert_eq!(is.details(), "Following /x/pedal.json\nloaded 3 times since");
        is.error = Some("half");
        assert_eq!((is.words().as_str(), is.state()), ("refused: half", State::Error));
        assert!(is.details().ends_with("half\nr17 plays on"));
    }
}
