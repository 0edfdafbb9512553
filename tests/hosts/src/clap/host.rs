//! What the plugin may ask of its host.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use clack_extensions::gui::{GuiSize, HostGui, HostGuiImpl};
use clack_extensions::latency::{HostLatency, HostLatencyImpl};
use clack_extensions::params::{
    HostParams, HostParamsImplMainThread, HostParamsImplShared, ParamClearFlags, ParamRescanFlags,
};
use clack_extensions::state::{HostState, HostStateImpl};
use clack_host::prelude::*;

/// What a plugin asked for and we have not answered yet.
#[derive(Default)]
pub(super) struct Requests {
    pub(super) callback: AtomicBool,
    pub(super) restart: AtomicBool,
    pub(super) resize: Mutex<Option<GuiSize>>,
    /// How often it said that its latency changed.
    pub(super) latencies: AtomicUsize,
}

/// The host's side of one instance.
pub struct Host;
/// The part of it any thread may call.
pub struct Shared(pub(super) Arc<Requests>);
/// The part of it the main thread calls.
pub struct Main(pub(super) Arc<Requests>);

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
    fn request_restart(&self) {
        self.0.restart.store(true, Ordering::SeqCst);
    }
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
    fn changed(&self) {
        self.0.latencies.fetch_add(1, Ordering::SeqCst);
    }
}
