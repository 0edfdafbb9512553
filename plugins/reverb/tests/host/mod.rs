//! What a host is to the plugin, as far as the tests need one.
#![allow(unsafe_code, reason = "the traits a host implements are unsafe")]
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kiln_reverb::disk::Folders;
use kiln_reverb::{KilnReverb, Own, Status, Task};
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
pub(crate) fn plugin() -> KilnReverb {
    own(None)
}

/// The same, of one graph.
pub(crate) fn own(own: Option<Own>) -> KilnReverb {
    let unused = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("unused");
    KilnReverb::within(own, &Folders::under(&unused))
}

/// Stereo, `lines` delays in a loop that all lose as much, a revision where there is one.
pub(crate) fn graph(lines: usize, gain: f64, revision: Option<u64>) -> String {
    let delays: Vec<usize> = (0..lines).map(|i| 503 + 2 * i * i + 46 * i).collect();
    let row = |n: usize, of: &dyn Fn(usize) -> f64| -> String {
        let all: Vec<String> = (0..n).map(|i| of(i).to_string()).collect();
        format!("[{}]", all.join(","))
    };
    let matrix = |rows: usize, columns: usize, of: &dyn Fn(usize, usize) -> f64| -> String {
        let all: Vec<String> = (0..rows).map(|r| row(columns, &|c| of(r, c))).collect();
        format!("[{}]", all.join(","))
    };
    // A Householder reflection: orthogonal at any size.
    let house = |r: usize, c: usize| f64::from(u8::from(r == c)) - 2.0 / lines as f64;
    let sign = |i: usize, j: usize| if (i + j).is_multiple_of(2) { 0.3 } else { -0.2 };
    let revision = revision.map_or(String::new(), |n| format!("\"revision\":{n},"));
    let leaf = |name: &str, inputs: usize, outputs: usize, values: &str| {
        format!(
            r#"{{"type":"matrix","name":"{name}","inputs":{inputs},"outputs":{outputs},
            "matrix":{values}}}"#
        )
    };
    let samples = row(lines, &|i| delays[i] as f64);
    let into = leaf("in", 2, lines, &matrix(lines, 2, &sign));
    let back = leaf("back", lines, lines, &matrix(lines, lines, &|r, c| gain * house(r, c)));
    let out = leaf("out", lines, 2, &matrix(2, lines, &sign));
    format!(
        r#"{{"format":"kiln-fdn","version":1,{revision}"name":"Test {lines}","sample_rate":48000,
        "root":{{"type":"series","name":"all","inputs":2,"outputs":2,"children":[{into},
        {{"type":"recursion","name":"loop","inputs":{lines},"outputs":{lines},
          "forward":{{"type":"delay","name":"lines","inputs":{lines},"outputs":{lines},
            "samples":{samples}}},
          "backward":{back}}},{out}]}}}}"#
    )
}

/// Replaces the file at `path` at once, as a trainer does.
pub(crate) fn replace(path: &Path, json: &str) {
    let part = path.with_extension("part");
    fs::write(&part, json).expect("to write a graph");
    fs::rename(&part, path).expect("to replace it");
}

/// The contexts of activation and processing.
pub(crate) struct Host {
    transport: Transport,
}

impl Host {
    fn new(tempo: Option<f64>) -> Self {
        let mut transport = Transport::new(48_000.0);
        transport.tempo = tempo;
        Self { transport }
    }
}

impl ActivateContext<KilnReverb> for Host {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }
    fn execute(&self, _: Task) {}
    fn set_latency_samples(&self, samples: u32) {
        assert_eq!(samples, 0);
    }
    fn set_current_voice_capacity(&self, _: u32) {}
}

impl ProcessContext<KilnReverb> for Host {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }
    fn execute_background(&self, _: Task) {}
    fn execute_gui(&self, _: Task) {}
    fn transport(&self) -> &Transport {
        &self.transport
    }
    fn next_event(&mut self) -> Option<PluginNoteEvent<KilnReverb>> {
        None
    }
    fn try_send_event(
        &mut self,
        event: PluginNoteEvent<KilnReverb>,
    ) -> Result<(), (PluginNoteEvent<KilnReverb>, SendEventError)> {
        Err((event, SendEventError::NoOutputBuffer))
    }
    fn set_latency_samples(&self, _: u32) {}
    fn request_restart(&self) {}
    fn set_current_voice_capacity(&self, _: u32) {}
}

