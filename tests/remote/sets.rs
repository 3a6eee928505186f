//! Remote JWK Sets, one statement at a time: what an answer must be, how long it holds, where it may come from.

use std::time::Duration;

use tokenward::jwt::remote::{
    Action, Freshness, Input, Need, Remote, RemoteOptions, Response, Source, admit,
};
use tokenward::{Error, UrlParts};

const T0: u64 = 1_750_000_000_000;
const SECOND: u64 = 1000;
/// How far the clocks of two machines may differ.
const MINUTE: u64 = 60 * SECOND;
const URL: &str = "https://issuer.example/jwks";

fn set(kids: &[&str]) -> String {
    let keys: Vec<_> = kids
        .iter()
        .map(|kid| {
            format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}"#)
        })
        .collect();
    format!("{{\"keys\":[{}]}}", keys.join(","))
}

fn remote() -> Remote {
    remote_with(RemoteOptions::default())
}

fn remote_with(options: RemoteOptions) -> Remote {
    Remote::new(Source::Url(URL.into()), &options, 1).unwrap()
}

fn discovered(issuer: &str) -> Remote {
    Remote::new(Source::Issuer(issuer.into()), &RemoteOptions::default(), 1).unwrap()
}

fn ok(body: &str) -> Response<'_> {
    Response {
        status: 200,
        content_type: Some("application/json"),
        body: body.as_bytes(),
        ..Response::default()
    }
}

fn flight(need: Need) -> u32 {
    match need {
        Need::Fetch(flight) | Need::UseAndFetch(flight) => flight,
        other => panic!("{other:?} instead of a fetch"),
    }
}

/// Starts a fetch and answers its first request.
fn fetch(remote: &mut Remote, now: u64, response: Response<'_>) -> Action {
    let flight = flight(remote.need(now, now, None));
    let Action::Get { .. } = remote.advance(now, flight, Input::Start) else { panic!("no request") };
    remote.advance(now, flight, Input::Got(response))
}

fn url_of(action: Action) -> String {
    match action {
        Action::Get { url, .. } => url,
        other => panic!("{other:?} instead of a request"),
    }
}

#[test]
fn the_first_need_fetches_and_later_ones_use_what_came() {
    let mut remote = remote();
    assert_eq!((remote.freshness(T0), remote.version()), (Freshness::Empty, 0));
    let flight = flight(remote.need(T0, T0, None));
    assert!(matches!(remote.need(T0 + 1, T0 + 1, None), Need::Wait(_)), "one fetch at a time");
    assert_eq!(url_of(remote.advance(T0 + 2, flight, Input::Start)), URL);
    assert_eq!(remote.advance(T0 + 300, flight, Input::Got(ok(&set(&["a"])))), Action::Done);
    assert_eq!(remote.need(T0 + 301, T0, None), Need::Use);
    assert_eq!(remote.keys().unwrap().len(), 1);
    assert_eq!((remote.freshness(T0 + 301), remote.fetched_at()), (Freshness::Fresh, Some(T0 + 2)));
}

#[test]
fn a_set_is_fetched_again_in_the_background_from_four_fifths_of_its_lifetime_and_waited_for_after_it() {
    let mut remote = remote();
    fetch(&mut remote, T0, ok(&set(&["a"])));
    assert_eq!(remote.need(T0 + 479 * SECOND, T0 + 479 * SECOND, None), Need::Use);
    assert!(matches!(remote.need(T0 + 480 * SECOND, T0 + 480 * SECOND, None), Need::UseAndFetch(_)));
    // A fetch is in flight, so no other starts, and no caller waits before the lifetime is over.
    assert_eq!(remote.need(T0 + 481 * SECOND, T0 + 481 * SECOND, None), Need::Use);

    let mut remote = self::remote();
    fetch(&mut remote, T0, ok(&set(&["a"])));
    let late = T0 + 600 * SECOND;
    assert_eq!(remote.freshness(late), Freshness::Stale);
    assert!(matches!(remote.need(late, late, None), Need::Fetch(_)));
    assert!(matches!(remote.need(late, late, None), Need::Wait(_)));
}

