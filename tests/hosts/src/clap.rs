//! A CLAP host.

use std::ffi::{CStr, CString};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, bail};
use clack_extensions::audio_ports_config::{AudioPortsConfigBuffer, PluginAudioPortsConfig};
use clack_extensions::gui::{GuiSize, PluginGui};
use clack_extensions::latency::PluginLatency;
use clack_extensions::params::{ParamInfoBuffer, ParamInfoFlags, PluginParams};
use clack_extensions::remote_controls::{PluginRemoteControls, RemoteControlsPageBuffer};
use clack_extensions::render::{PluginRender, RenderMode};
use clack_extensions::state::PluginState;
use clack_host::prelude::*;

mod host;
mod player;

use host::{Main, Requests, Shared};

pub use host::Host;
pub use player::{Change, Player};

/// A loaded library.
pub struct Bundle {
    entry: PluginEntry,
    /// The plugin's CLAP id.
    pub id: String,
    /// What hosts list it as, who made it, and its version.
    pub names: [String; 3],
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
        let text = |text: Option<&CStr>| text.map_or(String::new(), |t| t.to_string_lossy().into());
        let names = [descriptor.name(), descriptor.vendor(), descriptor.version()].map(text);
        let features = descriptor.features().map(|f| f.to_string_lossy().into_owned()).collect();
        Ok(Self { entry, id, names, features })
    }

    /// A new instance.
    pub fn open(&self) -> Result<Plugin> {
        let requests = Arc::<Requests>::default();
        let (shared, main) = (requests.clone(), requests.clone());
        let info = HostInfo::new("kiln-host", "Kiln", "", "1")?;
        let id = CString::new(self.id.as_str())?;
        let instance = PluginInstance::<Host>::new(
            move |_| Shared(shared),
            move |_| Main(main),
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
            remote: handle.get_extension(),
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
    remote: Option<PluginRemoteControls>,
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
    /// Whether it has whole values only.
    pub stepped: bool,
    /// Whether a host may automate it.
    pub automatable: bool,
    /// Whether people are not to see it.
    pub hidden: bool,
}

impl Plugin {
    /// The id in what the instance itself says it is.
    pub fn id(&self) -> Option<String> {
        let handle = self.instance.plugin_shared_handle();
        Some(handle.descriptor()?.id()?.to_string_lossy().into_owned())
    }

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
                stepped: info.flags.contains(ParamInfoFlags::IS_STEPPED),
                automatable: info.flags.contains(ParamInfoFlags::IS_AUTOMATABLE),
                hidden: info.flags.contains(ParamInfoFlags::IS_HIDDEN),
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

    /// A value as people read it.
    pub fn show(&mut self, parameter: u32, value: f64) -> Result<String> {
        let mut buffer = [0; 256];
        let (handle, id) = (self.instance.plugin_handle(), ClapId::new(parameter));
        let text = self.params.value_to_text(&handle, id, value, &mut buffer);
        let text = text.ok().with_context(|| format!("parameter {parameter} has no text"))?;
        Ok(String::from_utf8(text.to_vec())?)
    }

    /// The pages of a controller with eight knobs: a name and the parameters of each.
    pub fn pages(&mut self) -> Result<Vec<(String, Vec<u32>)>> {
        let remote = self.remote.context("the plugin has no remote controls")?;
        let handle = self.instance.plugin_handle();
        let mut buffer = RemoteControlsPageBuffer::new();
        let mut pages = Vec::new();
        for index in 0..remote.count(&handle) {
            let page = remote.get(&handle, index, &mut buffer).context("a page is missing")?;
            let ids = page.param_ids.iter().flatten().map(|id| id.get()).collect();
            pages.push((String::from_utf8(page.page_name.to_vec())?, ids));
        }
        Ok(pages)
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

    /// Says that what follows is rendered, as slowly as it may be, and not played.
    pub fn render_offline(&mut self) -> Result<()> {
        let handle = self.instance.plugin_shared_handle();
        let render: PluginRender = handle.get_extension().context("it cannot be told")?;
        Ok(render.set(&self.instance.plugin_handle(), RenderMode::Offline)?)
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
        Ok(Player::new(processor, channels, max_block))
    }

    /// Ends what [`activate`](Self::activate) began.
    pub fn deactivate(&mut self, player: Player) {
        self.instance.deactivate(player.stop());
    }

    /// Whether the plugin asked, since the last call, to be activated anew.
    pub fn wants_restart(&self) -> bool {
        self.requests.restart.swap(false, Ordering::SeqCst)
    }

    /// How often the plugin said that its latency changed.
    pub fn latency_changes(&self) -> usize {
        self.requests.latencies.load(Ordering::SeqCst)
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
