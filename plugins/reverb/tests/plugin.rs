//! The plugin as its host calls it: no heap in the audio thread, and a project that
//! brings its sound back whatever became of the file.

#[path = "../../../tests/kit/heap.rs"]
mod heap;
mod host;

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::Ordering::Relaxed;

use heap::heap_calls as calls;
use host::{energy, graph, impulse};
use kiln_reverb::choices::Division;
use kiln_reverb::source::Source;
use kiln_reverb::{KilnReverb, Own, Wish};
use nice_plug::prelude::{Plugin, ProcessMode};

fn playing() -> KilnReverb {
    let mut plugin = host::plugin();
    host::activate(&mut plugin);
    plugin
}

fn error(plugin: &KilnReverb) -> String {
    plugin.engine().status().error.unwrap_or_default()
}

#[test]
fn process_uses_no_heap_while_graphs_come_and_go() {
    let folder = host::scratch("no_heap");
    let path = folder.join("live.json");
    let mut plugin = playing();
    let params = plugin.kept();
    // As while an editor is open.
    plugin.meters().watched.store(true, Relaxed);
    plugin.meters().scope.wanted.store(true, Relaxed);
    let mut channels = vec![vec![0.3; 480]; 2];
    host::replace(&path, &graph(8, 0.7, Some(1)));
    plugin.engine().ask(Wish::Follow(path.clone()));
    let mut reloads = 0;
    for round in 0..200u32 {
        match round % 10 {
            0 => host::replace(&path, &graph(8, 0.7, Some(u64::from(round) + 2))),
            3 => host::set(&params.size, 0.5 + 0.01 * round as f32),
            4 => host::set(&params.freeze, round % 20 == 4),
            5 => host::set(&params.sync, Division::Eighth),
            6 => host::set(&params.rt60, 0.2 + 0.05 * round as f32),
            8 => host::set(&params.mod_depth, 0.5),
            9 => std::thread::sleep(std::time::Duration::from_millis(40)),
            _ => {}
        }
        // Building the host's own buffer takes the heap, as much as a block without sound.
        let empty = calls(|| host::process(&mut plugin, &mut [vec![], vec![]]));
        let full = calls(|| host::process_at(&mut plugin, &mut channels, Some(120.0)));
        assert!(full <= empty, "round {round}: {full} heap calls, {empty} are the test's");
        if round % 20 == 19 {
            assert_eq!(calls(|| plugin.reset()), 0);
        }
        reloads = plugin.engine().status().following.map_or(0, |live| live.reloads);
    }
    assert!(reloads > 3, "{reloads} reloads");
}

#[test]
fn the_first_reverb_plays_from_the_first_sample() {
    let mut plugin = playing();
    let mut io = impulse(48_000);
    host::process(&mut plugin, &mut io);
    assert!(energy(&io.map_parts(4800)) > 1e-6, "it does not ring");
    let status = plugin.engine().status();
    assert_eq!(status.source(), Some(&Source::Factory("medium-hall")));
    assert_eq!((status.lines(), status.is_passive(), status.freezes()), (32, true, true));
    // As long as times are an estimate, they go no further than needs no proof.
    assert!(status.span().is_some_and(|[least, _]| least < 0.2));
    let status = host::until(&plugin, |status| status.is_calibrated());
    assert!(status.span().is_some_and(|[_, most]| most > 5.0), "{:?}", status.span());
}

/// What follows the first samples.
trait Parts {
    fn map_parts(&self, from: usize) -> Vec<Vec<f32>>;
}

impl Parts for Vec<Vec<f32>> {
    fn map_parts(&self, from: usize) -> Vec<Vec<f32>> {
        self.iter().map(|channel| channel[from..].to_vec()).collect()
    }
}

#[test]
fn all_layouts_play() {
    for channels in [[2, 2], [1, 1], [1, 2]] {
        let mut plugin = host::plugin();
        host::activate_as(&mut plugin, channels, 44_100.0, ProcessMode::Realtime);
        let mut io = impulse(20_000);
        io.truncate(channels[1] as usize);
        host::process(&mut plugin, &mut io);
        for channel in io.iter() {
            assert!(energy(&vec![channel.clone()].map_parts(5000)) > 1e-7, "{channels:?}");
        }
    }
}

