//! The four places for files, together.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};

use atomic_float::AtomicF32;
use fx::{Calls, Setup};
use nice_plug_egui::RepaintNotifier;
use nn::Blocks;

use crate::choices::Oversampling;
use crate::engines::Outlet;
use crate::files::{self, Listing};
use crate::presets::PresetTask;
use crate::seat::{Held, Seat, Status};

/// Files that do not load which the arrows step over at once.
const MOST_STEPS: usize = 8;

/// A place for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// For a model: 0 or 1.
    Model(usize),
    /// For an impulse response: 0 or 1.
    Cabinet(usize),
}

impl Place {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Model(0), Self::Model(1), Self::Cabinet(0), Self::Cabinet(1)];

    /// Its number in [`Place::ALL`].
    pub fn index(self) -> usize {
        match self {
            Self::Model(i) => i.min(1),
            Self::Cabinet(i) => 2 + i.min(1),
        }
    }

    /// The key of its record among a project's fields. For ever.
    pub fn key(self) -> &'static str {
        ["model", "model2", "cabinet1", "cabinet2"][self.index()]
    }

    /// What lies here, for people.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Model(_) => "model",
            Self::Cabinet(_) => "cabinet",
        }
    }

    /// Whether the name of `path` is that of a file for here.
    pub fn takes(self, path: &Path) -> bool {
        match self {
            Self::Model(_) => files::is_model(path),
            Self::Cabinet(_) => files::is_cabinet(path),
        }
    }
}

/// What can be asked of the background thread.
#[derive(Clone)]
pub enum Task {
    /// Play a file.
    Open(Place, PathBuf),
    /// Play what is built in, by its id.
    Factory(Place, &'static str),
    /// Play nothing here.
    Clear(Place),
    /// Play the file so many places on in the folder of the present one.
    Step(Place, isize),
    /// Follow the file of what plays here from now on, or no longer.
    Follow(Place, bool),
    /// Play what was held before, under a number from [`Seat::ask`].
    Put(Place, Held, u64),
    /// Read a folder for the browser.
    List(PathBuf),
    /// Compare a project's copy with the file it was made from.
    Check(Place),
    /// Something about presets.
    Preset(PresetTask),
    /// Build all engines for the rate and oversampling that are now asked for.
    Rebuild,
}

impl Task {
    /// Whether it is a choice of the player's, which the project is to keep.
    pub fn is_choice(&self) -> bool {
        matches!(
            self,
            Self::Open(..) | Self::Factory(..) | Self::Clear(_) | Self::Step(..) | Self::Follow(..)
        )
    }
}

/// The four places of one plugin instance. A clone is another handle to the same.
#[derive(Clone)]
pub struct Places {
    seats: [Seat; 4],
    shared: Arc<Shared>,
}

/// What the places have in common.
pub(crate) struct Shared {
    host_rate: AtomicF32,
    /// As a factor.
    oversampling: AtomicU32,
    listing: Mutex<Arc<Listing>>,
    repaint: RepaintNotifier,
    /// Whether the host renders offline.
    pub(crate) offline: AtomicBool,
    /// Samples it passes at once, at most.
    longest: AtomicUsize,
}

impl Shared {
    /// What engines for `place` are to be built for; nothing before the host
    /// said at what rate it runs.
    pub(crate) fn setup(&self, place: Place) -> Option<Setup> {
        let sample_rate = self.host_rate.load(Relaxed);
        let oversampling = match place {
            Place::Model(_) => Oversampling::of(self.oversampling.load(Relaxed)).into(),
            Place::Cabinet(_) => fx::Oversampling::X1,
        };
        let calls = Calls {
            blocks: Blocks::UpTo(self.longest.load(Relaxed)),
            offline: self.offline.load(Relaxed),
        };
        (sample_rate > 0.0).then_some(Setup { sample_rate, oversampling, calls })
    }

    pub(crate) fn repaint(&self) {
        self.repaint.request_repaint();
    }
}

impl Places {
    /// Places that play through `outlets`, in the order of [`Place::ALL`]; nothing
    /// is loaded yet. `repaint` is told of all that changes.
    pub fn new(outlets: [Outlet; 4], repaint: RepaintNotifier) -> Self {
        let shared = Arc::new(Shared {
            host_rate: AtomicF32::new(0.0),
            oversampling: AtomicU32::new(1),
            listing: Mutex::default(),
            repaint,
            offline: AtomicBool::new(false),
            longest: AtomicUsize::new(1),
        });
        let mut places = Place::ALL.into_iter();
        let seats = outlets.map(|outlet| {
            let place = places.next().unwrap_or(Place::Model(0));
            Seat::new(place, outlet, shared.clone())
        });
        Self { seats, shared }
    }

    /// One of them.
    pub fn seat(&self, place: Place) -> &Seat {
        &self.seats[place.index()]
    }

