//! What the editor does as a whole: undo and redo, A and B, and presets. All of
//! it goes through the host's gestures, so that automation and the project's
//! state are told. For the GUI thread.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use nice_plug::prelude::*;

use crate::presets::{Id, Loaded, Presets};

/// All that the player set, at one moment: for undoing, comparing and presets.
pub trait Snapshot: Clone + Send + 'static {
    /// As a file.
    type Preset: fx::preset::Stored;
    /// What a place for files holds.
    type Held: Holding;

    /// What the places hold.
    fn held(&self) -> &[Self::Held];

    /// The same, to be changed.
    fn held_mut(&mut self) -> &mut [Self::Held];

    /// Whether the same is set, but for the rounding of a host's scale and files.
    fn has_alike_params(&self, other: &Self) -> bool;

    /// Takes over all but the files of `other`.
    fn take_params(&mut self, other: &Self);

    /// As a preset without a name.
    fn to_preset(&self) -> Self::Preset;

    /// Loads the files of a preset.
    ///
    /// # Errors
    /// Says which of them could not be had, and why.
    fn from_preset(preset: &Self::Preset) -> Result<Self, String>;

    /// Whether the same is set, but for the rounding of a host's scale.
    fn is_alike(&self, other: &Self) -> bool {
        self.has_alike_params(other) && self.held() == other.held()
    }
}

/// What a place for files holds. A clone shares it.
pub trait Holding: Clone + PartialEq + Send + 'static {
    /// What a clone shares: where it lies, and about how many bytes it takes.
    fn shared(&self) -> [(usize, usize); 2];
}

/// The parameters and places of a plugin instance, as far as a session sees them.
pub trait Instance: Send + Sync + 'static {
    /// What it is set to.
    type Snapshot: Snapshot;
    /// What can be asked of its background.
    type Task;

    /// What is set now.
    fn snapshot(&self) -> Self::Snapshot;

    /// Makes the change of parameters from `from` to `to`. What is the same in both
    /// stays as it is.
    fn change_params(&self, from: &Self::Snapshot, to: &Self::Snapshot, setter: &ParamSetter<'_>);

    /// What is to be set for a preset, while `now` is set.
    fn admit(&self, preset: Self::Snapshot, _now: &Self::Snapshot) -> Self::Snapshot {
        preset
    }

    /// Its presets.
    fn presets(&self) -> &Presets<Self::Snapshot>;

    /// What lies at a place, for people.
    fn noun(&self, place: usize) -> &'static str;

    /// What a place holds.
    fn held(&self, place: usize) -> HeldOf<Self>;

    /// A number for what is to be put at a place.
    fn ask_number(&self, place: usize) -> u64;

    /// Whether what was asked under `number` was done, well or not.
    fn is_put(&self, place: usize, number: u64) -> bool;

    /// What asks for `held` to be put at a place, under `number`.
    fn put(&self, place: usize, held: HeldOf<Self>, number: u64) -> Self::Task;

    /// Tells the host that the project changed.
    fn touch(&self, setter: &ParamSetter<'_>);
}

/// What the places of an instance hold.
pub type HeldOf<I> = <<I as Instance>::Snapshot as Snapshot>::Held;

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
mod tests {
    use super::*;

    /// A file of so many bytes.
    #[derive(Clone)]
    struct File(Arc<usize>);

    impl PartialEq for File {
        fn eq(&self, other: &Self) -> bool {
            Arc::ptr_eq(&self.0, &other.0)
        }
    }

    impl Holding for File {
        fn shared(&self) -> [(usize, usize); 2] {
            [(Arc::as_ptr(&self.0).addr(), *self.0), (0, 0)]
        }
    }

    #[derive(Clone)]
    struct Four([File; 4]);

    impl Snapshot for Four {
        type Preset = fx::preset::Preset;
        type Held = File;
        fn held(&self) -> &[File] {
            &self.0
        }
        fn held_mut(&mut self) -> &mut [File] {
            &mut self.0
        }
        fn has_alike_params(&self, _: &Self) -> bool {
            true
        }
        fn take_params(&mut self, _: &Self) {}
        fn to_preset(&self) -> fx::preset::Preset {
            fx::preset::Preset::default()
        }
        fn from_preset(_: &fx::preset::Preset) -> Result<Self, String> {
            Err("there are none".into())
        }
    }

    #[test]
    fn steps_are_bounded_by_what_they_hold() {
        let files: Vec<File> = (0..=10).map(|_| File(Arc::new(1000))).collect();
        let four = |file: &File| Four([(); 4].map(|()| file.clone()));
        let step = |files: &[File]| Step {
            what: String::new(),
            time: 0.0,
            before: four(&files[0]),
            after: four(&files[1]),
        };
        let steps = || files.windows(2).map(step).collect::<VecDeque<_>>();
        for (most, kept) in [(0, 1), (3999, 2), (4000, 3), (11_000, 10)] {
            let mut steps = steps();
            trim(&mut steps, most);
            assert_eq!(steps.len(), kept, "{most} bytes");
            let last = steps.back().expect("the last one stays");
            assert!(last.after.0[0] == files[10]);
        }
        let same = [files[0].clone(), files[0].clone()];
        let mut many: VecDeque<_> = (0..500).map(|_| step(&same)).collect();
        trim(&mut many, 1000);
        assert_eq!(many.len(), MOST_STEPS, "what is shared counts once");
    }
}
