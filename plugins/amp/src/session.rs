//! What the editor does as a whole: undo and redo, A and B, and presets. All of
//! it goes through the host's gestures, so that automation and the project's
//! state are told. For the GUI thread.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use nice_plug::prelude::*;

use crate::params::AmpParams;
use crate::places::{Place, Task};
use crate::presets::{Id, Loaded};
use crate::seat::Held;
use crate::snapshot::Snapshot;

/// Steps that can be undone at most.
const MOST_STEPS: usize = 200;

/// Bytes that the files of these steps may take: a step keeps what it replaced.
const MOST_BYTES: usize = 256 << 20;

/// Frames for which the change of a gesture is waited for: some hosts hand it
/// back only with their next block.
const PATIENCE: u32 = 60;

/// Frames in which a place is to take up what it was given, lest a task that the
/// host lost is waited for for ever.
const LONGEST_LOAD: u32 = 1000;

/// Changes of one name that follow each other this soon, in seconds, are one step.
const ONE_STEP: f64 = 0.8;

/// A change that can be undone.
struct Step {
    what: String,
    time: f64,
    before: Snapshot,
    after: Snapshot,
}

/// A place that was given something and has not taken it up yet.
struct Awaited {
    from: Held,
    to: Held,
    /// What the place knows it by: what it holds does not tell, as it may pass
    /// through the same more than once.
    number: u64,
    /// Frames for which it is still waited for.
    frames: u32,
}

/// What one editor did and can undo. It survives the closing of the window.
pub struct Session {
    params: Arc<AmpParams>,
    /// What is set, as far as is known to this.
    present: Option<Snapshot>,
    undo: VecDeque<Step>,
    redo: Vec<Step>,
    /// A gesture that ended, and for how many frames its change is waited for.
    ended: Option<(String, u32)>,
    awaited: [Option<Awaited>; 4],
    /// The one that is not heard, once there is one.
    other: Option<Snapshot>,
    is_b: bool,
    /// What was loaded last, and as it was then.
    loaded: Option<(Id, Snapshot)>,
    time: f64,
}

impl Session {
    /// For one plugin instance.
    pub fn new(params: Arc<AmpParams>) -> Self {
        Self {
            params,
            present: None,
            undo: VecDeque::new(),
            redo: Vec::new(),
            ended: None,
            awaited: [const { None }; 4],
            other: None,
            is_b: false,
            loaded: None,
            time: 0.0,
        }
    }

    /// To be called when a window opens: what was done without one is no step.
    pub fn open(&mut self) {
        self.present = None;
        self.ended = None;
        // Whoever asked for it closed the window over it.
        drop(self.params.presets.take_loaded());
        for (place, awaited) in Place::ALL.into_iter().zip(&mut self.awaited) {
            awaited.take_if(|awaited| self.params.places.seat(place).is_put(awaited.number));
        }
    }

    /// To be called at the beginning of each frame. `time` is in seconds;
    /// `dragging` says that a gesture is under way. Returns whether another frame
    /// is needed soon.
    pub fn frame(
        &mut self,
        time: f64,
        dragging: bool,
        setter: &ParamSetter<'_>,
        ask: &dyn Fn(Task),
    ) -> bool {
        self.time = time;
        let now = Snapshot::of(&self.params);
        if self.present.is_none() {
            self.present = Some(now.clone());
        }
        self.follow_files(&now);
        self.follow_params(&now, dragging);
        if let Some(loaded) = self.params.presets.take_loaded() {
            self.put_preset(loaded, setter, ask);
        }
        self.ended.is_some() || self.awaited.iter().any(Option::is_some)
    }

    /// To be called when a gesture of the player's ended, with a name for it.
    pub fn commit(&mut self, what: &str) {
        self.ended = Some((what.into(), PATIENCE));
    }

    /// What would be undone.
    pub fn undoable(&self) -> Option<&str> {
        self.undo.back().map(|step| step.what.as_str())
    }

    /// What would be done again.
    pub fn redoable(&self) -> Option<&str> {
        self.redo.last().map(|step| step.what.as_str())
    }

