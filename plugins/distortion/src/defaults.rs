//! What a state would hold of parameters that nobody touched.

use std::path::Path;
use std::sync::LazyLock;

use nice_plug::plugin::ParamValue;
use nice_plug_egui::RepaintNotifier;

use crate::disk::Folders;
use crate::engine::Engine;
use crate::params::DriveParams;

/// Every parameter a project depends on, by its id.
pub(crate) fn defaults() -> &'static [(&'static str, ParamValue)] {
    static DEFAULTS: LazyLock<Vec<(&'static str, ParamValue)>> = LazyLock::new(|| {
        let (loader, _drive) = fx::drive::Drive::new(48_000.0);
        let engine = Engine::new(loader, RepaintNotifier::new());
        DriveParams::new(engine, &Folders::under(Path::new(""))).defaults()
    });
    &DEFAULTS
}
