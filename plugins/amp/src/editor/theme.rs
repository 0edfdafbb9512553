//! The look of a kiln: embers on charcoal.

use egui::{Color32, CornerRadius, FontFamily, FontId, Stroke, Visuals};

/// The window.
pub(super) const CHARCOAL: Color32 = Color32::from_rgb(0x17, 0x15, 0x16);
/// What lies on it.
pub(super) const CLAY: Color32 = Color32::from_rgb(0x22, 0x1f, 0x20);
/// What lies on that, or sinks into it.
pub(super) const ASH: Color32 = Color32::from_rgb(0x35, 0x30, 0x30);
/// Lines.
pub(super) const SEAM: Color32 = Color32::from_rgb(0x45, 0x3e, 0x3d);
/// The accent.
pub(super) const EMBER: Color32 = Color32::from_rgb(0xff, 0x7a, 0x2f);
/// Hotter.
pub(super) const FLAME: Color32 = Color32::from_rgb(0xff, 0xc2, 0x6e);
/// Cooler.
pub(super) const RUST: Color32 = Color32::from_rgb(0x8c, 0x3d, 0x1c);
/// Too hot: clipping and errors.
pub(super) const ALARM: Color32 = Color32::from_rgb(0xff, 0x4b, 0x3e);
/// Text.
pub(super) const TEXT: Color32 = Color32::from_rgb(0xf2, 0xea, 0xe3);
/// Text that steps back.
pub(super) const DIM: Color32 = Color32::from_rgb(0xa3, 0x98, 0x90);

/// Corners of cards and fields, in points.
pub(super) const ROUND: f32 = 6.0;

/// A text size in points.
pub(super) fn font(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Sets the style of every widget egui draws for us.
pub(super) fn apply(ctx: &egui::Context) {
    ctx.set_theme(egui::Theme::Dark);
    ctx.all_styles_mut(|style| {
        style.visuals = visuals();
        style.spacing.item_spacing = egui::vec2(8.0, 6.0);
        style.spacing.button_padding = egui::vec2(10.0, 5.0);
        style.interaction.selectable_labels = false;
        for (kind, size) in [
            (egui::TextStyle::Body, 14.0),
            (egui::TextStyle::Button, 14.0),
            (egui::TextStyle::Small, 12.0),
            (egui::TextStyle::Heading, 22.0),
        ] {
            style.text_styles.insert(kind, font(size));
        }
    });
}

fn visuals() -> Visuals {
    let mut visuals = Visuals::dark();
    visuals.panel_fill = CHARCOAL;
    visuals.window_fill = CLAY;
    visuals.extreme_bg_color = CHARCOAL;
    visuals.override_text_color = Some(TEXT);
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
        state.corner_radius = CornerRadius::same(5);
        state.expansion = 0.0;
    }
    visuals
}
