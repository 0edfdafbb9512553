//! What the host sees: the parameters, and what is saved with them.

use fx::drive::{Params as Values, Quality, range};
use nice_plug::plugin::ParamValue;
use nice_plug::prelude::*;
use shell::links::{Linked, Visitor, gesture};
use shell::state::Stateful;
use shell::text::{End, Quantity, switch};
use shell::window::Window;

use crate::Task;
use crate::choices::{Channels, Oversampling, Phase};
use crate::disk::Folders;
use crate::engine::Engine;
use crate::presets::Presets;

/// Where the count of changes starts anew.
const MOST_CHANGES: i32 = 9999;

/// One table says all of a parameter: its field, its id, which is for ever, for
/// projects refer to it; what people call it; and where its value is in
/// [`fx::drive::Params`], which also says what it means.
macro_rules! table {
    (
        numbers { $($number:ident $id:tt $name:literal $key:literal $quantity:expr => ($($at:tt)+);)+ }
        switches { $($switch:ident $switch_id:tt $title:literal => ($($where:tt)+);)+ }
    ) => {
        /// The parameters of the plugin.
        #[derive(Params)]
        #[expect(missing_docs, reason = "said at fx::drive::Params")]
        pub struct DriveParams {
            $(#[id = $id] pub $number: FloatParam,)+
            $(#[id = $switch_id] pub $switch: BoolParam,)+
            #[id = "bypass"]
            pub bypass: BoolParam,
            #[id = "channels"]
            pub channels: EnumParam<Channels>,
            /// What is done against aliasing while the host plays. As the other ones of
            /// quality it is not automated, for it takes another pedal.
            #[id = "oversampling"]
            pub oversampling: EnumParam<Oversampling>,
            #[id = "phase"]
            pub phase: EnumParam<Phase>,
            #[id = "antiderivative"]
            pub antiderivative: BoolParam,
            /// Whether an offline render has a quality of its own, which follows.
            #[id = "render_own"]
            pub render_own: BoolParam,
            #[id = "render_oversampling"]
            pub render_oversampling: EnumParam<Oversampling>,
            #[id = "render_phase"]
            pub render_phase: EnumParam<Phase>,
            #[id = "render_antiderivative"]
            pub render_antiderivative: BoolParam,
            /// Counts the player's choices of models. The host cannot see them change,
            /// but it sees this, and knows that the project is to be saved.
            #[id = "changes"]
            changes: IntParam,

            /// What plays, and what there is to say of it.
            #[persist = "model"]
            pub engine: Engine,
            /// The size of the editor.
            #[persist = "window"]
            pub window: Window,
            /// The player's presets and the factory's.
            pub presets: Presets,
            /// Where the player's files are.
            pub folders: Folders,
        }

        impl DriveParams {
            /// The defaults; `engine` takes over what a host restores.
            pub fn new(engine: Engine, folders: &Folders) -> Self {
                let is = Values::default();
                let (live, render) = (Quality::default(), RENDER);
                Self {
                    $($number: number($name, $key, $quantity),)+
                    $($switch: switch($title, is.$($where)+, "Off", "On"),)+
                    bypass: bypass(is.bypass),
                    channels: EnumParam::new("Channels", is.channels.into()),
                    oversampling: choice("Oversampling", live.oversampling.into()),
                    phase: choice("Filters", live.phase.into()),
                    antiderivative: fixed("Antiderivative", live.antiderivative),
                    render_own: fixed("Render quality of its own", false),
                    render_oversampling: choice("Render oversampling", render.oversampling.into()),
                    render_phase: choice("Render filters", render.phase.into()),
                    render_antiderivative: fixed("Render antiderivative", render.antiderivative),
                    changes: changes(),
                    engine,
                    window: Window::default(),
                    presets: Presets::new(folders.presets.clone()),
                    folders: folders.clone(),
                }
            }

            /// Every parameter a project depends on, with what a state would hold of it if
            /// nobody touched it.
            pub(crate) fn defaults(&self) -> Vec<(&'static str, ParamValue)> {
                let mut all = vec![
                    $(($id, self.$number.default_state()),)+
                    $(($switch_id, self.$switch.default_state()),)+
                ];
                all.extend(self.other_defaults());
                all
            }
        }

        impl Linked<Values> for DriveParams {
            fn visit(&self, v: &mut impl Visitor<Values>) {
                $(v.link(&self.$number, |p| &mut p.$($at)+);)+
                $(v.link(&self.$switch, |p| &mut p.$($where)+);)+
                v.link(&self.bypass, |p| &mut p.bypass);
                v.link(&self.channels, |p| &mut p.channels);
            }
        }
    };
}

table! {
    numbers {
        input "input" "Input" "input_gain" Quantity::Decibels => (input_gain);
        drive "drive" "Drive" "drive" Quantity::Share => (drive);
        knob2 "knob2" "Knob 2" "knobs.0" Quantity::Share => (knobs[0]);
        knob3 "knob3" "Knob 3" "knobs.1" Quantity::Share => (knobs[1]);
        knob4 "knob4" "Knob 4" "knobs.2" Quantity::Share => (knobs[2]);
        before_low "before_low" "Low cut before" "before.low" Quantity::Frequency(End::Low)
            => (before.low);
        before_high "before_high" "High cut before" "before.high" Quantity::Frequency(End::High)
            => (before.high);
        after_low "after_low" "Low cut after" "after.low" Quantity::Frequency(End::Low)
            => (after.low);
        after_high "after_high" "High cut after" "after.high" Quantity::Frequency(End::High)
            => (after.high);
        tilt "tilt" "Tilt" "tilt" Quantity::Decibels => (tilt);
        mix "mix" "Mix" "mix" Quantity::Share => (mix);
        output "output" "Output" "output_gain" Quantity::Decibels => (output_gain);
        interface "interface" "Interface level" "interface" Quantity::Decibels => (interface);
    }
    switches {
        auto_gain "auto_gain" "Auto gain" => (auto_gain);
        calibrate "calibrate" "Calibrate input" => (calibrate_input);
    }
}

/// Where the quality of renders begins: nobody waits for the samples.
const RENDER: Quality = Quality {
    oversampling: fx::drive::Oversampling::X16,
    phase: fx::drive::Phase::Minimum,
    antiderivative: false,
};

/// What is done against aliasing, while the host plays and when it renders.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Qualities {
    /// While it plays.
    pub live: Quality,
    /// Whether `render` holds when it renders; else it is as it plays.
    pub own: bool,
    /// When it renders.
    pub render: Quality,
}

impl DriveParams {
    /// What the player set of quality.
    pub fn qualities(&self) -> Qualities {
        Qualities {
            live: Quality {
                oversampling: self.oversampling.value().into(),
                phase: self.phase.value().into(),
                antiderivative: self.antiderivative.value(),
            },
            own: self.render_own.value(),
            render: Quality {
                oversampling: self.render_oversampling.value().into(),
                phase: self.render_phase.value().into(),
                antiderivative: self.render_antiderivative.value(),
            },
        }
    }

    /// What holds for a host that plays or, if it is `offline`, renders. Real-time safe.
    pub fn quality(&self, offline: bool) -> Quality {
        let Qualities { live, own, render } = self.qualities();
        if offline && own { render } else { live }
    }

    /// Sets what differs of quality. For the GUI thread.
    pub fn set_qualities(&self, to: Qualities, setter: &ParamSetter<'_>) {
        fn set<P: Param>(param: &P, to: impl Into<P::Plain>, setter: &ParamSetter<'_>) {
            let to = to.into();
            if param.unmodulated_plain_value() != to {
                gesture(setter, param, to);
            }
        }
        let Qualities { live, own, render } = to;
        set(&self.oversampling, live.oversampling, setter);
        set(&self.phase, live.phase, setter);
        set(&self.antiderivative, live.antiderivative, setter);
        set(&self.render_own, own, setter);
        set(&self.render_oversampling, render.oversampling, setter);
        set(&self.render_phase, render.phase, setter);
        set(&self.render_antiderivative, render.antiderivative, setter);
    }

    /// Does what a task asks: what concerns presets on this thread, the rest on the
    /// engine's.
    pub fn run(&self, task: Task) {
        match task {
            Task::Wish(wish) => self.engine.ask(wish),
            Task::Rebuild => self.engine.ask_rebuild(),
            Task::Preset(task) => {
                self.presets.run(task);
                self.engine.repaint();
            }
        }
    }

    /// Tells the host that the project changed. For the GUI thread.
    pub fn touch(&self, setter: &ParamSetter<'_>) {
        gesture(setter, &self.changes, (self.changes.value() + 1) % (MOST_CHANGES + 1));
    }

    /// What [`defaults`](Self::defaults) has of what is not in the table. A field of these
    /// is named as its id.
    fn other_defaults(&self) -> Vec<(&'static str, ParamValue)> {
        macro_rules! of {
            ($($param:ident)+) => { vec![$((stringify!($param), self.$param.default_state())),+] };
        }
        of!(bypass channels oversampling phase antiderivative
            render_own render_oversampling render_phase render_antiderivative)
    }

    /// The pages of a controller with eight knobs.
    pub(crate) fn remote_controls(&self, context: &mut impl RemoteControlsContext) {
        macro_rules! page {
            ($name:literal: $($param:ident)+) => {
                context.add_section($name, |section| {
                    section.add_page($name, |page| { $(page.add_param(&self.$param);)+ });
                });
            };
        }
        page!("Drive": drive knob2 knob3 knob4 tilt mix output bypass);
        page!("Tone": before_low before_high after_low after_high tilt input auto_gain output);
        page!("Levels": input output mix auto_gain calibrate interface channels bypass);
    }
}

fn bypass(default: bool) -> BoolParam {
    BoolParam::new("Bypass", default)
        .with_value_to_string(formatters::v2s_bool_bypass())
        .with_string_to_value(formatters::s2v_bool_bypass())
        .make_bypass()
}

/// Pedals are built anew for it, and not on the audio thread.
fn choice<T: Enum + PartialEq + 'static>(name: &str, default: T) -> EnumParam<T> {
    EnumParam::new(name, default).non_automatable()
}

/// The same, on or off.
fn fixed(name: &str, default: bool) -> BoolParam {
    switch(name, default, "Off", "On").non_automatable()
}

fn changes() -> IntParam {
    IntParam::new("Changes", 0, IntRange::Linear { min: 0, max: MOST_CHANGES })
        .hide()
        .non_automatable()
}

/// The number at `key` of the effect's parameters.
fn number(name: &str, key: &str, quantity: Quantity) -> FloatParam {
    let range = range(key);
    let (min, max) = (range.min, range.max);
    let default = range.get(&Values::default());
    let unit = if key == "interface" { " dBu" } else { quantity.unit() };
    let param = FloatParam::new(name, default, quantity.scale(min, max));
    quantity.dress(param, min, max).with_unit(unit)
}
