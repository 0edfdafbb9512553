//! What a state holds of parameters.

use nice_plug::plugin::ParamValue;
use nice_plug::prelude::*;

/// A parameter as a state holds it.
pub trait Stateful {
    /// What a state would hold if nobody touched it.
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