#[test]
fn cache_control_counts_between_min_age_and_max_age() {
    let cases = [
        (None, None, 600),
        (Some("max-age=300"), None, 300),
        (Some("public, MAX-AGE=\"120\""), None, 120),
        (Some("max-age=300"), Some("100"), 200),
        (Some("max-age=300"), Some("9999"), 60),
        (Some("max-age=300"), Some("-5"), 300),
        (Some("max-age=300, max-age=200"), None, 200),
        (Some("max-age=86400"), None, 600),
        (Some("max-age=99999999999999999999"), None, 600),
        (Some("max-age=10"), None, 60),
        (Some("max-age=soon"), None, 60),
        (Some("max-age"), None, 60),
        (Some("no-store"), None, 60),
        (Some("no-cache, max-age=300"), None, 60),
        (Some("public, immutable"), None, 600),
        (Some(""), None, 600),
    ];
    for (cache_control, age, seconds) in cases {
        let mut remote = remote();
        let body = set(&["a"]);
        fetch(&mut remote, T0, Response { cache_control, age, ..ok(&body) });
        assert_eq!(
            remote.freshness(T0 + seconds * SECOND - 1),
            Freshness::Fresh,
            "{cache_control:?} {age:?}"
        );
        assert_eq!(remote.freshness(T0 + seconds * SECOND), Freshness::Stale, "{cache_control:?} {age:?}");
    }
}

#[test]
fn a_set_that_is_old_when_it_comes_answers_those_who_asked_before_its_request_was_sent() {
    let mut remote = remote_with(RemoteOptions { min_age: Some(Duration::ZERO), ..RemoteOptions::default() });
    let body = set(&["a"]);
    let stale = Response { cache_control: Some("no-store"), ..ok(&body) };
    let flight = flight(remote.need(T0, T0, None));
    let Action::Get { .. } = remote.advance(T0, flight, Input::Start) else { panic!("no request") };
    assert_eq!(remote.advance(T0 + 80, flight, Input::Got(stale)), Action::Done);
    let now = T0 + 80;
    assert_eq!(remote.freshness(now), Freshness::Stale);
    assert_eq!(remote.need(now, T0, None), Need::Use);
    // By a clock that was set back far its age is unknown.
    let back = T0 - MINUTE - 1;
    assert!(matches!(remote.clone().need(back, back, None), Need::Fetch(_)));
    assert!(
        matches!(remote.need(now, T0 + 1, None), Need::Fetch(_)),
        "it was asked for before this need arose"
    );
}

