//! The range of every number in [`Params`], in one list that the effect, a
//! plugin and the command line read alike.

use super::Params;

/// A number of [`Params`].
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// Where it is in the JSON of the parameters, as in `gate.threshold`.
    pub key: &'static str,
    /// The smallest value.
    pub min: f32,
    /// The largest value.
    pub max: f32,
    field: fn(&mut Params) -> &mut f32,
}

macro_rules! ranges {
    ($($key:literal: $min:literal to $max:literal in ($($field:tt)+);)+) => {
        &[$(Range { key: $key, min: $min, max: $max, field: |p| &mut p.$($field)+ }),+]
    };
}

/// All of them.
pub const RANGES: &[Range] = ranges![
    "input_gain": -20.0 to 20.0 in (input_gain);
    "output_gain": -40.0 to 40.0 in (output_gain);
    "mix": 0.0 to 1.0 in (mix);
    "gate.threshold": -100.0 to 0.0 in (gate.threshold);
    "gate.hysteresis": 0.0 to 24.0 in (gate.hysteresis);
    "gate.attack": 0.1 to 50.0 in (gate.attack);
    "gate.hold": 0.0 to 500.0 in (gate.hold);
    "gate.release": 5.0 to 1000.0 in (gate.release);
    "gate.range": -100.0 to 0.0 in (gate.range);
    "slots.0.trim": -20.0 to 20.0 in (slots[0].trim);
    "slots.0.quality": 0.0 to 1.0 in (slots[0].quality);
    "slots.1.trim": -20.0 to 20.0 in (slots[1].trim);
    "slots.1.quality": 0.0 to 1.0 in (slots[1].quality);
    "blend": 0.0 to 1.0 in (blend);
    "tone.bass": 0.0 to 10.0 in (tone.bass);
    "tone.middle": 0.0 to 10.0 in (tone.middle);
    "tone.treble": 0.0 to 10.0 in (tone.treble);
    "tone.presence": 0.0 to 10.0 in (tone.presence);
    "cabinet.blend": 0.0 to 1.0 in (cabinet.blend);
    "cabinet.low_cut": 20.0 to 800.0 in (cabinet.low_cut);
    "cabinet.high_cut": 1000.0 to 20000.0 in (cabinet.high_cut);
    "levels.interface": -20.0 to 40.0 in (levels.interface);
];

/// The range of the number at `key`.
///
/// # Panics
/// When there is none of that name.
pub fn range(key: &str) -> &'static Range {
    match RANGES.iter().find(|range| range.key == key) {
        Some(range) => range,
        None => panic!("there is no parameter {key}"),
    }
}

impl Range {
    /// The value in `params`.
    pub fn get(&self, params: &Params) -> f32 {
        *(self.field)(&mut params.clone())
    }

    /// Sets the value in `params`.
    pub fn set(&self, params: &mut Params, value: f32) {
        *(self.field)(params) = value;
    }
}

impl Params {
    /// The same with every number within its range, and the default for what
    /// is no number.
    pub fn sane(mut self) -> Self {
        for range in RANGES {
            let value = (range.field)(&mut self);
            let fallback = if value.is_nan() { range.get(&Self::default()) } else { *value };
            *(range.field)(&mut self) = fallback.clamp(range.min, range.max);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Every number in `json`, by its key.
    fn numbers(json: &Value, key: &str, found: &mut Vec<(String, f64)>) {
        let below = |name: &str| if key.is_empty() { name.into() } else { format!("{key}.{name}") };
        match json {
            Value::Number(number) => found.push((key.into(), number.as_f64().expect("a float"))),
            Value::Object(map) => map.iter().for_each(|(k, v)| numbers(v, &below(k), found)),
            Value::Array(list) => {
                list.iter()
                    .enumerate()
                    .for_each(|(i, v)| numbers(v, &below(&i.to_string()), found));
            }
            _ => {}
        }
    }

    #[test]
    fn the_list_is_complete_and_each_entry_reaches_its_own_field() {
        let mut params = Params::default();
        for (i, range) in RANGES.iter().enumerate() {
            range.set(&mut params, i as f32);
        }
        let mut found = Vec::new();
        numbers(&serde_json::to_value(params).expect("JSON"), "", &mut found);
        assert_eq!(found.len(), RANGES.len());
        for (i, range) in RANGES.iter().enumerate() {
            assert!(found.contains(&(range.key.into(), i as f64)), "{}", range.key);
        }
    }

    #[test]
    fn sane_values_are_within_their_ranges() {
        assert_eq!(Params::default().sane(), Params::default());
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e9, -1e9] {
            let mut params = Params::default();
            RANGES.iter().for_each(|range| range.set(&mut params, bad));
            let sane = params.sane();
            for range in RANGES {
                let value = range.get(&sane);
                assert!((range.min..=range.max).contains(&value), "{} is {value}", range.key);
            }
        }
    }
}
