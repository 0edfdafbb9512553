//! Our own format, `kiln-fdn` version 1: the graph as it is, nothing left to
//! infer. Its schema is `assets/kiln-fdn.schema.json`.

use std::collections::HashSet;

use ndarray::Array2;

use super::json::Field;
use super::load::{Budget, controls, rate};
use super::special::{diagonal, householder, sylvester};
use super::{Delay, Graph, MOST_CHANNELS, MOST_REVISION, Module, Node, Section};
use crate::error::Error;

/// Keys of every node, and of every leaf.
const NODE: &[&str] = &["type", "name", "inputs", "outputs"];
const LEAF: &[&str] = &["type", "name", "inputs", "outputs", "flamo"];

/// Reads a whole file.
pub(super) fn read(root: &Field<'_>) -> Result<Graph, Error> {
    let keys = ["format", "version", "name", "sample_rate", "revision", "controls", "meta", "root"];
    root.only(&[&keys])?;
    let sample_rate = rate(&root.need("sample_rate")?)?;
    let name = root.need("name")?.text()?.to_owned();
    let revision = root.get("revision").map(|r| r.whole(0, MOST_REVISION)).transpose()?;
    if let Some(meta) = root.get("meta") {
        meta.object()?;
    }
    let controls = match root.get("controls") {
        Some(c) => controls(&c, sample_rate, false)?,
        None => Default::default(),
    };
    let top = root.need("root")?;
    let path = top.need("name")?.text()?;
    let root = Reader(Budget::default()).node(&top.at(path), 0)?;
    Ok(Graph { name, sample_rate, root, controls, revision })
}

/// Builds nodes. The path of the [`Field`] of a node is that of the node, by names.
struct Reader(Budget);

impl Reader {
    fn node(&mut self, field: &Field<'_>, depth: usize) -> Result<Node, Error> {
        let name = field.need("name")?.text()?;
        self.0.enter(name, &field.path, depth)?;
        let size = |key| field.need(key)?.whole(1, MOST_CHANNELS as u64).map(|n| n as usize);
        let (inputs, outputs) = (size("inputs")?, size("outputs")?);
        let kind = field.need("type")?;
        let node = match kind.text()? {
            "series" => {
                field.only(&[NODE, &["children"]])?;
                let children = self.children(field, depth)?;
                Node::series(name, inputs, children)
            }
            "parallel" => {
                field.only(&[NODE, &["children", "sum"]])?;
                let branches = self.children(field, depth)?;
                Node::parallel(name, branches, field.need("sum")?.bool()?)
            }
            "recursion" => {
                field.only(&[NODE, &["forward", "backward"]])?;
                let halves = named(field, ["forward", "backward"].map(|k| field.need(k)))?;
                let mut halves = self.nodes(&halves, depth)?.into_iter();
                match (halves.next(), halves.next()) {
                    (Some(forward), Some(backward)) => Node::recursion(name, forward, backward),
                    _ => Err(field.expected("\"forward\" and \"backward\"")),
                }
            }
            _ => Node::module(name, self.module(field, &kind, inputs)?),
        };
        let node = self.0.made(node, &field.path)?;
        if (node.inputs(), node.outputs()) == (inputs, outputs) {
            return Ok(node);
        }
        let expected = format!("{} inputs and {} outputs", node.inputs(), node.outputs());
        Err(Error::invalid(&field.path, expected, format!("{inputs} and {outputs}")))
    }

    fn children(&mut self, field: &Field<'_>, depth: usize) -> Result<Vec<Node>, Error> {
        let children = field.need("children")?;
        self.0.room(children.len()?, &field.path)?;
        self.nodes(&named(field, children.items()?.map(Ok))?, depth)
    }

