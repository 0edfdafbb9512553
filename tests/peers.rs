//! Against `nam-rs`, an independent implementation, on models of every official
//! shape that it runs.

mod kit;

/// Both settled on silence; nam-rs has to be told.
fn theirs(json: &str, io: &mut [f32]) -> Result<(), nam_rs::Error> {
    let file = nam_rs::NamModel::from_json_str(json)?;
    let mut model = nam_rs::Model::from_nam(&file)?;
    model.process_buffer(&mut vec![0.0; model.receptive_field().max(24_000)]);
    model.process_buffer(io);
    Ok(())
}

#[test]
fn sounds_like_nam_rs() {
    let mut compared = 0;
    for (name, json) in kit::models::official() {
        let model = nn::Model::load(json.as_bytes()).expect("a valid model");
        let (mut a, mut b) = (kit::signal(6000), kit::signal(6000));
        if theirs(&json, &mut a).is_err() {
            continue;
        }
        model.engine().process(&mut b);
        let power: f32 = a.iter().map(|y| y * y).sum();
        let error: f32 = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum();
        let db = 10.0 * (error / power).log10();
        println!("{db:6.1} dB  {name}");
        assert!(db < -100.0, "{name}: {db:.1} dB from nam-rs");
        compared += 1;
    }
    assert_eq!(compared, 8, "nam-rs runs WaveNet and LSTM");
}
