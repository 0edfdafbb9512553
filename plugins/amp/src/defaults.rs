//! What a state would hold of parameters that nobody touched.

use std::path::Path;
use std::sync::LazyLock;

use nice_plug::plugin::ParamValue;
use nice_plug_egui::RepaintNotifier;
use shell::state::Stateful;

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
