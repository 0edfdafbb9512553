//! Undo, A and B, and presets, as the editor uses them: no window, but a host that
//! hears every gesture; and that a preset sounds as the effect alone would make it.

mod host;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fx::drive::preset::Preset;
use fx::drive::{Drive, Oversampling, Pedal, Phase, Setup};
use fx::factory;
use host::{clipper, tone};
use kiln_drive::choices;
use kiln_drive::disk::Folders;
use kiln_drive::presets::{Id, Overwrite, PresetTask};
use kiln_drive::session::Session;
use kiln_drive::source::Source;
use kiln_drive::{DriveParams, KilnDrive, Task, Wish};
use nice_plug::context::gui::GuiContext;
use nice_plug::prelude::ProcessMode;

struct Desk {
    folder: PathBuf,
    plugin: KilnDrive,
    params: Arc<DriveParams>,
    gui: GuiContext,
    session: Session,
    time: f64,
}

impl Desk {
    /// A plugin that plays a file, and an editor's session.
    fn new(test: &str) -> Self {
        let folder = host::scratch(test);
        let mut plugin = KilnDrive::within(&Folders::under(&folder));
        host::activate(&mut plugin);
        let first = host::write(&folder, "first.json", &clipper("First", 0.5));
        host::open(&plugin, &first);
        let params = plugin.kept();
        let gui = host::gui(&Arc::default());
        let session = Session::new(params.clone());
        let mut desk = Self { folder, plugin, params, gui, session, time: 0.0 };
        desk.settle();
        desk
    }

