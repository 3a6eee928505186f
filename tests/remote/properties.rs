//! Promises about every accepted set, and about every answer of a cache, an issuer and a clock.

use std::time::Duration;

use proptest::prelude::*;
use tokenward::jwt::remote::{Action, Input, Need, Remote, RemoteOptions, Response, Source};

use crate::world::Random;

const T0: u64 = 1_750_000_000_000;
const SKEW: u64 = 60_000;

fn ok(body: &str) -> Response<'_> {
    Response { status: 200, body: body.as_bytes(), ..Response::default() }
}

/// A JSON value nested up to so many levels, written in one of the many ways there are.
fn value(random: &mut Random, levels: u64) -> String {
    let space = ["", " ", "\n\t"][random.below(3) as usize];
    if levels == 0 || random.chance(20) {
        let scalar = ["0", "-1.5e3", "true", "null", r#""""#, r#""\u00e9\"\\""#, "\"\u{1f511} }]\""];
        return format!("{space}{}{space}", scalar[random.below(7) as usize]);
    }
    let inner = value(random, levels - 1);
    if random.chance(50) {
        format!("[{inner}]{space}")
    } else {
        format!("{space}{{{space}\"a\\u0022\":{inner}}}")
    }
}

fn kids(remote: &Remote) -> Vec<Option<String>> {
    remote.keys().unwrap().keys().map(|key| key.kid().map(Into::into)).collect()
}

/// Drives a flight over a cache that finds this, until the issuer is asked or the flight is over.
fn drive(remote: &mut Remote, flight: u32, found: [Option<&str>; 2]) -> Action {
    let mut action = remote.advance(T0, flight, Input::Start);
    for _ in 0..100 {
        let input = match action {
            Action::Read { .. } => Input::Found(found),
            Action::Write { .. } | Action::Sleep(_) => Input::Ready,
            _ => return action,
        };
        action = remote.advance(T0, flight, input);
    }
    panic!("it does not end: {action:?}");
}

fn is_read_back(source: &Source, options: &RemoteOptions, body: &str) -> bool {
    let mut remote = Remote::new(source.clone(), options, 1).unwrap();
    let Need::Fetch(flight) = remote.need(T0, T0, None) else { panic!("no fetch") };
    let mut action = drive(&mut remote, flight, [None, None]);
    if let Source::Issuer(issuer) = source {
        let mut metadata = String::from("{\"issuer\":");
        tokenward::json::push_string(&mut metadata, issuer);
        metadata.push_str(",\"jwks_uri\":\"https://keys.example/\"}");
        action = remote.advance(T0, flight, Input::Got(ok(&metadata)));
    }
    assert!(matches!(action, Action::Get { .. }), "{action:?}");
    let action = remote.advance(T0, flight, Input::Got(ok(body)));
    if remote.keys().is_none() {
        return false;
    }
    let mut restored = Remote::new(source.clone(), options, 2).unwrap();
    restored.restore(&remote.snapshot()).unwrap_or_else(|error| panic!("{error:?}: {}", remote.snapshot()));
    assert_eq!((restored.snapshot(), kids(&restored)), (remote.snapshot(), kids(&remote)));
    assert_eq!(restored.need(T0, T0, None), Need::Use);

    let Action::Write { value, .. } = action else { panic!("not shared: {action:?}") };
    let mut other = Remote::new(source.clone(), options, 3).unwrap();
    let Need::Fetch(flight) = other.need(T0, T0, None) else { panic!("no fetch") };
    assert_eq!(drive(&mut other, flight, [Some(&value), None]), Action::Done, "{value}");
    assert_eq!((other.snapshot(), kids(&other)), (remote.snapshot(), kids(&remote)));
    true
}

fn sources() -> [Source; 4] {
    [
        Source::Url("https://issuer.example/jwks".into()),
        Source::Url(format!("https://issuer.example/{}", "é".repeat(3_000))),
        Source::Issuer("https://issuer.example".into()),
        Source::Issuer(format!("https://issuer.example/{}", "\"\\\u{1}".repeat(2_000))),
    ]
}

const KEY: &str =
    r#"{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

#[test]
fn a_set_of_64_levels_is_read_back_and_one_of_65_is_never_accepted() {
    let options = RemoteOptions { shared_cache: true, ..RemoteOptions::default() };
    for source in sources() {
        for (levels, accepted) in [(63, true), (64, false)] {
            let nested = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
            let body = format!("\u{20}{{\"keys\":[{KEY}],\"x\":{nested}}}\r\n");
            assert_eq!(is_read_back(&source, &options, &body), accepted, "{levels}");
        }
    }
}

#[test]
fn a_set_as_long_as_it_may_be_is_read_back() {
    for source in sources() {
        for max_bytes in [30_000, 262_144] {
            let options = RemoteOptions { shared_cache: true, max_bytes, ..RemoteOptions::default() };
            let frame = format!("{{\"keys\":[{KEY}],\"x\":\"\"}}").len();
            for (length, accepted) in [(max_bytes, true), (max_bytes + 1, false)] {
                let body = format!("{{\"keys\":[{KEY}],\"x\":\"{}\"}}", "x".repeat(length - frame));
                assert_eq!(is_read_back(&source, &options, &body), accepted, "{length}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_set_that_was_accepted_survives_a_snapshot_and_the_cache(seed in any::<u64>(), levels in 0_u64..64) {
        let mut random = Random(seed);
        let source = &sources()[random.below(4) as usize];
        let options = RemoteOptions { shared_cache: true, ..RemoteOptions::default() };
        let [before, between, after] = [0, 1, 2].map(|_| value(&mut random, levels));
        let body = format!("{{\"b\":{before},\"keys\":[{between},{KEY}],\"c\":{after}}}");
        // A value that is nested too deep is not accepted, and need not be.
        prop_assert!(is_read_back(source, &options, &body) || levels >= 62);
    }

    /// The cache and the issuer answer whatever they like, and the clock moves either way by less than clocks may differ.
    #[test]
    fn a_flight_ends_and_is_not_started_again_at_the_same_moment(seed in any::<u64>()) {
        let mut random = Random(seed);
        let options = RemoteOptions {
            max_age: Duration::from_millis(1 + random.below(100_000)),
            min_age: Some(Duration::ZERO),
            cooldown: Duration::from_millis(1 + random.below(50_000)),
            timeout: Duration::from_millis(1 + random.below(5_000)),
            shared_cache: random.chance(80),
            ..RemoteOptions::default()
        };
        let source = "https://issuer.example/jwks";
        let mut remote = Remote::new(Source::Url(source.into()), &options, seed).unwrap();
        let moves = random.chance(50);
        let near = |random: &mut Random| T0 + random.below(2 * SKEW) - SKEW;
        let entry = |random: &mut Random| {
            let lifetime = random.below(100_000);
            let fetched_at = T0 + random.below(6 * SKEW) - 3 * SKEW;
            let set = format!("{{\"keys\":[{}]}}", KEY.replace("\"a\"", &format!("\"{}\"", random.below(9))));
            format!(r#"{{"v":1,"source":"url {source}","fetchedAt":{fetched_at},"lifetime":{lifetime},"jwks":{set}}}"#)
        };
        if random.chance(50) {
            remote.restore(&entry(&mut random)).unwrap();
        }
        for _ in 0..20 {
            let began = near(&mut random);
            let (mut since, mut missed) = (began, None);
            let mut flights = 0;
            let mut now = began;
            // One verification, as a shell makes it: it asks again after each flight.
            loop {
                since = since.min(now);
                match remote.need(now, since, missed) {
                    Need::Fetch(flight) => {
                        flights += 1;
                        // A clock that goes back and forth makes a fetch look older than the need for it.
                        prop_assert!(flights <= if moves { 4 } else { 1 }, "{flights} flights for one need");
                        let mut action = remote.advance(now, flight, Input::Start);
                        for step in 0.. {
                            prop_assert!(step < 500, "a flight goes on for ever");
                            if moves && random.chance(30) {
                                // By less than the least of the spans that are told apart.
                                now = (now + random.below(SKEW / 2)).saturating_sub(random.below(SKEW / 2));
                            }
                            let found = if random.chance(70) { Some(entry(&mut random)) } else { None };
                            let lease = format!(r#"{{"owner":"{}","at":{},"failed":{}}}"#, random.below(9), near(&mut random), random.chance(30));
                            let body = format!("{{\"keys\":[{KEY}]}}");
                            action = match action {
                                Action::Done => break,
                                Action::Read { .. } => remote.advance(now, flight, Input::Found([found.as_deref(), Some(&lease)])),
                                Action::Get { .. } if random.chance(50) => {
                                    let response = Response { cache_control: Some("no-store"), ..ok(&body) };
                                    remote.advance(now, flight, Input::Got(response))
                                }
                                Action::Get { .. } => remote.advance(now, flight, Input::Failed { timeout: false }),
                                _ => remote.advance(now, flight, Input::Ready),
                            };
                        }
                    }
                    Need::Use | Need::UseAndFetch(_) if missed.is_none() && random.chance(30) => {
                        missed = Some(remote.version());
                        (since, flights) = (now, 0);
                    }
                    // Another flight of this machine: it is given up here.
                    Need::Wait(_) => break,
                    Need::Use if missed.is_some() => missed = Some(remote.version()),
                    _ => break,
                }
            }
            // Later: a fetch that was left in flight is abandoned by then.
            let _ = remote.need(now + 10 * SKEW, now + 10 * SKEW, None);
        }
    }
}

#[test]
fn a_caller_that_waited_for_an_abandoned_flight_waits_for_no_second_one() {
    let timeout = 5_000;
    let mut remote =
        Remote::new(Source::Url("https://a.example/".into()), &RemoteOptions::default(), 1).unwrap();
    assert_eq!(remote.need(T0, T0, None), Need::Fetch(1), "the driver of this flight vanishes");
    assert!(matches!(remote.need(T0 + 10, T0 + 10, None), Need::Wait(_)));
    let lost = T0 + timeout + 60;
    assert_eq!(
        remote.need(lost, lost, None),
        Need::Fetch(2),
        "and so does the driver of the next one, who came later"
    );
    // A caller that waited for the first leaves the second the time that a healthy issuer needs, and then fetches.
    let since = T0 + 10;
    assert_eq!(remote.need(lost + 1, since, None), Need::Wait(timeout / 8 - 1));
    assert_eq!(
        remote.need(lost + timeout / 8, lost + 1, None),
        Need::Wait(timeout + 60 - timeout / 8),
        "who came later waits"
    );
    let own = lost + timeout / 8;
    assert_eq!(remote.need(own, since, None), Need::Fetch(3));
    assert!(matches!(remote.need(own, since, None), Need::Wait(_)), "one at a time");
    let body = format!("{{\"keys\":[{KEY}]}}");
    assert!(matches!(remote.advance(own, 3, Input::Start), Action::Get { .. }));
    assert_eq!(remote.advance(own + 100, 3, Input::Got(ok(&body))), Action::Done);
    assert_eq!(remote.need(own + 100, since, None), Need::Use);
    // An answer of the flight that was given up changes nothing.
    assert_eq!(remote.advance(own + 200, 2, Input::Got(ok("{}"))), Action::Done);
    assert_eq!((remote.need(own + 200, own + 200, None), remote.last_error()), (Need::Use, None));
}

#[test]
fn abandoned_flights_cost_a_bounded_number_of_fetches() {
    let mut remote =
        Remote::new(Source::Url("https://a.example/".into()), &RemoteOptions::default(), 1).unwrap();
    let mut fetches = 0;
    // A thousand callers that have waited from the start, and drivers that all vanish.
    for now in (T0..T0 + 60_000).step_by(15) {
        fetches += usize::from(matches!(remote.need(now, T0, None), Need::Fetch(_)));
    }
    assert!((12..=48).contains(&fetches), "{fetches} fetches in a minute");
}

#[test]
fn a_refresh_that_waited_for_an_abandoned_flight_fetches_by_itself() {
    let mut remote =
        Remote::new(Source::Url("https://a.example/".into()), &RemoteOptions::default(), 1).unwrap();
    assert_eq!(remote.refresh(T0, None), Need::Fetch(1));
    assert!(matches!(remote.refresh(T0, None), Need::Wait(_)));
    let late = T0 + 5_060;
    assert_eq!(remote.refresh(late, Some(1)), Need::Fetch(2), "nothing was fetched");
    remote.advance(late, 2, Input::Start);
    remote.advance(late, 2, Input::Failed { timeout: false });
    assert!(matches!(remote.refresh(late, Some(2)), Need::Fail(_)));
    assert!(matches!(remote.refresh(late, Some(1)), Need::Fail(_)), "a later flight answers as well");
    assert_eq!(remote.refresh(late, None), Need::Fetch(3));
}
