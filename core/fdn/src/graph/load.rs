//! Reading a file: which format it is, and what every format has in common.

use std::collections::HashMap;

use super::json::{Field, Json};
use super::{
    Controls, Graph, Kind, MOST_CHANNELS, MOST_DELAY, Module, Node, Range, adac, kiln, pyfdn,
};
use crate::error::Error;

/// The longest file, in bytes: several times the largest graph within the other
/// limits that anyone would train.
pub(crate) const MOST_BYTES: usize = 1 << 27;
/// The most nodes of a graph.
const MOST_NODES: usize = 1 << 15;
/// The deepest nesting of nodes.
const MOST_DEPTH: usize = 64;
/// The most entries of all matrices of a graph together, once it is flattened. A
/// few bytes of file can ask for a large one: gains are a diagonal, a sum of
/// buses is a matrix too.
const MOST_ENTRIES: usize = 1 << 25;
/// The longest name, in bytes. Names are repeated in the path of every node below.
const MOST_NAME: usize = 256;
/// The lowest and highest rate, in Hz.
const RATES: std::ops::RangeInclusive<f64> = 1000.0..=1e6;

impl Graph {
    /// Reads a graph from JSON in any of three formats: ADAC's, as ADAC writes it
    /// or written by hand; pyFDN's `pyfdn-fdn-build` version 1; and our own,
    /// `kiln-fdn` version 1, whose schema is `assets/kiln-fdn.schema.json`.
    ///
    /// # Errors
    ///
    /// [`Error::Json`] when it is no JSON, [`Error::Version`] when it is in another
    /// format, [`Error::Invalid`] and [`Error::TooLarge`] naming the value that is
    /// at fault, and [`Error::Lost`] when the exporter left out something that the
    /// sound depends on.
    pub fn load(json: &[u8]) -> Result<Self, Error> {
        if json.len() > MOST_BYTES {
            let what = "bytes of a file".into();
            return Err(Error::TooLarge { what, limit: MOST_BYTES, found: json.len() });
        }
        // Some editors begin a file with a byte order mark, which is no JSON.
        let json = json.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(json);
        let json: Json = serde_json::from_slice(json)?;
        let root = Field::new("graph", &json);
        let version = |found: String| Err(Error::Version { found });
        if root.keys().is_err() {
            return version(json.to_string());
        }
        let Some(format) = root.get("format") else {
            let adac = ["type", "module_type", "children"].iter().any(|k| root.get(k).is_some());
            return if adac {
                adac::read(&root)
            } else {
                version("no \"format\" or \"type\"".into())
            };
        };
        let number = root.get("version").and_then(|v| v.number().ok());
        match (format.text().unwrap_or_default(), number) {
            ("kiln-fdn", Some(1.0)) => kiln::read(&root),
            ("pyfdn-fdn-build", Some(1.0)) => pyfdn::read(&root),
            (name, number) => {
                let number = number.map_or("none".into(), |n| n.to_string());
                version(format!("{name:?} version {number}"))
            }
        }
    }
}

/// The rate of a graph in Hz.
pub(super) fn rate(field: &Field<'_>) -> Result<f64, Error> {
    field.within(RATES)
}

