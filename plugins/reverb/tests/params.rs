//! The parameters as a host sees them: their ids are for ever, their texts can be
//! typed, and they are what the effect is told.

mod host;

use fx::reverb::{Params as Values, RANGES};
use kiln_reverb::Linked as _;
use kiln_reverb::choices::Division;
use nice_plug::prelude::{Param as _, ParamFlags, Params as _};

/// Projects and automation refer to these.
const IDS: [&str; 34] = [
    "mix",
    "output",
    "rt60",
    "low_decay",
    "high_decay",
    "low_cross",
    "high_cross",
    "pre_delay",
    "size",
    "mod_depth",
    "mod_rate",
    "early_level",
    "early_send",
    "early_size",
    "width",
    "cross",
    "low_cut",
    "high_cut",
    "duck_depth",
    "duck_threshold",
    "duck_attack",
    "duck_release",
    "gate_threshold",
    "gate_hysteresis",
    "gate_attack",
    "gate_hold",
    "gate_release",
    "gate_range",
    "as_trained",
    "freeze",
    "gate_on",
    "bypass",
    "sync",
    "changes",
];

fn close(a: &Values, b: &Values) -> Result<(), &'static str> {
    for range in RANGES {
        if (range.get(a) - range.get(b)).abs() > 1e-4 * (range.max - range.min) {
            return Err(range.key);
        }
    }
    Ok(())
}

#[test]
fn ids_are_for_ever() {
    let plugin = host::plugin();
    let ids: Vec<String> = plugin.kept().param_map().into_iter().map(|(id, ..)| id).collect();
    assert_eq!(ids, IDS);
}

#[test]
fn every_value_of_the_effect_has_a_parameter() {
    let params = host::plugin().kept();
    assert_eq!(close(&params.values(), &Values::default()), Ok(()));
    let mut other = Values { bypass: true, as_trained: true, freeze: true, ..Values::default() };
    other.gate.on = true;
    for (i, range) in RANGES.iter().enumerate() {
        let share = 0.2 + 0.6 * i as f32 / RANGES.len() as f32;
        range.set(&mut other, range.min + share * (range.max - range.min));
    }
    let gui = host::gui(&Default::default());
    params.apply(&other, &gui.param_setter());
    assert_eq!(close(&params.values(), &other), Ok(()));
    let now = params.values();
    assert_eq!((now.bypass, now.as_trained, now.freeze, now.gate.on), (true, true, true, true));
}

#[test]
fn what_is_shown_can_be_typed() {
    let params = host::plugin().kept();
    for (id, param, _) in params.param_map() {
        for i in 0..=50 {
            let normalized = i as f32 / 50.0;
            let shown = host::text(&param, normalized);
            let read = host::typed(&param, &shown);
            let again = read.map(|read| host::text(&param, read));
            assert_eq!(again.as_ref(), Some(&shown), "{id}");
        }
    }
    assert_eq!(params.rt60.to_string(), "2.00 s");
    let typed = params.rt60.string_to_normalized_value("800 ms");
    assert!(typed.is_some_and(|n| (params.rt60.preview_plain(n) - 0.8).abs() < 1e-4));
    assert_eq!(params.low_cut.to_string(), "off");
}

#[test]
fn the_middle_of_a_knob_is_where_the_ear_puts_it() {
    let params = host::plugin().kept();
    assert!((params.rt60.preview_plain(0.5) - 3f32.sqrt()).abs() < 0.01);
    assert!((params.size.preview_plain(0.5) - 1.0).abs() < 0.01);
    assert!((params.high_cross.preview_plain(0.5) - 12e6f32.sqrt()).abs() < 20.0);
}

#[test]
fn the_pre_delay_is_in_time_with_the_host() {
    let params = host::plugin().kept();
    host::set(&params.pre_delay, 30.0);
    assert!((params.values_at(Some(120.0)).pre_delay - 30.0).abs() < 0.01);
    host::set(&params.sync, Division::Sixteenth);
    assert!((params.values_at(Some(120.0)).pre_delay - 125.0).abs() < 0.01);
    assert!((params.values_at(None).pre_delay - 30.0).abs() < 0.01);
    host::set(&params.sync, Division::Half);
    assert_eq!(params.values_at(Some(60.0)).pre_delay, 500.0);
}

#[test]
fn only_the_bypass_is_the_hosts_and_only_changes_are_hidden() {
    let params = host::plugin().kept();
    for (id, param, _) in params.param_map() {
        let flags = host::flags(&param);
        assert_eq!(flags.contains(ParamFlags::BYPASS), id == "bypass", "{id}");
        assert_eq!(flags.contains(ParamFlags::HIDDEN), id == "changes", "{id}");
        assert_eq!(flags.contains(ParamFlags::NON_AUTOMATABLE), id == "changes", "{id}");
    }
}
