//! The pictures of a reverb and of a distortion, lights and the rows of a browser, side by side.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test -p ui --test curves` draws the picture anew.

use std::path::Path;

use egui::{Pos2, Rect, vec2};
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, SnapshotOptions};
use ui::curves::{self, Band, Decay, Density, Impulse, Shown, Spectrum, Times, Transfer};
use ui::list::List;
use ui::row::{self, Row};
use ui::{badge, light, theme};

fn at(x: f32, y: f32, w: f32, h: f32) -> Rect {
    Rect::from_min_size(Pos2::new(x, y), vec2(w, h))
}

/// A hall of 2.4 s as numbers.
struct Hall {
    channels: Vec<Vec<[f32; 2]>>,
    levels: Vec<f32>,
    bands: Vec<Band>,
    asked: Vec<[f32; 2]>,
    points: Vec<[f32; 2]>,
}

impl Hall {
    fn new() -> Self {
        let fall = |i: usize, side: usize| {
            let t = i as f32 / 500.0 * 3.2;
            let wild = 0.6 + 0.4 * ((i * (31 + 7 * side) % 97) as f32 / 97.0);
            0.5 * wild * 10f32.powf(-3.0 * t / 2.4) * (1.0 - (-40.0 * t).exp())
        };
        let channel = |side| (0..500).map(|i| [-fall(i, side), fall(i + 3, side)]).collect();
        let level = |i| -60.0 / 2.4 * (i as f32 / 500.0 * 3.2) - 0.4 * (i as f32 * 0.21).sin();
        let rings = |hz: f32| 2.4 / (1.0 + (hz / 6000.0).powi(2)) * (1.0 + 30.0 / (hz + 60.0));
        let bands = |i| {
            let hz = 31.5 * 2f32.powf(i as f32 / 3.0);
            Band { hz, seconds: Some(rings(hz) * (1.0 + 0.05 * (i as f32 * 2.3).sin())) }
        };
        let curve = |i| {
            let hz = 31.5 * 508f32.powf(i as f32 / 99.0);
            [hz, rings(hz)]
        };
        let point = |i| {
            let t = 0.01 * 320f32.powf(i as f32 / 199.0);
            [t, (1.0 - (-t * 18.0).exp()) * (1.0 + 0.03 * (i as f32 * 1.7).sin())]
        };
        Self {
            channels: (0..2).map(channel).collect(),
            levels: (0..500).map(level).collect(),
            bands: (0..28).map(bands).collect(),
            asked: (0..100).map(curve).collect(),
            points: (0..200).map(point).collect(),
        }
    }

    fn impulse(&self) -> Impulse<'_> {
        Impulse { seconds: 3.2, channels: &self.channels, peak: 0.5 }
    }

    fn decay(&self, cut: bool) -> Decay<'_> {
        Decay { seconds: 3.2, levels: &self.levels, t60: (!cut).then_some(2.416), cut }
    }

    fn times(&self) -> Times<'_> {
        Times { bands: &self.bands, asked: &self.asked, cut: None }
    }

    fn density(&self) -> Density<'_> {
        Density { points: &self.points, dense_after: Some(0.19) }
    }
}

fn pictures(ui: &mut egui::Ui, hall: &Hall) {
    curves::impulse(ui, at(16.0, 16.0, 380.0, 150.0), &Shown::of(&hall.impulse()));
    curves::decay(ui, at(404.0, 16.0, 380.0, 150.0), &Shown::of(&hall.decay(false)));
    curves::times(ui, at(16.0, 174.0, 380.0, 150.0), &Shown::of(&hall.times()));
    curves::density(ui, at(404.0, 174.0, 380.0, 150.0), &Shown::of(&hall.density()));
    // What is not known, not yet, no more, or only that it is long.
    ui.push_id("states", |ui| {
        let place = |i: usize| at(16.0 + 196.0 * i as f32, 332.0, 188.0, 110.0);
        curves::impulse(ui, place(0), &Shown { data: None, busy: true });
        curves::decay(ui, place(1), &Shown { data: Some(&hall.decay(true)), busy: false });
        let mut bands = hall.bands.clone();
        bands.iter_mut().take(9).for_each(|band| band.seconds = None);
        let times = Times { bands: &bands, asked: &[], cut: Some(3.2) };
        curves::times(ui, place(2), &Shown::of(&times));
        curves::density(ui, place(3), &Shown { data: Some(&hall.density()), busy: true });
    });
}

/// A soft clipper with a sound on it, and what it makes of a sine.
fn distortion(ui: &mut egui::Ui) {
    let soft = |x: f32| 0.7 * (3.0 * x).tanh() + 0.04 * (1.0 - x * x);
    let slow: Vec<[f32; 2]> = (0..400)
        .map(|i| 1.5 * (i as f32 / 400.0 * std::f32::consts::TAU).sin())
        .map(|x| [x, soft(x)])
        .collect();
    let sound: Vec<[f32; 2]> = (0..256)
        .map(|i| (i as f32 * 0.05).sin() * 0.6 * (1.0 - i as f32 / 500.0))
        .map(|x| [x, soft(x) + 0.02 * (x * 9.0).cos()])
        .collect();
    let transfer = Transfer { curve: &slow, moving: &sound, reach: 1.2 };
    curves::transfer(ui, at(272.0, 544.0, 250.0, 190.0), &Shown::of(&transfer));
    let harmonics: Vec<[f32; 2]> =
        (1..16).map(|k| [1250.0 * k as f32, -6.0 * k as f32 - (k % 2) as f32 * -4.0]).collect();
    let rest: Vec<f32> = (0..4000)
        .map(|i| if i % 173 == 60 { -104.0 } else { -133.0 - (i * 31 % 17) as f32 })
        .collect();
    let spectrum = Spectrum { harmonics: &harmonics, rest: &rest, top: 20_000.0, alias: -97.3 };
    curves::spectrum(ui, at(530.0, 544.0, 254.0, 190.0), &Shown::of(&spectrum));
}

