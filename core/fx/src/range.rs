//! The ranges of numbers in parameters, by the names they have in JSON.

/// A number of the parameters `P`.
#[derive(Clone, Copy, Debug)]
pub struct Range<P> {
    /// Where it is in the JSON of the parameters, as in `gate.threshold`.
    pub key: &'static str,
    /// The smallest value.
    pub min: f32,
    /// The largest value.
    pub max: f32,
    pub(crate) field: fn(&mut P) -> &mut f32,
}

macro_rules! ranges {
    ($($key:literal: $min:literal to $max:literal in ($($field:tt)+);)+) => {
        &[$($crate::range::Range {
            key: $key,
            min: $min,
            max: $max,
            field: |p| &mut p.$($field)+,
        }),+]
    };
}
pub(crate) use ranges;

impl<P: Clone> Range<P> {
    /// The value in `params`.
    pub fn get(&self, params: &P) -> f32 {
        *(self.field)(&mut params.clone())
    }

    /// Sets the value in `params`.
    pub fn set(&self, params: &mut P, value: f32) {
        *(self.field)(params) = value;
    }
}

/// The one of `ranges` whose number is at `key`.
///
/// # Panics
/// When there is none of that name.
pub(crate) fn of<P>(ranges: &'static [Range<P>], key: &str) -> &'static Range<P> {
    match ranges.iter().find(|range| range.key == key) {
        Some(range) => range,
        None => panic!("there is no parameter {key}"),
    }
}

/// Brings every number into its range, and the default where there is none.
pub(crate) fn sane<P: Clone + Default>(ranges: &[Range<P>], params: &mut P) {
    for range in ranges {
        let value = *(range.field)(params);
        let fallback = if value.is_nan() { range.get(&P::default()) } else { value };
        *(range.field)(params) = fallback.clamp(range.min, range.max);
    }
}

/// What must hold of every such list.
#[cfg(test)]
pub(crate) mod check {
    use std::fmt::Debug;

    use serde::Serialize;
    use serde_json::Value;

    use super::Range;

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

    /// It names each number, and each entry reaches its own.
    pub(crate) fn complete<P: Clone + Default + Serialize>(ranges: &[Range<P>]) {
        let mut params = P::default();
        for (i, range) in ranges.iter().enumerate() {
            range.set(&mut params, i as f32);
        }
        let mut found = Vec::new();
        numbers(&serde_json::to_value(params).expect("JSON"), "", &mut found);
        assert_eq!(found.len(), ranges.len());
        for (i, range) in ranges.iter().enumerate() {
            assert!(found.contains(&(range.key.into(), i as f64)), "{}", range.key);
        }
    }

    /// `sane` brings everything into its range, and leaves defaults as they are.
    pub(crate) fn sane<P>(ranges: &[Range<P>], sane: fn(P) -> P)
    where
        P: Clone + Default + Debug + PartialEq,
    {
        assert_eq!(sane(P::default()), P::default());
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e9, -1e9] {
            let mut params = P::default();
            ranges.iter().for_each(|range| range.set(&mut params, bad));
            let sane = sane(params);
            for range in ranges {
                let value = range.get(&sane);
                assert!((range.min..=range.max).contains(&value), "{} is {value}", range.key);
            }
        }
    }
}
