//! What both benches measure, and the clock they measure it with.
#![allow(dead_code, reason = "each bench uses a part")]
#![allow(unreachable_pub, reason = "a module of benches, public in spirit")]

#[path = "../../tests/kit/clock.rs"]
mod clock;
#[path = "../../tests/kit/models.rs"]
pub mod models;

pub use clock::thread_time;

/// Block lengths a host may ask for.
pub const BLOCKS: [usize; 4] = [1, 16, 64, 512];

/// A network that runs in place.
pub type Process = Box<dyn FnMut(&mut [f32])>;

/// Ours, or why not.
pub fn ours(json: &str) -> Result<Process, String> {
    ours_on(json, nn::Isa::best())
}

/// Ours on an instruction set of choice, or why not.
pub fn ours_on(json: &str, isa: nn::Isa) -> Result<Process, String> {
    let model = nn::Model::load(json.as_bytes()).map_err(|e| e.to_string())?;
    let mut engine = model.engine_on(isa);
    Ok(Box::new(move |io| engine.process(io)))
}

/// That of the `nam-rs` crate, or why not.
pub fn nam_rs(json: &str) -> Result<Process, String> {
    let file = nam_rs::NamModel::from_json_str(json).map_err(|e| e.to_string())?;
    let mut model = nam_rs::Model::from_nam(&file).map_err(|e| e.to_string())?;
    Ok(Box::new(move |io| model.process_buffer(io)))
}

/// Two detuned tones and a little noise, peak below 0.5.
pub fn signal(n: usize) -> Vec<f32> {
    let mut random = models::Random::new(5);
    (0..n)
        .map(|i| {
            let t = i as f32;
            0.25 * (t * 0.021).sin() + 0.15 * (t * 0.0437).sin() + 0.05 * random.draw()
        })
        .collect()
}
