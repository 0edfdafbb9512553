//! Who vouches for a manifest: detached signatures of
//! [minisign](https://jedisct1.github.io/minisign/), Ed25519 over BLAKE2b-512.

use minisign_verify::{Error as Minisign, PublicKey, Signature};

use crate::Error;
use crate::names::shown;

/// Most bytes of a signature or of the file of a key; real ones have about 300.
pub const MOST_SIGNATURE: usize = 4096;

/// The public key of a publisher.
#[derive(Clone, Debug)]
pub struct Key {
    text: String,
    key: PublicKey,
}

impl Key {
    /// Reads a key: the base64 line of minisign, or the file `minisign.pub` of two lines.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let line = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("");
        let wrong = |_| Error::signature("a public key of minisign", shown(line));
        let key = PublicKey::from_base64(line).map_err(wrong)?;
        Ok(Self { text: line.to_owned(), key })
    }

    /// The key as one line of base64.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Refuses `bytes` unless `signature`, the text of a `.minisig` file, is this key's of
    /// them. The old kind of signature, which is not of a digest, is refused too.
    pub(crate) fn verify(&self, bytes: &[u8], signature: &str) -> Result<(), Error> {
        if signature.len() > MOST_SIGNATURE {
            return Err(Error::signature(
                format!("at most {MOST_SIGNATURE} bytes"),
                signature.len(),
            ));
        }
        let signature = Signature::decode(signature)
            .map_err(|_| Error::signature("a signature of minisign", "something else"))?;
        let found = match self.key.verify(bytes, &signature, false) {
            Ok(()) => return Ok(()),
            Err(Minisign::UnexpectedKeyId) => "one of another key",
            Err(Minisign::UnexpectedAlgorithm) => "one of the old kind, without a digest",
            Err(_) => "one that does not fit the manifest",
        };
        Err(Error::signature(format!("one of the key {}", self.text), found))
    }
}