/// A control: its key, where ADAC lets it begin, its least and greatest value by
/// default, and the least and greatest value that make sense.
type Default = (&'static str, [f64; 3], [f64; 2]);

/// The macro-controls, `true` standing for ADAC's defaults, as does each value
/// left out. `idle` allows `false` and `null` for a control that is not wanted,
/// and the keys `step` and `label`.
pub(super) fn controls(field: &Field<'_>, rate: f64, idle: bool) -> Result<Controls, Error> {
    let longest = MOST_DELAY / rate * 1e3;
    let specs: [Default; 3] = [
        ("rt60", [2.0, 0.1, 10.0], [1e-3, 1e4]),
        ("dry_wet", [1.0, 0.0, 1.0], [0.0, 1.0]),
        ("pre_delay", [0.0, 0.0, 250.0], [0.0, longest]),
    ];
    field.only(&[&specs.map(|s| s.0)])?;
    let [rt60, dry_wet, pre_delay] = specs.map(|s| control(field.get(s.0), s, idle));
    Ok(Controls { rt60: rt60?, dry_wet: dry_wet?, pre_delay: pre_delay? })
}

fn control(field: Option<Field<'_>>, spec: Default, idle: bool) -> Result<Option<Range>, Error> {
    let Some(field) = field else { return Ok(None) };
    let (_, [init, min, max], [least, most]) = spec;
    match field.bool() {
        Ok(true) => return Ok(Some(Range { init, min, max })),
        Ok(false) if idle => return Ok(None),
        _ if idle && field.is_null() => return Ok(None),
        _ => {}
    }
    if field.keys().is_err() {
        return Err(field.expected("true, or an object of \"init\", \"min\" and \"max\""));
    }
    field.only(&[&["init", "min", "max"], if idle { &["step", "label"] } else { &[] }])?;
    let read = |key, otherwise| match field.get(key) {
        Some(value) => value.within(least..=most),
        None => Ok(otherwise),
    };
    let range = Range { init: read("init", init)?, min: read("min", min)?, max: read("max", max)? };
    if range.min < range.max && (range.min..=range.max).contains(&range.init) {
        return Ok(Some(range));
    }
    let Range { init, min, max } = range;
    let found = format!("min {min}, init {init} and max {max}");
    Err(Error::invalid(&field.path, "min below max, and init within them", found))
}

/// What a graph may still cost. Every format builds its nodes through this.
#[derive(Default)]
pub(super) struct Budget {
    nodes: usize,
    entries: usize,
}

impl Budget {
    /// Before a node is read: its name, checked, and room for it.
    pub(super) fn enter(&mut self, name: &str, at: &str, depth: usize) -> Result<(), Error> {
        self.nodes += 1;
        check(format!("nodes, at {at}"), self.nodes, MOST_NODES)?;
        check(format!("nodes within each other, at {at}"), depth, MOST_DEPTH)?;
        check(format!("bytes of a name below {at}"), name.len(), MOST_NAME)?;
        // The flattened network repeats the path.
        self.spend(at.len() / 8, at)
    }

    /// Before `count` nodes are looked at.
    pub(super) fn room(&self, count: usize, at: &str) -> Result<(), Error> {
        check(format!("nodes, at {at}"), self.nodes.saturating_add(count), MOST_NODES)
    }

    /// Before a square matrix is made of less than its entries, whether there is
    /// room: it is accounted for once it is made.
    pub(super) fn square(&self, side: usize, at: &str) -> Result<(), Error> {
        check(format!("channels in {at}"), side, MOST_CHANNELS)?;
        let entries = self.entries.saturating_add(side * side);
        check(format!("entries of matrices, at {at}"), entries, MOST_ENTRIES)
    }

    /// Before `count` numbers are made that the file does not hold.
    pub(super) fn spend(&mut self, count: usize, at: &str) -> Result<(), Error> {
        self.entries = self.entries.saturating_add(count);
        check(format!("entries of matrices, at {at}"), self.entries, MOST_ENTRIES)
    }

    /// After a node is made: names its whole path in an error, and accounts for
    /// what it takes when flattened.
    pub(super) fn made(&mut self, node: Result<Node, Error>, at: &str) -> Result<Node, Error> {
        let node = node.map_err(|e| whole_path(e, at))?;
        let (outputs, inputs) = (node.outputs(), node.inputs());
        let entries = match node.kind() {
            Kind::Parallel { branches, sum: true } => outputs * outputs * branches.len(),
            Kind::Recursion { .. } => 3 * inputs * inputs,
            Kind::Module(Module::Matrix(m)) => m.len(),
            Kind::Module(
                Module::DelayMatrix(_) | Module::FilterMatrix(_) | Module::FirMatrix(_),
            ) => outputs * outputs * inputs,
            _ => 0,
        };
        self.spend(entries, at)?;
        Ok(node)
    }
}

fn check(what: String, found: usize, limit: usize) -> Result<(), Error> {
    if found <= limit { Ok(()) } else { Err(Error::TooLarge { what, limit, found }) }
}

/// A node names itself in its errors; `at` is the path of that node.
fn whole_path(error: Error, at: &str) -> Error {
    let Some((above, name)) = at.rsplit_once('/') else { return error };
    match error {
        Error::Invalid { what, expected, found } => {
            Error::Invalid { what: format!("{above}/{what}"), expected, found }
        }
        Error::TooLarge { what, limit, found } => {
            let kind = what.strip_suffix(name).unwrap_or(&what);
            Error::TooLarge { what: format!("{kind}{at}"), limit, found }
        }
        other => other,
    }
}

/// The names of siblings, each given once.
#[derive(Default)]
pub(super) struct Names(HashMap<String, usize>);

impl Names {
    /// `name`, made different from those given before by a number behind it.
    pub(super) fn unique(&mut self, name: &str) -> String {
        let mut unique = name.to_owned();
        while let Some(count) = self.0.get_mut(&unique) {
            *count += 1;
            unique = format!("{name} {count}");
        }
        self.0.insert(unique.clone(), 1);
        unique
    }
}
