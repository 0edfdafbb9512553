//! Lists of models that were added, and who vouches for them.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::address::Address;
use crate::client::{Transfer, document};
use crate::manifest::MOST_BYTES;
use crate::names::shown;
use crate::signature::{Key, MOST_SIGNATURE};
use crate::state::{Source, State};
use crate::{Entry, Error, Manifest, disk};

/// Whom to believe about a manifest.
#[derive(Clone, Debug)]
pub enum Trust {
    /// The key that an earlier manifest of that name was added with.
    Pinned,
    /// This key, from now on.
    Key(Key),
    /// Anyone, because the user says so.
    Unsigned,
}

/// A manifest as it was published, not yet believed.
#[derive(Clone, Debug)]
pub struct Published {
    /// The JSON.
    pub manifest: Vec<u8>,
    /// The text of the `.minisig` file, if it is wanted.
    pub signature: Option<String>,
    /// Where it was found.
    pub origin: String,
}

/// A list of models that is believed.
#[derive(Clone, Debug)]
pub struct List {
    /// What it is called.
    pub name: String,
    /// How often it has changed.
    pub revision: u64,
    /// The key it must be signed with; none if it was added unsigned, or is built in.
    pub key: Option<String>,
    /// The path or address it was added from; none if it is built in.
    pub origin: Option<String>,
    /// Its models.
    pub models: Vec<Entry>,
}

impl Published {
    /// Reads a manifest from a file, and if it is to be signed, the signature from the file
    /// of the same name with `.minisig` behind it.
    pub fn read(path: &Path, signed: bool) -> Result<Self, Error> {
        let read = |path: &Path, most: usize| {
            let absent = || Error::at(path)(std::io::ErrorKind::NotFound.into());
            disk::read(path, most as u64)?.ok_or_else(absent)
        };
        let manifest = read(path, MOST_BYTES)?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(".minisig");
        let signature = signed.then(|| read(Path::new(&beside), MOST_SIGNATURE)).transpose()?;
        // Another folder may be the current one when it is wanted again.
        let origin = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self::new(manifest, signature, origin.display().to_string())
    }

    /// Fetches a manifest, and if it is to be signed, its signature from the same address
    /// with `.minisig` behind it.
    pub fn fetch(url: &str, signed: bool, transfer: &mut Transfer<'_>) -> Result<Self, Error> {
        let address = Address::new("address", url)?;
        let beside = signed.then(|| address.beside(".minisig")).transpose()?;
        let manifest = document(&address, MOST_BYTES, transfer)?;
        let signature =
            beside.map(|address| document(&address, MOST_SIGNATURE, transfer)).transpose()?;
        Self::new(manifest, signature, url.to_owned())
    }

    fn new(manifest: Vec<u8>, signature: Option<Vec<u8>>, origin: String) -> Result<Self, Error> {
        let text = |bytes| String::from_utf8(bytes).map_err(|_| no_signature("bytes"));
        let signature = signature.map(text).transpose()?;
        Ok(Self { manifest, signature, origin })
    }

    /// Refuses it unless that key signed it.
    fn verify(&self, key: &Key) -> Result<(), Error> {
        let signature = self.signature.as_deref().ok_or_else(|| no_signature("none"))?;
        key.verify(&self.manifest, signature)
    }

    /// The manifest, and the key to pin, if it may be believed. Nothing is read of it before
    /// its signature is right.
    pub(crate) fn check(
        &self,
        trust: &Trust,
        state: &State,
    ) -> Result<(Manifest, Option<String>), Error> {
        let key = match trust {
            Trust::Unsigned => None,
            Trust::Key(key) => Some(key.clone()).map(|key| self.verify(&key).map(|()| key)),
            Trust::Pinned => Some(self.signer(state)),
        };
        let key = key.transpose()?.map(|key| key.as_str().to_owned());
        let manifest = Manifest::load(&self.manifest)?;
        let before = state.lists.get(&manifest.name);
        let pinned = before.and_then(|source| source.key.as_ref());
        match (pinned, &key) {
            (Some(pinned), Some(key)) if pinned == key => {}
            (Some(pinned), found) => {
                let found = found.as_deref().map_or("none asked for".to_owned(), str::to_owned);
                let expected = format!("{}'s own, of the key {pinned}", manifest.name);
                return Err(Error::signature(expected, found));
            }
            (None, Some(_)) if matches!(trust, Trust::Pinned) => {
                let expected =
                    format!("a key given for {}, which is new or unsigned", manifest.name);
                return Err(Error::signature(expected, "none"));
            }
            (None, _) => {}
        }
        Ok((manifest, key))
    }

