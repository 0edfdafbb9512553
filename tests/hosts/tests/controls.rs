//! The parameters as a host shows them: their text, and a controller's pages.

use std::collections::HashSet;

use hosts::project::PARAMS;
use hosts::{clap_amp, parameter};

/// What is no number, switch or choice of the effect.
const OTHERS: [&str; 2] = ["oversampling", "edits"];

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn every_parameter_is_there_under_its_id() {
    let mut plugin = clap_amp().open().expect("an instance");
    let parameters = plugin.parameters();
    let ids = PARAMS.iter().map(|(_, id)| *id).chain(OTHERS);
    let expected: HashSet<u32> = ids.map(parameter).collect();
    let found: HashSet<u32> = parameters.iter().map(|parameter| parameter.id).collect();
    assert_eq!(found, expected, "of {parameters:?}");
    assert_eq!(found.len(), parameters.len(), "one is there twice");
    let names: HashSet<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    assert_eq!(names.len(), parameters.len(), "two have one name in {parameters:?}");
    for parameter in &parameters {
        let [low, default, high] = parameter.range;
        assert!(low <= default && default <= high, "{parameter:?}");
        assert_eq!(plugin.value(parameter.id), Some(default), "{parameter:?} does not start there");
    }
    let told = |id| parameters.iter().find(|p| p.id == parameter(id)).expect("a parameter");
    assert!(!told("oversampling").automatable, "engines are built anew for it");
    let hidden: Vec<_> = parameters.iter().filter(|p| p.hidden).map(|p| p.id).collect();
    assert_eq!(hidden, [parameter("edits")], "hidden from people");
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn what_is_shown_can_be_typed() {
    let mut plugin = clap_amp().open().expect("an instance");
    for parameter in plugin.parameters() {
        let [low, _, high] = parameter.range;
        let steps = if parameter.stepped { (high - low).min(300.0) as u32 } else { 200 };
        for i in 0..=steps {
            let value = low + (high - low) * f64::from(i) / f64::from(steps);
            let value = if parameter.stepped { value.round() } else { value };
            let text = plugin.show(parameter.id, value).expect("words");
            let typed = plugin.parse(parameter.id, &text).expect("a value");
            let name = &parameter.name;
            // Text has fewer digits than a value, and where the scale is stretched one of
            // its steps is a large part of the knob's travel.
            let room = if parameter.stepped { 1e-3 } else { 0.25 * (high - low) };
            assert!((typed - value).abs() <= room, "{name}: {value} is {text:?}, which is {typed}");
            assert_eq!(plugin.show(parameter.id, typed).expect("words"), text, "{name}");
        }
        assert!(plugin.parse(parameter.id, "nonsense").is_err(), "{}", parameter.name);
    }
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn a_controller_has_pages_for_all_there_is_to_turn() {
    let mut plugin = clap_amp().open().expect("an instance");
    let parameters = plugin.parameters();
    let pages = plugin.pages().expect("pages");
    let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Amp", "Gate", "Tone", "Cabinet", "Slots", "Levels"]);
    for (name, ids) in &pages {
        assert!(!ids.is_empty(), "{name} is empty");
        let known =
            |id: &&u32| parameters.iter().any(|p| p.id == **id && p.automatable && !p.hidden);
        assert_eq!(ids.iter().filter(known).count(), ids.len(), "{name} has others: {ids:?}");
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "{name} has one twice");
    }
    let reached: HashSet<u32> = pages.into_iter().flat_map(|(_, ids)| ids).collect();
    for parameter in parameters.iter().filter(|p| p.automatable && !p.hidden) {
        assert!(reached.contains(&parameter.id), "{} is on no page", parameter.name);
    }
}
