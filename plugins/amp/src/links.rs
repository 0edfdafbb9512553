//! Which parameter of the host's stands for which value of the effect's.

use fx::amp::Params as Values;
use shell::links::{Linked, Visitor};

use crate::params::AmpParams;

impl Linked<Values> for AmpParams {
    fn visit(&self, visitor: &mut impl Visitor<Values>) {
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
}
