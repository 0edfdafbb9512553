//! What the library knows, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use library::{Entry, Installed, Library, List};
use serde::Serialize;
use time::OffsetDateTime;

use crate::printable;

/// A model, and where it stands.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    name: &'a str,
    kind: &'a str,
    list: &'a str,
    licence: &'a str,
    bytes: u64,
    built_in: bool,
    accept_required: bool,
    installed: bool,
    /// The list has other bytes than those that are installed.
    newer: bool,
    /// Whether the list says who signed it.
    signed: bool,
    path: Option<String>,
    accepted: Option<String>,
    since: Option<String>,
}

impl<'a> Row<'a> {
    fn new(library: &Library, list: &'a List, entry: &'a Entry, there: Option<&Installed>) -> Self {
        Self {
            newer: there.is_some_and(|there| there.sha256 != entry.sha256),
            name: &entry.name,
            kind: &entry.kind,
            built_in: entry.is_built_in(),
            accept_required: entry.accept_required,
            signed: list.key.is_some(),
            licence: &entry.licence,
            bytes: entry.bytes,
            ..Self::bare(library, &entry.id, &list.name, there)
        }
    }

    /// What is installed and in no list any more.
    fn left(library: &Library, id: &'a str, there: &'a Installed) -> Self {
        let row = Self::bare(library, id, &there.list, Some(there));
        Self { licence: &there.licence, bytes: there.bytes, ..row }
    }

    fn bare(library: &Library, id: &'a str, list: &'a str, there: Option<&Installed>) -> Self {
        Self {
            id,
            name: id,
            kind: "",
            list,
            licence: "",
            bytes: 0,
            built_in: false,
            accept_required: false,
            installed: there.is_some(),
            newer: false,
            signed: false,
            path: there.map(|there| library.path(id, &there.file).display().to_string()),
            accepted: there.and_then(|there| there.accepted).map(when),
            since: there.map(|there| when(there.installed)),
        }
    }

    fn state(&self) -> &'static str {
        match (self.installed, self.newer, self.built_in) {
            (true, true, _) => "newer listed",
            (true, false, _) => "installed",
            (false, _, true) => "built in",
            (false, _, false) => "available",
        }
    }
}

/// Lists all models, or those that are installed.
pub(super) fn list(library: &Library, installed: bool, json: bool) -> Result<bool> {
    let there: BTreeMap<String, Installed> = library.installed()?.into_iter().collect();
    let all = library.lists().iter().flat_map(|list| list.models.iter().map(move |m| (list, m)));
    let mut rows: Vec<Row<'_>> =
        all.map(|(list, entry)| Row::new(library, list, entry, there.get(&entry.id))).collect();
    for (id, model) in &there {
        if !rows.iter().any(|row| row.id == id) {
            rows.push(Row::left(library, id, model));
        }
    }
    rows.retain(|row| row.installed || !installed);
    if json {
        crate::say(&(serde_json::to_string_pretty(&rows)? + "\n"))?;
        return Ok(true);
    }
    let mut text = format!("{:24} {:14} {:>12}  {:16} name\n", "id", "state", "bytes", "licence");
    for row in &rows {
        let licence = printable(row.licence);
        let name = printable(row.name);
        writeln!(text, "{:24} {:14} {:>12}  {licence:16} {name}", row.id, row.state(), row.bytes)?;
    }
    crate::say(&text)?;
    Ok(true)
}

/// Says all that is known of a model.
pub(super) fn info(library: &Library, id: &str, json: bool) -> Result<bool> {
    let (list, entry) = library.entry(id)?;
    let all = library.installed()?;
    let there = all.iter().find(|(other, _)| other == id).map(|(_, model)| model);
    let row = Row::new(library, list, entry, there);
    if json {
        let mut whole = serde_json::to_value(entry)?;
        if let (Some(whole), serde_json::Value::Object(row)) =
            (whole.as_object_mut(), serde_json::to_value(&row)?)
        {
            whole.extend(row);
        }
        crate::say(&(serde_json::to_string_pretty(&whole)? + "\n"))?;
        return Ok(true);
    }
    let mut text = terms(list, entry);
    writeln!(text, "  sha256         {}", entry.sha256)?;
    writeln!(text, "  address        {}", entry.url)?;
    for (output, input) in &entry.io {
        writeln!(text, "  fed back       {} to {}", printable(output), printable(input))?;
    }
    writeln!(text, "  state          {}", row.state())?;
    for (what, value) in [("since", &row.since), ("accepted", &row.accepted), ("file", &row.path)] {
        if let Some(value) = value {
            writeln!(text, "  {what:14} {}", printable(value))?;
        }
    }
    crate::say(&text)?;
    Ok(true)
}

/// What is to be known before a model is had.
pub(super) fn terms(list: &List, entry: &Entry) -> String {
    let Entry { id, name, kind, bytes, .. } = entry;
    let mut text = format!("{id}: {}, {kind}, {bytes} bytes\n", printable(name));
    let must = if entry.accept_required { ", to be accepted" } else { "" };
    let listed = match (&list.key, &list.origin) {
        (Some(key), _) => format!("{}, signed by {key}", list.name),
        (None, Some(_)) => format!("{}, unsigned", list.name),
        (None, None) => format!("{}, built in", list.name),
    };
    for (what, value) in [
        ("licence", format!("{}{must}", entry.licence)),
        ("attribution", entry.attribution.clone()),
        ("source", entry.source.clone()),
        ("training data", entry.training_data.clone()),
        ("list", listed),
    ] {
        if !value.is_empty() {
            text += &format!("  {what:14} {}\n", printable(&value));
        }
    }
    text
}

/// Seconds since 1970 as a date and time of RFC 3339, in UTC.
fn when(seconds: u64) -> String {
    let time =
        i64::try_from(seconds).ok().and_then(|s| OffsetDateTime::from_unix_timestamp(s).ok());
    let time = time.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}
