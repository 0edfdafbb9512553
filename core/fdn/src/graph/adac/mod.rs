//! The JSON of ADAC 0.1.0, what `flamo_to_json` writes and people write by hand.
//!
//! Its node types, spellings and rules for what is left out are those of ADAC's
//! `json_to_faust`; the sound is FLAMO's, which ADAC's code does not always make.
//! The format has no version. Where a file does not hold what FLAMO's sound
//! depends on, it is refused with [`Error::Lost`].

mod design;
mod leaf;
mod trained;

use super::json::{Field, Json};
use super::load::{Budget, Names, controls, rate};
use super::{Graph, Node};
use crate::error::Error;

/// What ADAC assumes when a file gives no rate, in Hz.
const RATE: f64 = 48000.0;

/// Reads a whole file.
pub(super) fn read(root: &Field<'_>) -> Result<Graph, Error> {
    let sample_rate = root.get("fs").map_or(Ok(RATE), |f| rate(&f))?;
    let name = match name(root)? {
        "" => "untitled",
        name => name,
    };
    let controls = match root.get("controls") {
        Some(c) if !c.is_null() => controls(&c, sample_rate, true)?,
        _ => Default::default(),
    };
    let mut reader = Reader { rate: sample_rate, budget: Budget::default() };
    let root = reader.node(&root.at(name), name.to_owned(), None, 0)?;
    Ok(Graph { name: name.to_owned(), sample_rate, root, controls, revision: None })
}

/// What a node is called; nothing when the file does not say.
fn name<'a>(field: &Field<'a>) -> Result<&'a str, Error> {
    field.get("name").map_or(Ok(""), |n| n.text())
}

/// Builds nodes. The path of the [`Field`] of a node is that of the node, by names.
struct Reader {
    rate: f64,
    budget: Budget,
}

impl Reader {
    /// The node `field`, called `name`. `width` is how many channels it will hear,
    /// where that is known: only a wire needs to be told.
    fn node(
        &mut self,
        field: &Field<'_>,
        name: String,
        width: Option<usize>,
        depth: usize,
    ) -> Result<Node, Error> {
        self.budget.enter(&name, &field.path, depth)?;
        if field.is_null() {
            return self.made(Node::series(name, width.unwrap_or(1), Vec::new()), field);
        }
        let kind = field.get("type");
        let node = match kind.as_ref().map_or(Ok("Leaf"), Field::text)? {
            "Shell" | "Series" => self.series(field, name, width, depth),
            "Parallel" => self.parallel(field, name, width, depth),
            "Recursion" => self.recursion(field, name, width, depth),
            "Leaf" => leaf::read(self, field, name),
            _ => {
                let types = "\"Shell\", \"Series\", \"Parallel\", \"Recursion\" or \"Leaf\"";
                Err(field.need("type")?.expected(types))
            }
        }?;
        declared(field, &node)?;
        Ok(node)
    }

    /// A Shell too: of it, only what is between its transforms is in the file.
    fn series(
        &mut self,
        field: &Field<'_>,
        name: String,
        width: Option<usize>,
        depth: usize,
    ) -> Result<Node, Error> {
        let children = self.children(field)?;
        let shell = field.get("type").is_some_and(|t| matches!(t.text(), Ok("Shell")));
        if shell && children.len() > 1 {
            return Err(field.need("children")?.expected("at most one core in a Shell"));
        }
        let mut nodes: Vec<Node> = Vec::new();
        for (child, name) in children {
            let width = nodes.last().map_or(width, |n| Some(n.outputs()));
            // A wire changes nothing here, and at the front has no width of its own.
            if !is_wire(child.json) {
                nodes.push(self.node(&child, name, width, depth + 1)?);
            }
        }
        self.made(Node::series(name, width.unwrap_or(1), nodes), field)
    }

