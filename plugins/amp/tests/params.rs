//! The parameters as a host sees them: their ids are for ever, their texts can
//! be typed, and they are what the effect is told.

mod host;

use std::collections::BTreeMap;
use std::sync::Arc;

use fx::amp::{OutputLevel, Params as Values, RANGES, Routing};
use kiln_amp::Linked as _;
use kiln_amp::choices::Oversampling;
use kiln_amp::saved;
use nice_plug::params::InternalParamMut;
use nice_plug::plugin::ParamValue;
use nice_plug::prelude::{ParamPtr, Params, PluginState};

/// Projects and automation refer to these.
const IDS: [&str; 37] = [
    "input",
    "output",
    "mix",
    "bypass",
    "channels",
    "gate_on",
    "gate_threshold",
    "gate_hysteresis",
    "gate_attack",
    "gate_hold",
    "gate_release",
    "gate_range",
    "a_on",
    "a_trim",
    "quality",
    "b_on",
    "b_trim",
    "b_quality",
    "routing",
    "blend",
    "invert",
    "tone_on",
    "tone_before",
    "bass",
    "middle",
    "treble",
    "presence",
    "cab_on",
    "cab_blend",
    "cab_normalize",
    "low_cut",
    "high_cut",
    "level",
    "calibrate",
    "interface",
    "oversampling",
    "edits",
];

/// Values that differ from the defaults everywhere.
fn other() -> Values {
    let mut values = Values::default();
    for range in RANGES {
        range.set(&mut values, range.min + 0.35 * (range.max - range.min));
    }
    values.routing = Routing::Parallel;
    values.levels.output = OutputLevel::Calibrated;
    let switches = [
        &mut values.bypass,
        &mut values.gate.on,
        &mut values.invert,
        &mut values.tone.on,
        &mut values.tone.before,
        &mut values.cabinet.on,
        &mut values.cabinet.normalize,
        &mut values.levels.calibrate_input,
    ];
    switches.into_iter().for_each(|switch| *switch = !*switch);
    values.slots.iter_mut().for_each(|slot| slot.on = false);
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
    let (params, _) = host::params();
    let ids: Vec<String> = params.param_map().into_iter().map(|(id, ..)| id).collect();
    assert_eq!(ids, IDS);
    let fields: Vec<String> = params.serialize_fields().into_keys().collect();
    assert_eq!(fields, ["cabinet1", "cabinet2", "model", "model2", "window"]);
}

#[test]
fn the_defaults_are_the_effects() {
    let (params, _) = host::params();
    assert_eq!(params.values(), Values::default());
    assert_eq!(params.unmodulated(), Values::default());
}

#[test]
fn what_is_applied_is_what_the_effect_is_told() {
    let (params, _) = host::params();
    let gestures = Arc::new(host::Gestures::default());
    let gui = host::gui(&gestures);
    params.apply(&other(), &gui.param_setter());
    assert_alike(&params.values(), &other());
    let told = gestures.take();
    assert_eq!(told.len(), 3 * (IDS.len() - 3), "all but channels, oversampling and edits");
    assert_eq!(&told[..3], ["begin Input", "set Input", "end Input"]);

    params.apply(&params.unmodulated(), &gui.param_setter());
    assert_eq!(gestures.take(), [""; 0], "nothing changed");
}

#[test]
fn a_change_leaves_alone_what_it_does_not_touch() {
    let (params, _) = host::params();
    let gestures = Arc::new(host::Gestures::default());
    let gui = host::gui(&gestures);
    let before = Values::default();
    let after = Values { input_gain: 3.0, ..before };
    let automated = Values { output_gain: -7.0, ..after };
    params.apply(&automated, &gui.param_setter());
    gestures.take();
    params.apply_change(&after, &before, &gui.param_setter());
    assert_eq!(gestures.take(), ["begin Input", "set Input", "end Input"]);
    assert_alike(&params.values(), &Values { output_gain: -7.0, ..before });
}

