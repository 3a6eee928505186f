//! Schedules of several sessions on one store against a server that revokes a family on reuse: at random, and all
//! there are of two sessions within small bounds.
//!
//! A fixed number of random schedules runs always; `SIMULATOR_SCHEDULES` runs as many as it says of each kind, and
//! `SIMULATOR_SEED` one of each, and prints it. A schedule that fails is printed as a trace. Kept as a file in `traces/`, it is gone
//! through again here and, against the shell, by `tests/js/session/traces.mjs`.

mod invariants;
mod plan;
mod schedule;
mod server;
mod trace;
mod world;

use plan::{Chooser, Plan, Weather};
use schedule::{Mishap, Scene, explore_all};
use tokenward::session::Snapshot;
use world::World;

/// The plan that a seed stands for, within what `kind` of weather allows.
fn plan(kind: &str, seed: u64) -> Plan {
    let mut random = Chooser::random(seed);
    let calm = Plan {
        seed,
        instances: 1 + random.below(4),
        steps: 60 + random.below(200),
        lock: random.chance(500),
        asks: random.chance(500),
        rotates: true,
        reuse_window_ms: 0,
        lifetime_s: [5, 60, 600][random.below(3)],
        forks: false,
        patient: true,
        weather: Weather::default(),
    };
    let fair = Weather { lost_notices: 300, ..Weather::default() };
    match kind {
        "calm" => Plan { weather: fair, ..calm },
        "outages" => Plan { weather: Weather { outages: 300, ..fair }, ..calm },
        "logouts" => Plan { weather: Weather { logouts: 20, outages: 50, ..fair }, ..calm },
        "lost answers" => {
            Plan { weather: Weather { lost_answers: 200, ..fair }, reuse_window_ms: u64::MAX / 2, ..calm }
        }
        _ => Plan {
            patient: false,
            rotates: random.chance(900),
            reuse_window_ms: [0, 10_000, 60_000][random.below(3)],
            weather: Weather {
                lost_answers: 80,
                outages: 80,
                store_failures: 40,
                kills: 15,
                freezes: 20,
                clock_jumps: 15,
                logouts: 5,
                lock_losses: 20,
                lost_notices: 300,
                ..Weather::default()
            },
            ..calm
        },
    }
}

