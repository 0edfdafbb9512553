//! A file as a tree of values that know where they stand.
//!
//! Not `serde_json::Value`: lists of numbers, which is what nearly all of a file
//! is, take eight bytes a number here, and a key given twice is an error, where
//! that type would let the last one win.

use std::fmt;

use ndarray::{Array2, ArrayD};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::Error;

/// A JSON value.
#[derive(Debug)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(Box<str>),
    /// A list of nothing but numbers; the empty list is one.
    Numbers(Box<[f64]>),
    List(Box<[Json]>),
    /// Sorted by key.
    Object(Box<[(Box<str>, Json)]>),
}

impl Json {
    /// The value of `key`, if this is an object that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Json::Object(entries) = self else { return None };
        let at = entries.binary_search_by(|(k, _)| (**k).cmp(key)).ok()?;
        Some(&entries[at].1)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Json, E> {
        Ok(Json::Bool(b))
    }

    fn visit_f64<E>(self, x: f64) -> Result<Json, E> {
        Ok(Json::Number(x))
    }

    fn visit_u64<E>(self, x: u64) -> Result<Json, E> {
        Ok(Json::Number(x as f64))
    }

    fn visit_i64<E>(self, x: i64) -> Result<Json, E> {
        Ok(Json::Number(x as f64))
    }

    fn visit_str<E>(self, s: &str) -> Result<Json, E> {
        Ok(Json::Text(s.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let mut numbers = Vec::new();
        let mut list = loop {
            match from.next_element()? {
                Some(Json::Number(x)) => numbers.push(x),
                Some(other) => {
                    let mut list: Vec<_> = numbers.into_iter().map(Json::Number).collect();
                    list.push(other);
                    break list;
                }
                None => return Ok(Json::Numbers(numbers.into())),
            }
        };
        while let Some(item) = from.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let mut entries: Vec<(Box<str>, Json)> = Vec::new();
        while let Some(entry) = from.next_entry()? {
            entries.push(entry);
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        if let Some(twice) = entries.windows(2).find(|w| w[0].0 == w[1].0) {
            return Err(de::Error::custom(format!(
                "the key {:?} is there twice",
                clip(&twice[0].0)
            )));
        }
        Ok(Json::Object(entries.into()))
    }
}

/// What the message says that a value is.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(b) => write!(f, "{b}"),
            Json::Number(x) => write!(f, "{x}"),
            Json::Text(s) => write!(f, "{:?}", clip(s)),
            Json::Numbers(n) => write!(f, "a list of {}", n.len()),
            Json::List(l) => write!(f, "a list of {}", l.len()),
            Json::Object(_) => f.write_str("an object"),
        }
    }
}

/// As much of a text as a message has room for.
fn clip(s: &str) -> &str {
    s.char_indices().nth(60).map_or(s, |(end, _)| &s[..end])
}

/// A value of a file, and where it stands.
#[derive(Clone)]
pub(super) struct Field<'a> {
    pub(super) path: String,
    pub(super) json: &'a Json,
}

impl<'a> Field<'a> {
    pub(super) fn new(path: impl Into<String>, json: &'a Json) -> Self {
        Self { path: path.into(), json }
    }

    /// The error that something else was expected here.
    pub(super) fn expected(&self, expected: impl Into<String>) -> Error {
        Error::invalid(&self.path, expected, self.json)
    }

