//! References that NumPy wrote.
#![allow(unreachable_pub, reason = "a module of test binaries, public in spirit")]

use std::fs;
use std::path::Path;

/// A response, [input][output][time].
pub struct Response {
    pub shape: [usize; 3],
    pub values: Vec<f64>,
}

/// Reads a file of NumPy, of f4 or f8 in C order (NumPy, "numpy.lib.format").
pub fn npy(path: &Path) -> Response {
    let bytes = fs::read(path).unwrap();
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00", "{path:?}");
    let end = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..end]).unwrap();
    assert!(header.contains("'fortran_order': False"), "{header}");
    let shape = header.split_once("'shape': (").unwrap().1.split_once(')').unwrap().0;
    let shape: Vec<usize> = shape.split(',').filter_map(|n| n.trim().parse().ok()).collect();
    let body = &bytes[end..];
    let values = if header.contains("<f8") {
        body.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
    } else {
        assert!(header.contains("<f4"), "{header}");
        body.as_chunks().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect()
    };
    Response { shape: shape.try_into().unwrap(), values }
}

/// The root of the mean square of the difference over that of `b`, in dB.
pub fn difference(a: &[f64], b: &[f64]) -> f64 {
    let error: f64 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    let size: f64 = b.iter().map(|b| b * b).sum();
    10.0 * (error / size).log10()
}
