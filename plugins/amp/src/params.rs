//! What the host sees: the parameters, and the files that are saved with them.

use fx::amp::{Params as Values, range};
use nice_plug::prelude::*;

use crate::choices::{Channels, Level, Oversampling, Routing};
use crate::disk::Folders;
use crate::places::{Place, Places, Task};
use crate::presets::Presets;
use crate::seat::Seat;
use crate::text::{End, Quantity, switch};
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
            bypass: BoolParam::new("Bypass", is.bypass)
                .with_value_to_string(formatters::v2s_bool_bypass())
                .with_string_to_value(formatters::s2v_bool_bypass())
                .make_bypass(),
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
            // Engines are built anew for it, and not on the audio thread.
            oversampling: EnumParam::new("Oversampling", Oversampling::X1).non_automatable(),
            edits: IntParam::new("File changes", 0, IntRange::Linear { min: 0, max: MOST_EDITS })
                .hide(),
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

    /// What the effect is to do now, modulation by the host included. Unsmoothed:
    /// smoothing is part of the effect. Real-time safe.
    pub fn values(&self) -> Values {
        let mut reader = Reader { modulated: true, values: Values::default() };
        self.visit(&mut reader);
        reader.values
    }

    /// What the player set, which is what a preset keeps.
    pub fn unmodulated(&self) -> Values {
        let mut reader = Reader { modulated: false, values: Values::default() };
        self.visit(&mut reader);
        reader.values
    }

    /// Makes the parameters `values`, with a gesture for each that changes. For
    /// the GUI thread.
    pub fn apply(&self, values: &Values, setter: &ParamSetter<'_>) {
        self.visit(&mut Writer { from: None, to: *values, setter });
    }

    /// Changes what differs between two sets of values and nothing else, so that
    /// what the host automated in between stays. For the GUI thread.
    pub fn apply_change(&self, from: &Values, to: &Values, setter: &ParamSetter<'_>) {
        self.visit(&mut Writer { from: Some(*from), to: *to, setter });
    }

    /// Sets the oversampling, if it is another. For the GUI thread.
    pub fn set_oversampling(&self, to: Oversampling, setter: &ParamSetter<'_>) {
        if self.oversampling.unmodulated_plain_value() != to {
            gesture(setter, &self.oversampling, to);
        }
    }

    /// Shows `visitor` every parameter with the value it stands for.
    fn visit(&self, visitor: &mut impl Visitor) {
        let v = visitor;
        v.link(&self.input, |p| &mut p.input_gain);
        v.link(&self.output, |p| &mut p.output_gain);
        v.link(&self.mix, |p| &mut p.mix);
        v.link(&self.bypass, |p| &mut p.bypass);
        v.link(&self.channels, |p| &mut p.channels);
        v.link(&self.gate_on, |p| &mut p.gate.on);
        v.link(&self.gate_threshold, |p| &mut p.gate.threshold);
        v.link(&self.gate_hysteresis, |p| &mut p.gate.hysteresis);
        v.link(&self.gate_attack, |p| &mut p.gate.attack);
        v.link(&self.gate_hold, |p| &mut p.gate.hold);
        v.link(&self.gate_release, |p| &mut p.gate.release);
        v.link(&self.gate_range, |p| &mut p.gate.range);
        v.link(&self.a_on, |p| &mut p.slots[0].on);
        v.link(&self.a_trim, |p| &mut p.slots[0].trim);
        v.link(&self.quality, |p| &mut p.slots[0].quality);
        v.link(&self.b_on, |p| &mut p.slots[1].on);
        v.link(&self.b_trim, |p| &mut p.slots[1].trim);
        v.link(&self.b_quality, |p| &mut p.slots[1].quality);
        v.link(&self.routing, |p| &mut p.routing);
        v.link(&self.blend, |p| &mut p.blend);
        v.link(&self.invert, |p| &mut p.invert);
        v.link(&self.tone_on, |p| &mut p.tone.on);
        v.link(&self.tone_before, |p| &mut p.tone.before);
        v.link(&self.bass, |p| &mut p.tone.bass);
        v.link(&self.middle, |p| &mut p.tone.middle);
        v.link(&self.treble, |p| &mut p.tone.treble);
        v.link(&self.presence, |p| &mut p.tone.presence);
        v.link(&self.cab_on, |p| &mut p.cabinet.on);
        v.link(&self.cab_blend, |p| &mut p.cabinet.blend);
        v.link(&self.cab_normalize, |p| &mut p.cabinet.normalize);
        v.link(&self.low_cut, |p| &mut p.cabinet.low_cut);
        v.link(&self.high_cut, |p| &mut p.cabinet.high_cut);
        v.link(&self.level, |p| &mut p.levels.output);
        v.link(&self.calibrate, |p| &mut p.levels.calibrate_input);
        v.link(&self.interface, |p| &mut p.levels.interface);
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

/// What is done with every parameter in turn.
trait Visitor {
    fn link<P, V>(&mut self, param: &P, field: fn(&mut Values) -> &mut V)
    where
        P: Param,
        P::Plain: From<V>,
        V: From<P::Plain> + Copy + PartialEq;
}

struct Reader {
    modulated: bool,
    values: Values,
}

impl Visitor for Reader {
    fn link<P, V>(&mut self, param: &P, field: fn(&mut Values) -> &mut V)
    where
        P: Param,
        P::Plain: From<V>,
        V: From<P::Plain> + Copy + PartialEq,
    {
        let value = match self.modulated {
            true => param.modulated_plain_value(),
            false => param.unmodulated_plain_value(),
        };
        *field(&mut self.values) = value.into();
    }
}

struct Writer<'a> {
    /// What differs from these is set; without them, what differs from the present.
    from: Option<Values>,
    to: Values,
    setter: &'a ParamSetter<'a>,
}

