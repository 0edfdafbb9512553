//! Undo, A and B, and presets, as the editor uses them: no window, but a host
//! that hears every gesture.

mod host;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use fx::preset::{Asset, Preset};
use kiln_amp::params::AmpParams;
use kiln_amp::places::{Place, Task};
use kiln_amp::presets::{Entry, Id, Overwrite, PresetTask};
use kiln_amp::session::Session;
use kiln_amp::source::Source;
use nice_plug::context::gui::GuiContext;
use nice_plug::prelude::Param;

const A: Place = Place::Model(0);
const B: Place = Place::Model(1);

struct Desk {
    folder: PathBuf,
    params: Arc<AmpParams>,
    gestures: Arc<host::Gestures>,
    gui: GuiContext,
    session: Session,
    time: f64,
}

impl Desk {
    fn new(test: &str) -> Self {
        let folder = host::scratch(test);
        let (params, places) = host::params_in(&folder);
        places.activate(48_000.0, kiln_amp::choices::Oversampling::X1);
        let gestures = Arc::new(host::Gestures::default());
        let gui = host::gui(&gestures);
        let session = Session::new(params.clone());
        let mut desk = Self { folder, params, gestures, gui, session, time: 0.0 };
        desk.frame();
        desk.gestures.take();
        desk
    }

    fn frame(&mut self) {
        self.time += 1.0;
        let params = self.params.clone();
        let ask = move |task| params.run(task);
        while self.session.frame(self.time, false, &self.gui.param_setter(), &ask) {}
    }

    /// A frame and a switch between A and B whose tasks land in `tasks`.
    fn switch_late(&mut self, tasks: &Mutex<Vec<Task>>) {
        let ask = |task| tasks.lock().expect("no panic").push(task);
        let setter = self.gui.param_setter();
        self.time += 1.0;
        self.session.frame(self.time, false, &setter, &ask);
        self.session.switch(&setter, &ask);
        self.session.frame(self.time, false, &setter, &ask);
    }

    /// Does the first of `tasks` and what a frame makes of it.
    fn land(&mut self, tasks: &Mutex<Vec<Task>>) {
        let task = tasks.lock().expect("no panic").remove(0);
        self.params.run(task);
        let setter = self.gui.param_setter();
        self.time += 1.0;
        self.session.frame(self.time, false, &setter, &|_| {});
    }

    /// The player turns the input.
    fn turn(&mut self, value: f32) {
        let setter = self.gui.param_setter();
        setter.set_parameter(&self.params.input, value);
        self.session.commit("Input");
        self.frame();
    }

    fn open(&mut self, place: Place, name: &str) {
        let path = host::write(&self.folder, &format!("{name}.nam"), &host::wavenet(name, 0.5));
        self.params.run(Task::Open(place, path));
        self.frame();
    }

    fn undo(&mut self) {
        let params = self.params.clone();
        self.session.undo(&self.gui.param_setter(), &move |task| params.run(task));
        self.frame();
    }

    fn redo(&mut self) {
        let params = self.params.clone();
        self.session.redo(&self.gui.param_setter(), &move |task| params.run(task));
        self.frame();
    }

    fn switch(&mut self) {
        let params = self.params.clone();
        self.session.switch(&self.gui.param_setter(), &move |task| params.run(task));
        self.frame();
    }

    fn preset(&mut self, task: PresetTask) -> String {
        self.params.run(Task::Preset(task));
        self.frame();
        self.params.presets.status().error.unwrap_or_default()
    }

    fn plays(&self, place: Place) -> String {
        self.params.places.status(place).playing.map_or(String::new(), |p| p.name.clone())
    }

    fn list(&mut self) -> Vec<Entry> {
        self.preset(PresetTask::List);
        let list = self.params.presets.status().list;
        list.iter().filter(|entry| matches!(entry.id, Id::User(_))).cloned().collect()
    }

    fn names(&mut self) -> Vec<String> {
        self.list().into_iter().map(|entry| entry.name).collect()
    }
}

#[test]
fn gestures_and_files_are_undone_and_done_again() {
    let mut desk = Desk::new("undo");
    assert_eq!((desk.session.undoable(), desk.session.redoable()), (None, None));
    desk.turn(3.0);
    desk.open(A, "One");
    desk.turn(6.0);
    assert_eq!(desk.session.undoable(), Some("Input"));

    desk.undo();
    assert_eq!((desk.params.input.value(), desk.plays(A)), (3.0, "One".into()));
    assert_eq!(desk.session.undoable(), Some("Change of model"));
    desk.undo();
    assert_eq!(desk.plays(A), "Kiln Crunch");
    desk.undo();
    assert_eq!((desk.params.input.value(), desk.session.undoable()), (0.0, None));
    desk.undo();

    desk.redo();
    desk.redo();
    assert_eq!((desk.params.input.value(), desk.plays(A)), (3.0, "One".into()));
    desk.turn(-1.0);
    assert_eq!(desk.session.redoable(), None, "another step was taken");
}

