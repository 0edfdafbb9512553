//! Where files may be fetched from.

use std::net::IpAddr;

use ureq::http::Uri;
use ureq::http::uri::Scheme;

use crate::Error;
use crate::names::shown;

/// Most bytes of an address.
const MOST: usize = 2048;

/// An address that may be asked: `https` anywhere, `http` only on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    text: String,
    /// Whether it is this machine, which no proxy reaches.
    pub(crate) loopback: bool,
}

impl Address {
    pub(crate) fn new(what: &str, text: &str) -> Result<Self, Error> {
        let wrong = |expected: &str| Err(Error::invalid(what, expected, shown(text)));
        let uri = match text.parse::<Uri>() {
            Ok(uri) if text.len() <= MOST && !text.contains('#') => uri,
            _ => return wrong("an https address"),
        };
        let Some(authority) = uri.authority() else { return wrong("an https address") };
        if authority.as_str().contains('@') {
            return wrong("an address without a user or password");
        }
        if authority.host().is_empty() {
            return wrong("an address with a host");
        }
        let loopback = is_loopback(authority.host());
        match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => {}
            Some(scheme) if *scheme == Scheme::HTTP && loopback => {}
            Some(scheme) if *scheme == Scheme::HTTP => {
                return wrong("https, or http on this machine");
            }
            _ => return wrong("an https address"),
        }
        Ok(Self { text: text.to_owned(), loopback })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The address of what lies beside it, with `ending` behind its name.
    pub(crate) fn beside(&self, ending: &str) -> Result<Self, Error> {
        if self.text.contains('?') {
            return Err(Error::invalid("address", "one without a query", shown(&self.text)));
        }
        Ok(Self { text: format!("{}{ending}", self.text), loopback: self.loopback })
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    // By RFC 6761 that name is always this machine.
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_goes_anywhere_and_http_stays_here() {
        for good in [
            "https://example.org/a/b.nam",
            "https://example.org:8443/a?b=c",
            "http://127.0.0.1:8080/a",
            "http://127.9.9.9/a",
            "http://[::1]:80/a",
            "http://localhost:80/a",
        ] {
            assert_eq!(Address::new("url", good).expect(good).as_str(), good);
        }
        let long = format!("https://example.org/{}", "a".repeat(MOST));
        for bad in [
            "http://example.org/a",
            "http://127.0.0.1.example.org/a",
            "http://localhost.example.org/a",
            "http://[::2]/a",
            "http://0.0.0.0/a",
            "ftp://example.org/a",
            "file:///etc/passwd",
            "https:///a",
            "https://user:secret@example.org/a",
            "http://127.0.0.1@example.org/a",
            "https://example.org/a#b",
            "example.org/a",
            "/a",
            "",
            "https://exa mple.org/",
            "https://example.org/a\r\nX: y",
            &long,
        ] {
            assert!(Address::new("url", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_signature_lies_beside_its_manifest() {
        let beside = |text| Address::new("url", text).and_then(|a| a.beside(".minisig"));
        let good = beside("https://example.org/m.json").expect("an address");
        assert_eq!(good.as_str(), "https://example.org/m.json.minisig");
        assert!(beside("https://example.org/m.json?a=b").is_err());
    }
}