impl Visitor for Writer<'_> {
    fn link<P, V>(&mut self, param: &P, field: fn(&mut Values) -> &mut V)
    where
        P: Param,
        P::Plain: From<V>,
        V: From<P::Plain> + Copy + PartialEq,
    {
        let to = *field(&mut self.to);
        let stays = match &mut self.from {
            Some(from) => *field(from) == to,
            None => param.preview_normalized(to.into()) == param.unmodulated_normalized_value(),
        };
        if !stays {
            gesture(self.setter, param, to.into());
        }
    }
}

/// Sets `param` as one gesture of the player's.
fn gesture<P: Param>(setter: &ParamSetter<'_>, param: &P, value: P::Plain) {
    setter.begin_set_parameter(param);
    setter.set_parameter(param, value);
    setter.end_set_parameter(param);
}

/// The number at `key` of the effect's parameters.
fn number(name: &str, key: &str, quantity: Quantity) -> FloatParam {
    let range = range(key);
    let (min, max) = (range.min, range.max);
    let default = range.get(&Values::default());
    // Where the middle of the knob's travel is: the ear measures times and
    // frequencies by their ratio.
    let middle = match quantity {
        Quantity::Time | Quantity::Frequency(_) if min > 0.0 => Some((min * max).sqrt()),
        Quantity::Time => Some(0.1 * max),
        _ => None,
    };
    let scale = match middle {
        Some(middle) => {
            let factor = 0.5f32.log((middle - min) / (max - min));
            FloatRange::Skewed { min, max, factor }
        }
        None => FloatRange::Linear { min, max },
    };
    let unit = match (quantity, key) {
        (_, "levels.interface") => " dBu",
        (Quantity::Decibels | Quantity::Attenuation, _) => " dB",
        (Quantity::Time, _) => " ms",
        (Quantity::Share, _) => " %",
        (Quantity::Frequency(_) | Quantity::Marks, _) => "",
    };
    quantity.dress(FloatParam::new(name, default, scale), min, max).with_unit(unit)
}