    /// What there is to say of one of them now.
    pub fn status(&self, place: Place) -> Status {
        self.seat(place).status()
    }

    /// What all of them hold, in the order of [`Place::ALL`].
    pub fn held(&self) -> [Held; 4] {
        self.seats.each_ref().map(Seat::held)
    }

    /// The folder last read.
    pub fn listing(&self) -> Arc<Listing> {
        self.shared.listing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The folder to start browsing in for `place`.
    pub fn folder(&self, place: Place) -> PathBuf {
        self.seat(place).folder().unwrap_or_else(files::home)
    }

    /// The rate the host runs at, in Hz; 0 before it said so.
    pub fn host_rate(&self) -> f32 {
        self.shared.host_rate.load(Relaxed)
    }

    /// Samples for which all of it sounds on after its input ends. Real-time safe.
    pub(crate) fn tail(&self) -> u32 {
        self.seats.iter().map(Seat::tail).fold(0, u32::saturating_add)
    }

    /// Takes note of how often the host's rate the models are to run; returns
    /// whether that is news, and a [`Task::Rebuild`] due. Real-time safe.
    pub fn set_oversampling(&self, oversampling: Oversampling) -> bool {
        let factor = oversampling.factor();
        self.shared.oversampling.swap(factor, Relaxed) != factor
    }

    /// The host is to run at `rate` Hz from now on: all that plays is built for
    /// it, on this thread, so that an offline render has it from the first sample.
    pub fn activate(&self, rate: f32, oversampling: Oversampling) {
        self.shared.host_rate.store(rate, Relaxed);
        self.set_oversampling(oversampling);
        self.prepare();
    }

    /// How the host calls from the next [activation](Self::activate) on. A render offline
    /// follows no file, so that it is the same each time.
    pub fn set_calls(&self, calls: Calls) {
        self.shared.offline.store(calls.offline, Relaxed);
        self.shared.longest.store(calls.blocks.longest(), Relaxed);
    }

    /// Ends what follows files; none is followed after this.
    pub(crate) fn stop(&self) {
        self.seats.iter().for_each(Seat::stop);
    }

    /// Sees to it that everything plays that should, the factory's where nothing
    /// was chosen. This is no choice of the player's: what is saved and what is
    /// wrong stay as they are.
    pub fn prepare(&self) {
        self.seats.iter().for_each(Seat::prepare);
    }

    /// Frees what was replaced last, where it waits for that.
    pub fn collect(&self) {
        self.seats.iter().for_each(Seat::collect);
    }

    /// Asks for another frame of the editor.
    pub fn repaint(&self) {
        self.shared.repaint();
    }

    /// Does what a [`Task`] asks of the places, on this thread.
    pub fn run(&self, task: Task) {
        match task {
            Task::Open(place, path) => self.seat(place).open(&path),
            Task::Factory(place, id) => self.seat(place).factory(id),
            Task::Clear(place) => self.seat(place).clear(),
            Task::Step(place, step) => self.step(place, step),
            Task::Follow(place, on) => self.seat(place).follow(on),
            Task::Put(place, held, number) => self.seat(place).put(held, number),
            Task::List(folder) => self.list(&folder),
            Task::Check(place) => self.seat(place).check(),
            Task::Preset(_) | Task::Rebuild => {}
        }
        if self.host_rate() > 0.0 {
            // The host plays already, and what was asked for may have failed.
            self.prepare();
        }
        self.collect();
        self.shared.repaint();
    }

    fn step(&self, place: Place, step: isize) {
        let seat = self.seat(place);
        let playing = seat.status().playing;
        let current = playing.as_ref().and_then(|playing| playing.source.path());
        let folder = current.and_then(Path::parent).filter(|folder| folder.is_dir());
        let listing = Listing::read(&folder.map_or_else(|| self.folder(place), Path::to_owned));
        let mut current = current.map(Path::to_owned);
        // Past what does not load, or one would be stuck before it.
        for _ in 0..MOST_STEPS {
            let Some(path) = listing.step(place, current.as_deref(), step) else {
                let (noun, folder) = (place.noun(), listing.folder.display());
                return seat.complain(format!("There are no {noun}s in {folder}."));
            };
            seat.open(&path);
            let playing = seat.status().playing;
            if playing.is_some_and(|playing| playing.source.path() == Some(&path)) {
                return;
            }
            current = Some(path);
        }
    }

    fn list(&self, folder: &Path) {
        let listing = Arc::new(Listing::read(folder));
        if listing.error.is_none() {
            for place in Place::ALL {
                let has_some = !listing.names(place).is_empty();
                if has_some || matches!(place, Place::Model(0)) {
                    self.seat(place).set_folder(folder);
                }
            }
        }
        *self.shared.listing.lock().unwrap_or_else(PoisonError::into_inner) = listing;
    }
}
