//! Which parameter of the host's stands for which value of the effect's.

use nice_plug::prelude::*;

/// Parameters that stand for the values `V` of an effect.
pub trait Linked<V: Copy + Default> {
    /// Shows `visitor` every parameter with the value it stands for.
    fn visit(&self, visitor: &mut impl Visitor<V>);

    /// What the effect is to do now, modulation by the host included. Unsmoothed:
    /// smoothing is part of the effect. Real-time safe.
    fn values(&self) -> V {
        let mut reader = Reader { modulated: true, values: V::default() };
        self.visit(&mut reader);
        reader.values
    }

    /// What the player set, which is what a preset keeps.
    fn unmodulated(&self) -> V {
        let mut reader = Reader { modulated: false, values: V::default() };
        self.visit(&mut reader);
        reader.values
    }

    /// Makes the parameters `values`, with a gesture for each that changes. For
    /// the GUI thread.
    fn apply(&self, values: &V, setter: &ParamSetter<'_>) {
        self.visit(&mut Writer { from: None, to: *values, setter });
    }

    /// Changes what differs between two sets of values and nothing else, so that
    /// what the host automated in between stays. For the GUI thread.
    fn apply_change(&self, from: &V, to: &V, setter: &ParamSetter<'_>) {
        self.visit(&mut Writer { from: Some(*from), to: *to, setter });
    }
}

/// What is done with every parameter in turn.
pub trait Visitor<V> {
    /// With one of them, and where the value it stands for is.
    fn link<P, F>(&mut self, param: &P, field: fn(&mut V) -> &mut F)
    where
        P: Param,
        P::Plain: From<F>,
        F: From<P::Plain> + Copy + PartialEq;
}

struct Reader<V> {
    modulated: bool,
    values: V,
}

impl<V> Visitor<V> for Reader<V> {
    fn link<P, F>(&mut self, param: &P, field: fn(&mut V) -> &mut F)
    where
        P: Param,
        P::Plain: From<F>,
        F: From<P::Plain> + Copy + PartialEq,
    {
        let value = match self.modulated {
            true => param.modulated_plain_value(),
            false => param.unmodulated_plain_value(),
        };
        *field(&mut self.values) = value.into();
    }
}

struct Writer<'a, V> {
    /// What differs from these is set; without them, what differs from the present.
    from: Option<V>,
    to: V,
    setter: &'a ParamSetter<'a>,
}

impl<V> Visitor<V> for Writer<'_, V> {
    fn link<P, F>(&mut self, param: &P, field: fn(&mut V) -> &mut F)
    where
        P: Param,
        P::Plain: From<F>,
        F: From<P::Plain> + Copy + PartialEq,
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

/// Sets `param` as one gesture of the player's. For the GUI thread.
pub fn gesture<P: Param>(setter: &ParamSetter<'_>, param: &P, value: P::Plain) {
    setter.begin_set_parameter(param);
    setter.set_parameter(param, value);
    setter.end_set_parameter(param);
}
