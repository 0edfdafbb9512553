//! What the host sees: the parameters, and the files that are saved with them.

use fx::amp::{Params as Values, range};
use nice_plug::prelude::*;
pub(crate) use shell::links::gesture;
use shell::text::{End, Quantity, switch};

use crate::choices::{Channels, Level, Oversampling, Routing};
use crate::disk::Folders;
use crate::places::{Place, Places, Task};
use crate::presets::Presets;
use crate::seat::Seat;
use crate::window::Window;

/// Where the count of changes starts anew.
const MOST_EDITS: i32 = 9999;

/// The parameters. Their ids are for ever: projects refer to them. A field is
/// named as its id; what each means is said at [`fx::amp::Params`].
#[derive(Params)]
#[expect(missing_docs, reason = "said at fx::amp::Params")]
pub struct AmpParams {
    #[id = "input"]
    pub input: FloatParam,
    #[id = "output"]
    pub output: FloatParam,
    #[id = "mix"]
    pub mix: FloatParam,
    #[id = "bypass"]
    pub bypass: BoolParam,
    #[id = "channels"]
    pub channels: EnumParam<Channels>,

    #[id = "gate_on"]
    pub gate_on: BoolParam,
    #[id = "gate_threshold"]
    pub gate_threshold: FloatParam,
    #[id = "gate_hysteresis"]
    pub gate_hysteresis: FloatParam,
    #[id = "gate_attack"]
    pub gate_attack: FloatParam,
    #[id = "gate_hold"]
    pub gate_hold: FloatParam,
    #[id = "gate_release"]
    pub gate_release: FloatParam,
    #[id = "gate_range"]
    pub gate_range: FloatParam,

    #[id = "a_on"]
    pub a_on: BoolParam,
    #[id = "a_trim"]
    pub a_trim: FloatParam,
    /// Of the first slot: it was there before there were two.
    #[id = "quality"]
    pub quality: FloatParam,
    #[id = "b_on"]
    pub b_on: BoolParam,
    #[id = "b_trim"]
    pub b_trim: FloatParam,
    #[id = "b_quality"]
    pub b_quality: FloatParam,
    #[id = "routing"]
    pub routing: EnumParam<Routing>,
    #[id = "blend"]
    pub blend: FloatParam,
    #[id = "invert"]
    pub invert: BoolParam,

    #[id = "tone_on"]
    pub tone_on: BoolParam,
    #[id = "tone_before"]
    pub tone_before: BoolParam,
    #[id = "bass"]
    pub bass: FloatParam,
    #[id = "middle"]
    pub middle: FloatParam,
    #[id = "treble"]
    pub treble: FloatParam,
    #[id = "presence"]
    pub presence: FloatParam,

    #[id = "cab_on"]
    pub cab_on: BoolParam,
    #[id = "cab_blend"]
    pub cab_blend: FloatParam,
    #[id = "cab_normalize"]
    pub cab_normalize: BoolParam,
    #[id = "low_cut"]
    pub low_cut: FloatParam,
    #[id = "high_cut"]
    pub high_cut: FloatParam,

    #[id = "level"]
    pub level: EnumParam<Level>,
    #[id = "calibrate"]
    pub calibrate: BoolParam,
    #[id = "interface"]
    pub interface: FloatParam,
    #[id = "oversampling"]
    pub oversampling: EnumParam<Oversampling>,

    /// Counts the player's choices of files. The host cannot see them change,
    /// but it sees this, and knows that the project is to be saved.
    #[id = "edits"]
    edits: IntParam,

    #[persist = "model"]
    model: Seat,
    #[persist = "model2"]
    model2: Seat,
    #[persist = "cabinet1"]
    cabinet1: Seat,
    #[persist = "cabinet2"]
    cabinet2: Seat,
    /// The size of the editor.
    #[persist = "window"]
    pub window: Window,

    /// What the four places hold.
    pub places: Places,
    /// The player's presets and the factory's.
    pub presets: Presets,
}

