//! What is measured of what plays, on a thread of its own.

use std::sync::Arc;
use std::time::Duration;

use fdn::{Model, Portrait};
use shell::newest::{self, Latest, Newest};

/// The thread, while a window is open.
pub(super) type Measure = Newest<Wanted>;
/// What there is to show of it.
pub(super) type Measured = Latest<Portrait>;

/// What is to be measured.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) model: Arc<Model>,
    pub(super) params: fdn::Params,
    /// Whether its times are final.
    pub(super) calibrated: bool,
}

impl PartialEq for Wanted {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.model, &other.model)
            && self.params == other.params
            && self.calibrated == other.calibrated
    }
}

impl newest::Wanted for Wanted {
    type Found = Portrait;
    const THREAD: &'static str = "kiln-portrait";
    const QUIET: Duration = Duration::from_millis(80);

    fn find(&self, void: &dyn Fn() -> bool) -> Option<Portrait> {
        Portrait::new(&self.model, &self.params, void)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(rt60: f64) -> Wanted {
        let item = fx::factory::reverb("small-room").expect("it is built in");
        let graph = fdn::Graph::load(item.bytes).expect("a graph");
        let model = fx::reverb::model(&graph, 48_000.0, 1.0).expect("a network");
        model.estimate();
        let params = fdn::Params { rt60: Some(rt60), ..fdn::Params::default() };
        Wanted { model: Arc::new(model), params, calibrated: false }
    }

    fn settle(measure: &Measure) -> Measured {
        for _ in 0..1500 {
            let measured = measure.latest();
            if !measured.busy {
                return measured;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it is never measured");
    }

    #[test]
    fn the_newest_is_measured_and_nothing_once_stopped() {
        let measure = Measure::default();
        measure.want(Some(wanted(0.5)));
        assert!(!measure.latest().busy, "nothing is measured before there is a window");
        measure.start(|| {});
        let first = wanted(0.3);
        measure.want(Some(first.clone()));
        let short = settle(&measure).found.expect("a portrait");
        for rt60 in [0.4, 0.5, 0.6] {
            let params = fdn::Params { rt60: Some(rt60), ..first.params };
            measure.want(Some(Wanted { params, ..first.clone() }));
        }
        assert!(measure.latest().busy);
        let long = settle(&measure).found.expect("another");
        let times = [&short, &long].map(|portrait| portrait.t60.expect("a time"));
        assert!(times[1] > 1.4 * times[0], "{times:?}");
        measure.stop();
        measure.want(Some(wanted(0.2)));
        let left = measure.latest();
        assert!(!left.busy && left.found.is_some_and(|portrait| Arc::ptr_eq(&portrait, &long)));
        measure.start(|| {});
        measure.want(None);
        assert!(measure.latest().found.is_none(), "what plays no more is not shown");
    }
}
