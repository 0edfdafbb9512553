//! Hosts with real threads. Nothing here depends on how fast they are.

mod kit;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kit::{Does, Play, host, impatient, live, options, played, report, summed, tune, until};
use nn::foreign::State;
use nn::{Blocks, Engine, Place};
use stream::latency::latency;
use stream::{Host, measure};

/// The lead of a host in real time, look-ahead aside.
fn lead(play: &Play, blocks: Blocks) -> usize {
    latency(play.hop, 48, blocks)
}

#[test]
fn all_is_heard_in_its_place() {
    for (blocks, block) in
        [(Blocks::Fixed(64), 64), (Blocks::Fixed(200), 200), (Blocks::UpTo(100), 77)]
    {
        let play = Arc::new(Play { ahead: 10, ..Play::default() });
        let mut host = host(&play, &live(blocks));
        let lead = lead(&play, blocks);
        assert_eq!(host.latency(), lead + 10);
        assert_eq!(host.receptive_field(), lead + 1010);
        let input = tune(4000);
        let heard = played(&mut host, &input, block, play.hop);
        assert_eq!(heard, summed(&input, lead, lead + 10));
        let report = report(&host);
        assert_eq!((report.engine.as_str(), report.device.as_str()), ("test 1", "CPU"));
        assert_eq!((report.underruns, report.samples_lost, report.errors), (0, 0, 0));
        assert_eq!(report.inferences, 4000 / 128);
        assert!(report.mean <= report.peak && report.p99 <= report.peak);
        assert_eq!(report.budget, Duration::from_millis(1));
        assert_eq!(report.hop, Duration::from_secs_f64(128.0 / 48_000.0));
        assert_eq!(report.state, State::Running);
        drop(host);
        assert_eq!(play.hosted.load(Ordering::SeqCst), 1);
        assert_eq!(play.dropped.load(Ordering::SeqCst), play.built.load(Ordering::SeqCst));
    }
}

#[test]
fn a_render_is_what_is_heard_to_the_bit() {
    let input = tune(20_000);
    for blocks in [Blocks::Fixed(256), Blocks::UpTo(333)] {
        let play = Arc::new(Play { ahead: 3, ..Play::default() });
        let mut real = host(&play, &live(blocks));
        let heard = played(&mut real, &input, 256, play.hop);
        let place = Place { offline: true, ..live(blocks) };
        let mut render = host(&play, &place);
        assert_eq!(render.latency(), real.latency());
        // A file at once.
        let mut rendered = input.clone();
        render.process(&mut rendered);
        assert_eq!(rendered, heard);
        assert_eq!(report(&render).underruns, 0);
        // And again, cut otherwise.
        render.reset();
        let mut again = input.clone();
        again.chunks_mut(61).for_each(|io| render.process(io));
        assert_eq!(again, heard);
    }
}

#[test]
fn a_render_has_no_more_latency_than_the_network() {
    let play = Arc::new(Play { ahead: 7, ..Play::default() });
    let mut host = host(&play, &Place::offline(48_000.0));
    assert_eq!(host.latency(), 127 + 7);
    let input = tune(3000);
    let mut io = input.clone();
    host.process(&mut io);
    assert_eq!(io, summed(&input, 127, 134));
    assert_eq!((report(&host).budget, report(&host).over_budget), (Duration::ZERO, 0));
}

#[test]
fn a_reset_is_as_a_new_host() {
    let play = Arc::new(Play::default());
    let blocks = Blocks::UpTo(64);
    let mut host = host(&play, &live(blocks));
    let (first, second) = (tune(1001), tune(3000));
    for _ in 0..3 {
        played(&mut host, &first, 64, play.hop);
        host.reset();
        host.reset();
        let lead = lead(&play, blocks);
        assert_eq!(played(&mut host, &second, 64, play.hop), summed(&second, lead, lead));
        host.reset();
    }
    assert_eq!(report(&host).inferences, 0, "counts are of the time since a reset");
}

#[test]
fn a_failed_hop_is_counted_and_not_heard() {
    for does in [
        |run, _| fail(run, Does::Nan),
        |run, _| fail(run, Does::Error),
        |run, _| fail(run, Does::Panic),
    ] {
        let play = Arc::new(Play { does, ..Play::default() });
        let mut host = host(&play, &live(Blocks::Fixed(64)));
        let input = tune(8000);
        let heard = played(&mut host, &input, 64, play.hop);
        let lead = lead(&play, Blocks::Fixed(64));
        // Before, in, and after it, where it starts afresh.
        let expected = summed(&input, lead, lead);
        let from = lead + 3 * 128;
        assert_eq!(heard[..from], expected[..from]);
        assert_eq!(heard[from + 64..from + 128], input[from + 64 - lead..from + 128 - lead]);
        let afresh = summed(&input[from + 128 - lead..], 0, 0);
        assert_eq!(heard[from + 192..], afresh[64..heard.len() - from - 128]);
        let report = report(&host);
        assert_eq!((report.errors, report.underruns, report.samples_lost), (1, 0, 0));
        assert_eq!(play.built.load(Ordering::SeqCst), 1);
    }
}