#[test]
fn a_project_brings_its_graph_back_whatever_became_of_the_file() {
    let folder = host::scratch("moved");
    let path = folder.join("room.json");
    fs::write(&path, graph(8, 0.6, None)).expect("to write");
    let plugin = playing();
    plugin.engine().ask(Wish::Open(path.clone()));
    host::until(&plugin, |s| s.source() == Some(&Source::File(path.clone())));
    let fields = plugin.params().serialize_fields();

    for (change, words) in [(None, "cannot be read"), (Some(graph(4, 0.5, None)), "has changed")] {
        match &change {
            None => fs::remove_file(&path).expect("to remove"),
            Some(other) => fs::write(&path, other).expect("to write"),
        }
        let mut later = host::plugin();
        host::restore(&later, &fields);
        host::activate(&mut later);
        let status = later.engine().status();
        assert_eq!(status.source(), Some(&Source::Project(Some(path.clone()))));
        assert_eq!((status.name(), status.lines()), ("Test 8", 8));
        assert!(later.engine().take_unchecked() && !later.engine().take_unchecked());
        later.engine().ask(Wish::Check);
        let notice = host::until(&later, |s| s.notice.is_some()).notice.unwrap_or_default();
        assert!(notice.contains(words), "{notice}");
        assert_eq!(later.params().serialize_fields()["graph"], fields["graph"]);
    }
}

