//! Who this library is: Kiln Reverb, or a plugin that was made of it for one graph.

use std::sync::OnceLock;

use bundle::{Error, Identity};

/// What this library carries, if it was made for one graph. Looked up once, when the
/// library is loaded.
pub fn own() -> Option<&'static Identity> {
    looked_up().as_ref().ok().and_then(Option::as_ref)
}

/// Why what this library carries cannot be told. A library that is damaged offers no
/// plugin, rather than one by Kiln Reverb's ids, which projects would take for it.
pub(crate) fn damage() -> Option<&'static Error> {
    looked_up().as_ref().err()
}

fn looked_up() -> &'static Result<Option<Identity>, Error> {
    static OWN: OnceLock<Result<Option<Identity>, Error>> = OnceLock::new();
    OWN.get_or_init(|| match Identity::own() {
        // A place that has no name in UTF-8, or a host that hides it: Kiln Reverb
        // needs nothing from there.
        Err(Error::Nowhere) => Ok(None),
        found => found,
    })
}