#[test]
fn undoing_tells_the_host_and_leaves_automation_alone() {
    let mut desk = Desk::new("automation");
    desk.turn(3.0);
    // The host's automation, without a gesture of the player's.
    desk.gui.param_setter().set_parameter(&desk.params.output, -9.0);
    desk.frame();
    desk.gestures.take();
    desk.undo();
    assert_eq!(desk.gestures.take(), ["begin Input", "set Input", "end Input"]);
    assert_eq!(desk.params.output.value(), -9.0);

    desk.open(B, "Two");
    desk.gestures.take();
    desk.undo();
    let told = desk.gestures.take();
    assert_eq!(told[0], "begin File changes", "the project is to be saved");
    assert_eq!(desk.plays(B), "");
}

#[test]
fn gestures_in_quick_succession_are_one_step() {
    let mut desk = Desk::new("coalesce");
    for i in 0..10 {
        desk.time -= 0.9;
        desk.turn(i as f32);
    }
    desk.undo();
    assert_eq!((desk.params.input.value(), desk.session.undoable()), (0.0, None));
    for i in 0..500 {
        desk.turn((i % 7) as f32);
    }
    let mut count = 0;
    while desk.session.undoable().is_some() {
        desk.undo();
        count += 1;
    }
    assert_eq!(count, 200, "bounded");
}

#[test]
fn a_and_b_are_whole() {
    let mut desk = Desk::new("a_b");
    desk.turn(2.0);
    desk.switch();
    assert!(desk.session.is_b());
    assert_eq!(desk.params.input.value(), 2.0, "B begins as A");
    desk.turn(-4.0);
    desk.open(B, "Two");
    desk.switch();
    assert_eq!((desk.params.input.value(), desk.plays(B)), (2.0, String::new()));
    desk.switch();
    assert_eq!((desk.params.input.value(), desk.plays(B)), (-4.0, "Two".into()));
    desk.session.copy_to_other();
    desk.switch();
    assert_eq!((desk.params.input.value(), desk.plays(B)), (-4.0, "Two".into()));
}

#[test]
fn a_and_b_stay_whole_while_files_are_on_their_way() {
    let mut desk = Desk::new("a_b_late");
    desk.open(A, "X");
    desk.switch();
    desk.open(A, "Y");
    desk.switch();
    let step = desk.session.undoable().map(str::to_owned);
    let tasks = Mutex::default();
    desk.switch_late(&tasks);
    assert_eq!(desk.session.preset().models[0].as_ref().and_then(Asset::name), Some("Y"));
    desk.switch_late(&tasks);
    assert_eq!(tasks.lock().expect("no panic").len(), 2, "X is asked for again");
    desk.land(&tasks);
    desk.land(&tasks);
    assert_eq!((desk.plays(A), desk.session.is_b()), ("X".into(), false));
    assert_eq!(desk.session.undoable(), step.as_deref(), "no step of the player's");
    desk.switch();
    assert_eq!(desk.plays(A), "Y", "B is as it was");

    desk.switch_late(&tasks);
    desk.session.copy_to_other();
    desk.land(&tasks);
    desk.switch();
    assert_eq!(desk.plays(A), "X", "a copy of what was on its way");
}

#[test]
fn what_never_lands_is_not_waited_for_for_ever() {
    let mut desk = Desk::new("never");
    desk.open(A, "X");
    let setter = desk.gui.param_setter();
    desk.session.undo(&setter, &|_| {});
    let mut frame = |time| desk.session.frame(time, false, &setter, &|_| {});
    let frames = (0..100_000).position(|i| !frame(f64::from(i)));
    assert!(frames.is_some_and(|frames| frames > 100), "{frames:?}");
}

#[test]
fn a_preset_loaded_after_the_window_closed_is_not_put_at_the_next_opening() {
    let mut desk = Desk::new("closed");
    desk.open(A, "X");
    desk.params.run(Task::Preset(PresetTask::Load(Id::Factory(0))));
    desk.session.open();
    desk.frame();
    assert_eq!((desk.plays(A), desk.session.preset_loaded()), ("X".into(), None));
}

#[test]
fn a_preset_brings_everything_back() {
    let mut desk = Desk::new("preset");
    desk.turn(4.0);
    desk.open(B, "Two");
    let preset =
        Preset { name: "Mine: 1".into(), category: "Lead".into(), ..desk.session.preset() };
    assert_eq!(desk.preset(PresetTask::Save(Box::new(preset), Overwrite::No)), "");
    let path = desk.params.presets.take_saved().expect("a file");
    assert_eq!(path.file_name().expect("a name"), "Mine_ 1.json");
    desk.session.saved_as(Id::User(path.clone()));
    assert_eq!(desk.session.preset_loaded(), Some((&Id::User(path.clone()), false)));

    desk.turn(-4.0);
    desk.params.run(Task::Clear(B));
    desk.params.run(Task::Clear(A));
    desk.frame();
    assert_eq!(desk.session.preset_loaded(), Some((&Id::User(path.clone()), true)), "changed");
    std::fs::remove_file(desk.folder.join("Two.nam")).expect("to remove it");
    desk.gestures.take();
    assert_eq!(desk.preset(PresetTask::Load(Id::User(path.clone()))), "");
    assert_eq!((desk.params.input.value(), desk.plays(A)), (4.0, "Kiln Crunch".into()));
    assert_eq!(desk.plays(B), "Two");
    let source = desk.params.places.status(B).playing.map(|p| p.source.clone());
    assert!(matches!(source, Some(Source::Project(Some(_)))), "{source:?}");
    assert_eq!(&desk.gestures.take()[..3], ["begin Input", "set Input", "end Input"]);
    assert_eq!(desk.session.preset_loaded(), Some((&Id::User(path), false)));

    assert_eq!(desk.session.undoable(), Some("Preset Mine: 1"));
    desk.undo();
    assert_eq!((desk.params.input.value(), desk.plays(A)), (-4.0, String::new()), "one step");
}

