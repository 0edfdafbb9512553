//! The parameters as a host sees them: their ids are for ever, their texts can be
//! typed, and they are what the effect is told.

mod host;

use std::sync::Arc;

use fx::drive::{Channels, Oversampling, Params as Values, Phase, Quality, RANGES};
use kiln_drive::Linked as _;
use kiln_drive::choices;
use kiln_drive::params::Qualities;
use nice_plug::prelude::{Param as _, ParamFlags, ParamPtr, Params as _};

/// Projects and automation refer to these.
const IDS: [&str; 25] = [
    "input",
    "drive",
    "knob2",
    "knob3",
    "knob4",
    "before_low",
    "before_high",
    "after_low",
    "after_high",
    "tilt",
    "mix",
    "output",
    "interface",
    "auto_gain",
    "calibrate",
    "bypass",
    "channels",
    "oversampling",
    "phase",
    "antiderivative",
    "render_own",
    "render_oversampling",
    "render_phase",
    "render_antiderivative",
    "changes",
];

/// What takes another pedal, and is not automated for that.
const FIXED: [&str; 8] = [
    "oversampling",
    "phase",
    "antiderivative",
    "render_own",
    "render_oversampling",
    "render_phase",
    "render_antiderivative",
    "changes",
];

/// Values that differ from the defaults everywhere.
fn other() -> Values {
    let mut values = Values {
        bypass: true,
        auto_gain: true,
        calibrate_input: true,
        channels: Channels::MidSide,
        ..Values::default()
    };
    for (i, range) in RANGES.iter().enumerate() {
        let share = 0.2 + 0.6 * i as f32 / RANGES.len() as f32;
        range.set(&mut values, range.min + share * (range.max - range.min));
    }
    values
}

/// The same but for rounding on the way through a host's scale.
fn assert_alike(a: &Values, b: &Values) {
    let mut a = *a;
    for range in RANGES {
        let (x, y) = (range.get(&a), range.get(b));
        assert!((x - y).abs() <= 1e-4 * (range.max - range.min), "{}: {x} and {y}", range.key);
        range.set(&mut a, y);
    }
    assert_eq!(a, *b);
}

#[test]
fn ids_are_for_ever() {
    let params = host::plugin().kept();
    let ids: Vec<String> = params.param_map().into_iter().map(|(id, ..)| id).collect();
    assert_eq!(ids, IDS);
    let fields: Vec<String> = params.serialize_fields().into_keys().collect();
    assert_eq!(fields, ["model", "window"]);
}

#[test]
fn every_value_of_the_effect_has_a_parameter() {
    let params = host::plugin().kept();
    assert_alike(&params.values(), &Values::default());
    let gestures = Arc::new(host::Gestures::default());
    let gui = host::gui(&gestures);
    params.apply(&other(), &gui.param_setter());
    assert_alike(&params.values(), &other());
    let told = gestures.take();
    assert_eq!(told.len(), 3 * (IDS.len() - FIXED.len()));
    assert_eq!(told[..3], ["begin Input", "set Input", "end Input"]);
    params.apply(&params.unmodulated(), &gui.param_setter());
    assert_eq!(gestures.take(), [""; 0], "nothing changed");
}

#[test]
fn the_quality_is_the_effects_own_and_a_render_may_have_another() {
    let params = host::plugin().kept();
    assert_eq!(params.quality(false), Quality::default());
    assert_eq!(params.quality(true), Quality::default(), "as it plays, unless said otherwise");
    let gestures = Arc::new(host::Gestures::default());
    let gui = host::gui(&gestures);
    let live =
        Quality { oversampling: Oversampling::X2, phase: Phase::Linear, antiderivative: true };
    let render = Quality { oversampling: Oversampling::X4, ..Quality::default() };
    let wanted = Qualities { live, own: true, render };
    params.set_qualities(wanted, &gui.param_setter());
    assert_eq!(params.qualities(), wanted);
    assert_eq!((params.quality(false), params.quality(true)), (live, render));
    host::set(&params.render_own, false);
    assert_eq!(params.quality(true), live);
    for oversampling in Oversampling::ALL {
        host::set(&params.oversampling, choices::Oversampling::from(oversampling));
        assert_eq!(params.quality(false).oversampling, oversampling);
        assert_eq!(params.oversampling.to_string(), format!("{}x", oversampling.factor()));
    }
}

#[test]
fn what_is_shown_can_be_typed() {
    let params = host::plugin().kept();
    for (id, param, _) in params.param_map() {
        for i in 0..=200 {
            let shown = host::text(&param, i as f32 / 200.0);
            let read = host::typed(&param, &shown);
            let again = read.map(|read| host::text(&param, read));
            assert_eq!(again.as_ref(), Some(&shown), "{id}");
        }
    }
    assert_eq!(params.drive.to_string(), "50 %");
    assert_eq!(params.before_low.to_string(), "off");
    assert_eq!(params.after_high.to_string(), "off");
    assert_eq!(params.interface.to_string(), "12.0 dBu");
}

#[test]
fn knobs_turn_as_the_ear_hears() {
    let params = host::plugin().kept();
    let middle = |param: &nice_plug::prelude::FloatParam| param.preview_plain(0.5);
    assert!((middle(&params.before_low) - 16_000f32.sqrt()).abs() < 1.0);
    assert!((middle(&params.after_high) - 2e7f32.sqrt()).abs() < 10.0);
    assert_eq!((middle(&params.drive), middle(&params.tilt)), (0.5, 0.0));
}

#[test]
fn knobs_of_unknown_models_are_numbered() {
    let params = host::plugin().kept();
    let names = [&params.drive, &params.knob2, &params.knob3, &params.knob4].map(|p| p.name());
    assert_eq!(names, ["Drive", "Knob 2", "Knob 3", "Knob 4"]);
}

#[test]
fn hosts_are_told_what_to_leave_alone() {
    let params = host::plugin().kept();
    for (id, param, _) in params.param_map() {
        let flags = host::flags(&param);
        assert_eq!(flags.contains(ParamFlags::BYPASS), id == "bypass", "{id}");
        assert_eq!(flags.contains(ParamFlags::HIDDEN), id == "changes", "{id}");
        let fixed = FIXED.contains(&id.as_str());
        assert_eq!(flags.contains(ParamFlags::NON_AUTOMATABLE), fixed, "{id}");
        assert!(!matches!(param, ParamPtr::IntParam(_)) || id == "changes");
    }
}
