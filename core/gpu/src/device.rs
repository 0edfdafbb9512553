//! Which cards there are, and one of them opened.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Error;
use crate::bank::Pipelines;
use crate::kernel::Shader;
use crate::source::Form;

/// Seconds after which a card is taken to have hung. No submission is meant to take a
/// tenth of one.
const PATIENCE: u64 = 30;
/// The same where a processor does a card's work.
const PATIENCE_SOFTWARE: u64 = 300;
/// Percent of a card's memory after which it is said to be full, before it is.
const FULL: u8 = 90;

/// The frames of a thread share every weight it loads.
const CARD: Form = Form { frames: 4, compact: false };
const SOFTWARE: Form = Form { frames: 1, compact: true };

/// What to open.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether the processor may play the part of a card. Slower than
    /// [`nn::Engine`] by far, but good to test with.
    pub allow_software: bool,
    /// Part of the name of the card wanted, in letters of any case.
    pub name: Option<String>,
    /// Bytes of the card's memory to use at most; 2 GiB if not given.
    pub memory: Option<u64>,
}

/// A card, in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// As its driver names it.
    pub name: String,
    /// What we talk to it through: `Vulkan`, `Metal` or `DX12`.
    pub backend: String,
    /// The driver, with its version.
    pub driver: String,
    /// Whether it is the processor that plays a card.
    pub software: bool,
    /// Whether it has memory of its own, fast but far from the processor's.
    pub discrete: bool,
}

impl Description {
    fn of(adapter: &wgpu::Adapter) -> Self {
        let info = adapter.get_info();
        let driver = format!("{} {}", info.driver, info.driver_info);
        let backend = match info.backend {
            wgpu::Backend::Dx12 => "DX12".to_owned(),
            other => format!("{other:?}"),
        };
        Self {
            name: info.name,
            backend,
            driver: driver.trim().to_owned(),
            software: info.device_type == wgpu::DeviceType::Cpu,
            discrete: info.device_type == wgpu::DeviceType::DiscreteGpu,
        }
    }

    /// What is opened first.
    fn rank(&self) -> usize {
        if self.discrete { 0 } else { 1 + usize::from(self.software) }
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.backend)
    }
}

/// All cards of this machine, the fastest first as far as their kind tells. None where
/// there is no driver.
pub fn devices() -> Vec<Description> {
    adapters().into_iter().map(|(_, description)| description).collect()
}

fn adapters() -> Vec<(wgpu::Adapter, Description)> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    // What checks our shaders a second time in debug builds needs layers of the system.
    descriptor.flags = wgpu::InstanceFlags::empty();
    descriptor.memory_budget_thresholds.for_resource_creation = Some(FULL);
    // What else is built with us may bring others, that lack what we need.
    let backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
    descriptor.backends = backends;
    let instance = wgpu::Instance::new(descriptor);
    let found = pollster::block_on(instance.enumerate_adapters(backends));
    let mut found: Vec<_> = found
        .into_iter()
        .map(|adapter| {
            let description = Description::of(&adapter);
            (adapter, description)
        })
        .collect();
    found.sort_by_key(|(_, description)| description.rank());
    found
}

/// An open card. Clones share it.
#[derive(Clone)]
pub struct Device {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) limits: wgpu::Limits,
    /// How its shaders are written.
    pub(crate) form: Form,
    description: Description,
    memory: u64,
    shared: Arc<Shared>,
}

/// What clones share.
#[derive(Default)]
struct Shared {
    /// The first of what went wrong since it was last asked for.
    fault: Mutex<Option<Fault>>,
    /// By the text of their shaders.
    pipelines: Mutex<HashMap<Arc<Shader>, Arc<Pipelines>>>,
}

/// What the driver says went wrong.
enum Fault {
    Memory(String),
    Other(String),
}

/// A lock that a panic elsewhere does not take away.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn note(&self, fault: Fault) {
        lock(&self.fault).get_or_insert(fault);
    }
}

