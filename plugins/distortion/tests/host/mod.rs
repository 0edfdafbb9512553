//! What a host is to the plugin, as far as the tests need one.
#![allow(unsafe_code, reason = "the traits a host implements are unsafe")]
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kiln_drive::disk::Folders;
use kiln_drive::source::Source;
use kiln_drive::{KilnDrive, Status, Task, Wish};
use nice_plug::context::gui::GuiContext;
use nice_plug::context::process::SendEventError;
use nice_plug::prelude::*;

/// An empty folder for one test.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder to write in");
    folder
}

/// A plugin whose player has no files.
pub(crate) fn plugin() -> KilnDrive {
    let unused = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("unused");
    KilnDrive::within(&Folders::under(&unused))
}

/// A network without memory at any rate: `gain` times the hyperbolic tangent, as
/// [`clipped`] says.
pub(crate) fn clipper(name: &str, gain: f32) -> String {
    format!(
        r#"{{"format": "kiln-drive", "version": 1, "name": "{name}", "layers": [
            {{"type": "dense", "weights": [[1.0]], "bias": [0.0]}}, {{"type": "tanh"}},
            {{"type": "dense", "weights": [[{gain}]], "bias": [0.0]}}]}}"#
    )
}

/// The same with knobs: of each as much is added as `weights` say, before the tangent.
pub(crate) fn knobbed(name: &str, knobs: &[(&str, f32)]) -> String {
    let weights: Vec<String> = knobs.iter().map(|(_, weight)| weight.to_string()).collect();
    let knobs: Vec<String> = knobs
        .iter()
        .map(|(knob, _)| format!(r#"{{"name": "{knob}", "min": 0, "max": 1, "default": 0.5}}"#))
        .collect();
    let (knobs, weights) = (knobs.join(","), weights.join(","));
    format!(
        r#"{{"format": "kiln-drive", "version": 1, "name": "{name}", "knobs": [{knobs}],
            "layers": [{{"type": "dense", "weights": [[1.0, {weights}]], "bias": [0.0]}},
            {{"type": "tanh"}}, {{"type": "dense", "weights": [[1.0]], "bias": [0.0]}}]}}"#
    )
}

/// A clipper that was made for a signal of `rate` Hz, so that others are resampled for it.
pub(crate) fn rated(name: &str, rate: u32) -> String {
    clipper(name, 0.8).replacen("\"layers\"", &format!("\"sample_rate\": {rate}, \"layers\""), 1)
}

/// Writes a model file into a folder.
pub(crate) fn write(folder: &Path, name: &str, json: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, json).expect("to write a model");
    path
}

/// The contexts of activation and processing, and what the plugin said to them.
pub(crate) struct Host {
    transport: Transport,
    latency: Cell<Option<u32>>,
    rebuilds: Cell<usize>,
}

impl Host {
    fn new() -> Self {
        let (latency, rebuilds) = (Cell::new(None), Cell::new(0));
        Self { transport: Transport::new(48_000.0), latency, rebuilds }
    }
}

/// What a block led to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// The latency, where the host was told of another.
    pub(crate) latency: Option<u32>,
    /// Tasks to build what plays anew.
    pub(crate) rebuilds: usize,
}

impl ActivateContext<KilnDrive> for Host {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }
    fn execute(&self, _: Task) {}
    fn set_latency_samples(&self, samples: u32) {
        self.latency.set(Some(samples));
    }
    fn set_current_voice_capacity(&self, _: u32) {}
}

impl ProcessContext<KilnDrive> for Host {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }
    fn execute_background(&self, task: Task) {
        assert!(matches!(task, Task::Rebuild), "the audio thread asks for nothing else");
        self.rebuilds.set(self.rebuilds.get() + 1);
    }
    fn execute_gui(&self, _: Task) {}
    fn transport(&self) -> &Transport {
        &self.transport
    }
    fn next_event(&mut self) -> Option<PluginNoteEvent<KilnDrive>> {
        None
    }
    fn try_send_event(
        &mut self,
        event: PluginNoteEvent<KilnDrive>,
    ) -> Result<(), (PluginNoteEvent<KilnDrive>, SendEventError)> {
        Err((event, SendEventError::NoOutputBuffer))
    }
    fn set_latency_samples(&self, samples: u32) {
        self.latency.set(Some(samples));
    }
    fn request_restart(&self) {}
    fn set_current_voice_capacity(&self, _: u32) {}
}

