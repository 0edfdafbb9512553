//! All models and impulse responses below a folder, for the browser.
//!
//! A thread of its own reads them, shared by all instances in a process. The
//! editor only ever takes a snapshot, which grows while the thread is at it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};

use crate::disk::Folders;

mod cache;
mod choices;
mod cost;
mod entry;
mod scan;
mod search;

pub use entry::{Entry, Kind, ModelFacts};
pub use search::{Order, Query};

use choices::Choices;

/// What is known of a folder tree, at one moment.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// The folder at its root.
    pub folder: PathBuf,
    /// What was found, in the order in which people count.
    pub entries: Arc<Vec<Arc<Entry>>>,
    /// What the player marked, wherever it lies.
    pub favourites: Arc<BTreeSet<PathBuf>>,
    /// Files found so far.
    pub found: usize,
    /// Files read so far.
    pub read: usize,
    /// Whether a thread is still at it.
    pub scanning: bool,
    /// Why not all is listed.
    pub error: Option<String>,
}

impl Catalogue {
    /// Whether the player marked `path`.
    pub fn is_favourite(&self, path: &Path) -> bool {
        self.favourites.contains(path)
    }
}

/// A library. A clone is another handle to the same; the last one to go ends its
/// thread, for a host may unload the code it runs.
#[derive(Clone)]
pub struct Library(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    asked: Sender<Ask>,
    /// Taken by the first scan, which starts the thread.
    waiting: Mutex<Option<Receiver<Ask>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What is asked of the thread.
enum Ask {
    /// Scan what is below a folder, under this number.
    Scan(PathBuf, u64),
    /// Keep what the player chose.
    Keep,
}

/// What the thread and the handles have in common.
struct Shared {
    folders: Folders,
    catalogue: Mutex<Arc<Catalogue>>,
    choices: Mutex<Choices>,
    /// Counts scans asked for, so that one under way knows when it is void.
    scans: AtomicU64,
}

impl Library {
    /// The library of this process, for the user whose process it is.
    pub fn shared() -> Self {
        static LIBRARY: Mutex<Weak<Handle>> = Mutex::new(Weak::new());
        let mut library = lock(&LIBRARY);
        match library.upgrade() {
            Some(handle) => Self(handle),
            None => {
                let new = Self::new(Folders::of_user());
                *library = Arc::downgrade(&new.0);
                new
            }
        }
    }

    /// A library that keeps its own in `folders`. Nothing is read yet but what
    /// the player chose before.
    pub fn new(folders: Folders) -> Self {
        let choices = Choices::read(&folders);
        let folder = choices.folder.clone().unwrap_or_else(|| folders.models.clone());
        let favourites = Arc::new(choices.favourites.clone());
        let catalogue = Arc::new(Catalogue { folder, favourites, ..Catalogue::default() });
        let (asked, waiting) = channel();
        Self(Arc::new(Handle {
            shared: Arc::new(Shared {
                folders,
                catalogue: Mutex::new(catalogue),
                choices: Mutex::new(choices),
                scans: AtomicU64::new(0),
            }),
            asked,
            waiting: Mutex::new(Some(waiting)),
            thread: Mutex::new(None),
        }))
    }

    /// What is known now. Never waits for a disk.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        lock(&self.0.shared.catalogue).clone()
    }

    /// Scans the folder chosen last, unless that was begun before.
    pub fn ensure(&self) {
        if self.0.shared.scans.load(Relaxed) == 0 {
            self.rescan();
        }
    }

    /// Scans the folder chosen last anew.
    pub fn rescan(&self) {
        self.scan(self.catalogue().folder.clone());
    }

    /// Chooses a folder and scans what is below it, in the background. A scan
    /// under way is given up.
    pub fn scan(&self, folder: PathBuf) {
        let shared = &self.0.shared;
        let scan = shared.scans.fetch_add(1, Relaxed) + 1;
        shared.update(|catalogue| {
            if catalogue.folder != folder {
                catalogue.entries = Arc::default();
            }
            catalogue.folder.clone_from(&folder);
            (catalogue.found, catalogue.read) = (0, 0);
            (catalogue.scanning, catalogue.error) = (true, None);
        });
        self.ask(Ask::Scan(folder, scan));
    }

    /// Asks the thread, and starts it if need be.
    fn ask(&self, ask: Ask) {
        if let Some(waiting) = lock(&self.0.waiting).take() {
            let shared = self.0.shared.clone();
            let thread = thread::Builder::new().name("kiln-library".into());
            match thread.spawn(move || shared.serve(&waiting)) {
                Ok(thread) => *lock(&self.0.thread) = Some(thread),
                Err(e) => shared_error(&self.0.shared, &e),
            }
        }
        // Nobody listens only when the thread could not be had.
        let _ = self.0.asked.send(ask);
    }

    /// Marks `path`, or takes the mark away.
    pub fn set_favourite(&self, path: &Path, favourite: bool) {
        let shared = &self.0.shared;
        let favourites = {
            let mut choices = lock(&shared.choices);
            match favourite {
                true => choices.favourites.insert(path.into()),
                false => choices.favourites.remove(path),
            };
            Arc::new(choices.favourites.clone())
        };
        shared.update(|catalogue| catalogue.favourites = favourites);
        self.ask(Ask::Keep);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.scans.fetch_add(1, Relaxed);
        // Nothing more can be asked, which the thread hears.
        drop(std::mem::replace(&mut self.asked, channel().0));
        if let Some(thread) = lock(&self.thread).take() {
            // It has told of a panic itself.
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Does what is asked until nobody can ask any more.
    fn serve(&self, asked: &Receiver<Ask>) {
        let mut cache = None;
        while let Ok(ask) = asked.recv() {
            let (mut scan, mut keep) = (None, false);
            // Of several scans only the last counts.
            for ask in std::iter::once(ask).chain(asked.try_iter()) {
                match ask {
                    Ask::Scan(folder, number) => scan = Some((folder, number)),
                    Ask::Keep => keep = true,
                }
            }
            if let Some((folder, _)) = &scan {
                let mut choices = lock(&self.choices);
                keep |= choices.folder.replace(folder.clone()).as_ref() != Some(folder);
            }
            if keep {
                // Written without the lock, which the GUI thread takes.
                let choices = lock(&self.choices).clone();
                if let Err(why) = choices.write(&self.folders) {
                    self.update(|catalogue| catalogue.error = Some(why));
                }
            }
            if let Some((folder, number)) = scan {
                let cache = cache.get_or_insert_with(|| cache::Cache::read(&self.folders));
                scan::run(self, number, &folder, cache);
            }
        }
    }

    fn is_void(&self, scan: u64) -> bool {
        self.scans.load(Relaxed) != scan
    }

    fn update(&self, change: impl FnOnce(&mut Catalogue)) {
        change(Arc::make_mut(&mut lock(&self.catalogue)));
    }
}

fn shared_error(shared: &Shared, error: &std::io::Error) {
    shared.update(|catalogue| {
        catalogue.scanning = false;
        catalogue.error = Some(format!("The library cannot be read in the background: {error}."));
    });
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
