//! Asking servers for files, no longer than they are worth waiting for.

use std::io::{ErrorKind, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ureq::http::HeaderMap;
use ureq::{Agent, Timeout};

use crate::Error;
use crate::address::Address;
use crate::disk::{CHUNK, LOOK};

/// Fewest bytes that must arrive while [`Patience::stall`] lasts.
const LEAST: u64 = 1024;

/// How long to wait for a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For its name to be found, and for it to take the call, each.
    pub connect: Duration,
    /// For its answer to begin, and while next to nothing arrives: under 1 KiB.
    pub stall: Duration,
}

impl Default for Patience {
    /// Ten seconds to connect, thirty without progress.
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), stall: Duration::from_secs(30) }
    }
}

/// How something is fetched.
pub struct Transfer<'a> {
    /// How long to wait for the server.
    pub patience: Patience,
    /// Gives up soon after this is set. What has arrived is kept, to go on from.
    pub cancel: &'a AtomicBool,
    /// Told how many bytes are there, and how many there will be.
    pub progress: &'a mut dyn FnMut(u64, u64),
}

/// Where in a file to go on, and the mark by which the server knows it is the same file.
pub(crate) struct Resume<'a> {
    pub(crate) from: u64,
    pub(crate) etag: Option<&'a str>,
}

/// What a server answers, before the body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The bytes to come, if it says so.
    pub(crate) length: Option<u64>,
    /// Its mark of the file, unless that may stand for different bytes.
    pub(crate) etag: Option<String>,
    /// Of a part: its first byte, and the length of the whole if that is said.
    pub(crate) range: Option<(u64, Option<u64>)>,
    /// Whether the end of the body is marked, so that one cut off is told from one that is
    /// short.
    pub(crate) marked: bool,
    body: ureq::Body,
}

/// Asks for what is at `address` and lets `take` have the answer, from another thread's
/// eyes: when `cancel` is set the connection is shut, however long the server is silent.
pub(crate) fn ask<T>(
    address: &Address,
    resume: Option<&Resume<'_>>,
    (patience, cancel): (Patience, &AtomicBool),
    take: impl FnOnce(Answer) -> Result<T, Error>,
) -> Result<T, Error> {
    if cancel.load(Ordering::Relaxed) {
        return Err(Error::Cancelled);
    }
    let agent = agent(address, patience);
    let done = AtomicBool::new(false);
    let result = thread::scope(|scope| {
        let _ends_the_watch = Done(&done);
        let (watched, done) = (agent.clone(), &done);
        let watch = move || {
            while !done.load(Ordering::Relaxed) {
                if cancel.load(Ordering::Relaxed) {
                    return watched.shutdown();
                }
                thread::park_timeout(LOOK);
            }
        };
        // Where no thread can be had, cancelling waits for the next bytes.
        let _watcher = thread::Builder::new().spawn_scoped(scope, watch);
        call(&agent, address, resume).and_then(take)
    });
    // A connection that was shut looks like any that failed.
    if cancel.load(Ordering::Relaxed) { result.map_err(|_| Error::Cancelled) } else { result }
}

/// Ends the watch even if whoever is told of progress panics.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn agent(address: &Address, patience: Patience) -> Agent {
    let config = Agent::config_builder()
        .https_only(!address.loopback)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("kiln/", env!("CARGO_PKG_VERSION")))
        // Lengths and digests are those of the file itself.
        .accept_encoding("identity")
        .timeout_resolve(Some(patience.connect))
        .timeout_connect(Some(patience.connect))
        .timeout_send_request(Some(patience.stall))
        .timeout_recv_response(Some(patience.stall))
        .timeout_per_read(Some(patience.stall))
        .timeout_per_write(Some(patience.stall));
    // Else a proxy comes from the environment; to it "this machine" would be its own.
    let config = if address.loopback { config.proxy(None) } else { config };
    config.build().into()
}

