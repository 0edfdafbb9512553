//! What a state would hold of parameters that nobody touched.

use std::path::Path;
use std::sync::LazyLock;

use nice_plug::plugin::ParamValue;
use nice_plug_egui::RepaintNotifier;

use crate::disk::Folders;
use crate::engine::Engine;
use crate::own::Own;
use crate::params::ReverbParams;

/// Every parameter a project depends on, by its id.
pub(crate) fn defaults() -> &'static [(&'static str, ParamValue)] {
    static DEFAULTS: LazyLock<Vec<(&'static str, ParamValue)>> = LazyLock::new(|| {
        let (loader, _reverb) = fx::Reverb::new(48_000.0);
        let engine = Engine::new(loader, Own::carried(), RepaintNotifier::new());
        ReverbParams::new(engine, &Folders::under(Path::new(""))).defaults()
    });
    &DEFAULTS
}
