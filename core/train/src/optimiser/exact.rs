//! Arrays of `f32` as base64 of their little-endian bytes: exact, and shorter than digits.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serializer, de::Error};

pub(crate) fn serialize<S: Serializer>(values: &[f32], to: S) -> Result<S::Ok, S::Error> {
    let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    to.serialize_str(&STANDARD.encode(bytes))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f32>, D::Error> {
    let bytes = STANDARD.decode(String::deserialize(from)?).map_err(D::Error::custom)?;
    let (values, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        let found = format!("expected 4 bytes for each number, found {} over", rest.len());
        return Err(D::Error::custom(found));
    }
    Ok(values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}
