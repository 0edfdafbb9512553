use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};

use crate::client::Transfer;
use crate::lists::{List, Published, Trust};
use crate::state::{Installed, State};
use crate::{Entry, Error, Manifest, disk, download};

/// What waits only for locks that are held for a moment, and is not cancelled.
static NEVER: AtomicBool = AtomicBool::new(false);

/// Models that need no network, because the program holds them.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// The manifest that lists them, each with the address [`BUILT_IN`](crate::BUILT_IN).
    pub manifest: &'static [u8],
    /// The file of the model of an id.
    pub file: fn(&str) -> Option<&'static [u8]>,
}

/// The name of a list that cannot be believed any more, and why.
pub type Problem = (String, Error);

/// A folder of models, with what is known of them.
#[derive(Debug)]
pub struct Library {
    folder: PathBuf,
    built_in: Option<BuiltIn>,
    lists: Vec<List>,
    problems: Vec<Problem>,
}

/// What [`Library::get`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    /// The model was there already, and is right.
    There(PathBuf),
    /// It was fetched or written out.
    Installed(PathBuf),
}

/// What [`Library::add`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// The name of the list.
    pub name: String,
    /// Its revision.
    pub revision: u64,
    /// How many models it has.
    pub models: usize,
}

impl Library {
    /// The user's own folder: what `KILN_LIBRARY` says, or else `Kiln/Library` where the
    /// system keeps what programs hold for a user. None if the system knows no such place.
    pub fn folder_of_user() -> Option<PathBuf> {
        let said = std::env::var_os("KILN_LIBRARY").filter(|path| !path.is_empty());
        let own = || dirs::data_dir().map(|folder| folder.join("Kiln").join("Library"));
        said.map(PathBuf::from).or_else(own)
    }

    /// Opens the library in `folder`, which need not be there yet: looking writes nothing.
    /// A list that is no longer as it was added is left out, and told by
    /// [`problems`](Self::problems).
    pub fn open(folder: &Path, built_in: Option<BuiltIn>) -> Result<Self, Error> {
        let mut library =
            Self { folder: folder.to_owned(), built_in, lists: Vec::new(), problems: Vec::new() };
        library.read()?;
        Ok(library)
    }

    fn read(&mut self) -> Result<(), Error> {
        (self.lists, self.problems) = self.lists_of(&self.state()?)?;
        Ok(())
    }

    fn lists_of(&self, state: &State) -> Result<(Vec<List>, Vec<Problem>), Error> {
        let (mut lists, mut problems) = (Vec::new(), Vec::new());
        if let Some(built_in) = self.built_in {
            lists.push(List::new(Manifest::load_built_in(built_in.manifest)?, None));
        }
        for (name, source) in &state.lists {
            match List::load(&self.manifests(), name, source) {
                Ok(list) => lists.push(list),
                Err(error) => problems.push((name.clone(), error)),
            }
        }
        Ok((lists, problems))
    }

    /// Where everything lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The lists, first what is built in.
    pub fn lists(&self) -> &[List] {
        &self.lists
    }

    /// Lists that were added and are no longer what they were, by their names.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The model of that id, and the list it is in.
    pub fn entry(&self, id: &str) -> Result<(&List, &Entry), Error> {
        let mut all = self.lists.iter().flat_map(|list| list.models.iter().map(move |e| (list, e)));
        let found = all.find(|(_, entry)| entry.id == id);
        found.ok_or_else(|| Error::Unknown { id: id.to_owned() })
    }

    /// What is installed, by id.
    pub fn installed(&self) -> Result<Vec<(String, Installed)>, Error> {
        Ok(self.state()?.installed.into_iter().collect())
    }

    /// Where the file of a model is, or would be.
    pub fn path(&self, id: &str, file: &str) -> PathBuf {
        self.folder.join("models").join(id).join(file)
    }

