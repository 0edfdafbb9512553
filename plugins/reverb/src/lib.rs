//! Kiln Reverb: the host's side of [`fx::Reverb`]. It maps parameters, loads graphs
//! and draws the editor; all sound is made in `fx`.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use fx::Reverb;
use nice_plug::editor::dpi::LogicalSize;
use nice_plug::prelude::*;
use nice_plug_egui::{EguiEditor, EguiEditorState, RepaintNotifier};
use shell::meters::{clock, raise, took};

pub mod choices;
mod defaults;
pub mod disk;
pub mod editor;
pub mod engine;
mod entry;
pub mod identity;
mod inner;
#[cfg(test)]
mod inner_tests;
pub mod meters;
pub mod own;
pub mod params;
mod prepared;
pub mod presets;
pub mod saved;
pub mod session;
pub mod snapshot;
pub mod source;
pub mod status;
mod wishes;
mod worker;

pub use engine::{Engine, Wish};
pub use meters::Meters;
pub use own::Own;
pub use params::ReverbParams;
pub use shell::links::Linked;
pub use status::Status;

use disk::Folders;

/// What can be asked of the background.
#[derive(Clone)]
pub enum Task {
    /// Of the engine.
    Wish(Wish),
    /// Something about presets.
    Preset(presets::PresetTask),
}

/// Seconds of signal between two sizes that an offline render is given.
const RESIZE: f32 = 0.06;

/// The plugin.
pub struct KilnReverb {
    params: Arc<ReverbParams>,
    meters: Arc<Meters>,
    editor: Arc<EguiEditorState>,
    repaint: RepaintNotifier,
    reverb: Reverb,
    inputs: usize,
    /// In Hz.
    rate: f32,
    offline: bool,
    /// Samples since an offline render was given another size.
    since: usize,
    /// Samples since the editor was last asked to repaint.
    unseen: usize,
}

impl Default for KilnReverb {
    fn default() -> Self {
        Self::with(Own::carried())
    }
}

impl Drop for KilnReverb {
    fn drop(&mut self) {
        self.params.engine.stop();
    }
}

impl KilnReverb {
    /// Kiln Reverb, or a plugin that is one graph by its own name.
    pub fn with(own: Option<Own>) -> Self {
        Self::within(own, &Folders::of_user())
    }

    /// The same, with the player's files elsewhere.
    pub fn within(own: Option<Own>, folders: &Folders) -> Self {
        let (loader, reverb) = Reverb::new(48_000.0);
        let repaint = RepaintNotifier::new();
        let engine = Engine::new(loader, own, repaint.clone());
        let [width, height] = editor::SIZE;
        Self {
            params: Arc::new(ReverbParams::new(engine, folders)),
            meters: Arc::default(),
            editor: EguiEditorState::from_size(LogicalSize::new(width, height), 1.0),
            repaint,
            reverb,
            inputs: 2,
            rate: 48_000.0,
            offline: false,
            since: usize::MAX,
            unseen: 0,
        }
    }

    /// What plays in this instance.
    pub fn engine(&self) -> &Engine {
        &self.params.engine
    }

    /// The parameters and what is saved with them.
    pub fn kept(&self) -> Arc<ReverbParams> {
        self.params.clone()
    }

    /// What this instance tells its editor.
    pub fn meters(&self) -> &Arc<Meters> {
        &self.meters
    }
}

const fn layout(inputs: u32, outputs: u32, name: &'static str) -> AudioIOLayout {
    let mut layout = AudioIOLayout::const_default();
    layout.main_input_channels = NonZeroU32::new(inputs);
    layout.main_output_channels = NonZeroU32::new(outputs);
    layout.names.layout = Some(name);
    layout
}

impl Plugin for KilnReverb {
    const NAME: &'static str = "Kiln Reverb";
    const VENDOR: &'static str = "Kiln";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] =
        &[layout(2, 2, "Stereo"), layout(1, 1, "Mono"), layout(1, 2, "Mono to stereo")];
    const SAMPLE_ACCURATE_AUTOMATION: bool = true;

    type Editor = EguiEditor<editor::App>;
    type SysExMessage = ();
    type BackgroundTask = Task;

