//! Kiln Amp: the host's side of [`fx::Amp`]. It maps parameters, loads models
//! and draws the editor; all sound is made in `fx`.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use fx::Amp;
use nice_plug::editor::dpi::LogicalSize;
use nice_plug::prelude::*;
use nice_plug_egui::{EguiEditor, EguiEditorState, RepaintNotifier};

pub mod choices;
mod defaults;
pub mod disk;
pub mod editor;
pub mod engines;
pub mod files;
pub mod library;
mod links;
pub mod meters;
pub mod params;
pub mod picture;
pub mod pitch;
pub mod places;
pub mod presets;
pub mod saved;
pub mod seat;
pub mod session;
pub mod snapshot;
pub mod source;
pub mod wav;

pub use meters::Meters;
pub use shell::links::Linked;
pub use shell::window;

use choices::Oversampling;
use disk::Folders;
use params::AmpParams;
use places::{Places, Task};

/// The plugin.
pub struct KilnAmp {
    params: Arc<AmpParams>,
    meters: Arc<Meters>,
    editor: Arc<EguiEditorState>,
    repaint: RepaintNotifier,
    amp: Amp,
    inputs: usize,
    /// In Hz.
    rate: f32,
    /// As the host was told.
    latency: u32,
    /// As the places were told.
    oversampling: Oversampling,
    /// Samples since the editor was last asked to repaint.
    unseen: usize,
}

impl Default for KilnAmp {
    fn default() -> Self {
        let (outlets, amp) = engines::chain(48_000.0);
        let repaint = RepaintNotifier::new();
        let places = Places::new(outlets, repaint.clone());
        let [width, height] = editor::SIZE;
        Self {
            params: Arc::new(AmpParams::new(places, &Folders::of_user())),
            meters: Arc::default(),
            editor: EguiEditorState::from_size(LogicalSize::new(width, height), 1.0),
            repaint,
            amp,
            inputs: 2,
            rate: 48_000.0,
            latency: 0,
            oversampling: Oversampling::X1,
            unseen: 0,
        }
    }
}

impl Drop for KilnAmp {
    fn drop(&mut self) {
        self.params.places.stop();
    }
}

impl KilnAmp {
    /// The places of this instance.
    pub fn places(&self) -> &Places {
        &self.params.places
    }

    /// The parameters, places and presets of this instance.
    pub fn kept(&self) -> Arc<AmpParams> {
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

impl Plugin for KilnAmp {
    const NAME: &'static str = "Kiln Amp";
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
        let app = editor::App::new(self.params.clone(), self.meters.clone(), tasks);
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
        self.amp.set_sample_rate(buffer.sample_rate);
        self.oversampling = self.params.oversampling.value();
        self.places().set_calls(shell::calls(buffer));
        self.places().activate(buffer.sample_rate, self.oversampling);
        self.take_up();
        self.latency = self.amp.latency() as u32;
        self.meters.latency.store(self.latency as usize, Relaxed);
        context.set_latency_samples(self.latency);
        true
    }

    fn reset(&mut self) {
        self.amp.reset();
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let watched = self.meters.watched.load(Relaxed);
        let began = meters::clock(watched);
        let channels = buffer.as_slice();
        if watched {
            self.meters.tuner.write(&channels[..self.inputs.min(channels.len())]);
        }
        self.amp.process(channels, self.inputs, &self.params.values());
        // Taken in any case, so that an editor opened later shows the present.
        let peaks = self.amp.take_peaks();
        if let Some(began) = began {
            self.meters.took(began.elapsed(), buffer.samples(), self.rate);
            self.meters.gate.store(self.amp.gate_gain(), Relaxed);
            self.meters.raise(peaks);
            // In silence only the load moves.
            self.unseen += buffer.samples();
            let loud = peaks.input.iter().chain(&peaks.output).any(|peak| *peak > 1e-4);
            if loud || self.unseen as f32 > 0.1 * self.rate {
                self.unseen = 0;
                self.repaint.request_repaint();
            }
        }
        self.follow(context);
        match self.places().tail() {
            0 => ProcessStatus::Normal,
            tail => ProcessStatus::Tail(tail.saturating_add(self.latency)),
        }
    }
}

impl KilnAmp {
    /// Lets the effect take up what was just built for it, so that the host
    /// hears of its latency before it plays. Not for the audio thread.
    fn take_up(&mut self) {
        self.amp.reset();
        self.amp.process(&mut [&mut [0.0], &mut [0.0]], 2, &self.params.values());
        self.amp.reset();
    }

    /// Tells the host of another latency, and the places of another oversampling.
    fn follow(&mut self, context: &mut impl ProcessContext<Self>) {
        let latency = self.amp.latency() as u32;
        if latency != self.latency {
            self.latency = latency;
            self.meters.latency.store(latency as usize, Relaxed);
            context.set_latency_samples(latency);
        }
        let oversampling = self.params.oversampling.value();
        if oversampling != self.oversampling {
            self.oversampling = oversampling;
            // Only by the player's hand, and never automated.
            if self.places().set_oversampling(oversampling) {
                context.execute_background(Task::Rebuild);
            }
        }
    }
}

impl ClapPlugin for KilnAmp {
    const CLAP_ID: &'static str = "audio.kiln.amp";
    const CLAP_DESCRIPTION: Option<&'static str> = Some("Neural guitar amplifier");
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

impl Vst3Plugin for KilnAmp {
    const VST3_CLASS_ID: [u8; 16] = *b"KilnAudioAmp0001";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] =
        &[Vst3SubCategory::Fx, Vst3SubCategory::Distortion];
}

nice_export_clap!(KilnAmp);
nice_export_vst3!(KilnAmp);