    /// Adds a list of models, or replaces the one of its name by a later revision. Believes
    /// it only as `trust` says, and never less than before.
    pub fn add(&mut self, published: &Published, trust: &Trust) -> Result<Added, Error> {
        let mut added = None;
        self.change(|state| {
            let (manifest, key) = published.check(trust, state)?;
            fits(&manifest, &self.lists_of(state)?.0)?;
            let before = state.lists.get(&manifest.name);
            let source = List::keep(&self.manifests(), published, (&manifest, key), before)?;
            let (revision, models) = (manifest.revision, manifest.models.len());
            added = Some(Added { name: manifest.name.clone(), revision, models });
            state.lists.insert(manifest.name, source);
            Ok(())
        })?;
        self.sweep()?;
        self.read()?;
        added.ok_or(Error::Cancelled)
    }

    /// Forgets a list, and the key it had to be signed with. What is installed stays.
    pub fn forget(&mut self, name: &str) -> Result<(), Error> {
        self.change(|state| match state.lists.remove(name) {
            Some(_) => Ok(()),
            None => Err(Error::invalid(name, "the name of a list that was added", "none")),
        })?;
        self.sweep()?;
        self.read()
    }

    /// Whether the licence of a model must be accepted before [`get`](Self::get) installs it.
    pub fn must_accept(&self, entry: &Entry) -> Result<bool, Error> {
        let state = self.state()?;
        let accepted = state
            .installed
            .get(&entry.id)
            .is_some_and(|model| model.accepted.is_some() && model.licence == entry.licence);
        Ok(entry.accept_required && !accepted)
    }

    /// Installs a model. The only thing here that goes to the network, besides
    /// [`Published::fetch`].
    pub fn get(&self, id: &str, accepted: bool, transfer: &mut Transfer<'_>) -> Result<Got, Error> {
        let (list, entry) = self.entry(id)?;
        let before = self.state()?.installed.remove(id);
        let path = self.path(&entry.id, &entry.file);
        let same = |model: &Installed| model.sha256 == entry.sha256 && model.file == entry.file;
        if before.as_ref().is_some_and(same)
            && disk::check(&path, entry.bytes, &entry.sha256, transfer.cancel).is_ok()
        {
            return Ok(Got::There(path));
        }
        if self.must_accept(entry)? && !accepted {
            let (id, licence) = (entry.id.clone(), entry.licence.clone());
            return Err(Error::NotAccepted { id, licence });
        }
        if entry.is_built_in() {
            self.write_out(entry, &path)?;
        } else {
            download::fetch(entry, &self.partial(), &path, transfer)?;
        }
        let kept = before.filter(|model| model.licence == entry.licence);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let model = Installed {
            file: entry.file.clone(),
            sha256: entry.sha256.clone(),
            bytes: entry.bytes,
            licence: entry.licence.clone(),
            attribution: entry.attribution.clone(),
            list: list.name.clone(),
            accepted: kept.and_then(|model| model.accepted).or(accepted.then_some(now)),
            installed: now,
        };
        self.change(|state| {
            let old = state.installed.insert(entry.id.clone(), model);
            let old = old.filter(|old| old.file != entry.file);
            old.map_or(Ok(()), |old| disk::remove(&self.path(&entry.id, &old.file)))
        })?;
        Ok(Got::Installed(path))
    }

    fn write_out(&self, entry: &Entry, path: &Path) -> Result<(), Error> {
        let file = self.built_in.and_then(|built_in| (built_in.file)(&entry.id));
        let bytes = file.ok_or_else(|| Error::Unknown { id: entry.id.clone() })?;
        let lengths = (entry.bytes, bytes.len() as u64);
        disk::verdict(&entry.id, lengths, &entry.sha256, Sha256::new_with_prefix(bytes))?;
        disk::replace(path, bytes)
    }

    /// The file of an installed model, of at most `most` bytes, if it is still what was
    /// installed; and its path.
    pub fn read_model(&self, id: &str, most: usize) -> Result<(Vec<u8>, PathBuf), Error> {
        let model = self.find(id)?;
        let path = self.path(id, &model.file);
        let what = path.display().to_string();
        if model.bytes > most as u64 {
            return Err(Error::invalid(what, format!("at most {most} bytes"), model.bytes));
        }
        let bytes = disk::read(&path, model.bytes)?;
        let bytes = bytes.ok_or_else(|| Error::at(&path)(std::io::ErrorKind::NotFound.into()))?;
        let lengths = (model.bytes, bytes.len() as u64);
        disk::verdict(&what, lengths, &model.sha256, Sha256::new_with_prefix(&bytes))?;
        Ok((bytes, path))
    }

