//! The entry point of CLAP.

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;
use std::sync::{Arc, OnceLock};

use nice_plug::wrapper::clap::{
    CLAP_PLUGIN_FACTORY_ID, CLAP_VERSION, PluginDescriptor, Wrapper, clap_host, clap_plugin,
    clap_plugin_descriptor, clap_plugin_entry, clap_plugin_factory,
};

use super::Names;
use crate::KilnReverb;

/// What CLAP hosts look for.
#[unsafe(no_mangle)]
#[used]
#[allow(non_upper_case_globals, reason = "CLAP calls it that")]
static clap_entry: clap_plugin_entry = clap_plugin_entry {
    clap_version: CLAP_VERSION,
    init: Some(init),
    deinit: Some(deinit),
    get_factory: Some(get_factory),
};

static FACTORY: clap_plugin_factory = clap_plugin_factory {
    get_plugin_count: Some(get_plugin_count),
    get_plugin_descriptor: Some(get_plugin_descriptor),
    create_plugin: Some(create_plugin),
};

/// nice-plug's descriptor with our names.
struct Descriptor {
    raw: clap_plugin_descriptor,
    id: CString,
    /// What else `raw` points to.
    _owned: ([CString; 3], PluginDescriptor),
}

// SAFETY: `raw` points only to memory that the rest of the value owns, and nobody
// writes to either.
unsafe impl Send for Descriptor {}
// SAFETY: as above.
unsafe impl Sync for Descriptor {}

impl Descriptor {
    fn new() -> Self {
        let names = Names::own();
        let base = PluginDescriptor::for_plugin::<KilnReverb>();
        // None has a zero in it: an identity refuses control characters.
        let text = |text: &str| CString::new(text).unwrap_or_default();
        let (id, owned) =
            (text(names.clap_id), [names.name, names.vendor, names.version].map(text));
        let raw = clap_plugin_descriptor {
            id: id.as_ptr(),
            name: owned[0].as_ptr(),
            vendor: owned[1].as_ptr(),
            version: owned[2].as_ptr(),
            ..*base.clap_plugin_descriptor()
        };
        Self { raw, id, _owned: (owned, base) }
    }

    fn own() -> &'static Self {
        static OWN: OnceLock<Descriptor> = OnceLock::new();
        OWN.get_or_init(Self::new)
    }
}

extern "C" fn init(_path: *const c_char) -> bool {
    super::begin()
}

extern "C" fn deinit() {}

extern "C" fn get_factory(id: *const c_char) -> *const c_void {
    // SAFETY: a host passes a C string, or null.
    if !id.is_null() && unsafe { CStr::from_ptr(id) } == CLAP_PLUGIN_FACTORY_ID {
        ptr::from_ref(&FACTORY).cast()
    } else {
        ptr::null()
    }
}

extern "C" fn get_plugin_count(_factory: *const clap_plugin_factory) -> u32 {
    1
}

extern "C" fn get_plugin_descriptor(
    _factory: *const clap_plugin_factory,
    index: u32,
) -> *const clap_plugin_descriptor {
    if index == 0 { &Descriptor::own().raw } else { ptr::null() }
}

extern "C" fn create_plugin(
    _factory: *const clap_plugin_factory,
    host: *const clap_host,
    id: *const c_char,
) -> *const clap_plugin {
    if host.is_null() || id.is_null() {
        return ptr::null();
    }
    let own = Descriptor::own();
    // SAFETY: a host passes a C string; it is not null.
    if unsafe { CStr::from_ptr(id) } != own.id.as_c_str() {
        return ptr::null();
    }
    // SAFETY: a host outlives its plugins.
    let wrapper = unsafe { Wrapper::<KilnReverb>::new(host) };
    // Nobody else knows the wrapper yet, so this does not collide.
    wrapper.clap_plugin.borrow_mut().desc = &own.raw;
    // The wrapper's own `destroy` takes this reference back.
    let wrapper = Arc::into_raw(wrapper);
    // SAFETY: as just made, and not freed before the host has it destroyed.
    unsafe { (*wrapper).clap_plugin.as_ptr() }
}