/// Activates and resets, as every host does; returns the latency the host is told.
pub(crate) fn activate(plugin: &mut KilnDrive) -> u32 {
    activate_as(plugin, [2, 2], 48_000.0, ProcessMode::Realtime)
}

/// The same for any channels, rate and mode.
pub(crate) fn activate_as(
    plugin: &mut KilnDrive,
    channels: [u32; 2],
    sample_rate: f32,
    process_mode: ProcessMode,
) -> u32 {
    let layout = AudioIOLayout {
        main_input_channels: NonZeroU32::new(channels[0]),
        main_output_channels: NonZeroU32::new(channels[1]),
        ..AudioIOLayout::const_default()
    };
    let config =
        BufferConfig { sample_rate, min_buffer_size: None, max_buffer_size: 512, process_mode };
    let mut host = Host::new();
    assert!(plugin.activate(&layout, &config, &mut host));
    plugin.reset();
    host.latency.get().expect("the host is told")
}

/// Runs one block over `channels`; tasks are done in the background.
pub(crate) fn process(plugin: &mut KilnDrive, channels: &mut [Vec<f32>]) -> Done {
    let done = block(plugin, channels);
    if done.rebuilds > 0 {
        plugin.kept().run(Task::Rebuild);
    }
    done
}

/// Runs one block; the tasks are only counted.
pub(crate) fn block(plugin: &mut KilnDrive, channels: &mut [Vec<f32>]) -> Done {
    let mut buffer = Buffer::default();
    let length = channels.first().map_or(0, Vec::len);
    // SAFETY: the slices live and have one length for as long as `buffer` does.
    unsafe {
        buffer.set_slices(length, |slices| slices.extend(channels.iter_mut().map(|c| &mut c[..])));
    }
    let mut aux = AuxiliaryBuffers { inputs: &mut [], outputs: &mut [] };
    let mut host = Host::new();
    plugin.process(&mut buffer, &mut aux, &mut host);
    Done { latency: host.latency.get(), rebuilds: host.rebuilds.get() }
}

/// Stereo, a tone of 500 Hz at 48 kHz.
pub(crate) fn tone(samples: usize, peak: f32) -> Vec<Vec<f32>> {
    let at = |i: usize| peak * (i as f32 * std::f32::consts::TAU / 96.0).sin();
    vec![(0..samples).map(at).collect(); 2]
}

/// The root of the mean square.
pub(crate) fn rms(signal: &[f32]) -> f32 {
    let sum: f64 = signal.iter().map(|x| f64::from(*x).powi(2)).sum();
    (sum / signal.len() as f64).sqrt() as f32
}

/// How loud the [`tone`] is that comes of a [`clipper`].
pub(crate) fn clipped(gain: f32, peak: f32) -> f32 {
    let clipped: Vec<f32> = tone(96, peak)[0].iter().map(|x| gain * x.tanh()).collect();
    rms(&clipped)
}

/// How loud a tone is once everything has settled.
pub(crate) fn settled(plugin: &mut KilnDrive) -> f32 {
    // Also past the warm-up and the fade of another pedal.
    let mut io = tone(28_800, 0.5);
    process(plugin, &mut io);
    rms(&io[0][28_800 - 960..])
}

/// Has a plugin that plays open a file.
pub(crate) fn open(plugin: &KilnDrive, path: &Path) {
    plugin.engine().ask(Wish::Open(path.into()));
    until(plugin, |s| s.loading.is_none() && s.source() == Some(&Source::File(path.into())));
}

