//! What the editor does as a whole: undo and redo, A and B, and presets. All of
//! it goes through the host's gestures, so that automation and the project's
//! state are told. For the GUI thread.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use nice_plug::prelude::*;

use crate::instance::{HeldOf, Holding, Instance, Snapshot};
use crate::presets::{Id, Loaded};

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
struct Step<S> {
    what: String,
    time: f64,
    before: S,
    after: S,
}

/// A place that was given something and has not taken it up yet.
struct Awaited<H> {
    from: H,
    to: H,
    /// What the place knows it by: what it holds does not tell, as it may pass
    /// through the same more than once.
    number: u64,
    /// Frames for which it is still waited for.
    frames: u32,
}

/// What one editor did and can undo. It survives the closing of the window.
pub struct Session<I: Instance> {
    params: Arc<I>,
    /// What is set, as far as is known to this.
    present: Option<I::Snapshot>,
    undo: VecDeque<Step<I::Snapshot>>,
    redo: Vec<Step<I::Snapshot>>,
    /// A gesture that ended, and for how many frames its change is waited for.
    ended: Option<(String, u32)>,
    awaited: Vec<Option<Awaited<HeldOf<I>>>>,
    /// The one that is not heard, once there is one.
    other: Option<I::Snapshot>,
    is_b: bool,
    /// What was loaded last, and as it was then.
    loaded: Option<(Id, I::Snapshot)>,
    time: f64,
}

impl<I: Instance> Session<I> {
    /// For one plugin instance.
    pub fn new(params: Arc<I>) -> Self {
        let places = params.snapshot().held().len();
        Self {
            params,
            present: None,
            undo: VecDeque::new(),
            redo: Vec::new(),
            ended: None,
            awaited: (0..places).map(|_| None).collect(),
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
        drop(self.params.presets().take_loaded());
        for (place, awaited) in self.awaited.iter_mut().enumerate() {
            awaited.take_if(|awaited| self.params.is_put(place, awaited.number));
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
        ask: &dyn Fn(I::Task),
    ) -> bool {
        self.time = time;
        let now = self.params.snapshot();
        if self.present.is_none() {
            self.present = Some(now.clone());
        }
        self.follow_files(&now);
        self.follow_params(&now, dragging);
        if let Some(loaded) = self.params.presets().take_loaded() {
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
    pub fn undo(&mut self, setter: &ParamSetter<'_>, ask: &dyn Fn(I::Task)) {
        let Some(step) = self.undo.pop_back() else { return };
        self.change(&step.after, &step.before, setter, ask);
        self.redo.push(step);
    }

    /// Takes again the step that was taken back last.
    pub fn redo(&mut self, setter: &ParamSetter<'_>, ask: &dyn Fn(I::Task)) {
        let Some(step) = self.redo.pop() else { return };
        self.change(&step.before, &step.after, setter, ask);
        self.undo.push_back(step);
    }

    /// Whether B is heard, and not A.
    pub fn is_b(&self) -> bool {
        self.is_b
    }

    /// Goes from A to B or back. The first time both are the same.
    pub fn switch(&mut self, setter: &ParamSetter<'_>, ask: &dyn Fn(I::Task)) {
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
    pub fn preset(&self) -> <I::Snapshot as Snapshot>::Preset {
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
    fn wished(&self) -> I::Snapshot {
        let mut wished = self.params.snapshot();
        let held = wished.held_mut().iter_mut().enumerate();
        for ((place, held), awaited) in held.zip(&self.awaited) {
            if let Some(awaited) = awaited
                && !self.params.is_put(place, awaited.number)
            {
                held.clone_from(&awaited.to);
            }
        }
        wished
    }

    /// Files that were loaded since the last frame are steps.
    fn follow_files(&mut self, now: &I::Snapshot) {
        let Some(present) = &mut self.present else { return };
        let before = present.clone();
        let mut changed = None;
        for i in 0..self.awaited.len() {
            let mut held = &now.held()[i];
            let read;
            if let Some(awaited) = &mut self.awaited[i] {
                if !self.params.is_put(i, awaited.number) && awaited.frames > 0 {
                    awaited.frames -= 1;
                    continue;
                }
                // Read anew, for it may have been taken up since.
                read = self.params.held(i);
                held = &read;
                if *held == awaited.from || *held == awaited.to {
                    // The player's step was noted when it was asked for.
                    present.held_mut()[i].clone_from(held);
                }
                self.awaited[i] = None;
            }
            if *held != present.held()[i] {
                present.held_mut()[i] = held.clone();
                changed = Some(i);
            }
        }
        if let Some(place) = changed {
            let after = present.clone();
            self.push(format!("Change of {}", self.params.noun(place)), before, after);
        }
    }

    /// The end of a gesture is a step; what changes without one is the host's doing.
    fn follow_params(&mut self, now: &I::Snapshot, dragging: bool) {
        let Some(present) = &mut self.present else { return };
        let (before, is_alike) = (present.clone(), present.has_alike_params(now));
        match self.ended.take() {
            Some((what, frames)) if is_alike => {
                self.ended = frames.checked_sub(1).map(|frames| (what, frames));
            }
            Some((what, _)) => {
                present.take_params(now);
                let after = present.clone();
                self.push(what, before, after);
            }
            None if !dragging => {
                present.take_params(now);
            }
            None => {}
        }
    }

    fn push(&mut self, what: String, before: I::Snapshot, after: I::Snapshot) {
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

    fn put_preset(
        &mut self,
        loaded: Loaded<I::Snapshot>,
        setter: &ParamSetter<'_>,
        ask: &dyn Fn(I::Task),
    ) {
        let Loaded { id, name, snapshot } = loaded;
        let before = self.wished();
        let snapshot = self.params.admit(snapshot, &before);
        self.change(&before, &snapshot, setter, ask);
        self.push(format!("Preset {name}"), before, snapshot.clone());
        self.loaded = Some((id, snapshot));
    }

    /// Makes a change that is no new step.
    fn change(
        &mut self,
        from: &I::Snapshot,
        to: &I::Snapshot,
        setter: &ParamSetter<'_>,
        ask: &dyn Fn(I::Task),
    ) {
        self.params.change_params(from, to, setter);
        let mut touched = false;
        for (i, to) in to.held().iter().enumerate() {
            if from.held().get(i) == Some(to) {
                continue;
            }
            let (from, number) = (self.params.held(i), self.params.ask_number(i));
            self.awaited[i] = Some(Awaited { from, to: to.clone(), number, frames: LONGEST_LOAD });
            ask(self.params.put(i, to.clone(), number));
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
fn trim<S: Snapshot>(steps: &mut VecDeque<Step<S>>, most: usize) {
    let (mut seen, mut bytes, mut kept) = (HashSet::new(), 0, 0);
    for step in steps.iter().rev().take(MOST_STEPS) {
        let held = step.before.held().iter().chain(step.after.held()).flat_map(Holding::shared);
        bytes += held.filter(|(at, _)| seen.insert(*at)).map(|(_, bytes)| bytes).sum::<usize>();
        if bytes > most && kept > 0 {
            break;
        }
        kept += 1;
    }
    steps.drain(..steps.len() - kept);
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