#[test]
fn the_factory_graph_is_not_copied_into_projects() {
    let plugin = playing();
    plugin.engine().ask(Wish::Factory("spring"));
    host::until(&plugin, |s| s.source() == Some(&Source::Factory("spring")));
    let fields = plugin.params().serialize_fields();
    assert_eq!(fields["graph"], r#"{"factory":"spring"}"#);
    host::restore(&plugin, &BTreeMap::new());
    assert_eq!(plugin.engine().status().source(), Some(&Source::Factory("medium-hall")));
    host::restore(&plugin, &fields);
    assert_eq!(plugin.engine().status().source(), Some(&Source::Factory("spring")));
    assert_eq!(error(&plugin), "");
}

#[test]
fn hostile_states_say_what_is_wrong_and_the_sound_goes_on() {
    let mut plugin = playing();
    let bomb = fx::preset::pack(&vec![b' '; fx::preset::MAX_FILE_BYTES + 1]);
    let no_graph = fx::preset::pack(b"{}");
    let unstable = fx::preset::pack(graph(4, 1.3, None).as_bytes());
    let nested = "[".repeat(100_000);
    let states = [
        ("{", "damaged"),
        ("null", "damaged"),
        (nested.as_str(), "damaged"),
        (r#"{"copy": 5}"#, "damaged"),
        (r#"{"copy": "AAAA"}"#, "damaged"),
        (&format!(r#"{{"copy": "{bomb}"}}"#), "damaged"),
        (&format!(r#"{{"copy": "{no_graph}"}}"#), "format"),
        (&format!(r#"{{"copy": "{unstable}"}}"#), "unstable"),
        (r#"{"path": "/gone.json"}"#, "not there"),
        (r#"{"path": "/dev/zero"}"#, "not a file"),
        (r#"{"factory": "no such"}"#, "no factory reverb"),
    ];
    for (state, words) in states {
        let shown: String = state.chars().take(60).collect();
        host::restore(&plugin, &BTreeMap::from([("graph".to_owned(), state.to_owned())]));
        assert!(error(&plugin).contains(words), "{shown}: {:?}", error(&plugin));
        let status = plugin.engine().status();
        assert_eq!(status.source(), Some(&Source::Factory("medium-hall")), "{shown}");
        let mut io = impulse(20_000);
        host::process(&mut plugin, &mut io);
        assert!(energy(&io.map_parts(9000)) > 1e-7, "{shown}: silence");
    }
}

#[test]
fn a_record_that_cannot_be_played_is_saved_as_it_was() {
    let newer = fx::preset::pack(br#"{"format":"kiln-fdn","version":9}"#);
    let same = [
        r#"{"path":"/gone.json"}"#.to_owned(),
        r#"{"path":"/gone.json","copy":"AAAA","since":"9.0.0"}"#.to_owned(),
        format!(r#"{{"copy":"{newer}"}}"#),
        r#"{"copy":{"zstd":"KLUv/Q=="}}"#.to_owned(),
    ];
    let mut records: Vec<_> = same.into_iter().map(|text| (text.clone(), text)).collect();
    records.push((r#"{"path":"/gone"#.to_owned(), r#""{\"path\":\"/gone""#.to_owned()));
    for (record, saved) in records {
        let fields = BTreeMap::from([("graph".to_owned(), record)]);
        let mut early = host::plugin();
        host::restore(&early, &fields);
        host::activate(&mut early);
        let late = playing();
        host::restore(&late, &fields);
        for plugin in [early, late] {
            assert!(!error(&plugin).is_empty(), "{saved}: nothing is said");
            assert!(plugin.engine().status().model.is_some(), "{saved}: nothing plays");
            plugin.engine().dismiss();
            plugin.engine().ask(Wish::Open("/gone/too.json".into()));
            host::until(&plugin, |s| s.error.is_some());
            assert_eq!(plugin.params().serialize_fields()["graph"], saved);
            plugin.engine().ask(Wish::Factory("spring"));
            host::until(&plugin, |s| s.source() == Some(&Source::Factory("spring")));
            assert!(!plugin.params().serialize_fields()["graph"].contains("gone"), "{saved}");
        }
    }
}

#[test]
fn an_unstable_graph_is_refused_unless_the_player_insists() {
    let folder = host::scratch("unstable");
    let path = folder.join("loud.json");
    fs::write(&path, graph(4, 1.05, None)).expect("to write");
    let mut plugin = playing();
    plugin.engine().ask(Wish::Open(path.clone()));
    let status = host::until(&plugin, |s| s.error.is_some());
    assert!(status.insistable, "{:?}", status.error);
    assert_eq!(status.source(), Some(&Source::Factory("medium-hall")));
    plugin.engine().ask(Wish::Insist);
    let status = host::until(&plugin, |s| s.source() == Some(&Source::File(path.clone())));
    assert!(status.guarded && status.error.is_none());
    host::set(&plugin.kept().mix, 1.0);
    let fields = plugin.params().serialize_fields();
    let mut later = host::plugin();
    host::restore(&later, &fields);
    host::activate(&mut later);
    for plugin in [&mut plugin, &mut later] {
        assert!(plugin.engine().status().guarded);
        for _ in 0..200 {
            let mut io = impulse(1024);
            host::process(plugin, &mut io);
            assert!(io.iter().flatten().all(|x| x.abs() <= 1.0), "it leaves full scale");
        }
    }
}

#[test]
fn the_size_is_built_and_heard() {
    let mut plugin = playing();
    host::set(&plugin.kept().size, 2.0);
    let mut io = vec![vec![0.0; 512]; 2];
    host::process(&mut plugin, &mut io);
    host::until(&plugin, |s| (s.size - 2.0).abs() < 1e-4);
    let status = plugin.engine().status();
    assert_eq!(error(&plugin), "");
    assert!(status.span().is_some(), "its time cannot be set");
    assert!(status.trained().is_some_and(|t| t > 2.5), "{:?}", status.trained());
}

/// A render of some seconds, the size changing meanwhile.
fn rendered() -> Vec<Vec<f32>> {
    let mut plugin = host::plugin();
    let params = plugin.kept();
    host::set(&params.rt60, 0.7);
    host::activate_as(&mut plugin, [2, 2], 48_000.0, ProcessMode::Offline);
    let mut all = vec![Vec::new(); 2];
    for block in 0..100 {
        host::set(&params.size, if block < 30 { 1.0 } else { 0.5 + 0.01 * block as f32 });
        let mut io = impulse(512);
        host::process(&mut plugin, &mut io);
        all.iter_mut().zip(io).for_each(|(all, io)| all.extend(io));
    }
    all
}

#[test]
fn an_offline_render_is_repeatable_to_the_last_bit() {
    let first = rendered();
    // Whatever others made meanwhile.
    let mut other = playing();
    host::set(&other.kept().size, 0.85);
    host::process(&mut other, &mut impulse(64));
    host::until(&other, |s| (s.size - 0.85).abs() < 1e-4);
    assert!(first == rendered());
}

#[test]
fn a_plugin_can_be_one_graph_by_its_own_name() {
    let json = graph(8, 0.7, None).replacen(
        "\"root\"",
        r#""controls":{"rt60":{"init":1.5,"min":0.5,"max":4},"dry_wet":{"init":0.6,"min":0,"max":1}},"root""#,
        1,
    );
    let own = Own::new("My Hall", json.as_bytes());
    let mut plugin = host::own(Some(own));
    host::activate(&mut plugin);
    let status = plugin.engine().status();
    assert_eq!((status.name(), status.source()), ("My Hall", Some(&Source::Own)));
    assert_eq!(status.lines(), 8);
    let params = plugin.kept();
    assert!((params.rt60.value() - 1.5).abs() < 1e-3, "{}", params.rt60.value());
    assert!((params.mix.value() - 0.6).abs() < 1e-6);
    host::set(&params.rt60, 30.0);
    assert!(params.rt60.value() < 4.01);
    let mut io = impulse(20_000);
    host::process(&mut plugin, &mut io);
    assert!(energy(&io.map_parts(2000)) > 1e-6);
    let fields = plugin.params().serialize_fields();
    host::restore(&plugin, &fields);
    assert_eq!(plugin.engine().status().name(), "My Hall");
}

#[test]
fn nothing_a_host_sends_makes_the_output_a_nan() {
    let mut plugin = playing();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 1e-42] {
        let mut io = vec![vec![bad; 128]; 2];
        host::process_at(&mut plugin, &mut io, Some(f64::from(bad)));
        assert!(io.iter().flatten().all(|x| x.is_finite() && !x.is_subnormal()), "{bad:e}");
    }
}
