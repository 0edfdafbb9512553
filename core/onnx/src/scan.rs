//! A walk through the bytes before anybody trusts them: lengths, depth and number.
//!
//! Parsers recurse and allocate by what the bytes say. This one counts first. Wire
//! format: <https://protobuf.dev/programming-guides/encoding/>; field numbers:
//! `onnx.proto` of the ONNX project.

use crate::Error;
use crate::limits::{MAX_DEPTH, MAX_ELEMENTS, MAX_FIELDS};

/// Messages that contain messages.
#[derive(Clone, Copy)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Shape,
    Wrapped,
    Map,
    Other,
}

impl Kind {
    /// What lies in a field of bytes; none if no messages do.
    fn inside(self, field: u64) -> Option<Kind> {
        Some(match (self, field) {
            (Kind::Model, 7) => Kind::Graph,
            (Kind::Model, 8 | 14 | 20 | 25) => Kind::Other,
            (Kind::Graph, 1) => Kind::Node,
            (Kind::Graph, 5) => Kind::Tensor,
            (Kind::Graph, 11..=13) => Kind::ValueInfo,
            (Kind::Node, 5) => Kind::Attribute,
            (Kind::Attribute, 5 | 10) => Kind::Tensor,
            (Kind::Attribute, 6 | 11) => Kind::Graph,
            (Kind::Tensor, 13) => Kind::Other,
            (Kind::ValueInfo, 2) => Kind::Type,
            (Kind::Type, 1 | 8) => Kind::TensorType,
            (Kind::Type, 4 | 9) => Kind::Wrapped,
            (Kind::Type, 5) => Kind::Map,
            (Kind::Wrapped, 1) | (Kind::Map, 2) => Kind::Type,
            (Kind::TensorType, 2) => Kind::Shape,
            (Kind::Shape, 1) => Kind::Other,
            _ => return None,
        })
    }
}

/// Whether the bytes are sound messages of a size we parse.
pub(crate) fn scan(bytes: &[u8]) -> Result<(), Error> {
    walk(Kind::Model, bytes, 0, &mut 0)
}

/// Whether it may be an ONNX file: it begins with a field of a model, which no JSON does.
pub(crate) fn is_onnx(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let tag = varint(&mut rest).unwrap_or(0);
    matches!((tag >> 3, tag & 7), (1 | 5, 0) | (2..=4 | 6..=8 | 14 | 20 | 25, 2))
}

fn walk(kind: Kind, mut rest: &[u8], depth: usize, fields: &mut usize) -> Result<(), Error> {
    Error::cap("messages in each other", MAX_DEPTH, depth)?;
    while !rest.is_empty() {
        *fields += 1;
        Error::cap("fields", MAX_FIELDS, *fields)?;
        let tag = varint(&mut rest).ok_or_else(cut_short)?;
        let (field, wire) = (tag >> 3, tag & 7);
        match wire {
            0 => {
                varint(&mut rest).ok_or_else(cut_short)?;
            }
            1 => rest = rest.get(8..).ok_or_else(cut_short)?,
            5 => rest = rest.get(4..).ok_or_else(cut_short)?,
            2 => {
                let len = varint(&mut rest).and_then(|n| usize::try_from(n).ok());
                let (body, after) =
                    len.and_then(|n| rest.split_at_checked(n)).ok_or_else(cut_short)?;
                rest = after;
                match kind.inside(field) {
                    Some(inner) => walk(inner, body, depth + 1, fields)?,
                    // Each byte may be a number of eight.
                    None if matches!((kind, field), (Kind::Tensor, 1 | 5 | 7)) => {
                        Error::cap("elements in a tensor", MAX_ELEMENTS, body.len())?;
                    }
                    None => {}
                }
            }
            _ => return Err(Error::invalid("file", "an ONNX model", "bytes of something else")),
        }
    }
    Ok(())
}

fn cut_short() -> Error {
    Error::invalid("file", "a whole ONNX model", "one that ends within a field")
}

/// Reads a number and leaves what follows it.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for (i, &byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(7 * i as u32)?;
        if byte < 0x80 {
            *bytes = &bytes[i + 1..];
            return Some(value);
        }
    }
    None
}
