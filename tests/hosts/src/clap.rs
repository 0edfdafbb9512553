//! A CLAP host.

use std::ffi::CString;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use clack_extensions::audio_ports_config::{AudioPortsConfigBuffer, PluginAudioPortsConfig};
use clack_extensions::gui::{GuiSize, HostGui, HostGuiImpl, PluginGui};
use clack_extensions::latency::{HostLatency, HostLatencyImpl, PluginLatency};
use clack_extensions::params::{
    HostParams, HostParamsImplMainThread, HostParamsImplShared, ParamClearFlags, ParamInfoBuffer,
    ParamRescanFlags, PluginParams,
};
use clack_extensions::state::{HostState, HostStateImpl, PluginState};
use clack_host::events::Pckn;
use clack_host::events::event_types::ParamValueEvent;
use clack_host::prelude::*;

/// What a plugin asked for and we have not answered yet.
#[derive(Default)]
struct Requests {
    callback: AtomicBool,
    resize: Mutex<Option<GuiSize>>,
}

/// The host's side of one instance.
pub struct Host;
/// The part of it any thread may call.
pub struct Shared(Arc<Requests>);
/// The part of it the main thread calls.
pub struct Main;

impl HostHandlers for Host {
    type Shared<'a> = Shared;
    type MainThread<'a> = Main;
    type AudioProcessor<'a> = ();

    fn declare_extensions(extensions: &mut HostExtensions<Self>, _: &Shared) {
        extensions
            .register::<HostGui>()
            .register::<HostParams>()
            .register::<HostState>()
            .register::<HostLatency>();
    }
}

impl SharedHandler<'_> for Shared {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {
        self.0.callback.store(true, Ordering::SeqCst);
    }
}

impl HostGuiImpl for Shared {
    fn resize_hints_changed(&self) {}
    fn request_resize(&self, size: GuiSize) -> Result<(), HostError> {
        *self.0.resize.lock().expect("nothing panics under this lock") = Some(size);
        Ok(())
    }
    fn request_show(&self) -> Result<(), HostError> {
        Ok(())
    }
    fn request_hide(&self) -> Result<(), HostError> {
        Ok(())
    }
    fn closed(&self, _was_destroyed: bool) {}
}

impl HostParamsImplShared for Shared {
    fn request_flush(&self) {}
}

impl MainThreadHandler<'_> for Main {
    fn initialized(&self, _instance: InitializedPluginHandle<'_>) {}
}

impl HostParamsImplMainThread for Main {
    fn rescan(&self, _flags: ParamRescanFlags) {}
    fn clear(&self, _parameter: ClapId, _flags: ParamClearFlags) {}
}

impl HostStateImpl for Main {
    fn mark_dirty(&self) {}
}

impl HostLatencyImpl for Main {
    fn changed(&self) {}
}

/// A loaded library.
pub struct Bundle {
    entry: PluginEntry,
    /// The plugin's CLAP id.
    pub id: String,
    /// Its CLAP features.
    pub features: Vec<String>,
}

impl Bundle {
    /// Loads the library and reads what it says of its one plugin.
    #[allow(unsafe_code, reason = "loading a library runs code nobody can vouch for")]
    pub fn load(path: &Path) -> Result<Self> {
        // SAFETY: the library is the plugin under test, built from this workspace.
        let entry = unsafe { PluginEntry::load(path) }
            .with_context(|| format!("loading {}", path.display()))?;
        let factory = entry.get_plugin_factory().context("no plugin factory")?;
        let descriptor = factory.plugin_descriptors().next().context("no plugin")?;
        let id = descriptor.id().context("the plugin has no id")?.to_str()?.to_owned();
        let features = descriptor.features().map(|f| f.to_string_lossy().into_owned()).collect();
        Ok(Self { entry, id, features })
    }

