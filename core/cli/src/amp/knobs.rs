//! The parameters of the amplifier as the command line sets them.

use fx::amp::Params;
use serde_json::{Value, json};

use crate::settings::{self, Setting, setting};

/// A parser of the number at `key`.
pub(crate) fn within(
    key: &'static str,
) -> impl Fn(&str) -> Result<f32, String> + Clone + Send + Sync + 'static {
    settings::within::<Params>(key)
}

/// Flags for what is set most; each switches on the stage it belongs to.
#[derive(clap::Args)]
#[command(next_help_heading = "Parameters (ranges and all others: kiln amp --params)")]
pub(crate) struct Knobs {
    /// Gain before everything, in dB
    #[arg(long, value_name = "DB", allow_negative_numbers = true, value_parser = within("input_gain"))]
    input_gain: Option<f32>,
    /// Gain after everything, in dB
    #[arg(long, value_name = "DB", allow_negative_numbers = true, value_parser = within("output_gain"))]
    output_gain: Option<f32>,
    /// Share of the processed signal: 0 dry to 1 wet
    #[arg(long, value_name = "SHARE", value_parser = within("mix"))]
    mix: Option<f32>,
    /// Send the mean of two channels through one network, to both
    #[arg(long)]
    mono: bool,
    /// Close the noise gate below this level, in dBFS
    #[arg(long, value_name = "DB", allow_negative_numbers = true, value_parser = within("gate.threshold"))]
    gate: Option<f32>,
    /// Gain before the first model, in dB
    #[arg(long, value_name = "DB", allow_negative_numbers = true, value_parser = within("slots.0.trim"))]
    trim: Option<f32>,
    /// Gain before the second model, in dB
    #[arg(long, value_name = "DB", allow_negative_numbers = true, value_parser = within("slots.1.trim"))]
    trim_b: Option<f32>,
    /// Play the models side by side, not one into the other
    #[arg(long)]
    parallel: bool,
    /// Share of the second model when side by side
    #[arg(long, value_name = "SHARE", value_parser = within("blend"))]
    blend: Option<f32>,
    /// Bass, 5 is flat
    #[arg(long, value_name = "MARK", value_parser = within("tone.bass"))]
    bass: Option<f32>,
    /// Middle, 5 is flat
    #[arg(long, value_name = "MARK", value_parser = within("tone.middle"))]
    middle: Option<f32>,
    /// Treble, 5 is flat
    #[arg(long, value_name = "MARK", value_parser = within("tone.treble"))]
    treble: Option<f32>,
    /// Presence, 5 is flat
    #[arg(long, value_name = "MARK", value_parser = within("tone.presence"))]
    presence: Option<f32>,
    /// Edge of the cabinet's high-pass filter, in Hz
    #[arg(long, value_name = "HZ", value_parser = within("cabinet.low_cut"))]
    low_cut: Option<f32>,
    /// Edge of the cabinet's low-pass filter, in Hz
    #[arg(long, value_name = "HZ", value_parser = within("cabinet.high_cut"))]
    high_cut: Option<f32>,
    /// Share of the second cabinet
    #[arg(long, value_name = "SHARE", value_parser = within("cabinet.blend"))]
    cabinet_blend: Option<f32>,
    /// Switch the cabinet off
    #[arg(long)]
    no_cabinet: bool,
    /// What is made of a model's own level: raw, normalized or calibrated
    #[arg(long, value_parser = |text: &str| settings::value::<Params>("levels.output", text))]
    level: Option<Value>,
    /// Bring the input to the level the model was made at
    #[arg(long)]
    calibrate_input: bool,
    /// dBu of a sine that reaches 0 dBFS at your converter
    #[arg(long, value_name = "DBU", allow_negative_numbers = true, value_parser = within("levels.interface"))]
    interface: Option<f32>,
    /// Set any parameter; may be repeated, and comes after all flags
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting::<Params>)]
    set: Vec<Setting>,
}

impl Knobs {
    /// Everything that was set, in the order it is to be applied.
    pub(crate) fn settings(&self, quality: Option<f32>) -> Vec<Setting> {
        let mut all = Vec::new();
        let mut set = |key: &str, value: Value| all.push(Setting::new(key, value));
        // With each, the switch without which it would not be heard.
        for (key, number, switch) in [
            ("input_gain", self.input_gain, None),
            ("output_gain", self.output_gain, None),
            ("mix", self.mix, None),
            ("gate.threshold", self.gate, Some("gate.on")),
            ("slots.0.trim", self.trim, Some("slots.0.on")),
            ("slots.1.trim", self.trim_b, Some("slots.1.on")),
            ("slots.0.quality", quality, None),
            ("slots.1.quality", quality, None),
            ("blend", self.blend, None),
            ("tone.bass", self.bass, Some("tone.on")),
            ("tone.middle", self.middle, Some("tone.on")),
            ("tone.treble", self.treble, Some("tone.on")),
            ("tone.presence", self.presence, Some("tone.on")),
            ("cabinet.low_cut", self.low_cut, Some("cabinet.on")),
            ("cabinet.high_cut", self.high_cut, Some("cabinet.on")),
            ("cabinet.blend", self.cabinet_blend, Some("cabinet.on")),
            ("levels.interface", self.interface, None),
        ] {
            let Some(number) = number else { continue };
            set(key, number.into());
            switch.iter().for_each(|switch| set(switch, true.into()));
        }
        for (key, given, value) in [
            ("channels", self.mono, json!("mono")),
            ("routing", self.parallel, json!("parallel")),
            ("cabinet.on", self.no_cabinet, json!(false)),
            ("levels.calibrate_input", self.calibrate_input, json!(true)),
        ] {
            if given {
                set(key, value);
            }
        }
        self.level.iter().for_each(|level| set("levels.output", level.clone()));
        all.extend(self.set.iter().cloned());
        all
    }
}
