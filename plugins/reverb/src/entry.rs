//! What a host finds in the library.

use nice_plug::prelude::*;

use crate::KilnReverb;

nice_export_clap!(KilnReverb);
nice_export_vst3!(KilnReverb);
