use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::{Error, names};

/// The longest graph, in bytes of JSON: the most that is loaded as one.
pub const MOST_BYTES: usize = 1 << 27;

/// The longest JSON of an identity: a graph, and room for the rest.
pub(crate) const MOST_FILE: usize = MOST_BYTES + (1 << 16);

const FORMAT: &str = "kiln-reverb-plugin";
const VERSION: u32 = 1;

/// Who a copy of Kiln Reverb is to its host, and what it plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    name: String,
    vendor: String,
    version: String,
    clap_id: String,
    vst3_id: [u8; 16],
    graph: String,
}

/// An identity as JSON.
#[derive(Serialize, Deserialize)]
struct File {
    format: String,
    version: u32,
    name: String,
    vendor: String,
    plugin_version: String,
    clap_id: String,
    /// 32 hexadecimal digits.
    vst3_id: String,
    graph: Box<RawValue>,
}

/// What tells whether the rest can be read.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

impl Identity {
    /// A plugin called `name` that plays `graph`, JSON which is not looked into here.
    ///
    /// Its ids follow from `name` and `vendor` alone, so that what is made anew under
    /// the same name takes the place of what was there, in projects too.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a `name` that no file could have or that is Kiln
    /// Reverb's, for a text that is empty, has control characters or is longer than
    /// [`MOST_NAME`](crate::MOST_NAME) bytes, for a graph of more than [`MOST_BYTES`];
    /// [`Error::Json`] for a graph that is no JSON.
    pub fn new(name: &str, vendor: &str, version: &str, graph: String) -> Result<Self, Error> {
        let identity = Self {
            name: name.into(),
            vendor: vendor.into(),
            version: version.into(),
            clap_id: format!("audio.kiln.reverb.x{}", names::hex(&digest("clap", name, vendor))),
            vst3_id: digest("vst3", name, vendor),
            graph,
        };
        identity.check()?;
        Ok(identity)
    }

    /// The same with a CLAP id of your choice.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for what is no id, or one of a plugin that Kiln ships.
    pub fn with_clap_id(self, id: &str) -> Result<Self, Error> {
        names::clap_id(id)?;
        Ok(Self { clap_id: id.into(), ..self })
    }

    /// The same with a VST3 class id of your choice, as 32 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for what is no id, or one of a plugin that Kiln ships.
    pub fn with_vst3_id(self, id: &str) -> Result<Self, Error> {
        let vst3_id = names::unhex(id)?;
        names::vst3_id(vst3_id)?;
        Ok(Self { vst3_id, ..self })
    }

    /// What hosts list it as, and what its bundles are called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who made it.
    pub fn vendor(&self) -> &str {
        &self.vendor
    }

    /// Its version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Its CLAP id.
    pub fn clap_id(&self) -> &str {
        &self.clap_id
    }

    /// Its VST3 class id, in the order of bytes in which it is written; on Windows
    /// hosts are told it in the order of a GUID.
    pub fn vst3_id(&self) -> [u8; 16] {
        self.vst3_id
    }

    /// Its VST3 class id as 32 hexadecimal digits.
    pub fn vst3_hex(&self) -> String {
        names::hex(&self.vst3_id)
    }

    /// The graph that it plays, as JSON.
    pub fn graph(&self) -> &str {
        &self.graph
    }

    /// As JSON: `format` "kiln-reverb-plugin", `version` 1, `name`, `vendor`,
    /// `plugin_version`, `clap_id`, `vst3_id` as 32 hexadecimal digits, and `graph`.
    ///
    /// # Errors
    ///
    /// [`Error::Json`], which no identity there is leads to.
    pub fn to_json(&self) -> Result<String, Error> {
        let json = || {
            serde_json::to_string(&File {
                format: FORMAT.into(),
                version: VERSION,
                name: self.name.clone(),
                vendor: self.vendor.clone(),
                plugin_version: self.version.clone(),
                clap_id: self.clap_id.clone(),
                vst3_id: self.vst3_hex(),
                graph: RawValue::from_string(self.graph.clone())?,
            })
        };
        json().map_err(Error::json("identity"))
    }

    /// What [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    ///
    /// [`Error::Json`] for anything else, [`Error::Invalid`] for another format or
    /// version and for values that [`new`](Self::new) refuses.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        if json.len() > MOST_FILE {
            let expected = format!("at most {MOST_FILE} bytes");
            return Err(Error::invalid("identity", expected, json.len()));
        }
        let head: Head = serde_json::from_slice(json).map_err(Error::json("identity"))?;
        if (head.format.as_str(), head.version) != (FORMAT, VERSION) {
            let found = format!("\"{}\" version {}", head.format.escape_default(), head.version);
            return Err(Error::invalid(
                "identity",
                format!("\"{FORMAT}\" version {VERSION}"),
                found,
            ));
        }
        let file: File = serde_json::from_slice(json).map_err(Error::json("identity"))?;
        let identity = Self {
            name: file.name,
            vendor: file.vendor,
            version: file.plugin_version,
            clap_id: file.clap_id,
            vst3_id: names::unhex(&file.vst3_id)?,
            graph: Box::<str>::from(file.graph).into(),
        };
        identity.check()?;
        Ok(identity)
    }

    fn check(&self) -> Result<(), Error> {
        names::name(&self.name)?;
        names::text("vendor", &self.vendor)?;
        names::text("version", &self.version)?;
        names::clap_id(&self.clap_id)?;
        names::vst3_id(self.vst3_id)?;
        if self.graph.len() > MOST_BYTES {
            let expected = format!("at most {MOST_BYTES} bytes");
            return Err(Error::invalid("graph", expected, self.graph.len()));
        }
        serde_json::from_str::<&RawValue>(&self.graph).map_err(Error::json("graph")).map(drop)
    }
}

/// An id that only this name and vendor have, other for each `kind` of id.
fn digest(kind: &str, name: &str, vendor: &str) -> [u8; 16] {
    // Neither has a zero in it, so that no two pairs read the same.
    let digest = Sha256::digest(format!("{FORMAT}\0{kind}\0{vendor}\0{name}"));
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    id
}
