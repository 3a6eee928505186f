//! What isolates ask of an issuer, alone and through a cache that they share: the numbers of the chapter
//! `www/guides/running-at-scale.md`, which has to say what the simulator says.

use crate::world::{Event, Key, Mood, START, Schedule, World};
use tokenward::jwt::remote::RemoteOptions;

const CHAPTER: &str = include_str!("../../www/guides/running-at-scale.md");
const HOUR: u64 = 3_600_000;
/// How many isolates are simulated for each row; what they ask for by themselves is proportional to their number.
const FLEET: usize = 1_000;

/// Isolates with default options, and an issuer with one key that takes up to `latency` there and back each.
fn world(isolates: usize, shared_cache: bool, latency: u64) -> World {
    let options = RemoteOptions::default();
    let cache_latency = 4;
    let schedule = Schedule {
        isolates,
        shared_cache,
        faults: false,
        vanishing: false,
        latency,
        cache_latency,
        skew: 0,
        options,
    };
    let mut world = World::new(3, schedule);
    world.keys.push(Key { published: START, removed: START + 4 * HOUR });
    world
}

/// Every isolate verifies a token of this key every `every` milliseconds for an hour from `from` on.
fn keep_busy(world: &mut World, from: u64, every: u64, kid: usize) {
    for isolate in 0..world.schedule.isolates {
        let first = from + world.random.below(every);
        for at in (first..from + HOUR).step_by(every as usize) {
            world.at(at, Event::Verify { isolate, kid });
        }
    }
}

/// An hour of tokens whose key is in the set.
fn busy(isolates: usize, shared_cache: bool) -> usize {
    let mut world = world(isolates, shared_cache, 25);
    keep_busy(&mut world, START, 60_000, 0);
    world.run();
    assert_eq!(world.verdicts, [isolates * 60, 0, 0]);
    world.requests
}

/// All isolates start within 40 ms, and the issuer takes up to half a second.
fn cold(isolates: usize, shared_cache: bool, cache_latency: u64) -> usize {
    let mut world = world(isolates, shared_cache, 250);
    world.schedule.cache_latency = cache_latency;
    for isolate in 0..isolates {
        let at = START + world.random.below(40);
        world.at(at, Event::Verify { isolate, kid: 0 });
    }
    world.run();
    assert_eq!(world.verdicts, [isolates, 0, 0]);
    world.requests
}

/// An hour in which every isolate is sent a token with a made-up key every thirty seconds.
fn flood(isolates: usize, shared_cache: bool) -> usize {
    let mut world = world(isolates, shared_cache, 25);
    keep_busy(&mut world, START, 30_000, 7);
    world.run();
    assert_eq!(world.verdicts, [0, isolates * 120, 0]);
    world.requests
}

/// An hour in which the issuer is down, from the tenth minute on. Every token is accepted all the same.
fn outage(isolates: usize, shared_cache: bool) -> usize {
    let mut world = world(isolates, shared_cache, 25);
    let down = START + 600_000;
    world.moods.push((down, Mood::Down));
    for isolate in 0..isolates {
        world.at(START + isolate as u64 % 1_000, Event::Verify { isolate, kid: 0 });
    }
    keep_busy(&mut world, down, 30_000, 0);
    world.run();
    assert_eq!(world.verdicts, [isolates * 121, 0, 0]);
    world.requests
}

fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<_> =
        digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}

/// One isolate, a thousand simulated, and a million by proportion; with a shared cache the fleet is simulated whole.
fn row(what: &str, requests: fn(usize, bool) -> usize) -> String {
    let [one, alone, shared] = [requests(1, false), requests(FLEET, false), requests(FLEET, true)];
    let million = alone * (1_000_000 / FLEET);
    format!("| {what} | {} | {} | {} | {} |", grouped(one), grouped(alone), grouped(million), grouped(shared))
}

#[test]
fn the_chapter_says_what_the_simulator_says() {
    let rows = [
        row("an hour of work", busy),
        row("a cold start together", |isolates, shared| cold(isolates, shared, 4)),
        row("an hour of made-up keys", flood),
        row("an hour of outage", outage),
    ];
    println!("{}", rows.join("\n"));
    for row in rows {
        assert!(CHAPTER.contains(&row), "the chapter does not say: {row}");
    }
}

#[test]
fn what_a_shared_cache_lets_through_does_not_grow_with_the_isolates() {
    for requests in [busy, flood, outage] {
        let [few, many] = [requests(30, true), requests(300, true)];
        assert!(many <= few * 3 / 2 + 2, "{few} requests of 30 isolates, {many} of 300");
    }
}

#[test]
fn isolates_that_start_cold_together_ask_a_handful_of_times_however_many_and_however_slow_the_cache() {
    assert_eq!(cold(200, false, 4), 200);
    for (isolates, cache_latency) in [(200, 4), (200, 40), (200, 150), (200, 400), (10_000, 4), (10_000, 150)]
    {
        let requests = cold(isolates, true, cache_latency);
        println!(
            "{isolates} cold isolates, a cache that takes up to {cache_latency} ms each way: {requests}"
        );
        assert!(requests <= 5, "{requests} requests of {isolates} isolates");
    }
}