/// Activates and resets, as every host does.
pub(crate) fn activate(plugin: &mut KilnReverb) {
    activate_as(plugin, [2, 2], 48_000.0, ProcessMode::Realtime);
}

/// The same for any channels, rate and mode.
pub(crate) fn activate_as(
    plugin: &mut KilnReverb,
    channels: [u32; 2],
    sample_rate: f32,
    process_mode: ProcessMode,
) {
    let layout = AudioIOLayout {
        main_input_channels: NonZeroU32::new(channels[0]),
        main_output_channels: NonZeroU32::new(channels[1]),
        ..AudioIOLayout::const_default()
    };
    let config =
        BufferConfig { sample_rate, min_buffer_size: None, max_buffer_size: 512, process_mode };
    assert!(plugin.activate(&layout, &config, &mut Host::new(None)));
    plugin.reset();
}

/// Runs one block over `channels`.
pub(crate) fn process(plugin: &mut KilnReverb, channels: &mut [Vec<f32>]) {
    process_at(plugin, channels, None);
}

/// The same at a tempo.
pub(crate) fn process_at(plugin: &mut KilnReverb, channels: &mut [Vec<f32>], tempo: Option<f64>) {
    let mut buffer = Buffer::default();
    let length = channels.first().map_or(0, Vec::len);
    // SAFETY: the slices live and have one length for as long as `buffer` does.
    unsafe {
        buffer.set_slices(length, |slices| slices.extend(channels.iter_mut().map(|c| &mut c[..])));
    }
    let mut aux = AuxiliaryBuffers { inputs: &mut [], outputs: &mut [] };
    plugin.process(&mut buffer, &mut aux, &mut Host::new(tempo));
}

/// Stereo, nothing but an impulse at its beginning.
pub(crate) fn impulse(samples: usize) -> Vec<Vec<f32>> {
    let mut channels = vec![vec![0.0; samples]; 2];
    channels.iter_mut().for_each(|channel| channel[0] = 0.5);
    channels
}

/// The energy of all of it.
pub(crate) fn energy(channels: &[Vec<f32>]) -> f64 {
    channels.iter().flatten().map(|x| f64::from(*x).powi(2)).sum()
}

/// Sets a parameter as a host's automation does.
pub(crate) fn set<P: Param>(param: &P, value: P::Plain) {
    let normalized = param.preview_normalized(value);
    // SAFETY: the pointer is used while `param` lives.
    unsafe { param.as_ptr()._internal_set_normalized_value(normalized) };
}

/// Restores the fields of a project, and the defaults of everything else.
pub(crate) fn restore(plugin: &KilnReverb, fields: &BTreeMap<String, String>) {
    let mut state =
        PluginState { version: String::new(), params: BTreeMap::new(), fields: fields.clone() };
    KilnReverb::filter_state(&mut state);
    plugin.params().deserialize_fields(&state.fields);
}

/// What is said once `done` is said, waited for as long as it takes a loaded machine.
pub(crate) fn until(plugin: &KilnReverb, done: impl Fn(&Status) -> bool) -> Status {
    for _ in 0..6000 {
        let status = plugin.engine().status();
        if done(&status) {
            return status;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it never came to that: {:?}", plugin.engine().status().error);
}

/// What the editor told the host, which obeys it at once.
#[derive(Default)]
pub(crate) struct Gestures(pub(crate) Mutex<Vec<String>>);

struct Gui(Arc<Gestures>);

impl GuiContextInner for Gui {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }
    unsafe fn raw_begin_set_parameter(&self, _: ParamPtr) {}
    unsafe fn raw_set_parameter_normalized(&self, param: ParamPtr, normalized: f32) {
        // SAFETY: the parameters outlive the editor under test.
        unsafe { param._internal_set_normalized_value(normalized) };
        // SAFETY: as above.
        let name = unsafe { param.name() };
        self.0.0.lock().expect("no panic").push(name.into());
    }
    unsafe fn raw_end_set_parameter(&self, _: ParamPtr) {}
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