    fn nodes(&mut self, fields: &[Field<'_>], depth: usize) -> Result<Vec<Node>, Error> {
        fields.iter().map(|f| self.node(f, depth + 1)).collect()
    }

    fn module(&mut self, at: &Field<'_>, kind: &Field<'_>, inputs: usize) -> Result<Module, Error> {
        let value = |key: &str, others: &[&str]| {
            at.only(&[LEAF, &[key], others])?;
            at.need(key)
        };
        at.get("flamo").map_or(Ok(()), |f| f.object())?;
        Ok(match kind.text()? {
            "matrix" => Module::Matrix(value("matrix", &[])?.matrix()?),
            "gain" => {
                let gains = value("gains", &[])?.numbers()?;
                self.0.square(gains.len(), &at.path)?;
                Module::Matrix(diagonal(gains))
            }
            "householder" => {
                let vector = value("vector", &[])?;
                self.0.square(vector.len()?, &at.path)?;
                let matrix = householder(vector.numbers()?);
                let expected = "a finite vector that is not zero";
                Module::Matrix(matrix.ok_or_else(|| vector.expected(expected))?)
            }
            "hadamard" => {
                at.only(&[LEAF])?;
                self.0.square(inputs, &at.path)?;
                let size = at.need("inputs")?;
                Module::Matrix(sylvester(inputs).ok_or_else(|| size.expected("a power of two"))?)
            }
            "delay" => {
                let samples = value("samples", &["interpolation"])?;
                let line = line(at)?;
                Module::Delay(samples.numbers()?.iter().map(|s| line(*s)).collect())
            }
            "delay_matrix" => {
                let gains = value("gains", &["samples", "interpolation"])?;
                pairs(&gains, &at.need("samples")?, line(at)?)?
            }
            "filter" => Module::Filter(all(&value("sections", &[])?, cascade)?),
            "fir" => Module::Fir(all(&value("taps", &[])?, taps)?),
            "filter_matrix" => Module::FilterMatrix(rows(&value("sections", &[])?, cascade)?),
            "fir_matrix" => Module::FirMatrix(rows(&value("taps", &[])?, taps)?),
            _ => {
                let known = "series, parallel, recursion, matrix, gain, householder, hadamard, delay, filter, fir, delay_matrix, filter_matrix or fir_matrix";
                return Err(kind.expected(known));
            }
        })
    }
}

/// `fields` with their paths by their names, each unlike the others.
fn named<'a>(
    parent: &Field<'a>,
    fields: impl IntoIterator<Item = Result<Field<'a>, Error>>,
) -> Result<Vec<Field<'a>>, Error> {
    let mut taken = HashSet::new();
    let name = |field: Result<Field<'a>, Error>| {
        let field = field?;
        let name = field.need("name")?;
        if !taken.insert(name.text()?) {
            return Err(name.expected("a name unlike those beside it"));
        }
        Ok(field.at(format!("{}/{}", parent.path, name.text()?)))
    };
    fields.into_iter().map(name).collect()
}

/// What a number of samples means in this delay.
fn line(at: &Field<'_>) -> Result<impl Fn(f64) -> Delay + use<>, Error> {
    let interpolation = at.get("interpolation");
    let interpolated = match interpolation.as_ref().map_or(Ok("none"), Field::text)? {
        "none" => false,
        "sinc" => true,
        _ => return Err(at.need("interpolation")?.expected("\"none\" or \"sinc\"")),
    };
    Ok(move |samples| Delay { samples, interpolated })
}

/// A gain and a delay for each pair.
fn pairs(
    gains: &Field<'_>,
    samples: &Field<'_>,
    line: impl Fn(f64) -> Delay,
) -> Result<Module, Error> {
    let (gain, delay) = (gains.matrix()?, samples.matrix()?);
    if gain.dim() != delay.dim() {
        let expected = format!("{} rows of {}", gain.nrows(), gain.ncols());
        let found = format!("{} of {}", delay.nrows(), delay.ncols());
        return Err(Error::invalid(&samples.path, expected, found));
    }
    let pair = |at: (usize, usize)| (gain[at], line(delay[at]));
    Ok(Module::DelayMatrix(Array2::from_shape_fn(gain.dim(), pair)))
}

/// What `read` makes of every item of a list.
fn all<T>(
    field: &Field<'_>,
    read: impl Fn(&Field<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    field.items()?.map(|item| read(&item)).collect()
}

/// What `read` makes of every item of rows as long as each other.
fn rows<T>(
    field: &Field<'_>,
    read: impl Fn(&Field<'_>) -> Result<T, Error>,
) -> Result<Array2<T>, Error> {
    let columns = field.items()?.next().map_or(Ok(0), |row| row.len())?;
    let mut entries = Vec::new();
    for row in field.items()? {
        if row.len()? != columns {
            return Err(row.expected(format!("a list of {columns}")));
        }
        entries.extend(all(&row, &read)?);
    }
    Array2::from_shape_vec((field.len()?, columns), entries)
        .map_err(|_| field.expected("rows of one length"))
}

fn cascade(field: &Field<'_>) -> Result<Vec<Section>, Error> {
    all(field, |section| match section.numbers()? {
        &[b0, b1, b2, a1, a2] => Ok(Section { b: [b0, b1, b2], a: [a1, a2] }),
        _ => Err(section.expected("a list of 5: b0, b1, b2, a1, a2")),
    })
}

fn taps(field: &Field<'_>) -> Result<Vec<f64>, Error> {
    Ok(field.numbers()?.to_vec())
}