impl AmpParams {
    /// The defaults; `places` take over what a host restores.
    pub fn new(places: Places, folders: &Folders) -> Self {
        let is = Values::default();
        Self {
            input: number("Input", "input_gain", Quantity::Decibels),
            output: number("Output", "output_gain", Quantity::Decibels),
            mix: number("Mix", "mix", Quantity::Share),
            bypass: bypass(is.bypass),
            channels: EnumParam::new("Channels", is.channels.into()),
            gate_on: switch("Gate", is.gate.on, "Off", "On"),
            gate_threshold: number("Gate threshold", "gate.threshold", Quantity::Decibels),
            gate_hysteresis: number("Gate hysteresis", "gate.hysteresis", Quantity::Decibels),
            gate_attack: number("Gate attack", "gate.attack", Quantity::Time),
            gate_hold: number("Gate hold", "gate.hold", Quantity::Time),
            gate_release: number("Gate release", "gate.release", Quantity::Time),
            gate_range: number("Gate range", "gate.range", Quantity::Attenuation),
            a_on: switch("Model A", is.slots[0].on, "Off", "On"),
            a_trim: number("Trim A", "slots.0.trim", Quantity::Decibels),
            quality: number("Quality A", "slots.0.quality", Quantity::Share),
            b_on: switch("Model B", is.slots[1].on, "Off", "On"),
            b_trim: number("Trim B", "slots.1.trim", Quantity::Decibels),
            b_quality: number("Quality B", "slots.1.quality", Quantity::Share),
            routing: EnumParam::new("Routing", is.routing.into()),
            blend: number("Blend", "blend", Quantity::Share),
            invert: switch("Invert B", is.invert, "Off", "On"),
            tone_on: switch("Tone", is.tone.on, "Off", "On"),
            tone_before: switch("Tone position", is.tone.before, "After", "Before"),
            bass: number("Bass", "tone.bass", Quantity::Marks),
            middle: number("Middle", "tone.middle", Quantity::Marks),
            treble: number("Treble", "tone.treble", Quantity::Marks),
            presence: number("Presence", "tone.presence", Quantity::Marks),
            cab_on: switch("Cabinet", is.cabinet.on, "Off", "On"),
            cab_blend: number("Cabinet blend", "cabinet.blend", Quantity::Share),
            cab_normalize: switch("Cabinet level match", is.cabinet.normalize, "Off", "On"),
            low_cut: number("Low cut", "cabinet.low_cut", Quantity::Frequency(End::Low)),
            high_cut: number("High cut", "cabinet.high_cut", Quantity::Frequency(End::High)),
            level: EnumParam::new("Model level", is.levels.output.into()),
            calibrate: switch("Calibrate input", is.levels.calibrate_input, "Off", "On"),
            interface: number("Interface level", "levels.interface", Quantity::Decibels),
            oversampling: oversampling(),
            edits: edits(),
            model: places.seat(Place::Model(0)).clone(),
            model2: places.seat(Place::Model(1)).clone(),
            cabinet1: places.seat(Place::Cabinet(0)).clone(),
            cabinet2: places.seat(Place::Cabinet(1)).clone(),
            window: Window::default(),
            places,
            presets: Presets::new(folders.presets.clone()),
        }
    }

    /// Does what a task asks, on this thread.
    pub fn run(&self, task: Task) {
        match task {
            Task::Preset(task) => {
                self.presets.run(task);
                self.places.repaint();
            }
            task => self.places.run(task),
        }
    }

    /// Tells the host that the project changed. For the GUI thread.
    pub fn touch(&self, setter: &ParamSetter<'_>) {
        gesture(setter, &self.edits, (self.edits.value() + 1) % (MOST_EDITS + 1));
    }

    /// Sets the oversampling, if it is another. For the GUI thread.
    pub fn set_oversampling(&self, to: Oversampling, setter: &ParamSetter<'_>) {
        if self.oversampling.unmodulated_plain_value() != to {
            gesture(setter, &self.oversampling, to);
        }
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
        page!("Amp": input bass middle treble presence output mix bypass);
        page!("Gate": gate_on gate_threshold gate_hysteresis gate_attack gate_hold gate_release
            gate_range);
        page!("Tone": tone_on tone_before bass middle treble presence);
        page!("Cabinet": cab_on cab_blend cab_normalize low_cut high_cut);
        page!("Slots": a_on a_trim quality b_on b_trim b_quality routing blend);
        page!("Levels": input output level calibrate interface channels invert mix);
    }
}

fn bypass(default: bool) -> BoolParam {
    BoolParam::new("Bypass", default)
        .with_value_to_string(formatters::v2s_bool_bypass())
        .with_string_to_value(formatters::s2v_bool_bypass())
        .make_bypass()
}

/// Engines are built anew for it, and not on the audio thread.
fn oversampling() -> EnumParam<Oversampling> {
    EnumParam::new("Oversampling", Oversampling::X1).non_automatable()
}

fn edits() -> IntParam {
    IntParam::new("File changes", 0, IntRange::Linear { min: 0, max: MOST_EDITS }).hide()
}

/// The number at `key` of the effect's parameters.
fn number(name: &str, key: &str, quantity: Quantity) -> FloatParam {
    let range = range(key);
    let (min, max) = (range.min, range.max);
    let default = range.get(&Values::default());
    let scale = quantity.scale(min, max);
    let unit = if key == "levels.interface" { " dBu" } else { quantity.unit() };
    quantity.dress(FloatParam::new(name, default, scale), min, max).with_unit(unit)
}
