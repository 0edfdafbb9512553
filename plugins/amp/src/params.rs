//! What the host sees: the parameters, and the model that is saved with them.

use nice_plug::prelude::*;

use crate::model::Models;

/// Where the count of model changes starts anew.
const MOST_EDITS: i32 = 9999;

/// The parameters. Their ids are for ever: projects refer to them.
#[derive(Params)]
pub struct AmpParams {
    /// Gain before the model, in dB.
    #[id = "input"]
    pub input: FloatParam,
    /// Gain after the model, in dB.
    #[id = "output"]
    pub output: FloatParam,
    /// Size of a slimmable model, 0 smallest to 1 best.
    #[id = "quality"]
    pub quality: FloatParam,
    /// Whether the input passes unchanged.
    #[id = "bypass"]
    pub bypass: BoolParam,
    /// Counts the player's choices of a model. The host cannot see the model
    /// change, but it sees this, and knows that the project is to be saved.
    #[id = "edits"]
    edits: IntParam,
    /// The model, with a copy of its file.
    #[persist = "model"]
    pub models: Models,
}

impl AmpParams {
    /// The defaults; `models` takes over what a host restores.
    pub fn new(models: Models) -> Self {
        Self {
            input: decibels("Input", 20.0),
            output: decibels("Output", 40.0),
            quality: FloatParam::new("Quality", 1.0, FloatRange::Linear { min: 0.0, max: 1.0 })
                .with_unit(" %")
                .with_value_to_string(formatters::v2s_f32_percentage(0))
                .with_string_to_value(formatters::s2v_f32_percentage()),
            bypass: BoolParam::new("Bypass", false)
                .with_value_to_string(formatters::v2s_bool_bypass())
                .with_string_to_value(formatters::s2v_bool_bypass())
                .make_bypass(),
            edits: IntParam::new("Model changes", 0, IntRange::Linear { min: 0, max: MOST_EDITS })
                .hide(),
            models,
        }
    }

    /// Tells the host that the project changed. For the GUI thread.
    pub(crate) fn touch(&self, setter: &ParamSetter<'_>) {
        let edits = (self.edits.value() + 1) % (MOST_EDITS + 1);
        setter.begin_set_parameter(&self.edits);
        setter.set_parameter(&self.edits, edits);
        setter.end_set_parameter(&self.edits);
    }

    /// The present values, unsmoothed: smoothing is part of the effect.
    pub fn values(&self) -> fx::amp::Params {
        fx::amp::Params {
            input_gain: self.input.value(),
            output_gain: self.output.value(),
            bypass: self.bypass.value(),
            slots: [fx::amp::SlotParams { quality: self.quality.value(), ..Default::default() }; 2],
            ..Default::default()
        }
    }
}

/// A gain from `-limit` to `limit` dB.
fn decibels(name: &str, limit: f32) -> FloatParam {
    FloatParam::new(name, 0.0, FloatRange::Linear { min: -limit, max: limit })
        .with_unit(" dB")
        .with_value_to_string(formatters::v2s_f32_rounded(1))
}
