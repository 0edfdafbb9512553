//! Kiln Amp: the host's side of [`fx::Amp`]. It maps parameters, loads models
//! and draws the editor; all sound is made in `fx`.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use fx::Amp;
use nice_plug::editor::dpi::LogicalSize;
use nice_plug::prelude::*;
use nice_plug_egui::{EguiEditor, EguiEditorState, RepaintNotifier};

pub mod editor;
pub mod files;
pub mod model;
pub mod params;
pub mod saved;

use model::{Models, Task};
use params::AmpParams;

/// What the audio thread tells the editor.
#[derive(Default)]
pub struct Meters {
    /// The largest magnitudes at the model's input since the editor took them.
    pub input: [AtomicF32; 2],
    /// The same at the output.
    pub output: [AtomicF32; 2],
    /// Channels that come in.
    pub inputs: AtomicUsize,
    /// Channels that go out.
    pub outputs: AtomicUsize,
}

impl Meters {
    fn raise(&self, peaks: fx::amp::Peaks) {
        for (meter, peak) in self.input.iter().zip(peaks.input) {
            meter.fetch_max(peak, Relaxed);
        }
        for (meter, peak) in self.output.iter().zip(peaks.output) {
            meter.fetch_max(peak, Relaxed);
        }
    }
}

/// The plugin.
pub struct KilnAmp {
    params: Arc<AmpParams>,
    models: Models,
    meters: Arc<Meters>,
    editor: Arc<EguiEditorState>,
    repaint: RepaintNotifier,
    amp: Amp,
    inputs: usize,
}

impl Default for KilnAmp {
    fn default() -> Self {
        let (loader, amp) = Amp::new(48_000.0);
        let repaint = RepaintNotifier::new();
        let models = Models::new(loader, repaint.clone());
        let [width, height] = editor::SIZE;
        Self {
            params: Arc::new(AmpParams::new(models.clone())),
            models,
            meters: Arc::default(),
            editor: EguiEditorState::from_size(LogicalSize::new(width, height), 1.0),
            repaint,
            amp,
            inputs: 2,
        }
    }
}

impl KilnAmp {
    /// The models of this instance.
    pub fn models(&self) -> &Models {
        &self.models
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
        let models = self.models.clone();
        Box::new(move |task| models.run(task))
    }

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn editor(&mut self, tasks: AsyncExecutor<Self>) -> Option<Self::Editor> {
        let app = editor::App::new(self.params.clone(), self.meters.clone(), tasks);
        editor::editor(self.editor.clone(), self.repaint.clone(), app)
    }

    fn filter_state(state: &mut PluginState) {
        saved::mend(&mut state.fields);
    }

    fn activate(
        &mut self,
        layout: &AudioIOLayout,
        buffer: &BufferConfig,
        _context: &mut impl ActivateContext<Self>,
    ) -> bool {
        let count = |channels: Option<NonZeroU32>| channels.map_or(0, |n| n.get() as usize);
        self.inputs = count(layout.main_input_channels);
        self.meters.inputs.store(self.inputs, Relaxed);
        self.meters.outputs.store(count(layout.main_output_channels), Relaxed);
        self.amp.set_sample_rate(buffer.sample_rate);
        self.models.set_host_rate(buffer.sample_rate);
        // On this thread, so that an offline render has its model from the first sample.
        self.models.ensure();
        true
    }

    fn reset(&mut self) {
        self.amp.reset();
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        _context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        self.amp.process(buffer.as_slice(), self.inputs, &self.params.values());
        // Taken in any case, so that an editor opened later shows the present.
        let peaks = self.amp.take_peaks();
        if self.editor.is_open() {
            self.meters.raise(peaks);
            self.repaint.request_repaint();
        }
        ProcessStatus::Normal
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
        context.add_section("Amp", |section| {
            section.add_page("Amp", |page| {
                page.add_param(&self.params.input);
                page.add_param(&self.params.output);
                page.add_param(&self.params.quality);
                page.add_param(&self.params.bypass);
            });
        });
    }
}

impl Vst3Plugin for KilnAmp {
    const VST3_CLASS_ID: [u8; 16] = *b"KilnAudioAmp0001";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] =
        &[Vst3SubCategory::Fx, Vst3SubCategory::Distortion];
}

nice_export_clap!(KilnAmp);
nice_export_vst3!(KilnAmp);
