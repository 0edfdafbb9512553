use std::f64::consts::PI;

use super::*;

/// Numbers from 0 to 1, the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn section(&mut self) -> Section {
        // From broad to very narrow, with zeros near, on or far from the circle.
        let (pole, zero) = (1.0 - 10.0_f64.powf(-6.0 * self.next()), 1.4 * self.next().min(0.715));
        let (at, zero_at) = (PI * self.next().powi(3), PI * self.next());
        let b0 = self.next() + 0.1;
        Section {
            b: [b0, -2.0 * b0 * zero * zero_at.cos(), b0 * zero * zero],
            a: [-2.0 * pole * at.cos(), pole * pole],
        }
    }
}

#[test]
fn nothing_on_an_arc_exceeds_what_is_proven_of_it() {
    let mut random = Random(1);
    for round in 0..4000 {
        let mut response = Response::cascade(&[random.section(), random.section()]);
        if round % 4 == 0 {
            let taps: Vec<f64> = (0..7).map(|_| random.next() - 0.5).collect();
            response.append(Response::fir(&taps));
        }
        response.gain = -0.5;
        let from = PI * random.next();
        let to = from + (PI - from) * random.next() * 10.0_f64.powf(-6.0 * random.next());
        let arc = Arc { from, to };
        let (most, least, slope) = (response.most(arc), response.least(arc), response.slope(arc));
        let mut last = response.at(from);
        for k in 0..=100 {
            let omega = from + (to - from) * f64::from(k) / 100.0;
            let h = response.at(omega);
            // What we compare with is rounded as well.
            let room = 1.0 + 1e-6;
            assert!(h.norm() <= most * room, "{round}: {} > {most}", h.norm());
            assert!(h.norm() * room >= least, "{round}: {} < {least}", h.norm());
            let rise = (h - last).norm();
            let step = (to - from) / 100.0;
            assert!(rise <= slope * step * room + 1e-9 * most, "{round}: {rise}");
            last = h;
        }
    }
}

#[test]
fn bounds_of_a_point_are_its_value() {
    let mut random = Random(2);
    for _ in 0..1000 {
        let response = Response::cascade(&[random.section()]);
        let at = PI * random.next();
        let (h, most) = (response.at(at).norm(), response.most(Arc::point(at)));
        assert!((most - h).abs() <= 1e-5 * h + 1e-9, "{h} {most}");
    }
}

#[test]
fn a_peak_narrower_than_any_grid_is_seen() {
    // Poles 10⁻⁹ from the circle: a third of a microhertz wide at 48 kHz.
    let radius = 1.0 - 1e-9_f64;
    let a = [-2.0 * radius * 1.0_f64.cos(), radius * radius];
    let peak = Response::cascade(&[Section { b: [1.0, 0.0, 0.0], a }]);
    let height = peak.at(1.0).norm();
    assert!(height > 1e8);
    assert!(peak.most(Arc { from: 0.0, to: PI }) >= height);
}

#[test]
fn phase_has_no_jumps_and_is_that_of_the_response() {
    let mut random = Random(3);
    for _ in 0..300 {
        let mut section = random.section();
        if random.next() < 0.3 {
            section.b[0] = 0.0;
        }
        let response = Response::cascade(&[section]);
        let mut last: Option<(f64, Complex64)> = None;
        for k in 0..=20000 {
            let omega = PI * f64::from(k) / 20000.0;
            let (phase, h) = (response.phase(omega).unwrap(), response.at(omega));
            if let Some((before, from)) = last {
                let turned = (h / from).arg();
                // Near a zero, a step this long may turn by more than we can tell.
                if turned.abs() < 1.5 && from.norm() > 1e-6 && h.norm() > 1e-6 {
                    assert!((phase - before - turned).abs() < 1e-3, "{omega}");
                }
            }
            last = Some((phase, h));
        }
    }
}

#[test]
fn poles_are_placed_exactly() {
    let outside = |a1: f64, a2: f64| Section { b: [1.0, 0.0, 0.0], a: [a1, a2] }.outside();
    // From poles: a₁ = −(p + q), a₂ = p·q.
    for (p, q, expected) in [
        (0.5, -0.25, Some(0)),
        (2.0, 0.5, Some(1)),
        (-2.0, 0.5, Some(1)),
        (2.0, 4.0, Some(2)),
        (2.0, -4.0, Some(2)),
        (1.0, 0.5, None),
        (-1.0, 0.5, None),
    ] {
        assert_eq!(outside(-(p + q), p * q), expected, "{p} {q}");
    }
    assert_eq!(outside(0.5, 1.0), None);
    assert_eq!(outside(0.5, 1.0 + f64::EPSILON), Some(2));
    assert_eq!(outside(0.5, 1.0 - f64::EPSILON), Some(0));
    // 1 + a₁ + a₂ is 2⁻⁷⁰ more or less than nothing, which rounding would hide.
    let tiny = 2.0_f64.powi(-70);
    assert_eq!(outside(-1.0, tiny), Some(0));
    assert_eq!(outside(-1.0, -tiny), Some(1));
    assert_eq!(outside(-1.0, 0.0), None);
}
