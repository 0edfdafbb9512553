#[test]
fn explore() {
    use super::align::align;
    use super::gear::*;
    for (name, dry) in [("full", full(RATE)), ("guitar", guitar(RATE))] {
        for (gname, gear) in [("od", overdrive as fn(&[f32], f64) -> Vec<f32>), ("fuzz", fuzz)] {
            let wet = gear(&dry, RATE);
            for late in [0.0, -700.6] {
                let t = std::time::Instant::now();
                let w = delay(&wet, late);
                let a = align(&dry, &w, RATE);
                eprintln!(
                    "{name} {gname} {late}: {:?} {:?}",
                    a.map(|a| (a.latency - late, a.inverted, a.course)),
                    t.elapsed()
                );
            }
        }
    }
    let dry = full(RATE);
    let g = guitar(RATE);
    eprintln!("unrelated {:?}", align(&dry, &overdrive(&g, RATE), RATE));
    eprintln!("unrelated {:?}", align(&g, &overdrive(&dry, RATE), RATE));
    for ppm in [50.0, -20.0, 3.0, 10.0] {
        eprintln!("drift {ppm} {:?}", align(&dry, &other_clock(&overdrive(&dry, RATE), ppm), RATE));
        eprintln!("drift g {ppm} {:?}", align(&g, &other_clock(&overdrive(&g, RATE), ppm), RATE));
        eprintln!("drift gf {ppm} {:?}", align(&g, &other_clock(&fuzz(&g, RATE), ppm), RATE));
    }
    let mut j = overdrive(&dry, RATE);
    j.drain(300_000..300_064);
    eprintln!("jump {:?}", align(&dry, &j, RATE));
    let rect: Vec<f32> = dry.iter().map(|x| x.abs()).collect();
    eprintln!("rect {:?}", align(&dry, &high_pass(&delay(&rect, 500.0), 50.0, RATE), RATE));
    let rect: Vec<f32> = g.iter().map(|x| x.abs()).collect();
    eprintln!("rect {:?}", align(&g, &high_pass(&delay(&rect, 500.0), 50.0, RATE), RATE));
}