    fn parallel(
        &mut self,
        field: &Field<'_>,
        name: String,
        mut width: Option<usize>,
        depth: usize,
    ) -> Result<Node, Error> {
        let children = self.children(field)?;
        let sum = field.get("sum_output").map_or(Ok(false), |s| s.bool())?;
        if children.is_empty() {
            return self.made(Node::series(name, width.unwrap_or(1), Vec::new()), field);
        }
        // Wires last: they are as wide as their neighbours hear.
        let mut branches: Vec<Option<Node>> = children.iter().map(|_| None).collect();
        for wires in [false, true] {
            for ((child, name), branch) in children.iter().zip(&mut branches) {
                if is_wire(child.json) == wires {
                    let node = self.node(child, name.clone(), width, depth + 1)?;
                    width = width.or(Some(node.inputs()));
                    *branch = Some(node);
                }
            }
        }
        self.made(Node::parallel(name, branches.into_iter().flatten().collect(), sum), field)
    }

    fn recursion(
        &mut self,
        field: &Field<'_>,
        name: String,
        width: Option<usize>,
        depth: usize,
    ) -> Result<Node, Error> {
        let (forward, backward) = (part(field, "fF")?, part(field, "fB")?);
        let mut names = Names::default();
        let [to, back] = [&forward, &backward].map(|p| names.unique(&p.1));
        if is_wire(forward.0.json) && width.is_none() {
            let backward = self.node(&backward.0, back, None, depth + 1)?;
            let forward = self.node(&forward.0, to, Some(backward.outputs()), depth + 1)?;
            return self.made(Node::recursion(name, forward, backward), field);
        }
        let forward = self.node(&forward.0, to, width, depth + 1)?;
        let backward = self.node(&backward.0, back, Some(forward.outputs()), depth + 1)?;
        self.made(Node::recursion(name, forward, backward), field)
    }

    /// The children of a container and their names, each unlike the others.
    fn children<'a>(&self, field: &Field<'a>) -> Result<Vec<(Field<'a>, String)>, Error> {
        let Some(list) = field.get("children") else { return Ok(Vec::new()) };
        self.budget.room(list.len()?, &field.path)?;
        let mut names = Names::default();
        let named = list.items()?.enumerate().map(|(i, child)| {
            child.object()?;
            let name = match name(&child)? {
                "" => i.to_string(),
                name => name.to_owned(),
            };
            let name = names.unique(&name);
            Ok((child.at(format!("{}/{name}", field.path)), name))
        });
        named.collect()
    }

    fn made(&mut self, node: Result<Node, Error>, field: &Field<'_>) -> Result<Node, Error> {
        self.budget.made(node, &field.path)
    }
}

/// Nothing, or nothing but containers of nothing: what ADAC makes `_` of.
fn is_wire(json: &Json) -> bool {
    let Some(Json::Text(kind)) = json.get("type") else { return matches!(json, Json::Null) };
    let empty = match json.get("children") {
        None => true,
        Some(Json::Numbers(none)) => none.is_empty(),
        Some(Json::List(children)) => children.iter().all(is_wire),
        Some(_) => false,
    };
    empty && matches!(&**kind, "Shell" | "Series" | "Parallel")
}

/// A half of a Recursion, null where it is absent, and its name.
fn part<'a>(field: &Field<'a>, key: &str) -> Result<(Field<'a>, String), Error> {
    static NOTHING: Json = Json::Null;
    let part = field.get(key).unwrap_or_else(|| Field::new("", &NOTHING));
    if !part.is_null() {
        part.object()?;
    }
    let name = match name(&part)? {
        "" => key,
        name => name,
    };
    Ok((part.at(format!("{}/{name}", field.path)), name.to_owned()))
}

/// Checks the channels a node says it has, if it does, against those it has.
fn declared(field: &Field<'_>, node: &Node) -> Result<(), Error> {
    for (key, count) in [("input_channels", node.inputs()), ("output_channels", node.outputs())] {
        if let Some(said) = field.get(key)
            && said.whole(0, u64::MAX)? != count as u64
        {
            return Err(said.expected(format!("{count}, as many as it has")));
        }
    }
    Ok(())
}