fn lights(ui: &mut egui::Ui) {
    use badge::State::{Bad, Checking, Good, Marginal, Unknown};
    for (i, (state, words, facts)) in [
        (Good, "Certified stable", "0 poles outside · 32 lines"),
        (Marginal, "Lossless", "poles on the circle · 8 lines"),
        (Unknown, "Not proven", "played with a limiter"),
        (Bad, "Unstable", "3 poles outside · 16 lines"),
        (Checking, "Proving…", "it cannot grow · 512 lines"),
    ]
    .into_iter()
    .enumerate()
    {
        let place = at(16.0 + 155.0 * i as f32, 454.0, 148.0, 40.0);
        ui.push_id(i, |ui| badge::show(ui, place, state, words, facts, ""));
    }
    use light::State::{Error, Following, Idle};
    for (i, (state, words)) in [
        (Idle, "Not following"),
        (Following { since: None }, "room.json · r3"),
        (Following { since: Some(0.1) }, "room.json · r4"),
        (Following { since: Some(1.2) }, "room.json · r4"),
        (Error, "room.json · r5"),
    ]
    .into_iter()
    .enumerate()
    {
        let place = at(16.0 + 155.0 * i as f32, 506.0, 148.0, 26.0);
        ui.push_id(i, |ui| light::show(ui, place, state, words, "Followed"));
    }
}

fn rows(ui: &mut egui::Ui, list: &mut List) {
    let names = ["Medium hall", "Small room", "A plate with a name too long for the browser"];
    let facts = ["32 lines · 2.4 s", "16 lines · 0.6 s", "64 lines · 3.1 s"];
    list.show(ui, at(16.0, 544.0, 240.0, 120.0), 40.0, 3, |ui, rect, i, response| {
        let row = Row { name: names[i], facts: facts[i], plays: i == 1 };
        row::show(ui, rect, &row, "", response);
    });
}

fn harness() -> Harness<'static> {
    let hall = Hall::new();
    let mut list = List::default();
    let mut styled = false;
    Harness::builder().with_size([800.0, 746.0]).with_pixels_per_point(1.5).build_ui(move |ui| {
        if !styled {
            theme::apply(ui.ctx(), 1.0);
            styled = true;
        }
        let window = ui.ctx().content_rect();
        ui.painter().rect_filled(window, 0.0, theme::CHARCOAL);
        pictures(ui, &hall);
        lights(ui);
        distortion(ui);
        rows(ui, &mut list);
    })
}

#[test]
fn curves_lights_and_rows() {
    let mut harness = harness();
    // The pointer on a curve tells the value there.
    harness.hover_at(Pos2::new(560.0, 80.0));
    harness.run_steps(4);
    assert!(harness.query_by_label("Play Small room").is_some());
    let options = SnapshotOptions::new()
        .threshold(1.5)
        .max_failed_pixels(200_usize)
        .output_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots"));
    harness.snapshot_options("curves", &options);
}

/// Nothing that numbers can be makes a picture panic.
#[test]
fn odd_numbers() {
    let odd = [f32::NAN, f32::INFINITY, -1.0, 0.0, 1e-30, 1e30];
    let mut harness = Harness::builder().with_size([400.0, 400.0]).build_ui(move |ui| {
        theme::apply(ui.ctx(), 1.0);
        let place = at(0.0, 0.0, 200.0, 100.0);
        for (i, &a) in odd.iter().enumerate() {
            for (j, &b) in odd.iter().enumerate() {
                ui.push_id((i, j), |ui| {
                    let channels = [vec![[a, b], [b, a]], vec![]];
                    let impulse = Impulse { seconds: a, channels: &channels, peak: b };
                    curves::impulse(ui, place, &Shown::of(&impulse));
                    let decay = Decay { seconds: a, levels: &[b, a], t60: Some(b), cut: true };
                    curves::decay(ui, place, &Shown::of(&decay));
                    let bands = [Band { hz: a, seconds: Some(b) }, Band { hz: b, seconds: None }];
                    let times = Times { bands: &bands, asked: &[[a, b]], cut: Some(a) };
                    curves::times(ui, place, &Shown::of(&times));
                    let density = Density { points: &[[a, b], [b, a]], dense_after: Some(a) };
                    curves::density(ui, place, &Shown::of(&density));
                    let curve = [[a, b], [b, a]];
                    let transfer = Transfer { curve: &curve, moving: &curve, reach: a };
                    curves::transfer(ui, place, &Shown::of(&transfer));
                    let spectrum = Spectrum { harmonics: &curve, rest: &[a, b], top: a, alias: b };
                    curves::spectrum(ui, place, &Shown::of(&spectrum));
                });
            }
        }
    });
    harness.hover_at(Pos2::new(100.0, 50.0));
    harness.run_steps(3);
    assert!(harness.query_all_by_label("Echo density").count() == odd.len() * odd.len());
}
