//! What a state would hold of parameters that nobody touched.

use std::path::Path;
use std::sync::LazyLock;

use nice_plug::plugin::ParamValue;
use nice_plug::prelude::*;
use nice_plug_egui::RepaintNotifier;

use crate::disk::Folders;
use crate::engines;
use crate::params::AmpParams;
use crate::places::Places;

/// Every parameter a project depends on, by its id.
pub(crate) fn defaults() -> &'static [(&'static str, ParamValue)] {
    static DEFAULTS: LazyLock<Vec<(&'static str, ParamValue)>> = LazyLock::new(|| {
        let (outlets, _amp) = engines::chain(48_000.0);
        let places = Places::new(outlets, RepaintNotifier::new());
        AmpParams::new(places, &Folders::under(Path::new(""))).defaults()
    });
    &DEFAULTS
}

impl AmpParams {
    fn defaults(&self) -> Vec<(&'static str, ParamValue)> {
        // A field is named as its id.
        macro_rules! defaults {
            ($($param:ident)+) => { vec![$((stringify!($param), self.$param.default_state())),+] };
        }
        defaults!(
            input output mix bypass channels
            gate_on gate_threshold gate_hysteresis gate_attack gate_hold gate_release gate_range
            a_on a_trim quality b_on b_trim b_quality routing blend invert
            tone_on tone_before bass middle treble presence
            cab_on cab_blend cab_normalize low_cut high_cut
            level calibrate interface oversampling
        )
    }
}

/// A parameter as a state holds it.
trait Stateful {
    fn default_state(&self) -> ParamValue;
}

impl Stateful for FloatParam {
    fn default_state(&self) -> ParamValue {
        ParamValue::F32(self.default_plain_value())
    }
}

impl Stateful for BoolParam {
    fn default_state(&self) -> ParamValue {
        ParamValue::Bool(self.default_plain_value())
    }
}

impl<T: Enum + PartialEq + 'static> Stateful for EnumParam<T> {
    fn default_state(&self) -> ParamValue {
        let index = self.default_plain_value().to_index();
        match T::ids() {
            Some(ids) => ParamValue::String(ids[index].into()),
            None => ParamValue::I32(index as i32),
        }
    }
}
