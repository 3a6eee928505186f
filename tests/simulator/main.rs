//! Random schedules of several sessions on one store against a server that revokes a family on reuse.
//!
//! A fixed number of schedules runs always. `SIMULATOR_SCHEDULES` runs as many as it says, `SIMULATOR_SEED` one of
//! them again. A schedule that fails is printed as its trace.
#![cfg(all(feature = "session", not(target_arch = "wasm32")))]

mod server;
mod world;

use world::{Plan, Random, Weather, World};

/// The plan that a seed stands for, within what `kind` of weather allows.
fn plan(kind: &str, seed: u64) -> Plan {
    let mut random = Random::new(seed);
    let calm = Plan {
        seed,
        instances: 1 + random.below(4),
        steps: 60 + random.below(200),
        lock: random.chance(500),
        asks: random.chance(500),
        rotates: true,
        reuse_window_ms: 0,
        lifetime_s: [5, 60, 600][random.below(3)],
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
            },
            ..calm
        },
    }
}

fn schedules(otherwise: u64) -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("SIMULATOR_SEED") {
        Some(seed) => seed..seed + 1,
        None => 1..number("SIMULATOR_SCHEDULES").unwrap_or(otherwise) + 1,
    }
}

fn run(kind: &str, count: u64, check: impl Fn(&World) -> Result<(), String>) {
    let (mut sends, mut ends) = (0, 0);
    for seed in schedules(count) {
        let plan = plan(kind, seed);
        let mut world = World::new(plan);
        if let Err(error) = world.run().and_then(|()| check(&world)) {
            let tail = world.trace.len().saturating_sub(400);
            panic!("{error}\n{plan:?}\n{}", world.trace[tail..].join("\n"));
        }
        sends += world.sends;
        ends += world.ends;
    }
    assert!(sends > count, "the schedules do something: {sends} token requests, {ends} ends");
}

#[test]
fn in_calm_weather_no_refresh_token_is_sent_twice_and_nobody_is_signed_out() {
    run("calm", 500, |world| {
        if world.thefts() > 0 {
            return Err("I2: a refresh token was sent twice".to_owned());
        }
        if world.ends > 0 { Err("somebody was signed out".to_owned()) } else { Ok(()) }
    });
}

#[test]
fn outages_sign_nobody_out() {
    run("outages", 500, |world| {
        if world.ends > 0 { Err("an outage signed somebody out".to_owned()) } else { Ok(()) }
    });
}

#[test]
fn logouts_reach_everybody_and_nothing_comes_back() {
    run("logouts", 800, |_| Ok(()));
}

#[test]
fn a_server_that_tolerates_reuse_never_signs_out_whoever_lost_an_answer() {
    run("lost answers", 500, |world| {
        if world.ends > 0 { Err("a lost answer signed somebody out".to_owned()) } else { Ok(()) }
    });
}

#[test]
fn in_any_weather_the_invariants_hold() {
    run("storm", 2_000, |_| Ok(()));
}