    fn task_executor(&mut self) -> TaskExecutor<Self> {
        let params = self.params.clone();
        Box::new(move |task| params.run(task))
    }

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn editor(&mut self, tasks: AsyncExecutor<Self>) -> Option<Self::Editor> {
        let repaint = self.repaint.clone();
        let app = editor::App::new(self.params.clone(), self.meters.clone(), tasks, repaint);
        editor::editor(self.editor.clone(), self.repaint.clone(), app)
    }

    fn filter_state(state: &mut PluginState) {
        saved::mend(state);
    }

    fn activate(
        &mut self,
        layout: &AudioIOLayout,
        buffer: &BufferConfig,
        context: &mut impl ActivateContext<Self>,
    ) -> bool {
        let count = |channels: Option<NonZeroU32>| channels.map_or(0, |n| n.get() as usize);
        self.inputs = count(layout.main_input_channels);
        self.meters.inputs.store(self.inputs, Relaxed);
        self.meters.outputs.store(count(layout.main_output_channels), Relaxed);
        self.rate = buffer.sample_rate;
        self.offline = buffer.process_mode == ProcessMode::Offline;
        self.reverb.set_sample_rate(buffer.sample_rate);
        let values = self.params.values().sane();
        let rt60 = if values.as_trained { 0.0 } else { values.rt60 };
        self.engine().activate(buffer.sample_rate, self.offline, values.size, rt60);
        self.since = usize::MAX;
        context.set_latency_samples(0);
        true
    }

    fn deactivate(&mut self) {
        self.engine().deactivate();
    }

    fn reset(&mut self) {
        self.reverb.reset();
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let watched = self.meters.watched.load(Relaxed);
        let began = clock(watched);
        let values = self.params.values_at(context.transport().tempo).sane();
        let rt60 = if values.as_trained { 0.0 } else { values.rt60 };
        self.engine().follow_knobs(values.size, rt60);
        self.render_size(buffer.samples());
        let channels = buffer.as_slice();
        self.reverb.process(channels, self.inputs, &values);
        // Taken in any case, so that an editor opened later shows the present.
        let peaks = self.reverb.take_peaks();
        if let Some(began) = began {
            self.meters.scope.write(channels);
            took(&self.meters.load, began.elapsed(), buffer.samples(), self.rate);
            self.meters.wet.store(self.reverb.wet_gain(), Relaxed);
            self.meters.pre_delay.store(values.pre_delay, Relaxed);
            raise(&self.meters.input, &peaks.input);
            raise(&self.meters.output, &peaks.output);
            // In silence only the load moves.
            self.unseen += buffer.samples();
            let loud = peaks.input.iter().chain(&peaks.output).any(|peak| *peak > 1e-4);
            if loud || self.unseen as f32 > 0.1 * self.rate {
                self.unseen = 0;
                self.repaint.request_repaint();
            }
        }
        if self.reverb.rings() { ProcessStatus::KeepAlive } else { ProcessStatus::Normal }
    }
}

impl KilnReverb {
    /// Gives an offline render of `samples` the size it asks for, where it is: the same
    /// each time.
    fn render_size(&mut self, samples: usize) {
        if !self.offline {
            return;
        }
        if self.since as f32 >= RESIZE * self.rate && self.engine().is_resized() {
            self.engine().resize();
            self.since = 0;
        }
        self.since = self.since.saturating_add(samples);
    }
}

impl ClapPlugin for KilnReverb {
    const CLAP_ID: &'static str = "audio.kiln.reverb";
    const CLAP_DESCRIPTION: Option<&'static str> = Some("Feedback delay network reverb");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] =
        &[ClapFeature::AudioEffect, ClapFeature::Reverb, ClapFeature::Mono, ClapFeature::Stereo];

    fn remote_controls(&self, context: &mut impl RemoteControlsContext) {
        self.params.remote_controls(context);
    }
}

impl Vst3Plugin for KilnReverb {
    const VST3_CLASS_ID: [u8; 16] = *b"KilnAudioReverb1";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] =
        &[Vst3SubCategory::Fx, Vst3SubCategory::Reverb];
}
