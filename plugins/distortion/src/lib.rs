//! Kiln Drive: the host's side of [`fx::drive::Drive`]. It maps parameters, loads models
//! and draws the editor; all sound is made in `fx`.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use fx::drive::Drive;
use nice_plug::editor::dpi::LogicalSize;
use nice_plug::prelude::*;
use nice_plug_egui::{EguiEditor, EguiEditorState, RepaintNotifier};
use shell::meters::{clock, raise, took};

pub mod choices;
mod defaults;
pub mod disk;
pub mod editor;
pub mod engine;
pub mod files;
mod follow;
mod inner;
pub mod meters;
pub mod params;
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
pub use params::DriveParams;
pub use shell::links::Linked;
pub use status::Status;

use disk::Folders;

/// What can be asked of the background.
#[derive(Clone)]
pub enum Task {
    /// Of the engine.
    Wish(Wish),
    /// Build what plays for the quality that is set by now.
    Rebuild,
    /// Something about presets.
    Preset(presets::PresetTask),
}

/// Traces a second that the editor is shown at most.
const TRACES: f32 = 60.0;

/// The plugin.
pub struct KilnDrive {
    params: Arc<DriveParams>,
    meters: Arc<Meters>,
    editor: Arc<EguiEditorState>,
    repaint: RepaintNotifier,
    drive: Drive,
    inputs: usize,
    /// In Hz.
    rate: f32,
    offline: bool,
    /// As the host was told.
    latency: u32,
    /// Samples since the editor was last shown a trace.
    untraced: usize,
    /// Samples since the editor was last asked to repaint.
    unseen: usize,
}

impl Default for KilnDrive {
    fn default() -> Self {
        Self::within(&Folders::of_user())
    }
}

impl Drop for KilnDrive {
    fn drop(&mut self) {
        self.params.engine.stop();
    }
}

impl KilnDrive {
    /// The plugin of a player whose files are in `folders`.
    pub fn within(folders: &Folders) -> Self {
        let (loader, drive) = Drive::new(48_000.0);
        let repaint = RepaintNotifier::new();
        let engine = Engine::new(loader, repaint.clone());
        let [width, height] = editor::SIZE;
        Self {
            params: Arc::new(DriveParams::new(engine, folders)),
            meters: Arc::default(),
            editor: EguiEditorState::from_size(LogicalSize::new(width, height), 1.0),
            repaint,
            drive,
            inputs: 2,
            rate: 48_000.0,
            offline: false,
            latency: 0,
            untraced: 0,
            unseen: 0,
        }
    }

    /// What plays in this instance.
    pub fn engine(&self) -> &Engine {
        &self.params.engine
    }

    /// The parameters and what is saved with them.
    pub fn kept(&self) -> Arc<DriveParams> {
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

impl Plugin for KilnDrive {
    const NAME: &'static str = "Kiln Drive";
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
        self.drive.set_sample_rate(buffer.sample_rate);
        let quality = self.params.quality(self.offline);
        self.engine().activate(buffer.sample_rate, quality, shell::calls(buffer));
        self.take_up();
        self.latency = self.drive.latency() as u32;
        self.meters.latency.store(self.latency as usize, Relaxed);
        context.set_latency_samples(self.latency);
        true
    }

    fn deactivate(&mut self) {
        self.engine().deactivate();
    }

    fn reset(&mut self) {
        self.drive.reset();
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let watched = self.meters.watched.load(Relaxed);
        let began = clock(watched);
        self.follow_quality(context);
        self.drive.process(buffer.as_slice(), self.inputs, &self.params.values());
        // Taken in any case, so that an editor opened later shows the present.
        let peaks = self.drive.take_peaks();
        if let Some(began) = began {
            took(&self.meters.load, began.elapsed(), buffer.samples(), self.rate);
            self.show(&peaks, buffer.samples());
        }
        self.follow_latency(context);
        match self.engine().tail() {
            0 if self.latency == 0 => ProcessStatus::Normal,
            tail => ProcessStatus::Tail(tail.saturating_add(self.latency)),
        }
    }
}

impl KilnDrive {
    /// Lets the effect take up what was just built for it, so that the host
    /// hears of its latency before it plays. Not for the audio thread.
    fn take_up(&mut self) {
        self.drive.reset();
        self.drive.process(&mut [&mut [0.0], &mut [0.0]], 2, &self.params.values());
        self.drive.reset();
    }

    /// Has another pedal built where the player changed what is done against aliasing,
    /// which is never automated. A render has it where it is: the same each time.
    fn follow_quality(&self, context: &mut impl ProcessContext<Self>) {
        if !self.engine().set_quality(self.params.quality(self.offline)) {
            return;
        }
        if self.offline {
            self.engine().prepare();
        } else {
            context.execute_background(Task::Rebuild);
        }
    }

    /// Tells the host of another latency.
    fn follow_latency(&mut self, context: &mut impl ProcessContext<Self>) {
        let latency = self.drive.latency() as u32;
        if latency != self.latency {
            self.latency = latency;
            self.meters.latency.store(latency as usize, Relaxed);
            context.set_latency_samples(latency);
        }
    }

    /// Shows the editor the levels of the last `samples` and, not too often, a trace.
    fn show(&mut self, peaks: &fx::drive::Peaks, samples: usize) {
        let meters = &self.meters;
        raise(&meters.input, &peaks.input);
        raise(&meters.output, &peaks.output);
        self.untraced += samples;
        if self.untraced as f32 * TRACES >= self.rate {
            self.untraced = 0;
            meters.trace.write(self.drive.trace().iter().copied());
        }
        // In silence only the load moves.
        self.unseen += samples;
        let loud = peaks.input.iter().chain(&peaks.output).any(|peak| *peak > 1e-4);
        if loud || self.unseen as f32 > 0.1 * self.rate {
            self.unseen = 0;
            self.repaint.request_repaint();
        }
    }
}

impl ClapPlugin for KilnDrive {
    const CLAP_ID: &'static str = "audio.kiln.drive";
    const CLAP_DESCRIPTION: Option<&'static str> = Some("Distortion of small networks");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = &[
        ClapFeature::AudioEffect,
        ClapFeature::Distortion,
        ClapFeature::Mono,
        ClapFeature::Stereo,
    ];

    fn remote_controls(&self, context: &mut impl RemoteControlsContext) {
        self.params.remote_controls(context);
    }
}

impl Vst3Plugin for KilnDrive {
    const VST3_CLASS_ID: [u8; 16] = *b"KilnAudioDrive01";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] =
        &[Vst3SubCategory::Fx, Vst3SubCategory::Distortion];
}

nice_export_clap!(KilnDrive);
nice_export_vst3!(KilnDrive);