    /// This value under another path.
    pub(super) fn at(&self, path: impl Into<String>) -> Self {
        Self::new(path, self.json)
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.json, Json::Null)
    }

    /// The keys of an object.
    pub(super) fn keys(&self) -> Result<impl Iterator<Item = &'a str> + use<'a>, Error> {
        match self.json {
            Json::Object(entries) => Ok(entries.iter().map(|(k, _)| &**k)),
            _ => Err(self.expected("an object")),
        }
    }

    /// Refuses what is no object.
    pub(super) fn object(&self) -> Result<(), Error> {
        self.keys().map(|_| ())
    }

    /// The value of `key`, if this is an object that has it.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        let value = self.json.get(key)?;
        Some(Self::new(format!("{}.{key}", self.path), value))
    }

    /// The value of `key`, which must be there.
    pub(super) fn need(&self, key: &str) -> Result<Self, Error> {
        self.object()?;
        self.get(key).ok_or_else(|| Error::invalid(&self.path, format!("{key:?}"), "none"))
    }

    /// Refuses keys beside `known`.
    pub(super) fn only(&self, known: &[&[&str]]) -> Result<(), Error> {
        match self.keys()?.find(|k| !known.iter().any(|set| set.contains(k))) {
            None => Ok(()),
            Some(key) => {
                let known = known.concat().join(", ");
                Err(Error::invalid(
                    &self.path,
                    format!("no keys but {known}"),
                    format!("{:?}", clip(key)),
                ))
            }
        }
    }

    pub(super) fn text(&self) -> Result<&'a str, Error> {
        match self.json {
            Json::Text(s) => Ok(s),
            _ => Err(self.expected("a text")),
        }
    }

    pub(super) fn bool(&self) -> Result<bool, Error> {
        match self.json {
            Json::Bool(b) => Ok(*b),
            _ => Err(self.expected("true or false")),
        }
    }

    pub(super) fn number(&self) -> Result<f64, Error> {
        match self.json {
            Json::Number(x) => Ok(*x),
            _ => Err(self.expected("a number")),
        }
    }

    /// A whole number of at least `least` and at most `most`.
    pub(super) fn whole(&self, least: u64, most: u64) -> Result<u64, Error> {
        match self.json {
            Json::Number(x) if x.fract() == 0.0 && (least as f64..=most as f64).contains(x) => {
                Ok(*x as u64)
            }
            _ => Err(self.expected(format!("a whole number from {least} to {most}"))),
        }
    }

    /// A number within `range`, both ends included.
    pub(super) fn within(&self, range: std::ops::RangeInclusive<f64>) -> Result<f64, Error> {
        let x = self.number()?;
        if range.contains(&x) {
            return Ok(x);
        }
        Err(self.expected(format!("a number from {} to {}", range.start(), range.end())))
    }

    /// How many a list has.
    pub(super) fn len(&self) -> Result<usize, Error> {
        match self.json {
            Json::Numbers(n) => Ok(n.len()),
            Json::List(l) => Ok(l.len()),
            _ => Err(self.expected("a list")),
        }
    }

    pub(super) fn numbers(&self) -> Result<&'a [f64], Error> {
        match self.json {
            Json::Numbers(n) => Ok(n),
            Json::List(l) => {
                let odd = l.iter().position(|x| !matches!(x, Json::Number(_))).unwrap_or(0);
                Err(Self::new(format!("{}[{odd}]", self.path), &l[odd]).expected("a number"))
            }
            _ => Err(self.expected("a list of numbers")),
        }
    }

    /// The items of a list that is no list of numbers, unless it is empty.
    pub(super) fn items(&self) -> Result<impl ExactSizeIterator<Item = Self> + use<'a>, Error> {
        let list: &[Json] = match self.json {
            Json::List(l) => l,
            Json::Numbers(n) if n.is_empty() => &[],
            Json::Numbers(n) => {
                let what = format!("{}[0]", self.path);
                return Err(Error::invalid(what, "a list or an object", n[0]));
            }
            _ => return Err(self.expected("a list")),
        };
        let path = self.path.clone();
        Ok(list.iter().enumerate().map(move |(i, v)| Self::new(format!("{path}[{i}]"), v)))
    }

    /// Nested lists `rank` deep, of one shape throughout and none empty.
    pub(super) fn tensor(&self, rank: usize) -> Result<ArrayD<f64>, Error> {
        let (mut shape, mut values) = (Vec::new(), Vec::new());
        self.gather(rank, 0, &mut shape, &mut values)?;
        ArrayD::from_shape_vec(shape, values).map_err(|_| self.expected("lists of one shape"))
    }

    fn gather(
        &self,
        rank: usize,
        depth: usize,
        shape: &mut Vec<usize>,
        values: &mut Vec<f64>,
    ) -> Result<(), Error> {
        let found = self.len()?;
        match shape.get(depth) {
            None if found == 0 => return Err(self.expected("at least one entry")),
            None => shape.push(found),
            Some(n) if *n != found => return Err(self.expected(format!("a list of {n}"))),
            Some(_) => {}
        }
        if depth + 1 == rank {
            values.extend(self.numbers()?);
            return Ok(());
        }
        self.items()?.try_for_each(|item| item.gather(rank, depth + 1, shape, values))
    }

    /// Rows of numbers, as many in each.
    pub(super) fn matrix(&self) -> Result<Array2<f64>, Error> {
        let shaped = self.tensor(2)?.into_dimensionality();
        shaped.map_err(|_| self.expected("rows of numbers"))
    }
}