fn fail(run: usize, does: Does) -> Does {
    if run == 3 { does } else { Does::Well }
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[test]
fn subnormal_numbers_are_flushed() {
    let play = Arc::new(Play { does: |_, _| Does::Tiny, ..Play::default() });
    let mut host = host(&play, &live(Blocks::Fixed(64)));
    let heard = played(&mut host, &tune(2000), 64, play.hop);
    assert!(heard.iter().all(|y| y.to_bits() == 0));
    assert_eq!(report(&host).errors, 0);
}

#[test]
fn a_network_that_fails_again_and_again_is_built_anew() {
    let does = |run, number| if number == 0 && run > 4 { Does::Panic } else { Does::Well };
    let play = Arc::new(Play { does, ..Play::default() });
    let mut host = host(&play, &live(Blocks::Fixed(64)));
    let mut io = [0.5; 64];
    until(|| {
        host.process(&mut io);
        play.built.load(Ordering::SeqCst) == 2 && report(&host).inferences > 20
    });
    assert_eq!(report(&host).errors, 3);
    assert_eq!(play.dropped.load(Ordering::SeqCst), 1);
}

#[test]
fn one_that_cannot_be_built_is_passed_by_and_tried_again() {
    let play = Arc::new(Play { failing: usize::MAX.into(), ..Play::default() });
    let mut host = host(&play, &live(Blocks::Fixed(64)));
    let input = tune(2000);
    let mut heard = input.clone();
    host.process(&mut heard);
    let latency = host.latency();
    assert_eq!(heard[..latency], vec![0.0; latency]);
    assert_eq!(heard[latency..], input[..2000 - latency]);
    let told = report(&host);
    assert_eq!(told.state, State::Bypassed { reason: "the file is gone".into() });
    assert_eq!(told.samples_lost, 2000);
    play.failing.store(0, Ordering::SeqCst);
    until(|| {
        host.process(&mut [0.5; 64]);
        report(&host).inferences > 0
    });
    assert_eq!(report(&host).state, State::Running);
    assert_eq!(report(&host).errors, 0);
}

#[test]
fn one_that_never_returns_is_replaced() {
    let does = |run, number| if number == 0 && run == 2 { Does::Hang } else { Does::Well };
    let play = Arc::new(Play { does, ..Play::default() });
    let mut host = impatient(&play, &live(Blocks::Fixed(64)));
    let mut n = 0;
    until(|| {
        host.process(&mut [0.5; 64]);
        n += 64;
        play.built.load(Ordering::SeqCst) == 2 && report(&host).inferences > 10
    });
    let told = report(&host);
    assert!(told.samples_lost > 0);
    assert!(told.notices.iter().any(|notice| notice.contains("anew")), "{told:?}");
    // The new one is heard, from its start on, whatever the old one does.
    play.gate.open();
    until(|| play.dropped.load(Ordering::SeqCst) == 1);
    host.reset();
    let input = tune(3000);
    let lead = lead(&play, Blocks::Fixed(64));
    assert_eq!(played(&mut host, &input, 64, play.hop), summed(&input, lead, lead));
}

#[test]
fn a_host_is_gone_at_once_although_its_network_hangs() {
    let play = Arc::new(Play { does: |_, _| Does::Hang, ..Play::default() });
    let mut host = host(&play, &live(Blocks::Fixed(64)));
    host.process(&mut [0.5; 256]);
    until(|| play.begun.load(Ordering::SeqCst) > 0);
    // Were it waited for, this would never end.
    drop(host);
    assert_eq!(play.dropped.load(Ordering::SeqCst), 0);
    play.gate.open();
    until(|| play.dropped.load(Ordering::SeqCst) == play.built.load(Ordering::SeqCst));
}

#[test]
fn a_render_goes_on_although_its_network_hangs() {
    let does = |run, number| if number == 0 && run == 5 { Does::Hang } else { Does::Well };
    let play = Arc::new(Play { does, ..Play::default() });
    let patience = Duration::from_millis(20);
    let options = stream::Options { patience, ..options() };
    let source = Arc::new(kit::Stage(play.clone()));
    let mut host = Host::new(source, &Place::offline(48_000.0), &options);
    let input = tune(4000);
    let mut io = input.clone();
    io.chunks_mut(64).for_each(|io| host.process(io));
    let expected = summed(&input, 127, 127);
    assert_eq!(io[..127 + 5 * 128], expected[..127 + 5 * 128]);
    assert_eq!(report(&host).underruns, 1);
    assert_eq!(play.built.load(Ordering::SeqCst), 2);
    play.gate.open();
}

#[test]
fn a_runtime_that_panics_is_started_again() {
    let play = Arc::new(Play { panics_in_host: true.into(), ..Play::default() });
    let mut host = host(&play, &live(Blocks::Fixed(64)));
    until(|| {
        host.process(&mut [0.5; 64]);
        report(&host).inferences > 0
    });
    assert_eq!(play.hosted.load(Ordering::SeqCst), 2);
}

#[test]
fn what_is_too_slow_is_given_up_until_it_is_not() {
    let does = |run, _| if run == 0 { Does::Hang } else { Does::Well };
    let play = Arc::new(Play { does, ..Play::default() });
    let mut host = host(&play, &live(Blocks::Fixed(64)));
    host.process(&mut [0.5; 128]);
    until(|| play.begun.load(Ordering::SeqCst) > 0);
    // A second of input waits, and another is not even passed on.
    let mut io = vec![0.5; 100_000];
    host.process(&mut io);
    let told = report(&host);
    assert!(matches!(&told.state, State::Bypassed { reason } if reason.contains("slow")));
    assert_eq!(io[50_000..], vec![0.5; 50_000]);
    assert!(told.samples_lost >= 48_000);
    play.gate.open();
    let before = told.inferences;
    until(|| {
        host.process(&mut [0.5; 64]);
        report(&host).inferences > before + 10
    });
    // What waited was not heard either.
    assert!(report(&host).samples_lost >= 96_000);
}

#[test]
fn senseless_places_and_sources_harm_nobody() {
    for hop in [0, 1, 5] {
        for rate in [f64::NAN, -1.0, 0.0, f64::INFINITY, 1e12] {
            if rate > 1e6 && hop > 1 {
                continue;
            }
            for blocks in [Blocks::Fixed(0), Blocks::UpTo(0), Blocks::Fixed(usize::MAX)] {
                let play = Arc::new(Play { hop, ..Play::default() });
                let place = Place { sample_rate: rate, blocks, offline: false };
                let mut host = host(&play, &place);
                let mut io = [f32::NAN; 100];
                host.process(&mut io);
                host.process(&mut []);
                assert!(io.iter().all(|y| y.is_finite()));
            }
        }
    }
}

#[test]
fn hosts_come_and_go_together() {
    let play = Arc::new(Play::default());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    host(&play, &live(Blocks::Fixed(64))).process(&mut [0.1; 200]);
                }
            });
        }
    });
    assert_eq!(play.dropped.load(Ordering::SeqCst), play.built.load(Ordering::SeqCst));
}

