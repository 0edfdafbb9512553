//! Where a course writes, and that none of it harms another.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::Teach;
use crate::wav::check_place;

/// Files of one course.
pub(super) struct Places {
    pub(super) output: PathBuf,
    pub(super) page: Option<PathBuf>,
    pub(super) publish: Option<PathBuf>,
    /// Of what can be interrupted and go on.
    pub(super) checkpoint: PathBuf,
}

impl Places {
    /// Refuses two files of one name, and folders that are not there.
    pub(super) fn new(args: &Teach, output: &Path) -> Result<Self> {
        let mut beside = output.as_os_str().to_owned();
        beside.push(".checkpoint.json");
        let page = || args.report.clone().unwrap_or_else(|| output.with_extension("html"));
        let places = Self {
            output: output.to_owned(),
            page: (!args.no_report).then(page),
            publish: args.publish.clone(),
            checkpoint: args.plan.checkpoint.clone().unwrap_or_else(|| beside.into()),
        };
        let sources = args.recordings.files();
        let mut written: Vec<(&str, &Path)> = vec![("output", &places.output)];
        written.extend(places.page.as_deref().map(|path| ("report", path)));
        written.extend(places.publish.as_deref().map(|path| ("publish", path)));
        written.push(("checkpoint", &places.checkpoint));
        for (i, (name, path)) in written.iter().enumerate() {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            if path.file_name().is_none() || !folder.unwrap_or(Path::new(".")).is_dir() {
                bail!("--{name} {}: expected a file in a folder that is there", path.display());
            }
            if let Err(error) = check_place(path, &sources) {
                bail!("--{name} {}: {error}", path.display());
            }
            if let Some((other, _)) = written[..i].iter().find(|(_, other)| same(path, other)) {
                bail!("--{name} {}: expected another file than the {other}", path.display());
            }
        }
        Ok(places)
    }
}

/// Whether two paths name one file, there or not.
fn same(a: &Path, b: &Path) -> bool {
    let whole = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
        let there = fs::canonicalize(path).ok();
        Some(there.unwrap_or_else(|| folder.join(path.file_name().unwrap_or_default())))
    };
    a == b || whole(a).is_some_and(|a| whole(b) == Some(a))
}
