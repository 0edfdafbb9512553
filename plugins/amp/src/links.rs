//! Which parameter of the host's stands for which value of the effect's.

use fx::amp::Params as Values;
use nice_plug::prelude::*;

use crate::params::{AmpParams, gesture};

impl AmpParams {
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
