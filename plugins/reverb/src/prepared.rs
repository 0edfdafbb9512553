//! Networks made ready to be played, and what is proven of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use fdn::{Certificate, Conditions, Model, Verdict, certify_unless};

use crate::source::Content;

/// Networks that are kept for whoever plays the same again.
const MOST_KEPT: usize = 24;

/// What a network is made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Setup {
    /// Hz.
    pub(crate) rate: f32,
    /// As [`fx::reverb::Params::size`].
    pub(crate) size: f32,
}

/// A network made ready.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) model: Arc<Model>,
    pub(crate) setup: Setup,
    certificate: OnceLock<Arc<Certificate>>,
}

impl Prepared {
    /// What `content` is at `setup`.
    pub(crate) fn new(content: &Content, setup: Setup) -> Result<Self, String> {
        let Setup { rate, size } = setup;
        let model = fx::reverb::model(&content.graph, f64::from(rate), f64::from(size));
        let model = Arc::new(model.map_err(|e| e.to_string())?);
        Ok(Self { model, setup, certificate: OnceLock::new() })
    }

    /// The same, or the one that was made before, by this instance or another.
    pub(crate) fn shared(content: &Content, setup: Setup) -> Result<Arc<Self>, String> {
        static KEPT: Mutex<VecDeque<(String, Arc<Prepared>)>> = Mutex::new(VecDeque::new());
        let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let is = |(key, one): &(String, Arc<Self>)| *key == content.key && one.setup == setup;
        let found = {
            let mut kept = kept();
            let at = kept.iter().position(is);
            let found = at.and_then(|at| kept.remove(at));
            kept.extend(found.clone());
            found
        };
        if let Some((_, found)) = found {
            return Ok(found);
        }
        let made = Arc::new(Self::new(content, setup)?);
        let mut kept = kept();
        kept.push_back((content.key.clone(), made.clone()));
        while kept.len() > MOST_KEPT {
            kept.pop_front();
        }
        Ok(made)
    }

    /// What is proven by now.
    pub(crate) fn proven(&self) -> Option<&Arc<Certificate>> {
        self.certificate.get()
    }

    /// Proves what can be proven, which may take seconds, unless `stop` says to give up.
    pub(crate) fn certify(&self, stop: &dyn Fn() -> bool) -> Option<&Arc<Certificate>> {
        if self.certificate.get().is_none() {
            let proven = certify_unless(self.model.network(), &Conditions::default(), stop)?;
            // Another thread may have proven the same.
            let _same = self.certificate.set(Arc::new(proven));
        }
        self.certificate.get()
    }

    /// Whether it cannot grow, which may have to be proven: until `stop` says to give up.
    pub(crate) fn is_bounded(&self, stop: &dyn Fn() -> bool) -> bool {
        let holds = |proven: &Arc<Certificate>| proven.verdict <= Verdict::MarginallyStable;
        self.model.is_plainly_bounded() || self.certify(stop).is_some_and(holds)
    }

    /// Why it is not played, if it is not bounded.
    pub(crate) fn refusal(&self) -> String {
        let Some(certificate) = self.proven() else {
            return "expected the time to prove that it is stable, found none".into();
        };
        match (certificate.verdict, certificate.unstable_poles) {
            (Verdict::Unstable, Some(1)) => {
                "expected a stable network, found one with an unstable pole".into()
            }
            (Verdict::Unstable, Some(n)) => {
                format!("expected a stable network, found one with {n} unstable poles")
            }
            (Verdict::Unstable, None) => "expected a stable network, found an unstable one".into(),
            (Verdict::Indeterminate, _) => {
                "expected a network that has a solution, found a delay-free loop without one".into()
            }
            _ => "expected a network that is proven to be stable, found no proof".into(),
        }
    }

    /// Lets it begin with the reverberation times of `before`, where it is a relative of
    /// it; else with an estimate.
    pub(crate) fn begin_like(&self, before: Option<&Self>) {
        if let Some(before) = before.filter(|before| before.setup.rate == self.setup.rate) {
            self.model.assume(&before.model, f64::from(self.setup.size / before.setup.size));
        }
        self.model.estimate();
    }
}
