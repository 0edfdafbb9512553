//! A trainer replaces the file of a model fifty times, twenty times a second, while a tone
//! sounds: what is alike for every plugin that plays models.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hosts::clap::{Bundle, Player, Plugin};
use hosts::live::{answer, answered, publish};
use hosts::signal::{difference, guitar, largest_step, sine};
use serde_json::Value;

use crate::heap;

const RATE: f64 = 48_000.0;
const ROUNDS: u64 = 50;
/// Between two files.
const ROUND: Duration = Duration::from_millis(50);
/// The pitch of the tone: whole periods last as long as a round, so that rounds can be
/// joined without a step.
const PITCH: f64 = 220.0;
const LEVEL: f64 = 0.2;

/// A plugin, and files for it.
pub(crate) struct Followed {
    pub(crate) bundle: Bundle,
    /// Where the file lies.
    pub(crate) file: PathBuf,
    /// What a trainer sends as a revision: each a little different.
    pub(crate) revision: fn(u64) -> String,
    /// A project that plays the file and, if told so, follows it.
    pub(crate) project: fn(&Path, bool) -> Vec<u8>,
}

impl Followed {
    fn open(&self, follows: bool) -> (Plugin, Player) {
        let mut plugin = self.bundle.open().expect("an instance");
        plugin.restore(&(self.project)(&self.file, follows)).expect("our state");
        let player = plugin.activate([2, 2], RATE, 4096).expect("to activate");
        (plugin, player)
    }

    /// What a guitar sounds like once everything has settled.
    fn settled(player: &mut Player) -> Vec<f32> {
        play(player, &vec![0.0; 3 * RATE as usize]);
        player.reset();
        play(player, &guitar(RATE, 0.5))
    }

    /// The largest step that a revision makes of the tone by itself.
    fn own_step(&self, number: u64) -> f32 {
        publish(&self.file, &(self.revision)(number));
        let (mut plugin, mut player) = self.open(false);
        play(&mut player, &vec![0.0; RATE as usize]);
        let output = play(&mut player, &sine(RATE, 1.0, PITCH, LEVEL));
        plugin.deactivate(player);
        // Past what begins with the tone.
        largest_step(&output[output.len() / 2..])
    }

    /// What is broken in one way or another, and a word of why it is.
    fn broken(&self, number: u64) -> [(String, &'static str); 3] {
        let (old, good) = ((self.revision)(2), (self.revision)(number));
        [
            (good[..good.len() / 2].to_owned(), "not a model file"),
            (old, "revision"),
            ("{\"format\": \"of another kind\"}".to_owned(), "format"),
        ]
    }
}

fn play(player: &mut Player, input: &[f32]) -> Vec<f32> {
    let mut output = player.render(&[input.to_vec(), input.to_vec()], &[512, 64, 17], &[]);
    assert!(output.iter().flatten().all(|x| x.is_finite() && !x.is_subnormal()));
    output.swap_remove(0)
}

/// Fifty files, and three broken ones among them.
pub(crate) fn fifty_files(followed: &Followed) {
    let own = [1, 17, 34, 51].map(|number| followed.own_step(number));
    let own = own.into_iter().fold(0.0, f32::max);
    publish(&followed.file, &(followed.revision)(1));
    let (mut plugin, mut player) = followed.open(true);
    answered(&mut player, &followed.file, |said| said["revision"] == 1 && said["playing"] == true);
    let input = sine(RATE, ROUND.as_secs_f64(), PITCH, LEVEL);
    (0..20).for_each(|_| drop(play(&mut player, &input)));
    heap::watch(&mut player);
    let (mut last, mut heard, mut next) = (None, BTreeSet::new(), Instant::now());
    let mut round = |player: &mut Player, what: &str| {
        let output = play(player, &input);
        assert_eq!(heap::calls(), 0, "heap calls in `process`, {what}");
        let joined: Vec<f32> = last.into_iter().chain(output.iter().copied()).collect();
        last = output.last().copied();
        let step = largest_step(&joined);
        assert!(step <= 1.1 * own, "{what}: a step of {step}, the sound's own are {own}");
        next += ROUND;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    };
    let mut broken = followed.broken(ROUNDS + 9).into_iter();
    for number in 2..2 + ROUNDS {
        publish(&followed.file, &(followed.revision)(number));
        round(&mut player, &format!("revision {number}"));
        let said = answer(&followed.file).expect("an answer");
        heard.extend(said["revision"].as_u64().filter(|_| said["playing"] == true));
        if number % 15 == 0
            && let Some((content, word)) = broken.next()
        {
            // In place, as by one who does not rename.
            std::fs::write(&followed.file, content).expect("to write");
            let refused = |said: &Value| said["error"].as_str().is_some_and(|e| e.contains(word));
            let began = Instant::now();
            while !answer(&followed.file).is_some_and(|said| refused(&said)) {
                round(&mut player, word);
                assert!(began.elapsed() < Duration::from_secs(60), "{word} is not refused");
            }
            let said = answer(&followed.file).expect("an answer");
            assert_eq!((&said["playing"], &said["verdict"]), (&false.into(), &"refused".into()));
        }
        plugin.idle();
    }
    println!("{} of {ROUNDS} revisions were heard", heard.len());
    // A machine that is busy skips some; the tone is to go through several all the same.
    assert!(heard.len() > 3, "only {heard:?}");
    // One more than the files, for it may have come in the last round.
    let last = 1 + ROUNDS;
    let said = answered(&mut player, &followed.file, |said| said["revision"] == last);
    assert_eq!((&said["playing"], &said["verdict"]), (&true.into(), &"playing".into()));
    let heard = Followed::settled(&mut player);
    plugin.deactivate(player);
    // What is saved is the newest, whatever becomes of its file.
    let project = plugin.save().expect("a state");
    let (mut other, mut player) = followed.open(false);
    let loaded = Followed::settled(&mut player);
    assert_eq!(difference(&heard, &loaded), 0.0, "as a fresh load of the last file");
    std::fs::remove_file(&followed.file).expect("to remove");
    other.deactivate(player);
    other.restore(&project).expect("our state");
    let mut player = other.activate([2, 2], RATE, 4096).expect("to activate");
    assert_eq!(difference(&heard, &Followed::settled(&mut player)), 0.0, "as the project has it");
    other.deactivate(player);
}

/// `value` with all numbers in it changed a little, in another way for each revision.
pub(crate) fn nudge(value: &mut Value, number: u64, count: &mut u64) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(|value| nudge(value, number, count)),
        Value::Number(x) => {
            *count += 1;
            let share = 0.002 * ((number * 7 + *count * 13) as f64).sin();
            *value = (x.as_f64().expect("a number") * (1.0 + share)).into();
        }
        _ => {}
    }
}