/// Weather in which sessions begin and end all the time, over a store that is slow.
fn plan_of_departures(seed: u64, forks: bool) -> Plan {
    let weather = Weather {
        lost_answers: 20,
        outages: 20,
        store_failures: 40,
        late_saves: 60,
        closes: 10,
        kills: 10,
        logouts: 30,
        logins: 30,
        lost_notices: 300,
        ..Weather::default()
    };
    Plan { forks, patient: false, rotates: false, weather, ..plan("calm", seed) }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn schedules(otherwise: u64) -> std::ops::Range<u64> {
    match setting("SIMULATOR_SEED") {
        Some(seed) => seed..seed + 1,
        None => 1..setting("SIMULATOR_SCHEDULES").unwrap_or(otherwise) + 1,
    }
}

fn run(kind: &str, count: u64, check: impl Fn(&World) -> Result<(), String>) {
    let (mut sends, mut ends) = (0, 0);
    let seeds = schedules(count);
    let count = seeds.end - seeds.start;
    for seed in seeds {
        let plan = match kind {
            "departures" => plan_of_departures(seed, false),
            "departures of forks" => plan_of_departures(seed, true),
            _ => plan(kind, seed),
        };
        let mut world = World::new(plan, Chooser::random(seed));
        if let Err(error) = world.run().and_then(|()| check(&world)) {
            panic!("{error}\n# {kind}, seed {seed}: {error}\n{}", world.trace());
        }
        if setting("SIMULATOR_SEED").is_some() {
            println!("trace of {kind}\n{}", world.trace());
        }
        sends += world.sends;
        ends += world.ends;
    }
    assert!(sends > count, "the schedules do something: {sends} token requests, {ends} ends");
}

/// I2, and nobody is signed out.
fn well(world: &World) -> Result<(), String> {
    if world.server.thefts > 0 {
        return Err("I2: a refresh token was sent twice".to_owned());
    }
    if world.ends > 0 { Err("somebody was signed out".to_owned()) } else { Ok(()) }
}

fn nobody_signed_out(world: &World) -> Result<(), String> {
    if world.ends > 0 { Err("somebody was signed out".to_owned()) } else { Ok(()) }
}

#[test]
fn in_calm_weather_no_refresh_token_is_sent_twice_and_nobody_is_signed_out() {
    run("calm", 500, well);
}

#[test]
fn outages_sign_nobody_out() {
    run("outages", 500, nobody_signed_out);
}

#[test]
fn logouts_reach_everybody_and_nothing_comes_back() {
    run("logouts", 800, |_| Ok(()));
}

#[test]
fn a_server_that_tolerates_reuse_never_signs_out_whoever_lost_an_answer() {
    run("lost answers", 500, nobody_signed_out);
}

#[test]
fn in_any_weather_the_invariants_hold() {
    run("storm", 2_000, |_| Ok(()));
}

#[test]
fn after_a_sign_out_no_instance_uses_what_it_has_ended() {
    run("departures", 1_000, |_| Ok(()));
}

#[test]
fn after_a_sign_out_no_request_of_the_same_session_uses_what_it_has_ended() {
    run("departures of forks", 1_000, |_| Ok(()));
}

/// All are signed out at the end, where there was a sign-out.
fn signed_out(world: &World) -> Result<(), String> {
    let is_active =
        |at: &usize| matches!(world.instances[*at].session.snapshot(world.now(*at)), Snapshot::Active { .. });
    match (0..world.instances.len()).find(is_active) {
        Some(at) if world.logouts > 0 => Err(format!("I22: #{at} is signed in after a sign-out")),
        _ => Ok(()),
    }
}

/// Every order of a sign-in or a refresh and a sign-out that begins at any moment of it, in one session with a request
/// for each call and in two instances, with at most one save that lands late.
#[test]
fn in_every_order_of_a_sign_in_and_a_sign_out_the_sign_out_holds() {
    if setting("SIMULATOR_SEED").is_some() {
        return;
    }
    let mishaps: [&[Mishap]; 2] = [&[Mishap::Logout], &[Mishap::LateSave, Mishap::Logout]];
    // Of two calls there are millions.
    let two = setting("SIMULATOR_SCHEDULES").map(|_| (false, 2));
    for (forks, callers) in [(true, 1), (false, 1)].into_iter().chain(two) {
        for (signed_in, mishaps) in
            [(false, mishaps[0]), (false, mishaps[1]), (true, mishaps[0]), (true, mishaps[1])]
        {
            let plan = Plan {
                instances: 2,
                lock: false,
                asks: true,
                lifetime_s: 600,
                reuse_window_ms: u64::MAX / 2,
                forks,
                weather: Weather::default(),
                ..plan("calm", 1)
            };
            let scene = Scene { callers, signed_in, mishaps };
            match explore_all(plan, &scene, signed_out) {
                Ok(count) => {
                    println!("forks {forks}, {scene:?}: {count} schedules");
                    assert!(count > 1, "{count} schedules of {scene:?}");
                }
                Err((error, world)) => panic!("{error}\n# forks {forks}, {scene:?}\n{}", world.trace()),
            }
        }
    }
}

/// Every order in which two sessions can refresh at once, with and without a lock, with at most one mishap.
#[test]
fn in_every_order_of_two_refreshes_with_one_mishap_the_invariants_hold() {
    type Check = fn(&World) -> Result<(), String>;
    if setting("SIMULATOR_SEED").is_some() {
        return;
    }
    let cases: [(&[Mishap], u64, Check); 4] = [
        (&[], 0, well),
        (&[Mishap::Lost], u64::MAX / 2, nobody_signed_out),
        (&[Mishap::Kill], u64::MAX / 2, nobody_signed_out),
        (&[Mishap::StoreFails], 0, well),
    ];
    // Ninety thousand more.
    let all: &[Mishap] = &[Mishap::Logout, Mishap::Kill, Mishap::Lost, Mishap::StoreFails];
    let more = setting("SIMULATOR_SCHEDULES").map(|_| (all, 0, (|_| Ok(())) as Check));
    for (mishaps, reuse_window_ms, check) in cases.into_iter().chain(more) {
        for lock in [false, true] {
            let kills = u64::from(mishaps.contains(&Mishap::Kill));
            let plan = Plan {
                instances: 2,
                lock,
                asks: false,
                lifetime_s: 600,
                reuse_window_ms,
                weather: Weather { kills, ..Weather::default() },
                ..plan("calm", 1)
            };
            let scene = Scene { callers: 2, signed_in: true, mishaps };
            match explore_all(plan, &scene, check) {
                Ok(count) => {
                    println!("{mishaps:?}, lock {lock}: {count} schedules");
                    assert!(count > 1, "{count} schedules of {mishaps:?}");
                }
                Err((error, world)) => panic!("{error}\n# {mishaps:?}: {error}\n{}", world.trace()),
            }
        }
    }
}

/// Traces that were kept: each ends with the same results as when it was written.
#[test]
fn every_kept_trace_holds_and_gives_what_it_gave() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/session/simulator/traces");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the traces") {
        let path = entry.expect("a trace").path();
        let text = std::fs::read_to_string(&path).expect("a text");
        let (plan, lines, results) = trace::read(&text).expect("a trace");
        let mut world = World::new(plan, Chooser::listed(Vec::new()));
        if let Err(error) = world.follow(&lines) {
            panic!("{}: {error}\n{}", path.display(), world.trace());
        }
        assert_eq!(world.results, results, "{}", path.display());
        count += 1;
    }
    assert!(count > 0, "there are traces");
}