/// Whether they are as loud as each other, but for the ripple of filters.
pub(crate) fn close(a: f32, b: f32) -> bool {
    (a - b).abs() < 0.003 * b.abs()
}

/// A plugin at work.
pub(crate) fn playing() -> KilnDrive {
    let mut plugin = plugin();
    activate(&mut plugin);
    plugin
}

/// One that plays a clipper of `gain` from a file.
pub(crate) fn clipping(test: &str, gain: f32) -> (KilnDrive, PathBuf) {
    let path = write(&scratch(test), "tone.json", &clipper("Tone", gain));
    let plugin = playing();
    open(&plugin, &path);
    (plugin, path)
}

/// What is wrong, in words.
pub(crate) fn error(plugin: &KilnDrive) -> String {
    plugin.engine().status().error.unwrap_or_default()
}

/// Sets a parameter as a host's automation does.
pub(crate) fn set<P: Param>(param: &P, value: P::Plain) {
    let normalized = param.preview_normalized(value);
    // SAFETY: the pointer is used while `param` lives.
    unsafe { param.as_ptr()._internal_set_normalized_value(normalized) };
}

/// Restores the fields of a project, and the defaults of everything else.
pub(crate) fn restore(plugin: &KilnDrive, fields: &BTreeMap<String, String>) {
    let mut state =
        PluginState { version: String::new(), params: BTreeMap::new(), fields: fields.clone() };
    KilnDrive::filter_state(&mut state);
    plugin.params().deserialize_fields(&state.fields);
}

/// What is said once `done` is said, waited for as long as it takes a loaded machine.
pub(crate) fn until(plugin: &KilnDrive, done: impl Fn(&Status) -> bool) -> Status {
    for _ in 0..6000 {
        let status = plugin.engine().status();
        if done(&status) {
            return status;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let status = plugin.engine().status();
    panic!("it never came to that: {} plays, {:?}", status.name(), status.error);
}

/// What the editor told the host, which obeys it at once.
#[derive(Default)]
pub(crate) struct Gestures(pub(crate) Mutex<Vec<String>>);

impl Gestures {
    fn note(&self, what: &str, param: ParamPtr) {
        // SAFETY: the parameters outlive the editor under test.
        let name = unsafe { param.name() };
        self.0.lock().expect("no panic").push(format!("{what} {name}"));
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("no panic"))
    }
}

struct Gui(Arc<Gestures>);

impl GuiContextInner for Gui {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }
    unsafe fn raw_begin_set_parameter(&self, param: ParamPtr) {
        self.0.note("begin", param);
    }
    unsafe fn raw_set_parameter_normalized(&self, param: ParamPtr, normalized: f32) {
        // SAFETY: the parameters outlive the editor under test.
        unsafe { param._internal_set_normalized_value(normalized) };
        self.0.note("set", param);
    }
    unsafe fn raw_end_set_parameter(&self, param: ParamPtr) {
        self.0.note("end", param);
    }
    fn get_state(&self) -> PluginState {
        PluginState {
            version: String::new(),
            params: Default::default(),
            fields: Default::default(),
        }
    }
    fn set_state(&self, _: PluginState) {}
    fn request_restart(&self) {}
}

pub(crate) fn gui(gestures: &Arc<Gestures>) -> GuiContext {
    GuiContext::new(Arc::new(Gui(gestures.clone())))
}

/// What a parameter shows at a place of its scale.
pub(crate) fn text(param: &ParamPtr, normalized: f32) -> String {
    // SAFETY: the parameters outlive the pointers of the tests.
    unsafe { param.normalized_value_to_string(normalized, true) }
}

/// Where on its scale what was typed is.
pub(crate) fn typed(param: &ParamPtr, text: &str) -> Option<f32> {
    // SAFETY: as above.
    unsafe { param.string_to_normalized_value(text) }
}

/// What a host is told of a parameter.
pub(crate) fn flags(param: &ParamPtr) -> ParamFlags {
    // SAFETY: as above.
    unsafe { param.flags() }
}
