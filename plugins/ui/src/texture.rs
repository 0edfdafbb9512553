//! Surfaces, computed once: no pictures have to be shipped.

use egui::emath::GuiRounding as _;
use egui::epaint::RectShape;
use egui::{
    Color32, ColorImage, Context, CornerRadius, Id, Mesh, Painter, Rect, Shape, TextureFilter,
    TextureHandle, TextureOptions, TextureWrapMode, pos2,
};

/// A surface that can be laid on anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Texture {
    /// Grained vinyl, as amplifiers are covered with.
    Tolex,
    /// Metal brushed from left to right.
    Brushed,
    /// Woven grille cloth with gaps light comes through.
    Cloth,
}

/// Pixels of a side of a tile.
const SIDE: usize = 128;

impl Texture {
    /// Points of a tile's side. A point of the pattern is a whole number of
    /// pixels, or it would beat with them.
    fn tile(painter: &Painter, unit: f32) -> f32 {
        // As fine as it looks well: coarser only on very dense screens.
        let pixels = (painter.pixels_per_point() * unit * 0.6).floor().max(1.0);
        SIDE as f32 * pixels / painter.pixels_per_point()
    }

    /// Lays it on `rect`, multiplied by `tint`.
    pub fn fill(self, painter: &Painter, rect: Rect, unit: f32, tint: Color32) {
        let tile = Self::tile(painter, unit);
        let rect = rect.round_to_pixels(painter.pixels_per_point());
        let texture = self.handle(painter.ctx());
        let mut mesh = Mesh::with_texture(texture.id());
        let uv =
            Rect::from_min_max(pos2(0.0, 0.0), pos2(rect.width() / tile, rect.height() / tile));
        mesh.add_rect_with_uv(rect, uv, tint);
        painter.add(Shape::mesh(mesh));
    }

    /// The same, with round corners.
    pub fn fill_round(
        self,
        painter: &Painter,
        rect: Rect,
        round: CornerRadius,
        unit: f32,
        tint: Color32,
    ) {
        let tile = Self::tile(painter, unit);
        let texture = self.handle(painter.ctx());
        let uv = Rect::from_min_max(pos2(0.0, 0.0), (rect.size() / tile).to_pos2());
        painter.add(RectShape::filled(rect, round, tint).with_texture(texture.id(), uv));
    }

    fn handle(self, ctx: &Context) -> TextureHandle {
        let id = Id::unique(("texture", self));
        if let Some(handle) = ctx.data(|data| data.get_temp::<TextureHandle>(id)) {
            return handle;
        }
        let options = TextureOptions {
            magnification: TextureFilter::Linear,
            minification: TextureFilter::Linear,
            wrap_mode: TextureWrapMode::Repeat,
            mipmap_mode: None,
        };
        let handle = ctx.load_texture(format!("{self:?}"), self.image(), options);
        ctx.data_mut(|data| data.insert_temp(id, handle.clone()));
        handle
    }

    fn image(self) -> ColorImage {
        let pixel = match self {
            Texture::Tolex => tolex,
            Texture::Brushed => brushed,
            Texture::Cloth => cloth,
        };
        let pixels = (0..SIDE * SIDE).map(|i| pixel(i % SIDE, i / SIDE)).collect();
        ColorImage::new([SIDE, SIDE], pixels)
    }
}

/// A number from 0 to 1 that is the same each time for the same place.
fn noise(x: usize, y: usize, seed: u32) -> f32 {
    let mut h = (x as u32).wrapping_mul(0x9e37_79b1) ^ (y as u32).wrapping_mul(0x85eb_ca77);
    h = (h ^ seed.wrapping_mul(0xc2b2_ae3d)).wrapping_mul(0x27d4_eb2f);
    h = (h ^ (h >> 15)).wrapping_mul(0x85eb_ca6b);
    (h ^ (h >> 13)) as f32 / u32::MAX as f32
}

/// Noise that is smooth over `cell` pixels and repeats at the side of the tile.
fn smooth(x: usize, y: usize, cell: usize, seed: u32) -> f32 {
    let cells = SIDE / cell;
    let at = |x: usize, y: usize| noise(x % cells, y % cells, seed);
    let (cx, cy) = (x / cell, y / cell);
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (tx, ty) = (ease((x % cell) as f32 / cell as f32), ease((y % cell) as f32 / cell as f32));
    let top = at(cx, cy) + (at(cx + 1, cy) - at(cx, cy)) * tx;
    let bottom = at(cx, cy + 1) + (at(cx + 1, cy + 1) - at(cx, cy + 1)) * tx;
    top + (bottom - top) * ty
}

fn tolex(x: usize, y: usize) -> Color32 {
    let height = |x: usize, y: usize| {
        0.6 * smooth(x, y, 2, 1) + 0.5 * smooth(x, y, 4, 2) + 0.1 * noise(x, y, 3)
    };
    // Lit from the upper left: the slope is what one sees.
    let slope = height(x, y) - height((x + 1) % SIDE, (y + 1) % SIDE);
    let light = (0.62 + slope * 1.1).clamp(0.0, 1.0);
    grey(light)
}

fn brushed(x: usize, y: usize) -> Color32 {
    // Long hairs: each row drawn from a few noises stretched along it.
    let hair = 0.55 * smooth(x, 0, 32, y as u32 + 10) + 0.45 * smooth(x, 0, 64, y as u32 + 500);
    grey(0.72 + 0.28 * (hair - 0.5) * 1.4)
}

fn cloth(x: usize, y: usize) -> Color32 {
    const CELL: usize = 4;
    let (column, row) = (x / CELL, y / CELL);
    let inside = |at: usize| ((at % CELL) as f32 + 0.5) / CELL as f32;
    let (fx, fy) = (inside(x), inside(y));
    let over = (column + row).is_multiple_of(2);
    // A thread bulges in its middle; where it dives under the other, light passes.
    let (across, along) = if over { (fy, fx) } else { (fx, fy) };
    let bulge = (across * std::f32::consts::PI).sin();
    let dive = (along * std::f32::consts::PI).sin();
    let light = (0.25 + 0.75 * bulge) * (0.55 + 0.45 * dive) * (0.85 + 0.3 * noise(x, y, 7));
    let gap = (1.0 - bulge).max(1.0 - dive);
    let alpha = (255.0 * (1.0 - 0.74 * gap * gap)) as u8;
    let light = (light * 255.0).clamp(0.0, 255.0) as u8;
    Color32::from_rgba_unmultiplied(light, light, light, alpha)
}

fn grey(light: f32) -> Color32 {
    Color32::from_gray((light.clamp(0.0, 1.0) * 255.0) as u8)
}
