//! The entry points of VST3.

use std::ffi::c_void;
use std::sync::OnceLock;

use nice_plug::wrapper::vst3::vst3::Steinberg::{
    FIDString, FUnknown, IPluginFactory, IPluginFactory2, IPluginFactory2Trait, IPluginFactory3,
    IPluginFactory3Trait, IPluginFactoryTrait, PClassInfo, PClassInfo2, PClassInfoW, PFactoryInfo,
    TUID, int32, kInvalidArgument, kNoInterface, kResultOk, tresult,
};
use nice_plug::wrapper::vst3::vst3::{Class, ComWrapper};
use nice_plug::wrapper::vst3::{PluginInfo, Wrapper};

use super::Names;
use crate::KilnReverb;

/// Makes instances of the one plugin there is.
struct Factory {
    info: PluginInfo,
}

impl Class for Factory {
    type Interfaces = (IPluginFactory, IPluginFactory2, IPluginFactory3);
}

impl Factory {
    fn new() -> Self {
        static CLASS: OnceLock<[u8; 16]> = OnceLock::new();
        let Names { name, vendor, version, vst3_id, .. } = Names::own();
        let cid = CLASS.get_or_init(|| platform_order(vst3_id));
        let base = PluginInfo::for_plugin::<KilnReverb>();
        Self { info: PluginInfo { cid, name, vendor, version, ..base } }
    }
}

/// On Windows a class id is a GUID, whose first three fields are little-endian;
/// elsewhere it is as it is written.
fn platform_order(id: [u8; 16]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = id;
    let [i, j, k, l, m, n, o, p] = rest;
    if cfg!(windows) { [d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p] } else { id }
}

/// Writes what a host asks for to where it asks for it, if there is such a class.
///
/// # Safety
///
/// `to` is null or can be written to.
unsafe fn answer<T>(index: int32, to: *mut T, value: impl FnOnce() -> T) -> tresult {
    if index != 0 || to.is_null() {
        return kInvalidArgument;
    }
    // SAFETY: not null, and so to be written to, as the caller promises.
    unsafe { to.write(value()) };
    kResultOk
}

impl IPluginFactoryTrait for Factory {
    unsafe fn getFactoryInfo(&self, info: *mut PFactoryInfo) -> tresult {
        // SAFETY: a host passes a place of its own, or null.
        unsafe { answer(0, info, || self.info.create_factory_info()) }
    }

    unsafe fn countClasses(&self) -> int32 {
        1
    }

    unsafe fn getClassInfo(&self, index: int32, info: *mut PClassInfo) -> tresult {
        // SAFETY: a host passes a place of its own, or null.
        unsafe { answer(index, info, || self.info.create_class_info()) }
    }

    unsafe fn createInstance(
        &self,
        cid: FIDString,
        iid: FIDString,
        obj: *mut *mut c_void,
    ) -> tresult {
        if cid.is_null() || iid.is_null() || obj.is_null() {
            return kInvalidArgument;
        }
        // SAFETY: a host passes 16 bytes, of any alignment; it is not null.
        if unsafe { cid.cast::<[u8; 16]>().read() } != *self.info.cid {
            return kInvalidArgument;
        }
        let wrapper = ComWrapper::new(Wrapper::<KilnReverb>::new());
        let Some(unknown) = wrapper.as_com_ref::<FUnknown>() else { return kNoInterface };
        let unknown = unknown.as_ptr();
        // SAFETY: `wrapper` is alive, `iid` is 16 bytes of the host's and `obj` a
        // place of its own. What it asks for holds a reference of its own.
        unsafe { ((*(*unknown).vtbl).queryInterface)(unknown, iid.cast::<TUID>(), obj) }
    }
}

impl IPluginFactory2Trait for Factory {
    unsafe fn getClassInfo2(&self, index: int32, info: *mut PClassInfo2) -> tresult {
        // SAFETY: a host passes a place of its own, or null.
        unsafe { answer(index, info, || self.info.create_class_info_2()) }
    }
}

impl IPluginFactory3Trait for Factory {
    unsafe fn getClassInfoUnicode(&self, index: int32, info: *mut PClassInfoW) -> tresult {
        // SAFETY: a host passes a place of its own, or null.
        unsafe { answer(index, info, || self.info.create_class_info_unicode()) }
    }

    unsafe fn setHostContext(&self, _context: *mut FUnknown) -> tresult {
        kResultOk
    }
}

/// What VST3 hosts look for; null from a library that is damaged.
#[unsafe(no_mangle)]
extern "system" fn GetPluginFactory() -> *mut c_void {
    if !super::begin() {
        return std::ptr::null_mut();
    }
    let factory = ComWrapper::new(Factory::new()).to_com_ptr::<IPluginFactory>();
    factory.map_or(std::ptr::null_mut(), |factory| factory.into_raw().cast())
}

/// Called first on Linux.
#[cfg(all(unix, not(target_os = "macos")))]
#[unsafe(no_mangle)]
extern "C" fn ModuleEntry(_library: *mut c_void) -> bool {
    super::begin()
}

/// Called last on Linux.
#[cfg(all(unix, not(target_os = "macos")))]
#[unsafe(no_mangle)]
extern "C" fn ModuleExit() -> bool {
    true
}

/// Called first on macOS.
#[cfg(target_os = "macos")]
#[unsafe(no_mangle)]
extern "C" fn bundleEntry(_bundle: *mut c_void) -> bool {
    super::begin()
}

/// Called last on macOS.
#[cfg(target_os = "macos")]
#[unsafe(no_mangle)]
extern "C" fn bundleExit() -> bool {
    true
}

/// Called first on Windows.
#[cfg(windows)]
#[unsafe(no_mangle)]
extern "system" fn InitDll() -> bool {
    super::begin()
}

/// Called last on Windows.
#[cfg(windows)]
#[unsafe(no_mangle)]
extern "system" fn ExitDll() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use nice_plug::prelude::Vst3Plugin;

    use super::platform_order;
    use crate::KilnReverb;

    #[test]
    fn ids_are_ordered_as_nice_plug_orders_constants() {
        let ordered = platform_order(KilnReverb::VST3_CLASS_ID);
        assert_eq!(ordered, KilnReverb::PLATFORM_VST3_CLASS_ID);
    }
}