#[test]
fn what_a_network_takes_is_measured() {
    let source = |does| kit::Stage(Arc::new(Play { does, ..Play::default() }));
    let pause = Duration::from_millis(2);
    let measured = measure(&source(|_, _| Does::Late(Duration::from_millis(2)))).unwrap();
    assert!(measured.mean >= pause && measured.median >= pause && measured.peak >= measured.p90);
    assert!(measured.budget(Duration::ZERO) >= 3 * pause);
    assert_eq!(measured.budget(Duration::from_secs(9)), Duration::from_secs(9));
    let failures: [fn(usize, usize) -> Does; 3] =
        [|_, _| Does::Nan, |_, _| Does::Error, |_, _| Does::Panic];
    for does in failures {
        let told = measure(&source(does)).unwrap_err().to_string();
        assert!(told.starts_with("network: expected"), "{told}");
    }
    let gone = Play { failing: 9.into(), ..Play::default() };
    let told = measure(&kit::Stage(Arc::new(gone))).unwrap_err().to_string();
    assert!(told.contains("the file is gone"), "{told}");
}

#[test]
fn a_priority_is_granted_or_refused_in_words() {
    let play = Arc::new(Play::default());
    let urgent = stream::Options { urgent: true, ..options() };
    let source = Arc::new(kit::Stage(play.clone()));
    let mut host = Host::new(source, &live(Blocks::Fixed(64)), &urgent);
    let input = tune(1000);
    let lead = lead(&play, Blocks::Fixed(64));
    assert_eq!(played(&mut host, &input, 64, play.hop), summed(&input, lead, lead));
    assert!(report(&host).notices.iter().all(|notice| notice.contains("priority")));
}

#[test]
fn slack_is_counted_once() {
    let play = Arc::new(Play::default());
    let options = stream::Options { slack: Duration::from_millis(2), ..options() };
    for (blocks, more) in [(Blocks::UpTo(1024), 96), (Blocks::Fixed(64), 128)] {
        let source = Arc::new(kit::Stage(play.clone()));
        let host = Host::new(source, &live(blocks), &options);
        assert_eq!(host.latency(), lead(&play, blocks) + more);
        assert_eq!(report(&host).budget, Duration::from_millis(3));
    }
}
