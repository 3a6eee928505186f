//! Remote JWK Sets over random schedules: rotating keys, an issuer that is slow, down or lying, drivers that vanish,
//! and isolates with and without a cache between them. Every schedule is a number; a failure prints it.

use crate::world::{Event, Key, Random, START, Schedule, World, brief};
use proptest::prelude::*;

// In a lifetime of a minute, with tokens of unknown keys all along and a cool-down of five seconds: 12 fetches and the
// one at the edge. A fetch that another machine makes is waited for with a few looks.
const FETCHES: usize = 13;
const READS: usize = 150;

fn simulate(seed: u64) {
    let mut random = Random(seed ^ 0x5eed);
    let schedule = Schedule {
        isolates: 1 + random.below(5) as usize,
        shared_cache: random.chance(50),
        faults: random.chance(60),
        vanishing: random.chance(20),
        latency: [5, 50, 400, 1_500][random.below(4) as usize],
        cache_latency: [4, 4, 40, 200][random.below(4) as usize],
        skew: [0, 0, 2_000, 90_000][random.below(4) as usize],
        options: brief(),
    };
    let mut world = World::new(seed, schedule);
    let until = START + 600_000;
    world.plan(until);
    let mut at = START;
    while at < until {
        // Bursts and pauses, of tokens signed with keys of the past, the present and the future, and of no key at all.
        at += if world.random.chance(5) { world.random.below(60_000) } else { world.random.below(900) };
        let kid = world.random.below(world.keys.len() as u64 + 2) as usize;
        let present = world.keys.iter().position(|key| key.published <= at && at < key.removed);
        let kid = if world.random.chance(60) { present.unwrap_or(kid) } else { kid };
        let isolate = world.random.below(world.schedule.isolates as u64) as usize;
        world.at(at, Event::Verify { isolate, kid });
    }
    world.run();
    world.check_spacing();
    // A driver that vanishes leaves its fetch to up to three others, once in a timeout.
    let fetches = if world.schedule.vanishing { 8 * FETCHES } else { FETCHES };
    world.check_rates(READS, fetches);
    assert!(
        world.verifications.iter().all(|verification| !verification.waiting),
        "a verification still waits"
    );
    assert_eq!(world.verdicts.iter().sum::<usize>(), world.verifications.len());
    let [accepted, rejected, failed] = world.verdicts;
    let fair = !world.schedule.faults;
    assert!(
        !fair || accepted > 0 && rejected + failed > 0,
        "the schedule shows nothing: {:?}",
        world.verdicts
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn no_schedule_breaks_a_promise(seed in any::<u64>()) {
        simulate(seed);
    }
}

#[test]
fn a_thousand_unknown_keys_cost_one_fetch_per_cool_down() {
    let schedule = Schedule {
        isolates: 1,
        shared_cache: false,
        faults: false,
        vanishing: false,
        latency: 50,
        cache_latency: 4,
        skew: 0,
        options: brief(),
    };
    let mut world = World::new(1, schedule);
    world.keys.push(Key { published: START, removed: START + 600_000 });
    for step in 0..1000 {
        world.at(START + step * 10, Event::Verify { isolate: 0, kid: 1 + step as usize });
    }
    world.run();
    assert_eq!(world.verdicts, [0, 1000, 0]);
    // Ten seconds: at the start, and after one cool-down.
    assert_eq!(world.requests, 2);
}

#[test]
fn machines_whose_clocks_differ_read_and_fetch_a_few_times_per_lifetime() {
    for (seed, skew) in (0..40).zip([1, 5_000, 59_000, 61_000, 90_000].into_iter().cycle()) {
        let schedule = Schedule {
            isolates: 6,
            shared_cache: true,
            faults: false,
            vanishing: false,
            latency: 50,
            cache_latency: 4,
            skew,
            options: brief(),
        };
        let mut world = World::new(seed, schedule);
        // The last machine is as far ahead as it can be, the first as far behind.
        (world.ahead[0], world.ahead[5]) = (-(skew as i64), skew as i64);
        world.keys.push(Key { published: START, removed: START + 900_000 });
        for step in 0..600 {
            for isolate in 0..6 {
                world.at(START + step * 1_000 + isolate as u64, Event::Verify { isolate, kid: 0 });
            }
        }
        world.run();
        assert_eq!(world.verdicts, [3600, 0, 0]);
        world.check_rates(40, 3);
    }
}
