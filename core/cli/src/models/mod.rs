//! `kiln models`: the model library.

mod get;
mod show;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};
use clap::Subcommand;
use fx::factory;
use library::{BuiltIn, Error, Key, Library, MOST_SIGNATURE, Patience, Published, Transfer, Trust};

/// Set when the user interrupts.
static STOP: AtomicBool = AtomicBool::new(false);

/// Set while the user is asked, when an interruption is an answer.
static ASKING: AtomicBool = AtomicBool::new(false);

/// The models of the factory, as a list of the library.
const BUILT_IN: BuiltIn =
    BuiltIn { manifest: include_bytes!("../../../../assets/models.json"), file: built_in };

fn built_in(id: &str) -> Option<&'static [u8]> {
    let item = factory::model(id).or_else(|| factory::cabinet(id)).or_else(|| factory::drive(id));
    item.map(|item| item.bytes)
}

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The folder of the library, instead of what KILN_LIBRARY says or the user's own
    #[arg(long, global = true, value_name = "DIR")]
    library: Option<PathBuf>,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List the models that are built in, known from manifests, and installed
    List {
        /// Only what is installed
        #[arg(long)]
        installed: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say all there is to say of a model: its licence, whom to name, what it was trained on
    Info {
        /// What the list calls it
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Install models: what is built in is written to the library's folder, others are
    /// fetched. An interrupted download goes on where it was
    Get {
        /// What the list calls them
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        /// Accept their licences, without being asked
        #[arg(long)]
        accept: bool,
    },
    /// Read every installed file, and say whether it is still what was installed
    Verify {
        /// Only these
        #[arg(value_name = "ID")]
        ids: Vec<String>,
    },
    /// Remove installed models, and what has arrived of others
    Remove {
        /// What the list calls them
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Add a manifest: a list of models, signed by its publisher with minisign in a file of
    /// the same name with .minisig behind it. The key is remembered for later revisions
    Add {
        /// A file, or an https address
        manifest: String,
        /// The publisher's public key, or a file that holds it; needed the first time
        #[arg(long, conflicts_with = "unsigned")]
        key: Option<String>,
        /// Believe a manifest that nobody signed
        #[arg(long)]
        unsigned: bool,
    },
    /// Forget a manifest and the key it was signed with; what is installed stays
    Forget {
        /// The name of the list
        list: String,
    },
}

/// Does what was asked; whether all of it could be done.
pub(crate) fn run(args: &Args) -> Result<bool> {
    let mut library = open(args.library.as_deref(), Some(BUILT_IN))?;
    for (name, error) in library.problems() {
        crate::tell(&format!("{name} is left out: {error}"));
    }
    // What an interruption leaves is what has arrived, to go on from.
    ctrlc::set_handler(|| {
        if ASKING.load(Ordering::Relaxed) {
            std::process::exit(1);
        }
        STOP.store(true, Ordering::Relaxed);
    })?;
    match &args.what {
        What::List { installed, json } => show::list(&library, *installed, *json),
        What::Info { id, json } => show::info(&library, id, *json),
        What::Get { ids, accept } => each(ids, |id| get::get(&library, id, *accept)),
        What::Verify { ids } => verify(&library, ids),
        What::Remove { ids } => each(ids, |id| Ok(library.remove(id)?)),
        What::Add { manifest, key, unsigned } => {
            add(&mut library, manifest, key.as_deref(), *unsigned).map(|()| true)
        }
        What::Forget { list } => {
            library.forget(list)?;
            Ok(true)
        }
    }
}

/// The file of an installed model and where it is, if there is one of that id.
pub(crate) fn installed(id: &str) -> Result<Option<(Vec<u8>, PathBuf)>> {
    let Some(folder) = Library::folder_of_user() else { return Ok(None) };
    let library = Library::open(&folder, None)?;
    match library.read_model(id, onnx::limits::MAX_BYTES) {
        Err(Error::Unknown { .. }) => Ok(None),
        found => Ok(Some(found?)),
    }
}

fn open(folder: Option<&Path>, built_in: Option<BuiltIn>) -> Result<Library> {
    let folder = folder.map(Path::to_owned).or_else(Library::folder_of_user);
    let folder = folder.context("library: expected a folder of the user's, found none")?;
    Ok(Library::open(&folder, built_in)?)
}

/// Does something with each; one that fails stops no other, but an interruption does.
fn each<S: AsRef<str>>(ids: &[S], mut act: impl FnMut(&str) -> Result<()>) -> Result<bool> {
    let mut done = true;
    for id in ids {
        if STOP.load(Ordering::Relaxed) {
            return Err(Error::Cancelled.into());
        }
        if let Err(error) = act(id.as_ref()) {
            crate::complain(&error);
            done = false;
        }
    }
    Ok(done)
}

fn verify(library: &Library, ids: &[String]) -> Result<bool> {
    let check = |id: &str| {
        library.verify(id, &STOP)?;
        crate::say(&format!("{id}: right\n"))
    };
    if !ids.is_empty() {
        return each(ids, check);
    }
    let all: Vec<String> = library.installed()?.into_iter().map(|(id, _)| id).collect();
    each(&all, check)
}

fn add(library: &mut Library, manifest: &str, key: Option<&str>, unsigned: bool) -> Result<()> {
    let trust = match key {
        Some(key) => Trust::Key(read_key(key)?),
        None if unsigned => Trust::Unsigned,
        None => Trust::Pinned,
    };
    let published = if manifest.starts_with("https://") || manifest.starts_with("http://") {
        let mut quiet = |_, _| {};
        let patience = Patience::default();
        let mut transfer = Transfer { patience, cancel: &STOP, progress: &mut quiet };
        Published::fetch(manifest, !unsigned, &mut transfer)?
    } else {
        Published::read(Path::new(manifest), !unsigned)?
    };
    let added = library.add(&published, &trust).with_context(|| manifest.to_owned())?;
    crate::say(&format!("{}: revision {}, {} models\n", added.name, added.revision, added.models))
}

/// A key, or the one in a file.
fn read_key(text: &str) -> Result<Key> {
    let path = Path::new(text);
    if !path.exists() {
        return Ok(Key::parse(text)?);
    }
    let bytes = crate::read(path, MOST_SIGNATURE)?;
    Key::parse(&String::from_utf8_lossy(&bytes)).with_context(|| text.to_owned())
}