fn call(agent: &Agent, address: &Address, resume: Option<&Resume<'_>>) -> Result<Answer, Error> {
    let mut request = agent.get(address.as_str());
    if let Some(Resume { from, etag }) = resume {
        request = request.header("Range", format!("bytes={from}-"));
        if let Some(etag) = etag {
            request = request.header("If-Range", *etag);
        }
    }
    let response = request.call().map_err(|error| fault(address, error))?;
    let (parts, body) = response.into_parts();
    let status = parts.status.as_u16();
    let url = || address.as_str().to_owned();
    if parts.status.is_redirection() {
        let to = header(&parts.headers, "location").unwrap_or("nowhere");
        return Err(Error::Redirect { url: url(), to: to.to_owned() });
    }
    if let Some(encoding) = header(&parts.headers, "content-encoding")
        && !encoding.eq_ignore_ascii_case("identity")
    {
        let found = format!("its content encoded as {encoding}");
        return Err(Error::Network { url: url(), found });
    }
    let length = header(&parts.headers, "content-length").and_then(|text| text.parse().ok());
    let chunked = header(&parts.headers, "transfer-encoding").is_some();
    Ok(Answer {
        status,
        length: length.filter(|_| !chunked),
        etag: header(&parts.headers, "etag").and_then(strong),
        range: header(&parts.headers, "content-range").and_then(range),
        marked: chunked || length.is_some(),
        body,
    })
}

impl Answer {
    /// Hands the body to `sink`, piece by piece.
    pub(crate) fn pour(
        self,
        address: &Address,
        (patience, cancel): (Patience, &AtomicBool),
        mut sink: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut body = self.body.into_reader();
        let mut buffer = vec![0; CHUNK];
        let (mut since, mut arrived) = (Instant::now(), 0);
        loop {
            let read = body.read(&mut buffer);
            if cancel.load(Ordering::Relaxed) {
                return Err(Error::Cancelled);
            }
            let n = match read {
                Ok(0) => return Ok(()),
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(fault(address, error.into())),
            };
            sink(&buffer[..n])?;
            arrived += n as u64;
            // A trickle never lets a read run out of time, so it is measured.
            if since.elapsed() >= patience.stall {
                if arrived < LEAST {
                    return Err(Error::Stalled { url: address.as_str().to_owned() });
                }
                (since, arrived) = (Instant::now(), 0);
            }
        }
    }
}

/// A document of at most `most` bytes.
pub(crate) fn document(
    address: &Address,
    most: usize,
    transfer: &mut Transfer<'_>,
) -> Result<Vec<u8>, Error> {
    let how = (transfer.patience, transfer.cancel);
    ask(address, None, how, |answer| {
        let url = || address.as_str().to_owned();
        if answer.status != 200 {
            return Err(Error::Status { url: url(), found: answer.status });
        }
        let length = answer.length;
        let mut bytes = Vec::new();
        answer.pour(address, how, |more| {
            bytes.extend_from_slice(more);
            if bytes.len() > most {
                let found = "one that goes on";
                return Err(Error::invalid(url(), format!("at most {most} bytes"), found));
            }
            let there = bytes.len() as u64;
            (transfer.progress)(there, length.unwrap_or(there));
            Ok(())
        })?;
        Ok(bytes)
    })
}

fn fault(address: &Address, error: ureq::Error) -> Error {
    let url = address.as_str().to_owned();
    match error {
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            Error::Network { url, found: "no connection in time".to_owned() }
        }
        ureq::Error::Timeout(_) => Error::Stalled { url },
        other => Error::Network { url, found: other.to_string() },
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// An entity tag, if it stands for the same bytes and can be sent back; RFC 9110, 8.8.3.
pub(crate) fn strong(tag: &str) -> Option<String> {
    let inner = tag.strip_prefix('"')?.strip_suffix('"')?;
    let fits = inner.len() <= 256 && inner.bytes().all(|c| c.is_ascii_graphic() && c != b'"');
    fits.then(|| tag.to_owned())
}

/// `bytes FIRST-LAST/WHOLE`, where WHOLE may be `*`; RFC 9110, 14.4.
fn range(text: &str) -> Option<(u64, Option<u64>)> {
    let (part, whole) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = part.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let whole = if whole == "*" { None } else { Some(whole.parse().ok()?) };
    (first <= last).then_some((first, whole))
}