    /// A new instance.
    pub fn open(&self) -> Result<Plugin> {
        let requests = Arc::<Requests>::default();
        let shared = requests.clone();
        let info = HostInfo::new("kiln-host", "Kiln", "", "1")?;
        let id = CString::new(self.id.as_str())?;
        let instance = PluginInstance::<Host>::new(
            move |_| Shared(shared),
            |_| Main,
            &self.entry,
            &id,
            &info,
        )?;
        let handle = instance.plugin_shared_handle();
        let (params, state) = (handle.get_extension(), handle.get_extension());
        Ok(Plugin {
            params: params.context("the plugin has no parameters")?,
            state: state.context("the plugin has no state")?,
            configs: handle.get_extension(),
            gui: handle.get_extension(),
            latency: handle.get_extension(),
            instance,
            requests,
        })
    }
}

/// One instance, on the thread that opened it.
pub struct Plugin {
    instance: PluginInstance<Host>,
    requests: Arc<Requests>,
    params: PluginParams,
    state: PluginState,
    configs: Option<PluginAudioPortsConfig>,
    latency: Option<PluginLatency>,
    gui: Option<PluginGui>,
}

/// A parameter as the plugin describes it.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// How the format knows it.
    pub id: u32,
    /// How people know it.
    pub name: String,
    /// Smallest, default and largest value.
    pub range: [f64; 3],
}

impl Plugin {
    /// All parameters.
    pub fn parameters(&mut self) -> Vec<Parameter> {
        let handle = self.instance.plugin_handle();
        let mut buffer = ParamInfoBuffer::new();
        let mut found = Vec::new();
        for index in 0..self.params.count(&handle) {
            let Some(info) = self.params.get_info(&handle, index, &mut buffer) else { continue };
            found.push(Parameter {
                id: info.id.get(),
                name: String::from_utf8_lossy(info.name).into_owned(),
                range: [info.min_value, info.default_value, info.max_value],
            });
        }
        found
    }

    /// The present value of a parameter.
    pub fn value(&mut self, parameter: u32) -> Option<f64> {
        self.params.get_value(&self.instance.plugin_handle(), ClapId::new(parameter))
    }

    /// The value a parameter gets when someone types `text`.
    pub fn parse(&mut self, parameter: u32, text: &str) -> Result<f64> {
        let (id, text) = (ClapId::new(parameter), CString::new(text)?);
        let value = self.params.text_to_value(&self.instance.plugin_handle(), id, &text);
        value.with_context(|| format!("parameter {parameter} does not understand {text:?}"))
    }

    /// The plugin's state as a project would keep it.
    pub fn save(&mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.state.save(&self.instance.plugin_handle(), &mut bytes)?;
        Ok(bytes)
    }

    /// Puts a saved state back; an error when the plugin refuses it.
    pub fn restore(&mut self, mut bytes: &[u8]) -> Result<()> {
        Ok(self.state.load(&self.instance.plugin_handle(), &mut bytes)?)
    }

    /// Chooses the layout with this many channels in and out, while not active.
    pub fn select(&mut self, inputs: u32, outputs: u32) -> Result<()> {
        let configs = self.configs.context("the plugin has one layout only")?;
        let handle = self.instance.plugin_handle();
        let mut buffer = AudioPortsConfigBuffer::new();
        for index in 0..configs.count(&handle) {
            let Some(config) = configs.get(&handle, index, &mut buffer) else { continue };
            let channels = |main: Option<clack_extensions::audio_ports_config::MainPortInfo>| {
                main.map_or(0, |port| port.channel_count)
            };
            if channels(config.main_input) == inputs && channels(config.main_output) == outputs {
                return Ok(configs.select(&handle, config.id)?);
            }
        }
        bail!("the plugin has no layout with {inputs} in, {outputs} out")
    }

    /// Samples by which the output trails the input.
    pub fn latency(&mut self) -> u32 {
        let handle = self.instance.plugin_handle();
        self.latency.as_ref().map_or(0, |latency| latency.get(&handle))
    }

    /// Makes the plugin ready for blocks of up to `max_block` samples.
    pub fn activate(&mut self, channels: [usize; 2], rate: f64, max_block: u32) -> Result<Player> {
        let config = PluginAudioConfiguration {
            sample_rate: rate,
            min_frames_count: 1,
            max_frames_count: max_block,
        };
        let stopped = self.instance.activate(|_, _| (), config)?;
        let Ok(processor) = stopped.start_processing() else {
            bail!("the plugin refuses to start at {rate} Hz");
        };
        Ok(Player {
            processor,
            ports: [AudioPorts::with_capacity(2, 1), AudioPorts::with_capacity(2, 1)],
            buffers: channels.map(|count| vec![vec![0.0; max_block as usize]; count]),
            sent: EventBuffer::with_capacity(64),
            received: EventBuffer::with_capacity(64),
            around: (|| {}, || {}),
        })
    }

