//! What the editors of the plugins share: the look, and the widgets that set a
//! parameter. Widgets are placed in a rectangle, draw themselves with egui's
//! painter and speak to the host through a [`ParamSetter`](nice_plug::prelude::ParamSetter).
//!
//! All lengths are multiplied by the [`unit`](theme::unit), which grows with the
//! window, so that one layout serves every size.

pub mod badge;
pub mod banner;
pub mod choice;
pub mod control;
pub mod curves;
pub mod entry;
pub mod gesture;
pub mod head;
pub mod header;
pub mod icon;
pub mod knob;
pub mod lamp;
pub mod light;
pub mod list;
pub mod load;
pub mod meter;
pub mod paint;
pub mod plot;
pub mod row;
pub mod texture;
pub mod theme;
pub mod tuner;
pub mod turn;
pub mod window;
