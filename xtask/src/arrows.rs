//! Who may use whom: plugins → fx → nn and fdn, and nothing that makes sound knows a host.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{DependencyKind, Metadata, PackageId};

/// A crate, and crates it must not reach however indirectly.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("nn", &["fx", "fdn", "train"]),
    ("fdn", &["fx", "nn"]),
    ("train", &["fx", "fdn"]),
    ("bundle", &["fx", "nn", "fdn"]),
    ("library", &["fx", "nn", "fdn", "train"]),
    ("live", &["fx", "nn", "fdn", "train"]),
    ("stream", &["fx", "fdn", "train"]),
    ("onnx", &["fx", "fdn", "train"]),
    ("gpu", &["fx", "fdn", "train"]),
];

/// Checks all arrows, so that one run shows every wrong one.
pub(crate) fn check(metadata: &Metadata) -> Result<()> {
    let graph = Graph::new(metadata)?;
    let core = metadata.workspace_root.join("core");
    let packages = metadata.workspace_packages();
    let ours = |name: &str| packages.iter().find(|package| package.name.as_str() == name);
    for name in FORBIDDEN.iter().flat_map(|(from, to)| [from].into_iter().chain(*to)) {
        ensure!(ours(name).is_some(), "there is no crate {name}: a rule of ours was left behind");
    }
    let mut wrong = Vec::new();
    for package in &packages {
        let name = package.name.as_str();
        let reached = graph.reached_from(&package.id);
        let in_core = package.manifest_path.starts_with(&core);
        let listed = FORBIDDEN.iter().find(|(from, _)| *from == name).map_or(&[][..], |(_, to)| to);
        for other in reached {
            let outside_core = ours(other).is_some_and(|p| !p.manifest_path.starts_with(&core));
            let host = in_core && (outside_core || other.starts_with("nice-plug"));
            let tool = name == "xtask" && ours(other).is_some();
            if host || tool || listed.contains(&other) {
                wrong.push(format!("{name} must not depend on {other}"));
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("every dependency points the way it should");
    Ok(())
}

/// What is linked in; what only tests use may point anywhere.
struct Graph<'a> {
    names: HashMap<&'a PackageId, &'a str>,
    arrows: HashMap<&'a PackageId, Vec<&'a PackageId>>,
}

impl<'a> Graph<'a> {
    fn new(metadata: &'a Metadata) -> Result<Self> {
        let names = metadata.packages.iter().map(|p| (&p.id, p.name.as_str())).collect();
        let resolve = metadata.resolve.as_ref().context("cargo resolved nothing")?;
        let arrows = resolve.nodes.iter().map(|node| {
            let linked = node.deps.iter().filter(|dep| {
                dep.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development)
            });
            (&node.id, linked.map(|dep| &dep.pkg).collect())
        });
        Ok(Self { names, arrows: arrows.collect() })
    }

    fn reached_from(&self, start: &'a PackageId) -> BTreeSet<&'a str> {
        let (mut seen, mut next) = (BTreeSet::new(), vec![start]);
        while let Some(id) = next.pop() {
            for &to in self.arrows.get(id).into_iter().flatten() {
                if seen.insert(to) {
                    next.push(to);
                }
            }
        }
        seen.into_iter().filter_map(|id| self.names.get(id).copied()).collect()
    }
}