    /// Ends what [`activate`](Self::activate) began.
    pub fn deactivate(&mut self, player: Player) {
        self.instance.deactivate(player.processor.stop_processing());
    }

    /// Does what the plugin asked of the main thread since the last call; returns
    /// the size its editor wants, where it wants another.
    pub fn idle(&mut self) -> Option<GuiSize> {
        if self.requests.callback.swap(false, Ordering::SeqCst) {
            self.instance.call_on_main_thread_callback();
        }
        self.requests.resize.lock().expect("nothing panics under this lock").take()
    }

    /// The editor, and the handle to call it with.
    pub fn gui(&mut self) -> Result<(PluginGui, PluginMainThreadHandle<'_>)> {
        Ok((self.gui.context("the plugin has no editor")?, self.instance.plugin_handle()))
    }
}

/// A parameter change at a sample.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// The sample, counted from the start of what is rendered.
    pub at: usize,
    /// See [`crate::parameter`].
    pub parameter: u32,
    /// The new value.
    pub value: f64,
}

/// An active instance, on any one thread.
pub struct Player {
    processor: StartedPluginAudioProcessor<Host>,
    ports: [AudioPorts; 2],
    buffers: [Vec<Vec<f32>>; 2],
    sent: EventBuffer,
    received: EventBuffer,
    /// Called right before and right after the plugin's own `process`.
    pub around: (fn(), fn()),
}

impl Player {
    /// Forgets all sound.
    pub fn reset(&mut self) {
        self.processor.reset();
    }

    /// Renders all of `input` in blocks of the sizes in `cuts`, over and over.
    ///
    /// # Panics
    /// When the plugin reports an error; a host would mute it.
    pub fn render(
        &mut self,
        input: &[Vec<f32>],
        cuts: &[usize],
        changes: &[Change],
    ) -> Vec<Vec<f32>> {
        let length = input.first().map_or(0, Vec::len);
        let mut output = vec![Vec::with_capacity(length); self.buffers[1].len()];
        let mut cuts = cuts.iter().cycle();
        let mut from = 0;
        while from < length {
            let frames = (*cuts.next().expect("at least one size")).min(length - from);
            self.block(input, from, frames, changes);
            for (output, block) in output.iter_mut().zip(&self.buffers[1]) {
                output.extend_from_slice(&block[..frames]);
            }
            from += frames;
        }
        output
    }

    fn block(&mut self, input: &[Vec<f32>], from: usize, frames: usize, changes: &[Change]) {
        self.sent.clear();
        self.received.clear();
        for change in changes.iter().filter(|c| (from..from + frames).contains(&c.at)) {
            let (at, id) = ((change.at - from) as u32, ClapId::new(change.parameter));
            self.sent.push(&ParamValueEvent::new(at, id, Pckn::match_all(), change.value));
        }
        let [ins, outs] = &mut self.buffers;
        for (buffer, input) in ins.iter_mut().zip(input) {
            buffer[..frames].copy_from_slice(&input[from..from + frames]);
        }
        // A plugin that leaves its output alone must not look as if it had passed the sound.
        outs.iter_mut().for_each(|buffer| buffer.fill(f32::NAN));
        let [in_ports, out_ports] = &mut self.ports;
        let ins = ins.iter_mut().map(|b| InputChannel::variable(&mut b[..frames]));
        let ins = in_ports.with_input_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_input_only(ins),
        }]);
        let outs = outs.iter_mut().map(|b| &mut b[..frames]);
        let mut outs = out_ports.with_output_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only(outs),
        }]);
        let (sent, mut received) = (self.sent.as_input(), self.received.as_output());
        (self.around.0)();
        let status = self.processor.process(&ins, &mut outs, &sent, &mut received, None, None);
        (self.around.1)();
        status.expect("the plugin processes");
    }
}