    /// Whether an installed model is still what was installed.
    pub fn verify(&self, id: &str, cancel: &AtomicBool) -> Result<(), Error> {
        let model = self.find(id)?;
        disk::check(&self.path(id, &model.file), model.bytes, &model.sha256, cancel)
    }

    /// Removes an installed model, or what had arrived of one.
    pub fn remove(&self, id: &str) -> Result<(), Error> {
        let listed = self.entry(id).ok().map(|(_, entry)| entry.sha256.clone());
        let arriving = |sha: &String| self.partial().join(format!("{sha}.part")).exists();
        let in_part = listed.as_ref().is_some_and(arriving);
        let mut was_there = false;
        self.change(|state| {
            let Some(model) = state.installed.remove(id) else { return Ok(()) };
            was_there = true;
            let path = self.path(id, &model.file);
            disk::remove(&path)?;
            // Whatever else someone put there keeps the folder.
            let _kept_if_not_empty = path.parent().map(std::fs::remove_dir);
            Ok(())
        })?;
        match listed {
            Some(sha256) if in_part => download::forget(&self.partial(), &sha256),
            _ if was_there => Ok(()),
            Some(_) => Err(Error::NotInstalled { id: id.to_owned() }),
            None => Err(Error::Unknown { id: id.to_owned() }),
        }
    }

    fn find(&self, id: &str) -> Result<Installed, Error> {
        let known = |_| Error::NotInstalled { id: id.to_owned() };
        let model = self.state()?.installed.remove(id);
        model.ok_or_else(|| self.entry(id).map_or_else(|error| error, known))
    }

    fn manifests(&self) -> PathBuf {
        self.folder.join("manifests")
    }

    fn partial(&self) -> PathBuf {
        self.folder.join("partial")
    }

    fn state_file(&self) -> PathBuf {
        self.folder.join("library.json")
    }

    fn state(&self) -> Result<State, Error> {
        State::load(&self.state_file())
    }

    /// Changes what is remembered, as it is now and not as some other process left it
    /// before; not at all if `edit` fails.
    fn change(&self, edit: impl FnOnce(&mut State) -> Result<(), Error>) -> Result<(), Error> {
        let _lock = disk::lock(&self.folder.join("library.lock"), &NEVER)?;
        let before = self.state()?;
        let mut state = before.clone();
        edit(&mut state)?;
        if state == before { Ok(()) } else { state.save(&self.state_file()) }
    }

    /// Removes copies of manifests that no list uses.
    fn sweep(&self) -> Result<(), Error> {
        let _lock = disk::lock(&self.folder.join("library.lock"), &NEVER)?;
        let used: Vec<String> =
            self.state()?.lists.into_values().map(|source| source.sha256).collect();
        let Ok(entries) = std::fs::read_dir(self.manifests()) else { return Ok(()) };
        for name in entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()) {
            match name.split_once('.') {
                Some((sha256, "json" | "json.minisig")) if !used.iter().any(|u| u == sha256) => {
                    List::drop_copy(&self.manifests(), sha256)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Refuses a manifest that takes the name of what is built in, or an id of another list.
fn fits(manifest: &Manifest, lists: &[List]) -> Result<(), Error> {
    for list in lists {
        if list.name == manifest.name {
            if list.origin.is_none() {
                let found = format!("that of what is built in, {}", list.name);
                return Err(Error::invalid("name", "another", found));
            }
            continue;
        }
        let mut taken = manifest.models.iter().enumerate();
        let taken = taken.find(|(_, entry)| list.models.iter().any(|other| other.id == entry.id));
        if let Some((i, entry)) = taken {
            let found = format!("{}, of {}", entry.id, list.name);
            return Err(Error::invalid(format!("models[{i}].id"), "one no list has", found));
        }
    }
    Ok(())
}
