//! Undo, A and B, and presets, as the editor uses them: no window, but a host that
//! hears every gesture; and that a preset sounds as the effect alone would make it.

mod host;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fx::preset::Stored as _;
use fx::reverb::preset::Preset;
use fx::reverb::{Tail, model};
use host::{graph, impulse};
use kiln_reverb::disk::Folders;
use kiln_reverb::presets::{Id, Overwrite, PresetTask};
use kiln_reverb::session::Session;
use kiln_reverb::source::Source;
use kiln_reverb::{KilnReverb, ReverbParams, Task, Wish};
use nice_plug::context::gui::GuiContext;
use nice_plug::prelude::ProcessMode;

struct Desk {
    folder: PathBuf,
    plugin: KilnReverb,
    params: Arc<ReverbParams>,
    gui: GuiContext,
    session: Session,
    time: f64,
}

impl Desk {
    fn new(test: &str) -> Self {
        let folder = host::scratch(test);
        let mut plugin = KilnReverb::within(None, &Folders::under(&folder));
        host::activate(&mut plugin);
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
        self.gui.param_setter().set_parameter(&self.params.rt60, value);
        self.session.commit("Decay");
        self.settle();
    }

    fn choose(&mut self, id: &'static str) {
        self.params.run(Task::Wish(Wish::Factory(id)));
        host::until(&self.plugin, |s| s.source() == Some(&Source::Factory(id)));
        self.settle();
    }

    fn load(&mut self, name: &str) {
        let list = self.params.presets.status().list;
        let id = list.iter().find(|entry| entry.name == name).expect(name).id.clone();
        self.preset(PresetTask::Load(id));
    }

    fn preset(&mut self, task: PresetTask) -> String {
        self.params.run(Task::Preset(task));
        self.settle();
        self.params.presets.status().error.unwrap_or_default()
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
    desk.choose("spring");
    desk.turn(5.0);
    assert_eq!(desk.session.undoable(), Some("Decay"));
    desk.undo();
    assert!((desk.params.rt60.value() - 2.0).abs() < 1e-3);
    desk.undo();
    assert_eq!(desk.plays(), "Medium Hall");
    desk.redo();
    assert_eq!(desk.plays(), "Spring Tank");
    desk.switch();
    desk.choose("cathedral");
    desk.switch();
    assert_eq!((desk.plays(), desk.session.is_b()), ("Spring Tank".into(), false));
    desk.switch();
    assert_eq!(desk.plays(), "Cathedral");
}

#[test]
fn following_is_one_step() {
    let mut desk = Desk::new("followed");
    let path = desk.folder.join("live.json");
    host::replace(&path, &graph(4, 0.5, Some(1)));
    desk.params.run(Task::Wish(Wish::Follow(path.clone())));
    host::until(&desk.plugin, |s| s.source() == Some(&Source::Live(path.clone())));
    desk.settle();
    for revision in 2..5 {
        host::replace(&path, &graph(4, 0.5, Some(revision)));
        host::until(&desk.plugin, |s| {
            s.following.as_ref().is_some_and(|live| live.revision == Some(revision))
        });
        desk.settle();
    }
    desk.undo();
    // Asking to follow and the first graph may have come in different frames.
    if desk.session.undoable().is_some() {
        desk.undo();
    }
    assert_eq!(desk.session.undoable(), None);
    assert_eq!(desk.plays(), "Medium Hall");
    assert!(desk.plugin.engine().status().following.is_none());
}

#[test]
fn presets_are_loaded_saved_and_leave_a_locked_mix() {
    let mut desk = Desk::new("presets");
    desk.preset(PresetTask::List);
    assert!(desk.params.presets.status().list.len() >= 16);
    desk.load("Surf");
    assert_eq!(desk.plays(), "Spring Tank");
    assert!((desk.params.mix.value() - 0.5).abs() < 1e-6);
    desk.params.mix_lock.set(true);
    desk.load("Cathedral");
    assert!((desk.params.mix.value() - 0.5).abs() < 1e-6, "the mix was not locked");
    assert!((desk.params.rt60.value() - 6.5).abs() < 1e-3);

    let path = desk.folder.join("room.json");
    std::fs::write(&path, graph(8, 0.6, None)).expect("to write");
    desk.params.run(Task::Wish(Wish::Open(path.clone())));
    host::until(&desk.plugin, |s| s.lines() == 8);
    desk.settle();
    let mine = Preset { name: "Mine".into(), ..desk.session.preset() };
    assert_eq!(desk.preset(PresetTask::Save(Box::new(mine.clone()), Overwrite::No)), "");
    let refused = desk.preset(PresetTask::Save(Box::new(mine), Overwrite::No));
    assert!(refused.contains("already"), "{refused}");
    std::fs::remove_file(&path).expect("to remove");
    desk.load("Drum Plate");
    desk.load("Mine");
    assert_eq!(desk.plays(), "Test 8");
    let loaded = desk.session.preset_loaded().map(|(id, changed)| (id.clone(), changed));
    assert!(matches!(loaded, Some((Id::User(_), false))), "{loaded:?}");
    desk.undo();
    assert_eq!(desk.plays(), "Dark Plate");
}

#[test]
fn a_preset_sounds_as_the_effect_alone_makes_it() {
    let preset = &Preset::factory()[0];
    let mut desk = Desk::new("alone");
    desk.preset(PresetTask::List);
    desk.load(&preset.name);
    host::activate_as(&mut desk.plugin, [2, 2], 48_000.0, ProcessMode::Offline);
    let input: Vec<f32> = (0..24_000).map(|i| ((i * i) as f32 * 1e-5).sin() * 0.3).collect();
    let mut heard = vec![input.clone(); 2];
    host::process(&mut desk.plugin, &mut heard);

    let bytes = preset.graph.as_ref().expect("a graph").bytes().expect("a file");
    let graph = fdn::Graph::load(&bytes).expect("a graph");
    let model = Arc::new(model(&graph, 48_000.0, f64::from(preset.params.size)).expect("a model"));
    model.calibrate();
    let (loader, mut reverb) = fx::Reverb::new(48_000.0);
    loader.offer(Tail::new(&model, false));
    let mut alone = vec![input; 2];
    let mut io: Vec<&mut [f32]> = alone.iter_mut().map(|c| &mut c[..]).collect();
    reverb.process(&mut io, 2, &preset.params);
    let far = heard.iter().flatten().zip(alone.iter().flatten()).map(|(a, b)| (a - b).abs());
    let far = far.fold(0.0, f32::max);
    // The knobs of a host are of another scale, which rounds.
    assert!(far < 1e-4, "{far}");
    assert!(host::energy(&impulse(8)) > 0.0);
}
