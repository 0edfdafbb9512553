use super::*;

/// Whether the output of one worker is complete at a latency of `latency` samples, for
/// callbacks of these lengths that come at the end of what they bring, sample by sample
/// of time. `budget` is at least 1.
fn suffices(hop: usize, budget: usize, latency: usize, blocks: &[usize]) -> bool {
    let (mut now, mut heard, mut next) = (0, 0, 0);
    // Hops that wait, the end of the one that is computed, and those that are done.
    let (mut waiting, mut until, mut done) = (0, None, 0);
    let mut ends = blocks.iter();
    let mut end = 0;
    loop {
        if until == Some(now) {
            until = None;
            done += 1;
        }
        if now == end {
            while (next + 1) * hop <= end {
                next += 1;
                waiting += 1;
            }
            heard = heard.max(end.saturating_sub(latency));
            if heard > done * hop {
                return false;
            }
            let Some(block) = ends.next() else { return true };
            end += block;
        }
        if until.is_none() && waiting > 0 {
            waiting -= 1;
            until = Some(now + budget);
        }
        now += 1;
    }
}

#[test]
fn the_table_of_the_simulation_is_met() {
    let table = include_str!("../tests/data/latency.csv");
    let rows: Vec<Vec<usize>> = (table.lines().skip(1))
        .map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect())
        .collect();
    assert_eq!(rows.len(), 42);
    for row in rows {
        let [hop, ms, block, expected] = row[..] else { panic!("{row:?}") };
        assert_eq!(fixed(hop, 48 * ms, block), expected, "{row:?}");
        assert_eq!(closed_form(hop, 48 * ms, block), expected, "{row:?}");
    }
}

#[test]
fn fixed_blocks_get_all_in_time_and_no_later_than_needed() {
    for hop in 1..=24 {
        for block in 1..=28 {
            for budget in 1..=hop {
                let latency = fixed(hop, budget, block);
                let blocks = vec![block; 4 * hop + 8];
                let what = format!("hop {hop}, budget {budget}, block {block}: {latency}");
                assert!(suffices(hop, budget, latency, &blocks), "{what}");
                assert!(!suffices(hop, budget, latency - 1, &blocks), "{what} is too much");
            }
        }
    }
}

#[test]
fn the_closed_form_fails_only_where_hops_queue() {
    // At 500 samples a hop, three callbacks of 300 complete a hop in 600, 600 and 300.
    assert_eq!(closed_form(500, 500, 300), 1000);
    assert!(!suffices(500, 500, 1000, &[300; 40]));
    assert_eq!(fixed(500, 500, 300), 1100);
    for hop in 1..=24 {
        for block in 1..=hop {
            // Until the next can come.
            for budget in 1..=hop / block * block {
                assert_eq!(fixed(hop, budget, block), closed_form(hop, budget, block));
            }
        }
    }
}

/// The worst order of blocks of up to `longest`, found among all.
fn worst(hop: usize, budget: usize, latency: usize, longest: usize, length: usize) -> bool {
    let mut blocks = vec![1; length];
    loop {
        if !suffices(hop, budget, latency, &blocks) {
            return false;
        }
        let Some(at) = blocks.iter().position(|&block| block < longest) else { return true };
        blocks[at] += 1;
        blocks[..at].fill(1);
    }
}

#[test]
fn any_blocks_get_all_in_time_and_no_later_than_needed() {
    for (hop, longest, length) in [(1, 1, 6), (2, 3, 8), (3, 2, 11), (4, 3, 8), (3, 5, 6)] {
        for budget in 1..=hop {
            let latency = any(hop, budget, longest);
            let what = format!("hop {hop}, budget {budget}, up to {longest}: {latency}");
            assert!(worst(hop, budget, latency, longest, length), "{what}");
            assert!(!worst(hop, budget, latency - 1, longest, length), "{what} is too much");
        }
    }
}

#[test]
fn long_sequences_of_any_blocks_get_all_in_time() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..300 {
        let (hop, longest) = (random.usize(1..=600), random.usize(1..=700));
        let budget = random.usize(1..=hop);
        let blocks: Vec<usize> = (0..400)
            .map(|_| if random.bool() { longest } else { random.usize(1..=longest) })
            .collect();
        let latency = any(hop, budget, longest);
        assert!(suffices(hop, budget, latency, &blocks), "{hop} {budget} {longest}");
    }
}

#[test]
fn a_burst_of_hops_slower_than_real_time_is_caught() {
    for (hop, longest, budget) in [(4, 13, 6), (2, 9, 5), (8, 8, 20)] {
        let latency = any(hop, budget, longest);
        // The first hop is a sample short of complete. The next callback brings as many as
        // it can, and single samples follow until all is heard.
        let start = hop - 1 + longest;
        let burst = start / hop;
        let enough = |latency: usize| {
            (start..=start + burst * budget + latency).all(|end| {
                let done = hop * burst.min((end - start) / budget);
                (end - latency.min(end)).min(hop * burst) <= done
            })
        };
        assert!(enough(latency), "{hop} {longest} {budget}");
        // The bound is for a callback of full length at the worst time, not for samples.
        assert!(!enough(latency - longest), "{hop} {longest} {budget}");
    }
}

#[test]
fn an_offline_render_waits_for_a_hop_and_no_longer() {
    for hop in [1, 2, 64, 512, 2139] {
        assert_eq!(latency(hop, 0, Blocks::UpTo(1)), hop - 1);
    }
}

#[test]
fn senseless_values_count_as_the_nearest_sensible() {
    for blocks in [Blocks::Fixed(0), Blocks::UpTo(0)] {
        assert!(latency(0, 0, blocks) <= 1);
    }
    assert_eq!(any(usize::MAX, usize::MAX, usize::MAX), any(MAX_HOP, MAX_BUDGET, MAX_BLOCK));
    assert_eq!(fixed(usize::MAX, usize::MAX, 64), fixed(MAX_HOP, MAX_BUDGET, 64));
    assert_eq!(latency(1, MAX_BUDGET, Blocks::Fixed(MAX_BLOCK)), MAX_LATENCY);
}
