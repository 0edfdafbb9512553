//! The look of a kiln: embers on charcoal.

use egui::{Color32, CornerRadius, FontFamily, FontId, Stroke, Ui, Visuals};

/// The deepest black, of holes and grilles.
pub const COAL: Color32 = Color32::from_rgb(0x0b, 0x0a, 0x0b);
/// The window.
pub const CHARCOAL: Color32 = Color32::from_rgb(0x15, 0x13, 0x14);
/// What lies on it.
pub const CLAY: Color32 = Color32::from_rgb(0x21, 0x1e, 0x1f);
/// What lies on that, or sinks into it.
pub const ASH: Color32 = Color32::from_rgb(0x33, 0x2e, 0x2e);
/// Lines.
pub const SEAM: Color32 = Color32::from_rgb(0x48, 0x41, 0x40);
/// The accent.
pub const EMBER: Color32 = Color32::from_rgb(0xff, 0x7a, 0x2f);
/// Hotter.
pub const FLAME: Color32 = Color32::from_rgb(0xff, 0xc2, 0x6e);
/// Cooler.
pub const RUST: Color32 = Color32::from_rgb(0x8c, 0x3d, 0x1c);
/// Too hot: clipping and errors.
pub const ALARM: Color32 = Color32::from_rgb(0xff, 0x4b, 0x3e);
/// In order: what is in tune, what is safe.
pub const GLAZE: Color32 = Color32::from_rgb(0x6f, 0xd6, 0x9b);
/// The other of two things drawn together.
pub const STEEL: Color32 = Color32::from_rgb(0x8f, 0xb4, 0xd0);
/// Text.
pub const TEXT: Color32 = Color32::from_rgb(0xf4, 0xec, 0xe4);
/// Text that steps back.
pub const DIM: Color32 = Color32::from_rgb(0xae, 0xa2, 0x99);
/// Text that is hardly there: hints and what is off.
pub const FAINT: Color32 = Color32::from_rgb(0x7d, 0x73, 0x6d);

/// Corners of cards and fields, in units.
pub const ROUND: f32 = 6.0;

/// Height of a widget in a row of them, in units; egui's style carries the unit in it.
const ROW: f32 = 20.0;

/// Points of one unit of the layout.
pub fn unit(ui: &Ui) -> f32 {
    ui.spacing().interact_size.y / ROW
}

/// A text size in points.
pub fn font(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Corners of `units` units, in a layout of `unit`.
pub fn round(units: f32, unit: f32) -> CornerRadius {
    CornerRadius::same((units * unit).round().clamp(0.0, 255.0) as u8)
}

/// Sets the style of every widget egui draws for us, at `unit` points a unit.
pub fn apply(ctx: &egui::Context, unit: f32) {
    ctx.set_theme(egui::Theme::Dark);
    ctx.all_styles_mut(|style| {
        style.visuals = visuals(unit);
        style.spacing.item_spacing = egui::vec2(8.0, 6.0) * unit;
        style.spacing.button_padding = egui::vec2(10.0, 4.0) * unit;
        style.spacing.interact_size = egui::vec2(40.0, ROW) * unit;
        style.spacing.menu_margin = egui::Margin::same((8.0 * unit).min(100.0) as i8);
        style.spacing.tooltip_width = 300.0 * unit;
        style.spacing.scroll.bar_width = 8.0 * unit;
        style.spacing.scroll.floating = false;
        style.spacing.scroll.bar_inner_margin = 4.0 * unit;
        style.interaction.selectable_labels = false;
        style.interaction.tooltip_delay = 0.6;
        for (kind, size) in [
            (egui::TextStyle::Body, 13.0),
            (egui::TextStyle::Button, 13.0),
            (egui::TextStyle::Small, 11.5),
            (egui::TextStyle::Monospace, 13.0),
            (egui::TextStyle::Heading, 20.0),
        ] {
            style.text_styles.insert(kind, font(size * unit));
        }
    });
}

fn visuals(unit: f32) -> Visuals {
    let mut visuals = Visuals::dark();
    visuals.panel_fill = CHARCOAL;
    visuals.window_fill = CLAY;
    visuals.window_stroke = Stroke::new(1.0, SEAM);
    visuals.window_corner_radius = round(ROUND, unit);
    visuals.menu_corner_radius = round(ROUND, unit);
    visuals.extreme_bg_color = CHARCOAL;
    visuals.override_text_color = Some(TEXT);
    visuals.weak_text_color = Some(FAINT);
    visuals.selection.bg_fill = RUST;
    visuals.selection.stroke = Stroke::new(1.0, FLAME);
    visuals.hyperlink_color = EMBER;
    let widgets = &mut visuals.widgets;
    for (state, fill, line) in [
        (&mut widgets.inactive, ASH, SEAM),
        (&mut widgets.hovered, SEAM, EMBER),
        (&mut widgets.active, RUST, FLAME),
        (&mut widgets.open, ASH, EMBER),
        (&mut widgets.noninteractive, CLAY, SEAM),
    ] {
        state.bg_fill = fill;
        state.weak_bg_fill = fill;
        state.bg_stroke = Stroke::new(1.0, line);
        state.fg_stroke = Stroke::new(1.0, TEXT);
        state.corner_radius = round(5.0, unit);
        state.expansion = 0.0;
    }
    visuals
}