#[test]
fn an_answer_that_is_not_a_jwk_set_is_a_failed_fetch_and_takes_nothing_away() {
    let good = set(&["a"]);
    let truncated = good.get(..good.len() - 3).unwrap();
    let huge = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(262_144));
    let secrets =
        r#"{"keys":[{"kty":"oct","alg":"HS256","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}"#;
    let lies = [
        (Response { status: 500, ..ok(&good) }, Some(500)),
        (Response { status: 404, ..ok(&good) }, Some(404)),
        (Response { status: 302, ..ok(&good) }, Some(302)),
        (Response { status: 204, ..ok("") }, Some(204)),
        (Response { content_type: Some("text/html; charset=utf-8"), ..ok(&good) }, None),
        (ok("<!doctype html>"), None),
        (ok(truncated), None),
        (ok("[]"), None),
        (ok("{}"), None),
        (ok(r#"{"keys":{}}"#), None),
        (ok(r#"{"keys":[],"keys":[]}"#), None),
        (ok("\u{feff}{\"keys\":[]}"), None),
        (Response { body: b"{\"keys\":[\"\xff\"]}", ..ok("") }, None),
        (ok(&huge), None),
        (ok(secrets), None),
    ];
    for (lie, status) in lies {
        let mut remote = remote();
        assert_eq!(fetch(&mut remote, T0, lie), Action::Done);
        assert_eq!(remote.need(T0, T0, None), Need::Fail(Error::KeySetFetchFailed { status }), "{lie:?}");

        let mut remote = self::remote();
        fetch(&mut remote, T0, ok(&good));
        let later = T0 + 700 * SECOND;
        fetch(&mut remote, later, lie);
        assert_eq!(remote.need(later, later, None), Need::Use, "the old set serves on");
        assert_eq!(remote.keys().unwrap().len(), 1);
    }
    for content_type in
        [None, Some(""), Some("application/jwk-set+json"), Some("text/plain"), Some("Application/JSON ; x=y")]
    {
        let mut remote = remote();
        fetch(&mut remote, T0, Response { content_type, ..ok(&good) });
        assert_eq!(remote.need(T0, T0, None), Need::Use, "{content_type:?}");
    }
}

#[test]
fn a_member_that_cannot_be_used_does_not_spoil_the_others() {
    let mut remote = remote();
    let body = set(&["a"]).replace("[", r#"[null,7,{"kty":"odd"},{"kty":"RSA","n":"AQ","e":"AQAB"},"#);
    fetch(&mut remote, T0, ok(&body));
    assert_eq!(remote.keys().unwrap().keys().map(|key| key.kid()).collect::<Vec<_>>(), [Some("a")]);
}

#[test]
fn after_a_failure_nothing_is_fetched_for_the_cool_down_and_then_for_longer() {
    let mut remote = remote();
    let mut now = T0;
    let mut waits = Vec::new();
    for _ in 0..6 {
        fetch(&mut remote, now, Response { status: 503, ..ok("") });
        let start = now;
        while !matches!(remote.need(now, now, None), Need::Fetch(_)) {
            assert!(remote.is_cooling_down(now));
            now += SECOND;
            assert!(now - start <= 240 * SECOND);
        }
        waits.push((now - start) / SECOND);
        // The driver of the flight above vanishes; the loop starts one of its own.
        now += 6 * SECOND;
    }
    assert_eq!(waits[0], 30);
    for (wait, longest) in waits.iter().zip([30, 60, 120, 240, 240, 240]) {
        assert!((30..=longest).contains(wait), "{waits:?}");
    }
    fetch(&mut remote, now, ok(&set(&["a"])));
    assert_eq!(remote.last_error(), None);
}

#[test]
fn the_cool_down_counts_from_the_start_of_the_fetch() {
    let mut remote = remote();
    let flight = flight(remote.need(T0, T0, None));
    remote.advance(T0, flight, Input::Start);
    remote.advance(T0 + 5 * SECOND, flight, Input::Failed { timeout: true });
    let begun = T0 + 6 * SECOND;
    assert_eq!(remote.need(begun + 23 * SECOND, begun, None), Need::Fail(Error::KeySetTimeout));
    assert!(matches!(remote.need(T0 + 30 * SECOND, T0 + 30 * SECOND, None), Need::Fetch(_)));
}

#[test]
fn a_caller_that_waited_for_a_failed_fetch_gets_its_error() {
    let options = RemoteOptions { cooldown: Duration::from_secs(1), ..RemoteOptions::default() };
    let mut remote = remote_with(options);
    let flight = flight(remote.need(T0, T0, None));
    remote.advance(T0, flight, Input::Start);
    remote.advance(T0 + 5 * SECOND, flight, Input::Failed { timeout: true });
    assert_eq!(remote.need(T0 + 5 * SECOND, T0, None), Need::Fail(Error::KeySetTimeout));
    assert_eq!(remote.last_error(), Some(&Error::KeySetTimeout));
    assert!(matches!(remote.need(T0 + 6 * SECOND, T0 + 6 * SECOND, None), Need::Fetch(_)));
}

#[test]
fn a_key_that_is_missing_is_looked_for_once_in_a_cool_down() {
    let mut remote = remote();
    fetch(&mut remote, T0, ok(&set(&["a"])));
    let first = remote.version();
    assert_eq!(remote.need(T0 + 29 * SECOND, T0 + 29 * SECOND, Some(first)), Need::Stand);
    let late = T0 + 30 * SECOND;
    let flight = flight(remote.need(late, late, Some(first)));
    assert_eq!(remote.need(late, late, None), Need::Use, "tokens with known keys do not wait");
    assert!(matches!(remote.need(late, late, Some(first)), Need::Wait(_)), "those that miss theirs do");
    assert_eq!(remote.need(late, late, Some(first - 1)), Need::Use, "and look in this set before they do");
    remote.advance(late, flight, Input::Start);
    remote.advance(late + 100, flight, Input::Got(ok(&set(&["a", "b"]))));
    assert_eq!(remote.need(late + 100, late, Some(first)), Need::Use, "there is another set to look in");
    assert_eq!(remote.need(late + 100, late, Some(remote.version())), Need::Stand);
}

#[test]
fn a_key_that_is_missing_while_the_issuer_is_down_is_an_outage() {
    let mut remote = remote();
    fetch(&mut remote, T0, ok(&set(&["a"])));
    let late = T0 + 40 * SECOND;
    let flight = flight(remote.need(late, late, Some(remote.version())));
    remote.advance(late, flight, Input::Start);
    remote.advance(late, flight, Input::Failed { timeout: false });
    let failed = Need::Fail(Error::KeySetFetchFailed { status: None });
    assert_eq!(remote.need(late, late, Some(remote.version())), failed);
    assert_eq!(remote.need(late, late, None), Need::Use);
}

#[test]
fn an_unfinished_flight_is_given_up_when_its_time_is_over() {
    let mut remote = remote();
    assert_eq!((remote.is_in_flight(T0), remote.last_flight()), (false, 0));
    assert_eq!(remote.need(T0, T0, None), Need::Fetch(1));
    // The timeout, and a moment in which the failure is told.
    let most = 5 * SECOND + 60;
    for after in [0, 1, 4999, 5000, most - 1] {
        assert!(remote.is_in_flight(T0 + after), "{after}");
        assert_eq!(remote.need(T0 + after, T0, None), Need::Wait(most - after));
        assert_eq!(remote.refresh(T0 + after, None), Need::Wait(most - after));
    }
    assert_eq!(remote.last_flight(), 1);
    assert!(!remote.is_in_flight(T0 + most) && !remote.is_in_flight(T0 + 2 * most));
    // A clock that was set back a little knows of it; by one that was set back far it never started.
    assert_eq!(remote.need(T0 - MINUTE, T0, None), Need::Wait(most));
    assert!(!remote.is_in_flight(T0 - MINUTE - 1));
    assert_eq!(remote.need(T0 + most, T0, None), Need::Fetch(2));
    assert_eq!(remote.last_flight(), 2);
    let mut back = self::remote();
    assert_eq!(back.need(T0, T0, None), Need::Fetch(1));
    assert_eq!(back.need(T0 - MINUTE - 1, T0 - MINUTE - 1, None), Need::Fetch(2));
}

#[test]
fn all_requests_of_a_fetch_take_the_timeout_together() {
    let mut remote = discovered("https://issuer.example");
    let flight = flight(remote.need(T0, T0, None));
    let within = |action| match action {
        Action::Get { within, .. } => within,
        other => panic!("{other:?} instead of a request"),
    };
    assert_eq!(within(remote.advance(T0 + 10, flight, Input::Start)), 4990);
    let missing = Response { status: 404, ..ok("") };
    assert_eq!(within(remote.advance(T0 + 2000, flight, Input::Got(missing))), 3000);
    let metadata = r#"{"issuer":"https://issuer.example","jwks_uri":"https://keys.example/jwks"}"#;
    // One that comes in the last moment is asked for all the same: no time at all would be no limit.
    assert_eq!(within(remote.advance(T0 + 5000, flight, Input::Got(ok(metadata)))), 1);
}

#[test]
fn a_set_that_was_just_fetched_is_not_fetched_again_for_a_key_it_lacks() {
    let mut remote = remote();
    assert!(!remote.is_cooling_down(T0));
    fetch(&mut remote, T0, ok(&set(&["a"])));
    for (age, cools) in [(0, true), (29_999, true), (30_000, false), (30_001, false)] {
        assert_eq!(remote.is_cooling_down(T0 + age), cools, "{age}");
        let missed = Some(remote.version());
        let stands = remote.clone().need(T0 + age, T0 + age, missed) == Need::Stand;
        assert_eq!(stands, cools, "{age}");
    }
    // A caller that missed its key before the set was fetched has its answer, however long ago that is.
    let late = T0 + 100 * SECOND;
    for (since, stands) in [(T0 - 1, true), (T0, true), (T0 + 1, false)] {
        let missed = Some(remote.version());
        assert_eq!(remote.clone().need(late, since, missed) == Need::Stand, stands, "{since}");
    }
}

#[test]
fn machines_that_fail_together_do_not_come_back_together() {
    let rest = |seed| {
        let mut remote = Remote::new(Source::Url(URL.into()), &RemoteOptions::default(), seed).unwrap();
        let mut now = T0;
        for _ in 0..2 {
            fetch(&mut remote, now, Response { status: 503, ..ok("") });
            let failed = now;
            while remote.is_cooling_down(now) {
                now += 100;
            }
            // The first time it is the cool-down.
            assert!(failed > T0 || now == T0 + 30 * SECOND);
        }
        now - T0 - 30 * SECOND
    };
    let rests: std::collections::HashSet<u64> = (0..50).map(rest).collect();
    assert!(rests.iter().all(|rest| (30 * SECOND..=60 * SECOND).contains(rest)), "{rests:?}");
    assert!(rests.len() > 30, "{rests:?}");
}

#[test]
fn a_stale_set_may_be_forbidden_to_serve() {
    let options = RemoteOptions { stale_if_error: Duration::ZERO, ..RemoteOptions::default() };
    for (age, served) in [(599, true), (600, false)] {
        let mut remote = remote_with(options);
        fetch(&mut remote, T0, ok(&set(&["a"])));
        let late = T0 + age * SECOND;
        fetch(&mut remote, late, Response { status: 502, ..ok("") });
        let need = remote.need(late, late, None);
        assert_eq!(need == Need::Use, served, "{age}: {need:?}");
    }
}

#[test]
fn an_answer_may_have_as_many_bytes_as_the_options_say() {
    let body = set(&["a"]);
    let metadata = r#"{"issuer":"https://issuer.example","jwks_uri":"https://keys.example/jwks"}"#;
    for (spare, read) in [(1, true), (0, true), (-1, false)] {
        let most = |text: &str| text.len().checked_add_signed(spare).unwrap();
        let mut remote = remote_with(RemoteOptions { max_bytes: most(&body), ..RemoteOptions::default() });
        fetch(&mut remote, T0, ok(&body));
        assert_eq!(remote.keys().is_some(), read, "{spare}");

        let options = RemoteOptions { max_bytes: most(metadata), ..RemoteOptions::default() };
        let mut remote = Remote::new(Source::Issuer("https://issuer.example".into()), &options, 1).unwrap();
        let next = url_of(fetch(&mut remote, T0, ok(metadata)));
        assert_eq!(next == "https://keys.example/jwks", read, "{spare}: {next}");
    }
}

#[test]
fn a_stale_set_serves_up_to_its_cap_and_no_longer() {
    let options = RemoteOptions { stale_if_error: Duration::from_secs(3600), ..RemoteOptions::default() };
    for (age, served) in [(600, true), (4199, true), (4200, false)] {
        let mut remote = remote_with(options);
        fetch(&mut remote, T0, ok(&set(&["a"])));
        let late = T0 + age * SECOND;
        fetch(&mut remote, late, Response { status: 502, ..ok("") });
        let need = remote.need(late, late, None);
        assert_eq!(need == Need::Use, served, "{age}: {need:?}");
    }
}

#[test]
fn an_answer_for_a_flight_that_was_given_up_changes_nothing() {
    let mut remote = remote();
    let lost = flight(remote.need(T0, T0, None));
    remote.advance(T0, lost, Input::Start);
    let late = T0 + 6 * SECOND;
    let next = flight(remote.need(late, late, None));
    remote.advance(late, next, Input::Start);
    remote.advance(late, next, Input::Got(ok(&set(&["new"]))));
    assert_eq!(remote.advance(late + 1, lost, Input::Got(ok(&set(&["old"])))), Action::Done);
    assert_eq!(remote.keys().unwrap().keys().next().unwrap().kid(), Some("new"));
}

#[test]
fn a_clock_that_is_set_back_makes_no_set_younger_and_no_rest_longer() {
    let mut remote = remote();
    fetch(&mut remote, T0, ok(&set(&["a"])));
    let back = T0 - 3600 * SECOND;
    assert_eq!(remote.freshness(back), Freshness::Stale);
    fetch(&mut remote, back, ok(&set(&["b"])));
    assert_eq!(remote.need(back + 1, back + 1, None), Need::Use);
    assert_eq!(remote.fetched_at(), Some(back));

    let mut remote = self::remote();
    fetch(&mut remote, T0, Response { status: 500, ..ok("") });
    assert!(matches!(remote.need(back, back, None), Need::Fetch(_)));
}

#[test]
fn a_refresh_is_not_held_back_by_the_cool_down_but_joins_a_fetch() {
    let mut remote = remote();
    fetch(&mut remote, T0, ok(&set(&["a"])));
    let flight = flight(remote.refresh(T0 + 1, None));
    assert!(matches!(remote.refresh(T0 + 2, None), Need::Wait(_)));
    remote.advance(T0 + 2, flight, Input::Start);
    remote.advance(T0 + 3, flight, Input::Got(ok(&set(&["a"]))));
    assert_eq!(
        (remote.version(), remote.fetched_at()),
        (1, Some(T0 + 2)),
        "the same keys are the same version"
    );
}

#[test]
fn metadata_is_looked_for_behind_the_path_and_then_before_it() {
    let paths = [
        (
            "https://issuer.example",
            "https://issuer.example/.well-known/openid-configuration",
            "https://issuer.example/.well-known/oauth-authorization-server",
        ),
        (
            "https://issuer.example/",
            "https://issuer.example/.well-known/openid-configuration",
            "https://issuer.example/.well-known/oauth-authorization-server",
        ),
        (
            "https://issuer.example:8443/tenant/one",
            "https://issuer.example:8443/tenant/one/.well-known/openid-configuration",
            "https://issuer.example:8443/.well-known/oauth-authorization-server/tenant/one",
        ),
    ];
    for (issuer, first, second) in paths {
        let mut remote = discovered(issuer);
        let flight = flight(remote.need(T0, T0, None));
        assert_eq!(url_of(remote.advance(T0, flight, Input::Start)), first);
        let missing = Response { status: 404, ..ok("") };
        assert_eq!(url_of(remote.advance(T0, flight, Input::Got(missing))), second);
        let metadata = format!(r#"{{"issuer":"{issuer}","jwks_uri":"https://keys.example/jwks"}}"#);
        let keys = remote.advance(T0, flight, Input::Got(ok(&metadata)));
        assert_eq!(url_of(keys), "https://keys.example/jwks");
        assert_eq!(remote.advance(T0, flight, Input::Got(ok(&set(&["a"])))), Action::Done);
        assert_eq!(remote.need(T0, T0, None), Need::Use);

        // The URL is remembered for a day, and asked for again after a failure.
        let later = T0 + 700 * SECOND;
        let flight = self::flight(remote.need(later, later, None));
        assert_eq!(url_of(remote.advance(later, flight, Input::Start)), "https://keys.example/jwks");
        remote.advance(later, flight, Input::Got(Response { status: 410, ..ok("") }));
        let later = later + 60 * SECOND;
        let flight = self::flight(remote.need(later, later, None));
        assert_eq!(url_of(remote.advance(later, flight, Input::Start)), first);
    }
}

#[test]
fn what_is_no_metadata_sends_to_the_other_place_and_then_fails() {
    let metadata = r#"{"issuer":"https://issuer.example","jwks_uri":"https://keys.example/jwks"}"#;
    let second = "https://issuer.example/.well-known/oauth-authorization-server";
    let answers = [
        (Response { status: 404, ..ok(metadata) }, Some(404)),
        (Response { status: 400, ..ok("") }, Some(400)),
        (Response { status: 499, ..ok(metadata) }, Some(499)),
        (Response { content_type: Some("text/html"), ..ok(metadata) }, None),
        (ok("<!doctype html>"), None),
        (ok("[]"), None),
    ];
    for (answer, status) in answers {
        let mut remote = discovered("https://issuer.example");
        assert_eq!(url_of(fetch(&mut remote, T0, answer)), second, "{answer:?}");
        assert_eq!(remote.advance(T0, 1, Input::Got(answer)), Action::Done);
        assert_eq!(remote.need(T0, T0, None), Need::Fail(Error::KeySetFetchFailed { status }));
    }
    for status in [0, 204, 302, 399, 500] {
        let mut remote = discovered("https://issuer.example");
        assert_eq!(fetch(&mut remote, T0, Response { status, ..ok(metadata) }), Action::Done, "{status}");
    }
}

#[test]
fn the_url_in_metadata_is_used_for_a_day() {
    let day = 86_400 * SECOND;
    let metadata = r#"{"issuer":"https://issuer.example","jwks_uri":"https://keys.example/jwks"}"#;
    for (age, used) in [(600 * SECOND, true), (day - 1, true), (day, false), (2 * day, false)] {
        let mut remote = discovered("https://issuer.example");
        assert_eq!(url_of(fetch(&mut remote, T0, ok(metadata))), "https://keys.example/jwks");
        remote.advance(T0, 1, Input::Got(ok(&set(&["a"]))));
        let flight = flight(remote.need(T0 + age, T0 + age, None));
        let next = url_of(remote.advance(T0 + age, flight, Input::Start));
        assert_eq!(next == "https://keys.example/jwks", used, "{age}: {next}");
    }
    // By a clock that was set back far its age is unknown.
    let mut remote = discovered("https://issuer.example");
    fetch(&mut remote, T0, ok(metadata));
    remote.advance(T0, 1, Input::Got(ok(&set(&["a"]))));
    let back = T0 - MINUTE - 1;
    let flight = flight(remote.need(back, back, None));
    assert_ne!(url_of(remote.advance(back, flight, Input::Start)), "https://keys.example/jwks");
}

#[test]
fn metadata_of_another_issuer_is_refused() {
    let others = [
        r#"{"issuer":"https://other.example","jwks_uri":"https://issuer.example/jwks"}"#,
        r#"{"issuer":"https://issuer.example/","jwks_uri":"https://issuer.example/jwks"}"#,
        r#"{"issuer":"https://ISSUER.example","jwks_uri":"https://issuer.example/jwks"}"#,
        r#"{"issuer":["https://issuer.example"],"jwks_uri":"https://issuer.example/jwks"}"#,
        r#"{"jwks_uri":"https://issuer.example/jwks"}"#,
        r#"{"issuer":"https://issuer.example"}"#,
        r#"{"issuer":"https://issuer.example","jwks_uri":7}"#,
    ];
    for metadata in others {
        let mut remote = discovered("https://issuer.example");
        assert_eq!(fetch(&mut remote, T0, ok(metadata)), Action::Done, "{metadata}");
        assert!(matches!(remote.need(T0, T0, None), Need::Fail(Error::KeySetFetchFailed { .. })));
    }
    // A server that cannot answer has not said that it has no metadata.
    let mut remote = discovered("https://issuer.example");
    assert_eq!(fetch(&mut remote, T0, Response { status: 503, ..ok("") }), Action::Done);
    assert_eq!(remote.need(T0, T0, None), Need::Fail(Error::KeySetFetchFailed { status: Some(503) }));
}

fn parts<'u>(protocol: &'u str, hostname: &'u str, port: &'u str) -> UrlParts<'u> {
    UrlParts { protocol, username: "", password: "", hostname, port, pathname: "/", search: "" }
}

#[test]
fn keys_come_over_https_or_from_a_loopback_host_and_no_redirect_leaves_its_origin() {
    let https = parts("https:", "issuer.example", "");
    let plain = parts("http:", "issuer.example", "");
    let loopback = parts("http:", "127.0.0.1", "8080");
    assert_eq!(admit(&https, &https, None, false), Ok(()));
    assert_eq!(admit(&https, &https, Some(&https), false), Ok(()));
    assert_eq!(admit(&loopback, &loopback, None, true), Ok(()));
    assert_eq!(admit(&parts("http:", "localhost", "9"), &loopback, None, true), Ok(()));
    for refused in [
        admit(&plain, &plain, None, true),
        admit(&loopback, &loopback, None, false),
        admit(&parts("data:", "", ""), &loopback, None, true),
        admit(&UrlParts { username: "a", ..https }, &https, None, true),
        admit(&parts("https:", "other.example", ""), &https, Some(&https), true),
        admit(&parts("https:", "issuer.example", "8443"), &https, Some(&https), true),
        admit(&loopback, &loopback, Some(&https), true),
        // An https issuer cannot name a port of this machine.
        admit(&loopback, &https, None, true),
        admit(&parts("http:", "localhost", ""), &parts("https:", "localhost", ""), None, true),
    ] {
        assert!(refused.is_err());
    }
}

#[test]
fn a_snapshot_starts_another_remote_with_the_same_keys_and_the_same_age() {
    let mut first = remote();
    fetch(&mut first, T0, ok(&set(&["a", "b"])));
    let mut second = remote();
    second.restore(&first.snapshot()).unwrap();
    let soon = T0 + 10 * SECOND;
    assert_eq!(second.need(soon, soon, None), Need::Use);
    assert_eq!((second.keys().unwrap().len(), second.fetched_at()), (2, Some(T0)));
    assert_eq!(second.freshness(T0 + 600 * SECOND), Freshness::Stale);
    assert_eq!(second.snapshot(), first.snapshot());

    let mut third = remote();
    third.restore(&remote().snapshot()).unwrap();
    assert_eq!(third.freshness(T0), Freshness::Empty);

    let mut other = Remote::new(Source::Issuer(URL.into()), &RemoteOptions::default(), 1).unwrap();
    for text in [
        "",
        "{}",
        "[]",
        &set(&["a"]),
        &first.snapshot(),
        r#"{"v":1,"source":"issuer https://issuer.example/jwks","jwks":[]}"#,
    ] {
        assert_eq!(other.restore(text).unwrap_err().code(), "ERR_JWKS_INVALID", "{text}");
    }
}

#[test]
fn options_that_could_not_hold_are_refused() {
    let base = RemoteOptions::default();
    let zero = Duration::ZERO;
    for options in [
        RemoteOptions { max_age: zero, ..base },
        RemoteOptions { cooldown: zero, ..base },
        RemoteOptions { timeout: zero, ..base },
        RemoteOptions { max_bytes: 0, ..base },
        RemoteOptions { min_age: Some(Duration::from_secs(601)), ..base },
    ] {
        let error = Remote::new(Source::Url(URL.into()), &options, 1).unwrap_err();
        assert_eq!(error.code(), "ERR_INVALID_ARG", "{options:?}");
    }
    for source in [
        Source::Url(String::new()),
        Source::Issuer("issuer.example".into()),
        Source::Issuer("https://a/?b".into()),
    ] {
        assert!(Remote::new(source, &base, 1).is_err());
    }
    let brief = RemoteOptions { max_age: Duration::from_millis(1), stale_if_error: Duration::MAX, ..base };
    assert!(Remote::new(Source::Url(URL.into()), &brief, 1).is_ok());
}
