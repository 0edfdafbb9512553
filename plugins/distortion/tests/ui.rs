//! The editor, drawn without a window: that it shows what plays, and what hands do with
//! it.

mod host;

#[path = "ui/hands.rs"]
mod hands;
#[path = "ui/stage.rs"]
mod stage;
