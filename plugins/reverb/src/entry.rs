//! What hosts enter the library by: the entry points of CLAP and VST3, in place of
//! those nice-plug exports. Its macros take names and ids from constants; this
//! library's are those of its [`identity`](crate::identity), if it carries one.
//!
//! Everything behind them is nice-plug's: its wrappers know no name or id but what
//! is set here, and put none into states.

#![allow(unsafe_code, reason = "both formats are C interfaces, which hosts call")]

mod clap;
mod vst3;

use nice_plug::prelude::*;

use crate::{KilnReverb, identity};

/// What hosts are told.
struct Names {
    name: &'static str,
    vendor: &'static str,
    version: &'static str,
    clap_id: &'static str,
    /// As it is written.
    vst3_id: [u8; 16],
}

impl Names {
    /// Of the identity this library carries, or of the plugin as it was built.
    fn own() -> Self {
        identity::own().map_or(
            Self {
                name: KilnReverb::NAME,
                vendor: KilnReverb::VENDOR,
                version: KilnReverb::VERSION,
                clap_id: KilnReverb::CLAP_ID,
                vst3_id: KilnReverb::VST3_CLASS_ID,
            },
            |own| Self {
                name: own.name(),
                vendor: own.vendor(),
                version: own.version(),
                clap_id: own.clap_id(),
                vst3_id: own.vst3_id(),
            },
        )
    }
}

/// Begins the log; whether there is a plugin to offer.
fn begin() -> bool {
    nice_plug::wrapper::setup_logger::<KilnReverb>();
    let damage = identity::damage();
    if let Some(error) = damage {
        nice_error!("{}: {error}", KilnReverb::NAME);
    }
    damage.is_none()
}
