//! Gestures for the host, and a note of those that ended, so that an editor can
//! make each one step that is undone.

use egui::{Context, Id, Ui};
use nice_plug::prelude::{Param, ParamSetter};

/// What is kept between the widgets and the editor.
#[derive(Clone, Default)]
struct Notes {
    /// Gestures that began and did not end.
    active: usize,
    /// The name of the parameter of the gesture that ended last.
    ended: Option<String>,
}

fn id() -> Id {
    Id::unique("gestures")
}

/// The player takes hold of `param`.
pub fn begin<P: Param>(ui: &Ui, param: &P, setter: &ParamSetter<'_>) {
    setter.begin_set_parameter(param);
    ui.data_mut(|data| data.get_temp_mut_or_default::<Notes>(id()).active += 1);
}

/// The player lets go of `param`.
pub fn end<P: Param>(ui: &Ui, param: &P, setter: &ParamSetter<'_>) {
    setter.end_set_parameter(param);
    let name = param.name().to_owned();
    ui.data_mut(|data| {
        let notes = data.get_temp_mut_or_default::<Notes>(id());
        notes.active = notes.active.saturating_sub(1);
        notes.ended = Some(name);
    });
}

/// One change, as the host's automation wants it.
pub fn set<P: Param>(ui: &Ui, param: &P, setter: &ParamSetter<'_>, normalized: f32) {
    begin(ui, param, setter);
    setter.set_parameter_normalized(param, normalized.clamp(0.0, 1.0));
    end(ui, param, setter);
}

/// Whether the player holds something.
pub fn active(ctx: &Context) -> bool {
    ctx.data(|data| data.get_temp::<Notes>(id())).is_some_and(|notes| notes.active > 0)
}

/// The parameter of the gesture that ended last, once.
pub fn take_ended(ctx: &Context) -> Option<String> {
    ctx.data_mut(|data| data.get_temp_mut_or_default::<Notes>(id()).ended.take())
}