    /// Takes the last step back.
    pub fn undo(&mut self, setter: &ParamSetter<'_>, ask: &dyn Fn(Task)) {
        let Some(step) = self.undo.pop_back() else { return };
        self.change(&step.after, &step.before, setter, ask);
        self.redo.push(step);
    }

    /// Takes again the step that was taken back last.
    pub fn redo(&mut self, setter: &ParamSetter<'_>, ask: &dyn Fn(Task)) {
        let Some(step) = self.redo.pop() else { return };
        self.change(&step.before, &step.after, setter, ask);
        self.undo.push_back(step);
    }

    /// Whether B is heard, and not A.
    pub fn is_b(&self) -> bool {
        self.is_b
    }

    /// Goes from A to B or back. The first time both are the same.
    pub fn switch(&mut self, setter: &ParamSetter<'_>, ask: &dyn Fn(Task)) {
        let now = self.wished();
        let to = self.other.replace(now.clone()).unwrap_or_else(|| now.clone());
        self.is_b = !self.is_b;
        self.change(&now, &to, setter, ask);
    }

    /// Makes the one that is not heard the same as the one that is.
    pub fn copy_to_other(&mut self) {
        self.other = Some(self.wished());
    }

    /// What is set now, as a preset without a name.
    pub fn preset(&self) -> fx::preset::Preset {
        self.wished().to_preset()
    }

    /// The preset that was loaded or saved last, and whether what is set now
    /// differs from it.
    pub fn preset_loaded(&self) -> Option<(&Id, bool)> {
        let (id, loaded) = self.loaded.as_ref()?;
        Some((id, self.present.as_ref().is_some_and(|present| !present.is_alike(loaded))))
    }

    /// Takes note that what is set now was saved as a preset.
    pub fn saved_as(&mut self, id: Id) {
        self.loaded = Some((id, self.wished()));
    }

    /// What is set, with the files that are still on their way.
    fn wished(&self) -> Snapshot {
        let mut wished = Snapshot::of(&self.params);
        let held = Place::ALL.into_iter().zip(&mut wished.held);
        for ((place, held), awaited) in held.zip(&self.awaited) {
            if let Some(awaited) = awaited
                && !self.params.places.seat(place).is_put(awaited.number)
            {
                held.clone_from(&awaited.to);
            }
        }
        wished
    }

    /// Files that were loaded since the last frame are steps.
    fn follow_files(&mut self, now: &Snapshot) {
        let Some(present) = &mut self.present else { return };
        let before = present.clone();
        let mut changed = None;
        for (i, place) in Place::ALL.into_iter().enumerate() {
            let mut held = &now.held[i];
            let read;
            if let Some(awaited) = &mut self.awaited[i] {
                let seat = self.params.places.seat(place);
                if !seat.is_put(awaited.number) && awaited.frames > 0 {
                    awaited.frames -= 1;
                    continue;
                }
                // Read anew, for it may have been taken up since.
                read = seat.held();
                held = &read;
                if *held == awaited.from || *held == awaited.to {
                    // The player's step was noted when it was asked for.
                    present.held[i].clone_from(held);
                }
                self.awaited[i] = None;
            }
            if *held != present.held[i] {
                present.held[i] = held.clone();
                changed = Some(place);
            }
        }
        if let Some(place) = changed {
            let after = present.clone();
            self.push(format!("Change of {}", place.noun()), before, after);
        }
    }

    /// The end of a gesture is a step; what changes without one is the host's doing.
    fn follow_params(&mut self, now: &Snapshot, dragging: bool) {
        let Some(present) = &mut self.present else { return };
        let (before, is_alike) = (present.clone(), present.has_alike_params(now));
        match self.ended.take() {
            Some((what, frames)) if is_alike => {
                self.ended = frames.checked_sub(1).map(|frames| (what, frames));
            }
            Some((what, _)) => {
                (present.params, present.oversampling) = (now.params, now.oversampling);
                let after = present.clone();
                self.push(what, before, after);
            }
            None if !dragging => {
                (present.params, present.oversampling) = (now.params, now.oversampling);
            }
            None => {}
        }
    }