#[test]
fn factory_presets_load() {
    let mut desk = Desk::new("factory_presets");
    for number in 0..fx::factory::presets().len() {
        assert_eq!(desk.preset(PresetTask::Load(Id::Factory(number))), "", "{number}");
        assert_ne!(desk.plays(A), "");
    }
    assert!(!desk.preset(PresetTask::Load(Id::Factory(9999))).is_empty());
}

#[test]
fn presets_are_saved_renamed_and_deleted() {
    let mut desk = Desk::new("preset_files");
    let named = |name: &str| Box::new(Preset { name: name.into(), ..Preset::default() });
    assert_eq!(desk.names(), [""; 0]);
    for name in ["b", "A"] {
        assert_eq!(desk.preset(PresetTask::Save(named(name), Overwrite::No)), "");
    }
    assert_eq!(desk.names(), ["A", "b"]);
    let error = desk.preset(PresetTask::Save(named("b"), Overwrite::No));
    assert_eq!(error, "There is a preset b already.");
    assert_eq!(desk.preset(PresetTask::Save(named("b"), Overwrite::Yes)), "");
    assert!(desk.preset(PresetTask::Save(named(" / "), Overwrite::No)).is_empty());
    assert_eq!(desk.preset(PresetTask::Save(named("  "), Overwrite::No)), "A preset needs a name.");

    let file = |name: &str| desk.folder.join("presets").join(name);
    let (a, b, c) = (file("A.json"), file("b.json"), file("c.json"));
    assert!(desk.preset(PresetTask::Rename(a.clone(), "b".into())).contains("already"));
    assert_eq!(desk.preset(PresetTask::Rename(a.clone(), "c".into())), "");
    assert_eq!(desk.names(), ["/", "b", "c"]);
    assert_eq!(desk.preset(PresetTask::Delete(b)), "");
    assert_eq!(desk.names(), ["/", "c"]);

    for foreign in [Path::new("/etc/passwd"), &desk.folder.join("Two.json"), &c.join("x.json")] {
        let error = desk.preset(PresetTask::Delete(foreign.to_owned()));
        assert!(error.contains("no preset of yours"), "{error}");
    }
}

#[test]
fn a_preset_that_could_not_be_loaded_is_not_saved() {
    let mut desk = Desk::new("huge_preset");
    let asset = Asset { copy: Some("A".repeat(17 << 20)), ..Asset::default() };
    let both = [Some(asset.clone()), Some(asset)];
    let preset =
        Preset { name: "Huge".into(), models: both.clone(), cabinets: both, ..Preset::default() };
    let error = desk.preset(PresetTask::Save(Box::new(preset), Overwrite::No));
    assert!(error.contains("was not saved: with its files it is larger than 64 MiB"), "{error}");
    assert_eq!(desk.names(), [""; 0]);
}

#[test]
fn hostile_presets_are_listed_with_their_error_and_change_nothing() {
    let mut desk = Desk::new("hostile_presets");
    let folder = desk.folder.join("presets");
    std::fs::create_dir_all(&folder).expect("a folder");
    let missing = Preset {
        models: [Some(Asset { path: Some("/gone.nam".into()), ..Asset::default() }), None],
        ..Preset::default()
    };
    for (name, json, words) in [
        ("empty", String::new(), "not a preset file"),
        ("nested", "[".repeat(100_000), "not a preset file"),
        ("newer", r#"{"format":"kiln-amp-preset","version":7}"#.into(), "version 7"),
        ("missing", missing.to_json(), "the model gone.nam was not loaded: the file is not there"),
    ] {
        let path = folder.join(format!("{name}.json"));
        std::fs::write(&path, json).expect("to write");
        let error = desk.preset(PresetTask::Load(Id::User(path)));
        assert!(error.contains(words), "{name}: {error}");
        assert_eq!((desk.plays(A), desk.session.undoable()), ("Kiln Crunch".into(), None));
    }
    let list = desk.list();
    assert_eq!(list.iter().filter(|entry| entry.error.is_some()).count(), 2);
    assert!(desk.params.input.default_plain_value() == desk.params.input.value());
}
