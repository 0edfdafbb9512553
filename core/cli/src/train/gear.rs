//! What a model is of, as its file says it.

use nn::{Date, Metadata};
use time::OffsetDateTime;

/// Words and levels for the file.
#[derive(clap::Args)]
#[command(next_help_heading = "What the file says")]
pub(super) struct Gear {
    /// A name for people; the file's by default
    #[arg(long)]
    name: Option<String>,
    /// Who made the model
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// What it is, in a sentence
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// amp, pedal, pedal_amp, amp_cab, amp_pedal_cab, preamp or studio
    #[arg(long, value_name = "WORD")]
    gear_type: Option<String>,
    /// Who made the gear
    #[arg(long, value_name = "NAME")]
    gear_make: Option<String>,
    /// The gear
    #[arg(long, value_name = "NAME")]
    gear_model: Option<String>,
    /// clean, overdrive, crunch, hi_gain or fuzz
    #[arg(long, value_name = "WORD")]
    tone_type: Option<String>,
    /// dBu of a 1 kHz sine that reached 0 dBFS in the dry recording
    #[arg(long, value_name = "DBU", allow_negative_numbers = true)]
    input_level: Option<f64>,
    /// The same for the wet recording
    #[arg(long, value_name = "DBU", allow_negative_numbers = true)]
    output_level: Option<f64>,
}

impl Gear {
    /// With a name from the file's if none was given.
    pub(super) fn metadata(&self, stem: &str) -> Metadata {
        let now = OffsetDateTime::now_utc();
        Metadata {
            date: Some(Date {
                year: u16::try_from(now.year()).unwrap_or(0),
                month: now.month().into(),
                day: now.day(),
                hour: now.hour(),
                minute: now.minute(),
                second: now.second(),
            }),
            name: Some(self.name.clone().unwrap_or_else(|| stem.to_owned())),
            modeled_by: self.by.clone(),
            description: self.description.clone(),
            gear_type: self.gear_type.clone(),
            gear_make: self.gear_make.clone(),
            gear_model: self.gear_model.clone(),
            tone_type: self.tone_type.clone(),
            input_level_dbu: self.input_level,
            output_level_dbu: self.output_level,
            ..Metadata::default()
        }
    }
}