    /// Frames until nothing is awaited.
    fn settle(&mut self) {
        for _ in 0..900 {
            self.time += 1.0;
            let params = self.params.clone();
            let ask = move |task| params.run(task);
            if !self.session.frame(self.time, false, &self.gui.param_setter(), &ask) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it never settled");
    }

    fn turn(&mut self, value: f32) {
        self.gui.param_setter().set_parameter(&self.params.drive, value);
        self.session.commit("Drive");
        self.settle();
    }

    fn write(&self, name: &str) -> PathBuf {
        host::write(&self.folder, &format!("{name}.json"), &clipper(name, 0.7))
    }

    fn open(&mut self, path: &Path) {
        host::open(&self.plugin, path);
        self.settle();
    }

    fn load(&mut self, name: &str) {
        let list = self.params.presets.status().list;
        let id = list.iter().find(|entry| entry.name == name).expect(name).id.clone();
        assert_eq!(self.preset(PresetTask::Load(id)), "");
    }

    fn preset(&mut self, task: PresetTask) -> String {
        self.params.run(Task::Preset(task));
        self.settle();
        self.params.presets.status().error.unwrap_or_default()
    }

    fn save(&mut self, name: &str) -> String {
        let preset = Preset { name: name.into(), ..self.session.preset() };
        let said = self.preset(PresetTask::Save(Box::new(preset), Overwrite::No));
        if let Some(path) = self.params.presets.take_saved() {
            self.session.saved_as(Id::User(path));
        }
        said
    }

    fn undo(&mut self) {
        let params = self.params.clone();
        self.session.undo(&self.gui.param_setter(), &move |task| params.run(task));
        self.settle();
    }

    fn redo(&mut self) {
        let params = self.params.clone();
        self.session.redo(&self.gui.param_setter(), &move |task| params.run(task));
        self.settle();
    }

    fn switch(&mut self) {
        let params = self.params.clone();
        self.session.switch(&self.gui.param_setter(), &move |task| params.run(task));
        self.settle();
    }

    fn plays(&self) -> String {
        self.plugin.engine().status().name().to_owned()
    }
}

#[test]
fn choices_and_knobs_are_undone() {
    let mut desk = Desk::new("undone");
    let (second, third) = (desk.write("Second"), desk.write("Third"));
    desk.open(&second);
    desk.turn(0.9);
    assert_eq!(desk.session.undoable(), Some("Drive"));
    desk.undo();
    assert!((desk.params.drive.value() - 0.5).abs() < 1e-6);
    desk.undo();
    assert_eq!(desk.plays(), "First");
    desk.redo();
    assert_eq!(desk.plays(), "Second");
    desk.switch();
    desk.open(&third);
    desk.switch();
    assert_eq!((desk.plays(), desk.session.is_b()), ("Second".into(), false));
    desk.switch();
    assert_eq!(desk.plays(), "Third");
}

#[test]
fn the_quality_is_undone_and_another_memory_has_its_own() {
    let mut desk = Desk::new("quality");
    let set = |desk: &mut Desk, to: choices::Oversampling| {
        desk.gui.param_setter().set_parameter(&desk.params.oversampling, to);
        desk.session.commit("Oversampling");
        desk.settle();
    };
    set(&mut desk, choices::Oversampling::X2);
    desk.undo();
    assert_eq!(desk.params.quality(false).oversampling, Oversampling::X8);
    desk.switch();
    set(&mut desk, choices::Oversampling::X16);
    desk.switch();
    assert_eq!(desk.params.quality(false).oversampling, Oversampling::X8);
    desk.switch();
    assert_eq!(desk.params.quality(false).oversampling, Oversampling::X16);
}

#[test]
fn no_model_is_a_choice_like_any_other() {
    let mut desk = Desk::new("none");
    desk.params.run(Task::Wish(Wish::Clear));
    host::until(&desk.plugin, |s| s.content.is_none() && s.loading.is_none());
    desk.settle();
    let mut io = tone(28_800, 0.5);
    host::process(&mut desk.plugin, &mut io);
    // But for what takes away the constant part.
    let passed = host::rms(&io[0][27_840..]) / host::rms(&tone(960, 0.5)[0]);
    assert!((passed - 1.0).abs() < 1e-3, "the sound does not pass: {passed}");
    assert_eq!(desk.save("Empty"), "");
    desk.undo();
    assert_eq!(desk.plays(), "First");
    desk.load("Empty");
    assert!(desk.plugin.engine().status().content.is_none());
    desk.undo();
    assert_eq!(desk.plays(), "First");
}

#[test]
fn presets_are_saved_and_loaded_with_their_model() {
    let mut desk = Desk::new("presets");
    let path = desk.write("Own");
    desk.open(&path);
    desk.turn(0.8);
    host::set(&desk.params.render_own, true);
    host::set(&desk.params.render_phase, choices::Phase::Linear);
    desk.settle();
    assert_eq!(desk.save("Mine"), "");
    let refused = desk.save("Mine");
    assert!(refused.contains("already"), "{refused}");
    let loaded = desk.session.preset_loaded().map(|(id, changed)| (id.clone(), changed));
    assert!(matches!(loaded, Some((Id::User(_), false))), "{loaded:?}");

    std::fs::remove_file(&path).expect("to remove");
    let first = desk.folder.join("first.json");
    desk.open(&first);
    desk.turn(0.1);
    host::set(&desk.params.render_own, false);
    desk.settle();
    assert_eq!(desk.session.preset_loaded().map(|(_, changed)| changed), Some(true));
    desk.load("Mine");
    assert_eq!(desk.plays(), "Own");
    assert!((desk.params.drive.value() - 0.8).abs() < 1e-6);
    assert_eq!(desk.params.quality(true).phase, Phase::Linear);
    assert_eq!(desk.params.quality(false).phase, Phase::Minimum);
    desk.undo();
    assert_eq!(desk.plays(), "First");
    assert!((desk.params.drive.value() - 0.1).abs() < 1e-6);
}

#[test]
fn every_factory_preset_plays_what_is_built_in() {
    let all = factory::drive_presets();
    assert!(all.len() >= 14, "{} were read", all.len());
    let categories = ["Overdrive", "Distortion", "Fuzz", "Tube", "Octave", "Studio"];
    let id = |preset: &Preset| preset.model.as_ref().and_then(|model| model.factory.clone());
    for preset in all {
        assert!(!preset.name.is_empty() && categories.contains(&&*preset.category));
        let id = id(preset).expect("a model of the factory");
        assert!(factory::drive(&id).is_some(), "{}: there is no {id}", preset.name);
        assert_eq!(preset.params, preset.params.sane(), "{}", preset.name);
    }
    for category in categories {
        assert!(all.iter().any(|preset| preset.category == category), "none in {category}");
    }
    let mut names: Vec<&str> = all.iter().map(|preset| preset.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all.len(), "a name is there twice");
    for item in factory::DRIVES {
        assert!(
            all.iter().any(|p| id(p).as_deref() == Some(item.id)),
            "no preset plays {}",
            item.id
        );
    }
    // Through the plugin's eyes, in every knob they set.
    let mut desk = Desk::new("factory");
    desk.preset(PresetTask::List);
    for preset in all {
        desk.load(&preset.name);
        let source = desk.plugin.engine().status().source().cloned();
        assert!(matches!(source, Some(Source::Factory(of)) if Some(of) == id(preset).as_deref()));
        assert_eq!(desk.params.quality(false), preset.quality, "{}", preset.name);
        assert_eq!(desk.session.preset_loaded().map(|(_, changed)| changed), Some(false));
    }
}

#[test]
fn a_factory_preset_makes_sound_and_no_more_than_that() {
    let mut desk = Desk::new("loud");
    desk.preset(PresetTask::List);
    for preset in factory::drive_presets() {
        desk.load(&preset.name);
        host::activate(&mut desk.plugin);
        let mut io = tone(24_000, 0.25);
        host::process(&mut desk.plugin, &mut io);
        let rms = host::rms(&io[0][12_000..]);
        // −26 to −10 dB, where the tone has −15.
        assert!((0.05..0.32).contains(&rms), "{}: {rms}", preset.name);
    }
}

/// What the effect alone makes of a preset in one go, but for the model, which `json` is.
fn alone(preset: &Preset, json: &str, input: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let model = nn::Model::load(json.as_bytes()).expect("a model");
    let (loader, mut drive) = Drive::new(48_000.0);
    let setup = Setup { sample_rate: 48_000.0, quality: preset.quality, calls: fx::Calls::OFFLINE };
    loader.offer(Pedal::build(&model, setup).expect("a pedal"));
    let mut alone = input.to_vec();
    let mut io: Vec<&mut [f32]> = alone.iter_mut().map(|c| &mut c[..]).collect();
    drive.process(&mut io, 2, &preset.params);
    alone
}

#[test]
fn a_preset_sounds_as_the_effect_alone_makes_it() {
    let mut desk = Desk::new("alone");
    desk.turn(0.75);
    host::set(&desk.params.before_low, 150.0);
    host::set(&desk.params.tilt, -3.0);
    host::set(&desk.params.mix, 0.6);
    host::set(&desk.params.channels, choices::Channels::MidSide);
    desk.settle();
    let preset = desk.session.preset();
    host::activate_as(&mut desk.plugin, [2, 2], 48_000.0, ProcessMode::Offline);
    let mut input = tone(24_000, 0.6);
    input[1].rotate_left(31);
    let mut heard = input.clone();
    host::block(&mut desk.plugin, &mut heard);
    assert!(heard == alone(&preset, &clipper("First", 0.5), &input));
}