#[test]
#[expect(unsafe_code, reason = "a host reads parameters by pointer")]
fn every_text_can_be_typed() {
    let (params, _) = host::params();
    for (id, param, _) in params.param_map() {
        if matches!(param, ParamPtr::IntParam(_)) {
            continue;
        }
        for i in 0..=200 {
            let normalized = i as f32 / 200.0;
            for with_unit in [false, true] {
                // SAFETY: the parameters live until the end of this function.
                let (shown, read) = unsafe {
                    let shown = param.normalized_value_to_string(normalized, with_unit);
                    let read = param.string_to_normalized_value(&shown);
                    (shown, read)
                };
                let read = read.unwrap_or_else(|| panic!("{id}: {shown:?} is not understood"));
                // SAFETY: as above.
                let again = unsafe { param.normalized_value_to_string(read, with_unit) };
                assert_eq!(again, shown, "{id}");
            }
        }
    }
}

#[test]
#[expect(unsafe_code, reason = "a host reads parameters by pointer")]
fn ends_of_ranges_are_exact_and_have_their_words() {
    let (params, _) = host::params();
    let map = params.param_map();
    let shown = |id: &str, normalized| {
        let (_, param, _) = map.iter().find(|(other, ..)| other == id).expect(id);
        // SAFETY: the parameters live until the end of this function.
        unsafe { param.normalized_value_to_string(normalized, true) }
    };
    assert_eq!(shown("low_cut", 0.0), "off");
    assert_eq!(shown("low_cut", 1.0), "800 Hz");
    assert_eq!(shown("high_cut", 1.0), "off");
    assert_eq!(shown("high_cut", 0.0), "1.00 kHz");
    assert_eq!(shown("gate_range", 0.0), "-inf dB");
    assert_eq!(shown("gate_attack", 0.5), "2.2 ms");
    assert_eq!(shown("interface", 0.5), "10.0 dBu");
    assert_eq!(shown("oversampling", 1.0), "4x");
    assert_eq!(shown("tone_before", 1.0), "Before");
    assert_eq!(shown("mix", 0.5), "50 %");
}

#[test]
#[expect(unsafe_code, reason = "a host sets parameters by pointer")]
fn an_old_state_leaves_nothing_of_what_was_set_before() {
    let (params, _) = host::params();
    let gestures = Arc::new(host::Gestures::default());
    let gui = host::gui(&gestures);
    params.apply(&other(), &gui.param_setter());
    params.set_oversampling(Oversampling::X4, &gui.param_setter());
    gui.param_setter().set_parameter(&params.channels, kiln_amp::choices::Channels::Mono);

    let mut state = PluginState {
        version: "0.1.0".into(),
        params: BTreeMap::from([("input".into(), ParamValue::F32(3.0))]),
        fields: BTreeMap::new(),
    };
    saved::mend(&mut state);
    for (id, param, _) in params.param_map() {
        let value = state.params.remove(&id);
        // SAFETY: the parameters live until the end of this function.
        unsafe {
            match (param, value) {
                (ParamPtr::FloatParam(p), Some(ParamValue::F32(v))) => {
                    (*p)._internal_set_plain_value(v);
                }
                (ParamPtr::BoolParam(p), Some(ParamValue::Bool(v))) => {
                    (*p)._internal_set_plain_value(v);
                }
                (ParamPtr::EnumParam(p), Some(ParamValue::String(v))) => {
                    assert!((*p).set_from_id(&v), "{id}: {v}");
                }
                // The count of changes means nothing to the sound.
                (ParamPtr::IntParam(_), None) => {}
                (_, value) => panic!("{id}: {value:?}"),
            }
        }
    }
    assert!(state.params.is_empty(), "{:?}", state.params);
    let mut before_levels = Values { input_gain: 3.0, ..Values::default() };
    before_levels.levels.output = OutputLevel::Raw;
    assert_alike(&params.unmodulated(), &before_levels);
    assert_eq!(params.oversampling.value(), Oversampling::X1);
}