    fn push(&mut self, what: String, before: Snapshot, after: Snapshot) {
        self.redo.clear();
        let time = self.time;
        if let Some(last) = self.undo.back_mut()
            && last.what == what
            && (time - last.time).abs() < ONE_STEP
        {
            (last.after, last.time) = (after, time);
            return;
        }
        self.undo.push_back(Step { what, time, before, after });
        trim(&mut self.undo, MOST_BYTES);
    }

    fn put_preset(&mut self, loaded: Loaded, setter: &ParamSetter<'_>, ask: &dyn Fn(Task)) {
        let Loaded { id, name, snapshot } = loaded;
        let before = self.wished();
        self.change(&before, &snapshot, setter, ask);
        self.push(format!("Preset {name}"), before, snapshot.clone());
        self.loaded = Some((id, snapshot));
    }

    /// Makes a change that is no new step.
    fn change(
        &mut self,
        from: &Snapshot,
        to: &Snapshot,
        setter: &ParamSetter<'_>,
        ask: &dyn Fn(Task),
    ) {
        to.change_params(from, &self.params, setter);
        let mut touched = false;
        for (i, place) in Place::ALL.into_iter().enumerate() {
            let to = &to.held[i];
            if *to == from.held[i] {
                continue;
            }
            let seat = self.params.places.seat(place);
            let (from, number) = (seat.held(), seat.ask());
            self.awaited[i] = Some(Awaited { from, to: to.clone(), number, frames: LONGEST_LOAD });
            ask(Task::Put(place, to.clone(), number));
            touched = true;
        }
        if touched {
            self.params.touch(setter);
        }
        self.present = Some(self.wished());
        self.ended = None;
    }
}

/// Forgets the oldest steps until there are not too many and what they hold,
/// counted once where they share it, is at most `most` bytes. The last one stays.
fn trim(steps: &mut VecDeque<Step>, most: usize) {
    let (mut seen, mut bytes, mut kept) = (HashSet::new(), 0, 0);
    for step in steps.iter().rev().take(MOST_STEPS) {
        let held = step.before.held.iter().chain(&step.after.held).flat_map(Held::shared);
        bytes += held.filter(|(at, _)| seen.insert(*at)).map(|(_, bytes)| bytes).sum::<usize>();
        if bytes > most && kept > 0 {
            break;
        }
        kept += 1;
    }
    steps.drain(..steps.len() - kept);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choices::Oversampling;
    use crate::saved::{Record, Saved};

    #[test]
    fn steps_are_bounded_by_what_they_hold() {
        let held = || {
            let saved = Saved { copy: Some("A".repeat(1000)), ..Saved::default() };
            Held { playing: None, record: Arc::new(Record::Whole(saved)) }
        };
        let snapshot = |held: &Held| Snapshot {
            params: fx::amp::Params::default(),
            oversampling: Oversampling::X1,
            held: [const { None::<Held> }; 4].map(|_| held.clone()),
        };
        let files: Vec<Held> = (0..=10).map(|_| held()).collect();
        let step = |files: &[Held]| Step {
            what: String::new(),
            time: 0.0,
            before: snapshot(&files[0]),
            after: snapshot(&files[1]),
        };
        let steps = || files.windows(2).map(step).collect::<VecDeque<_>>();
        for (most, kept) in [(0, 1), (3999, 2), (4000, 3), (11_000, 10)] {
            let mut steps = steps();
            trim(&mut steps, most);
            assert_eq!(steps.len(), kept, "{most} bytes");
            let last = steps.back().expect("the last one stays");
            assert!(last.after.held[0] == files[10]);
        }
        let same = [files[0].clone(), files[0].clone()];
        let mut many: VecDeque<_> = (0..500).map(|_| step(&same)).collect();
        trim(&mut many, 1000);
        assert_eq!(many.len(), MOST_STEPS, "what is shared counts once");
    }
}