    /// The pinned key that it was signed with.
    fn signer(&self, state: &State) -> Result<Key, Error> {
        let mut wrong = None;
        for text in state.lists.values().filter_map(|source| source.key.as_ref()) {
            let key = Key::parse(text)?;
            match self.verify(&key) {
                Ok(()) => return Ok(key),
                Err(error) => wrong = Some(error),
            }
        }
        Err(wrong.unwrap_or_else(|| {
            Error::signature("a key, or word that the manifest is unsigned", "neither")
        }))
    }
}

fn no_signature(found: &str) -> Error {
    Error::signature("the text of a .minisig file", found)
}

impl List {
    pub(crate) fn new(manifest: Manifest, source: Option<&Source>) -> Self {
        Self {
            name: manifest.name,
            revision: manifest.revision,
            key: source.and_then(|source| source.key.clone()),
            origin: source.map(|source| source.origin.clone()),
            models: manifest.models,
        }
    }

    /// Reads the copy of a list in `folder` as it was believed, and refuses any other.
    pub(crate) fn load(folder: &Path, name: &str, source: &Source) -> Result<Self, Error> {
        let path = folder.join(format!("{}.json", source.sha256));
        let published = Published::read(&path, source.key.is_some())?;
        let found = digest(&published.manifest);
        if found != source.sha256 {
            let (what, expected) = (path.display().to_string(), source.sha256.clone());
            return Err(Error::Hash { what, expected, found });
        }
        if let Some(key) = &source.key {
            published.verify(&Key::parse(key)?)?;
        }
        let manifest = Manifest::load(&published.manifest)?;
        if manifest.name != name {
            return Err(Error::invalid("name", shown(name), shown(&manifest.name)));
        }
        Ok(Self::new(manifest, Some(source)))
    }

    /// Keeps a copy in `folder`, called by its digest, so that the old one stays until the
    /// new one is remembered. Refuses one that is older than what was known `before`, or
    /// changed without saying so.
    pub(crate) fn keep(
        folder: &Path,
        published: &Published,
        (manifest, key): (&Manifest, Option<String>),
        before: Option<&Source>,
    ) -> Result<Source, Error> {
        let (sha256, revision) = (digest(&published.manifest), manifest.revision);
        if let Some(before) = before.filter(|before| before.sha256 != sha256)
            && revision <= before.revision
        {
            let expected = format!("{}'s to be above {}", manifest.name, before.revision);
            return Err(Error::invalid("revision", expected, revision));
        }
        if let Some(signature) = published.signature.as_ref().filter(|_| key.is_some()) {
            disk::replace(&signature_of(folder, &sha256), signature.as_bytes())?;
        }
        disk::replace(&folder.join(format!("{sha256}.json")), &published.manifest)?;
        Ok(Source { sha256, revision, key, origin: published.origin.clone() })
    }

    /// Removes a copy.
    pub(crate) fn drop_copy(folder: &Path, sha256: &str) -> Result<(), Error> {
        let copy = disk::remove(&folder.join(format!("{sha256}.json")));
        copy.and(disk::remove(&signature_of(folder, sha256)))
    }
}

fn signature_of(folder: &Path, sha256: &str) -> PathBuf {
    folder.join(format!("{sha256}.json.minisig"))
}

fn digest(bytes: &[u8]) -> String {
    disk::hex(Sha256::new_with_prefix(bytes))
}
