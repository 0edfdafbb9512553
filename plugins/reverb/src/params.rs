//! What the host sees: the parameters, and what is saved with them.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use fx::reverb::{Params as Values, range};
use nice_plug::params::persist::PersistentField;
use nice_plug::plugin::ParamValue;
use nice_plug::prelude::*;
use serde_json::Value;
use shell::links::{Linked, Visitor, gesture};
use shell::state::Stateful;
use shell::text::{End, Quantity, switch};
use shell::window::Window;

use crate::Task;
use crate::choices::Division;
use crate::disk::Folders;
use crate::engine::Engine;
use crate::own::narrowed;
use crate::presets::Presets;

/// Where the count of changes starts anew.
const MOST_CHANGES: i32 = 9999;

/// One table says all of a parameter: its field, its id, which is for ever, for
/// projects refer to it; what people call it; and where its value is in
/// [`fx::reverb::Params`], which also says what it means.
macro_rules! table {
    (
        numbers { $($number:ident $id:tt $name:literal $key:literal $quantity:expr => ($($at:tt)+);)+ }
        switches { $($switch:ident $switch_id:tt $title:literal $off:literal $on:literal => ($($where:tt)+);)+ }
    ) => {
        /// The parameters of the plugin.
        #[derive(Params)]
        #[expect(missing_docs, reason = "said at fx::reverb::Params")]
        pub struct ReverbParams {
            $(#[id = $id] pub $number: FloatParam,)+
            $(#[id = $switch_id] pub $switch: BoolParam,)+
            #[id = "bypass"]
            pub bypass: BoolParam,
            /// What the pre-delay is in time with; `pre_delay` holds where that is nothing.
            #[id = "sync"]
            pub sync: EnumParam<Division>,
            /// Counts the player's choices of graphs. The host cannot see them change,
            /// but it sees this, and knows that the project is to be saved.
            #[id = "changes"]
            changes: IntParam,

            /// What plays, and what there is to say of it.
            #[persist = "graph"]
            pub engine: Engine,
            /// The size of the editor.
            #[persist = "window"]
            pub window: Window,
            /// Whether choosing a preset leaves the mix as it is.
            #[persist = "mix_lock"]
            pub mix_lock: Lock,
            /// The player's presets and the factory's.
            pub presets: Presets,
            /// Where the player's files are.
            pub folders: Folders,
        }

        impl ReverbParams {
            /// The defaults; `engine` takes over what a host restores.
            pub fn new(engine: Engine, folders: &Folders) -> Self {
                let is = defaults(&engine);
                Self {
                    $($number: number(&engine, $name, $key, $quantity),)+
                    $($switch: switch($title, is.$($where)+, $off, $on),)+
                    bypass: bypass(is.bypass),
                    sync: EnumParam::new("Pre-delay sync", Division::Off),
                    changes: changes(),
                    engine,
                    window: Window::default(),
                    mix_lock: Lock::default(),
                    presets: Presets::new(folders.presets.clone()),
                    folders: folders.clone(),
                }
            }

            /// Every parameter a project depends on, with what a state would hold of it if
            /// nobody touched it.
            pub(crate) fn defaults(&self) -> Vec<(&'static str, ParamValue)> {
                vec![
                    $(($id, self.$number.default_state()),)+
                    $(($switch_id, self.$switch.default_state()),)+
                    ("bypass", self.bypass.default_state()),
                    ("sync", self.sync.default_state()),
                ]
            }
        }

        impl Linked<Values> for ReverbParams {
            fn visit(&self, v: &mut impl Visitor<Values>) {
                $(v.link(&self.$number, |p| &mut p.$($at)+);)+
                $(v.link(&self.$switch, |p| &mut p.$($where)+);)+
                v.link(&self.bypass, |p| &mut p.bypass);
            }
        }
    };
}

table! {
    numbers {
        mix "mix" "Mix" "mix" Quantity::Share => (mix);
        output "output" "Output" "output_gain" Quantity::Decibels => (output_gain);
        rt60 "rt60" "Decay" "rt60" Quantity::Seconds => (rt60);
        low_decay "low_decay" "Low decay" "bands.low" Quantity::Times => (bands.low);
        high_decay "high_decay" "High decay" "bands.high" Quantity::Times => (bands.high);
        low_cross "low_cross" "Low crossover" "bands.low_crossover" Quantity::Hertz => (bands.low_crossover);
        high_cross "high_cross" "High crossover" "bands.high_crossover" Quantity::Hertz
            => (bands.high_crossover);
        pre_delay "pre_delay" "Pre-delay" "pre_delay" Quantity::Time => (pre_delay);
        size "size" "Size" "size" Quantity::Times => (size);
        mod_depth "mod_depth" "Modulation" "modulation.depth" Quantity::Share => (modulation.depth);
        mod_rate "mod_rate" "Modulation rate" "modulation.rate" Quantity::Hertz => (modulation.rate);
        early_level "early_level" "Early level" "early.level" Quantity::Attenuation => (early.level);
        early_send "early_send" "Early send" "early.send" Quantity::Share => (early.send);
        early_size "early_size" "Early size" "early.size" Quantity::Times => (early.size);
        width "width" "Width" "width" Quantity::Share => (width);
        cross "cross" "Cross" "cross" Quantity::Share => (cross);
        low_cut "low_cut" "Low cut" "low_cut" Quantity::Frequency(End::Low) => (low_cut);
        high_cut "high_cut" "High cut" "high_cut" Quantity::Frequency(End::High) => (high_cut);
        duck_depth "duck_depth" "Ducking" "duck.depth" Quantity::Decibels => (duck.depth);
        duck_threshold "duck_threshold" "Ducking threshold" "duck.threshold" Quantity::Decibels
            => (duck.threshold);
        duck_attack "duck_attack" "Ducking attack" "duck.attack" Quantity::Time => (duck.attack);
        duck_release "duck_release" "Ducking release" "duck.release" Quantity::Time => (duck.release);
        gate_threshold "gate_threshold" "Gate threshold" "gate.threshold" Quantity::Decibels => (gate.threshold);
        gate_hysteresis "gate_hysteresis" "Gate hysteresis" "gate.hysteresis" Quantity::Decibels
            => (gate.hysteresis);
        gate_attack "gate_attack" "Gate attack" "gate.attack" Quantity::Time => (gate.attack);
        gate_hold "gate_hold" "Gate hold" "gate.hold" Quantity::Time => (gate.hold);
        gate_release "gate_release" "Gate release" "gate.release" Quantity::Time => (gate.release);
        gate_range "gate_range" "Gate range" "gate.range" Quantity::Attenuation => (gate.range);
    }
    switches {
        as_trained "as_trained" "Decay as trained" "Off" "On" => (as_trained);
        freeze "freeze" "Freeze" "Off" "On" => (freeze);
        gate_on "gate_on" "Gate" "Off" "On" => (gate.on);
    }
}

impl ReverbParams {
    /// Does what a task asks: what concerns presets on this thread, the rest on the
    /// engine's.
    pub fn run(&self, task: Task) {
        match task {
            Task::Wish(wish) => self.engine.ask(wish),
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

    /// Sets what the pre-delay is in time with, if that is another. For the GUI thread.
    pub fn set_sync(&self, to: Division, setter: &ParamSetter<'_>) {
        if self.sync.unmodulated_plain_value() != to {
            gesture(setter, &self.sync, to);
        }
    }

    /// What the effect is to do now, its pre-delay in time with `tempo`, in quarter notes
    /// a minute. Real-time safe.
    pub fn values_at(&self, tempo: Option<f64>) -> Values {
        let mut values = self.values();
        let division = fx::reverb::Division::from(self.sync.value());
        values.pre_delay = division.milliseconds(tempo, values.pre_delay);
        values
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
        page!("Reverb": mix rt60 size pre_delay low_decay high_decay mod_depth freeze);
        page!("Tone": low_cut high_cut low_cross high_cross width cross output bypass);
        page!("Early": early_level early_send early_size pre_delay sync mod_depth mod_rate
            as_trained);
        page!("Ducking": duck_depth duck_threshold duck_attack duck_release mix output);
        page!("Gate": gate_on gate_threshold gate_hysteresis gate_attack gate_hold gate_release
            gate_range);
    }
}

/// A switch of the editor's that is saved with the project. A clone is another handle
/// to the same.
#[derive(Clone, Default)]
pub struct Lock(Arc<AtomicBool>);

impl Lock {
    /// Whether it is on.
    pub fn get(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// Turns it on or off.
    pub fn set(&self, on: bool) {
        self.0.store(on, Relaxed);
    }
}

// Of any JSON, so that a damaged project is no error on the way here.
impl PersistentField<'_, Value> for Lock {
    fn set(&self, value: Value) {
        Self::set(self, value == Value::Bool(true));
    }

    fn map<F: Fn(&Value) -> R, R>(&self, f: F) -> R {
        f(&Value::Bool(self.get()))
    }
}

fn bypass(default: bool) -> BoolParam {
    BoolParam::new("Bypass", default)
        .with_value_to_string(formatters::v2s_bool_bypass())
        .with_string_to_value(formatters::s2v_bool_bypass())
        .make_bypass()
}

fn changes() -> IntParam {
    IntParam::new("Changes", 0, IntRange::Linear { min: 0, max: MOST_CHANGES })
        .hide()
        .non_automatable()
}

/// Where switches begin: a plugin that is one graph sounds as that was designed, unless
/// the graph says what its time is.
fn defaults(engine: &Engine) -> Values {
    let as_trained = engine.own().is_some_and(|own| own.controls.rt60.is_none());
    Values { as_trained, ..Values::default() }
}

/// The number at `key` of the effect's parameters, as far as the plugin's own graph
/// lets it go.
fn number(engine: &Engine, name: &str, key: &str, quantity: Quantity) -> FloatParam {
    let range = range(key);
    let controls = engine.own().map(|own| own.controls).unwrap_or_default();
    let asked = match key {
        "rt60" => controls.rt60,
        "mix" => controls.dry_wet,
        "pre_delay" => controls.pre_delay,
        _ => None,
    };
    let [default, min, max] =
        narrowed(asked, [range.get(&Values::default()), range.min, range.max]);
    let param = FloatParam::new(name, default, quantity.scale(min, max));
    quantity.dress(param, min, max).with_unit(quantity.unit())
}
