//! What a host is to the plugin, as far as the tests need one.
#![allow(unsafe_code, reason = "the traits a host implements are unsafe")]
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::cell::Cell;
use std::fs;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use kiln_amp::KilnAmp;
use kiln_amp::disk::Folders;
use kiln_amp::engines;
use kiln_amp::params::AmpParams;
use kiln_amp::places::{Places, Task};
use nice_plug::context::gui::GuiContext;
use nice_plug::context::process::SendEventError;
use nice_plug::prelude::*;

/// A WaveNet of one channel: `gain` times a soft clipper of the mean of two samples.
pub(crate) fn wavenet(name: &str, gain: f32) -> String {
    format!(
        r#"{{"version": "0.5.4", "architecture": "WaveNet", "sample_rate": 48000,
        "metadata": {{"name": "{name}", "modeled_by": "Kiln", "gear_make": "Acme",
            "gear_model": "Ember 50", "gear_type": "amp", "tone_type": "crunch"}},
        "config": {{"head": null, "head_scale": {gain}, "layers": [{{"input_size": 1,
            "condition_size": 1, "head_size": 1, "channels": 1, "kernel_size": 2,
            "dilations": [1], "activation": "Tanh", "gated": false, "head_bias": false}}]}},
        "weights": [1.0, 0.5, 0.5, 0.0, 0.0, 1.0, 0.0, 1.0, {gain}]}}"#
    )
}

/// Two sizes of it.
pub(crate) fn container(name: &str) -> String {
    let (small, large) = (wavenet(name, 0.5), wavenet(name, 0.6));
    format!(
        r#"{{"version": "0.7.0", "architecture": "SlimmableContainer", "sample_rate": 48000,
        "metadata": {{"name": "{name}", "modeled_by": "Kiln"}},
        "config": {{"submodels": [{{"max_value": 0.5, "model": {small}}},
            {{"max_value": 1.0, "model": {large}}}]}}, "weights": []}}"#
    )
}

/// An empty folder for one test.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder to write in");
    folder
}

/// Writes a model file into a folder.
pub(crate) fn write(folder: &std::path::Path, name: &str, json: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, json).expect("to write a model");
    path
}

/// The contexts of activation and processing, and what the plugin said to them.
pub(crate) struct Host {
    transport: Transport,
    latency: Cell<Option<u32>>,
    tasks: Mutex<Vec<Task>>,
}

impl Host {
    pub(crate) fn new() -> Self {
        let (latency, tasks) = (Cell::new(None), Mutex::default());
        Self { transport: Transport::new(48_000.0), latency, tasks }
    }
}

/// What a block led to.
pub(crate) struct Done {
    /// The latency, where the host was told of another.
    pub(crate) latency: Option<u32>,
    /// What the background is to do.
    pub(crate) tasks: Vec<Task>,
}

impl ActivateContext<KilnAmp> for Host {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }
    fn execute(&self, _: Task) {}
    fn set_latency_samples(&self, samples: u32) {
        self.latency.set(Some(samples));
    }
    fn set_current_voice_capacity(&self, _: u32) {}
}

impl ProcessContext<KilnAmp> for Host {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }
    fn execute_background(&self, task: Task) {
        self.tasks.lock().expect("no panic").push(task);
    }
    fn execute_gui(&self, _: Task) {}
    fn transport(&self) -> &Transport {
        &self.transport
    }
    fn next_event(&mut self) -> Option<PluginNoteEvent<KilnAmp>> {
        None
    }
    fn try_send_event(
        &mut self,
        event: PluginNoteEvent<KilnAmp>,
    ) -> Result<(), (PluginNoteEvent<KilnAmp>, SendEventError)> {
        Err((event, SendEventError::NoOutputBuffer))
    }
    fn set_latency_samples(&self, samples: u32) {
        self.latency.set(Some(samples));
    }
    fn request_restart(&self) {}
    fn set_current_voice_capacity(&self, _: u32) {}
}

/// Activates and resets, as every host does.
pub(crate) fn activate(plugin: &mut KilnAmp, inputs: u32, outputs: u32) {
    activate_with(plugin, inputs, outputs, 48_000.0);
}

/// The same in stereo at another rate; returns the latency the host is told.
pub(crate) fn activate_at(plugin: &mut KilnAmp, rate: f32) -> u32 {
    activate_with(plugin, 2, 2, rate)
}

fn activate_with(plugin: &mut KilnAmp, inputs: u32, outputs: u32, sample_rate: f32) -> u32 {
    let layout = AudioIOLayout {
        main_input_channels: NonZeroU32::new(inputs),
        main_output_channels: NonZeroU32::new(outputs),
        ..AudioIOLayout::const_default()
    };
    let config = BufferConfig {
        sample_rate,
        min_buffer_size: None,
        max_buffer_size: 512,
        process_mode: ProcessMode::Realtime,
    };
    let mut host = Host::new();
    assert!(plugin.activate(&layout, &config, &mut host));
    plugin.reset();
    host.latency.get().expect("the host is told")
}

/// Runs one block over `channels`.
pub(crate) fn process(plugin: &mut KilnAmp, channels: &mut [Vec<f32>]) -> Done {
    let mut buffer = Buffer::default();
    let length = channels.first().map_or(0, Vec::len);
    // SAFETY: the slices live and have one length for as long as `buffer` does.
    unsafe {
        buffer.set_slices(length, |slices| slices.extend(channels.iter_mut().map(|c| &mut c[..])));
    }
    let mut aux = AuxiliaryBuffers { inputs: &mut [], outputs: &mut [] };
    let mut host = Host::new();
    plugin.process(&mut buffer, &mut aux, &mut host);
    Done { latency: host.latency.get(), tasks: host.tasks.into_inner().expect("no panic") }
}

/// What the editor told the host, and obeys it at once.
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

/// An executor that does everything at once, on this thread.
pub(crate) fn executor(params: &Arc<AmpParams>) -> AsyncExecutor<KilnAmp> {
    let params = params.clone();
    let run: Arc<dyn Fn(Task) + Send + Sync> = Arc::new(move |task| params.run(task));
    AsyncExecutor::new(run.clone(), run)
}

/// Parameters and places that no plugin instance belongs to.
pub(crate) fn params() -> (Arc<AmpParams>, Places) {
    params_in(&PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("unused"))
}

/// The same, with the player's folders under `folder`.
pub(crate) fn params_in(folder: &std::path::Path) -> (Arc<AmpParams>, Places) {
    let (outlets, _amp) = engines::chain(48_000.0);
    let places = Places::new(outlets, nice_plug_egui::RepaintNotifier::new());
    (Arc::new(AmpParams::new(places.clone(), &Folders::under(folder))), places)
}