impl Device {
    /// Opens the fastest card that fits.
    ///
    /// # Errors
    /// If there is none, or its driver does not open it.
    pub fn open(options: &Options) -> Result<Self, Error> {
        let found = adapters();
        let wanted = options.name.as_ref().map(|name| name.to_lowercase());
        let fits = |description: &Description| {
            let named = wanted.as_ref().is_none_or(|w| description.name.to_lowercase().contains(w));
            named && (options.allow_software || !description.software)
        };
        let names: Vec<String> = found.iter().map(|(_, d)| d.to_string()).collect();
        match found.into_iter().find(|(_, description)| fits(description)) {
            Some((adapter, description)) => Self::on(&adapter, description, options),
            None => {
                let kind = if options.allow_software { "a device" } else { "a graphics card" };
                let named = options.name.as_ref().map(|name| format!(" named {name:?}"));
                let found = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                Err(Error::NoDevice {
                    expected: kind.to_owned() + &named.unwrap_or_default(),
                    found,
                })
            }
        }
    }

    fn on(
        adapter: &wgpu::Adapter,
        description: Description,
        options: &Options,
    ) -> Result<Self, Error> {
        let limits = adapter.limits();
        let descriptor =
            wgpu::DeviceDescriptor { required_limits: limits.clone(), ..Default::default() };
        let failed = |e: wgpu::RequestDeviceError| Error::Device {
            at: "opening a device",
            found: e.to_string(),
        };
        let (device, queue) =
            pollster::block_on(adapter.request_device(&descriptor)).map_err(failed)?;
        let shared = Arc::new(Shared::default());
        // Without these, an error of the driver would end the process.
        let faults = shared.clone();
        device.on_uncaptured_error(Arc::new(move |e: wgpu::Error| {
            faults.note(match e {
                wgpu::Error::OutOfMemory { .. } => Fault::Memory("no memory left".to_owned()),
                other => Fault::Other(other.to_string()),
            });
        }));
        let faults = shared.clone();
        device.set_device_lost_callback(move |_, words| {
            faults.note(Fault::Other(format!("the device lost: {words}")));
        });
        let memory = options.memory.unwrap_or(2 << 30);
        let form = if description.software { SOFTWARE } else { CARD };
        Ok(Self { device, queue, limits, form, description, memory, shared })
    }

    /// Which one it is.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Bytes of its memory that are used at most.
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// The most bytes of one buffer.
    pub(crate) fn largest(&self) -> u64 {
        let Self { limits, .. } = self;
        limits.max_storage_buffer_binding_size.min(limits.max_buffer_size).min(self.memory)
    }

    /// What went wrong. Only a lack of memory passes: after all else no thread that shares
    /// the device may take what it reads for good.
    pub(crate) fn check(&self, at: &'static str) -> Result<(), Error> {
        let mut fault = lock(&self.shared.fault);
        match &*fault {
            None => Ok(()),
            Some(Fault::Other(found)) => Err(Error::Device { at, found: found.clone() }),
            Some(Fault::Memory(found)) => {
                let found = found.clone();
                *fault = None;
                Err(Error::Memory { at, expected: self.memory, found })
            }
        }
    }

    /// Waits until a submission is done.
    pub(crate) fn wait(&self, until: wgpu::SubmissionIndex, at: &'static str) -> Result<(), Error> {
        let seconds = if self.description.software { PATIENCE_SOFTWARE } else { PATIENCE };
        let timeout = Some(Duration::from_secs(seconds));
        let wait = wgpu::PollType::Wait { submission_index: Some(until), timeout };
        let polled = self.device.poll(wait);
        self.check(at)?;
        match polled {
            Ok(_) => Ok(()),
            Err(wgpu::PollError::Timeout) => Err(Error::Timeout { at, expected: seconds }),
            Err(e) => Err(Error::Device { at, found: e.to_string() }),
        }
    }

    /// The pipelines of a shader, built once.
    pub(crate) fn pipelines(
        &self,
        shader: &Arc<Shader>,
        build: impl FnOnce() -> Result<Pipelines, Error>,
    ) -> Result<Arc<Pipelines>, Error> {
        if let Some(known) = lock(&self.shared.pipelines).get(shader) {
            return Ok(known.clone());
        }
        let built = Arc::new(build()?);
        lock(&self.shared.pipelines).insert(shader.clone(), built.clone());
        Ok(built)
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("description", &self.description).finish_non_exhaustive()
    }
}
