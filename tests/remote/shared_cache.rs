//! A cache that isolates share: which of them asks the issuer, which wait, and which entries are accepted.

use std::collections::HashSet;

use tokenward::Error;
use tokenward::jwt::remote::{Action, Freshness, Input, Need, Remote, RemoteOptions, Response, Source};

const T0: u64 = 1_750_000_000_000;
const SECOND: u64 = 1000;
/// How far the clocks of two machines may differ.
const MINUTE: u64 = 60 * SECOND;
const URL: &str = "https://issuer.example/jwks";
const TIMEOUT: u64 = 5 * SECOND;
const COOLDOWN: u64 = 30 * SECOND;

fn sharing(seed: u64) -> Remote {
    let options = RemoteOptions { shared_cache: true, ..RemoteOptions::default() };
    Remote::new(Source::Url(URL.into()), &options, seed).unwrap()
}

fn set(kid: &str) -> String {
    format!(
        r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}]}}"#
    )
}

fn kid(remote: &Remote) -> Option<&str> {
    remote.keys()?.keys().next()?.kid()
}

fn entry(fetched_at: u64, kid: &str) -> String {
    let jwks = set(kid);
    format!(r#"{{"v":1,"source":"url {URL}","fetchedAt":{fetched_at},"lifetime":600000,"jwks":{jwks}}}"#)
}

/// A remote that holds a set with this key, fetched at `now`.
fn holding(now: u64, kid: &str) -> Remote {
    let mut remote = sharing(1);
    remote.restore(&entry(now, kid)).unwrap();
    remote
}

/// Starts a flight; the first thing it does is to look.
fn start(remote: &mut Remote, now: u64) -> u32 {
    let (Need::Fetch(flight) | Need::UseAndFetch(flight)) = remote.need(now, now, None) else {
        panic!("no fetch")
    };
    let Action::Read { keys: [entry, lease], .. } = remote.advance(now, flight, Input::Start) else {
        panic!("no look")
    };
    assert!(lease.starts_with(&entry) && entry.len() < 80, "{entry} {lease}");
    flight
}

fn lease_of(action: Action) -> String {
    match action {
        Action::Write { key, value, .. } if key.ends_with("-lease") => value,
        other => panic!("{other:?} instead of a lease"),
    }
}

/// The lease that another machine wrote at this moment.
fn lease(at: u64) -> String {
    format!(r#"{{"owner":"00000000000000ff","at":{at},"failed":false}}"#)
}

fn is_request(action: &Action) -> bool {
    matches!(action, Action::Get { url, .. } if url == URL)
}

#[test]
fn an_isolate_that_finds_nothing_writes_a_lease_and_asks_if_it_wrote_last() {
    // As long as it took so far, but never longer than an eighth of the timeout and never less than other writers need.
    for (took, pause) in [(0, 50), (50, 50), (300, 300), (4000, 625)] {
        let mut remote = sharing(1);
        let Need::Fetch(flight) = remote.need(T0, T0, None) else { panic!("no fetch") };
        let Action::Read { keys: [key, lease_key], within } = remote.advance(T0, flight, Input::Start) else {
            panic!("no look")
        };
        assert_eq!((lease_key, within), (format!("{key}-lease"), TIMEOUT / 4));
        let now = T0 + took;
        let action = remote.advance(now, flight, Input::Found([None, None]));
        let Action::Write { key: written, value, ttl, within } = action else { panic!("no lease") };
        assert_eq!((written, ttl), (format!("{key}-lease"), COOLDOWN / SECOND));
        assert_eq!(within, (TIMEOUT - took).min(TIMEOUT / 4));
        assert_eq!(remote.advance(now, flight, Input::Ready), Action::Sleep(pause));
        let now = now + pause;
        assert!(matches!(remote.advance(now, flight, Input::Ready), Action::Read { .. }));
        let action = remote.advance(now, flight, Input::Found([None, Some(&value)]));
        assert_eq!(action, Action::Get { url: URL.into(), within: TIMEOUT - took - pause });
    }
}

#[test]
fn an_isolate_waits_for_the_set_if_another_wrote_the_last_lease() {
    let mut remote = sharing(1);
    let flight = start(&mut remote, T0);
    lease_of(remote.advance(T0, flight, Input::Found([None, None])));
    remote.advance(T0, flight, Input::Ready);
    remote.advance(T0 + 50, flight, Input::Ready);
    let others = lease(T0);
    let action = remote.advance(T0 + 50, flight, Input::Found([None, Some(&others)]));
    assert!(matches!(action, Action::Sleep(_)), "{action:?}");
    assert!(matches!(remote.advance(T0 + 150, flight, Input::Ready), Action::Read { .. }));
    let found = entry(T0 + 100, "theirs");
    assert_eq!(remote.advance(T0 + 150, flight, Input::Found([Some(&found), Some(&others)])), Action::Done);
    assert_eq!((remote.need(T0 + 150, T0, None), kid(&remote)), (Need::Use, Some("theirs")));
}

#[test]
fn a_lease_that_cannot_be_found_again_delays_no_fetch() {
    let mut remote = sharing(1);
    let flight = start(&mut remote, T0);
    lease_of(remote.advance(T0, flight, Input::Found([None, None])));
    remote.advance(T0, flight, Input::Ready);
    remote.advance(T0, flight, Input::Ready);
    assert!(is_request(&remote.advance(T0, flight, Input::Found([None, None]))));
}

#[test]
fn a_cache_that_cannot_be_read_costs_a_request_and_no_keys() {
    let mut remote = sharing(1);
    let flight = start(&mut remote, T0);
    assert!(is_request(&remote.advance(T0, flight, Input::Failed { timeout: true })));
}

#[test]
fn a_lease_holds_for_half_the_timeout() {
    let others = lease(T0);
    for (age, holds) in [(0, true), (TIMEOUT / 2 - 1, true), (TIMEOUT / 2, false), (TIMEOUT, false)] {
        let mut remote = sharing(1);
        let flight = start(&mut remote, T0 + age);
        let action = remote.advance(T0 + age, flight, Input::Found([None, Some(&others)]));
        assert_eq!(matches!(action, Action::Sleep(_)), holds, "{age}: {action:?}");
        assert_eq!(matches!(action, Action::Write { .. }), !holds, "{age}: {action:?}");
    }
    // One from the future would hold for longer than that.
    for (ahead, holds) in [(60 * SECOND, true), (60 * SECOND + 1, false)] {
        let mut remote = sharing(1);
        let flight = start(&mut remote, T0 - ahead);
        let action = remote.advance(T0 - ahead, flight, Input::Found([None, Some(&others)]));
        assert_eq!(matches!(action, Action::Sleep(_)), holds, "{ahead}: {action:?}");
    }
}

#[test]
fn those_who_wait_look_again_at_different_moments() {
    let pauses: HashSet<u64> = (0..100)
        .map(|seed| {
            let mut remote = sharing(seed);
            let flight = start(&mut remote, T0);
            match remote.advance(T0, flight, Input::Found([None, Some(&lease(T0))])) {
                Action::Sleep(pause) => pause,
                other => panic!("{other:?}"),
            }
        })
        .collect();
    assert!(pauses.iter().all(|pause| (60..120).contains(pause)), "{pauses:?}");
    assert!(pauses.len() > 30, "{pauses:?}");
}

#[test]
fn a_wait_for_other_machines_ends_with_the_timeout_and_is_not_shared() {
    // Other machines are fetching, one after another, and never done.
    let mut remote = sharing(1);
    let flight = start(&mut remote, T0);
    let mut now = T0;
    let mut looks = 1;
    let mut action = remote.advance(now, flight, Input::Found([None, Some(&lease(now))]));
    while let Action::Sleep(pause) = action {
        assert!((1..=T0 + TIMEOUT - now).contains(&pause), "{pause} ms, {} ms after the start", now - T0);
        now += pause;
        action = remote.advance(now, flight, Input::Ready);
        if matches!(action, Action::Read { .. }) {
            let other = lease(now).replace("0ff", &format!("{looks:03x}"));
            action = remote.advance(now, flight, Input::Found([None, Some(&other)]));
            looks += 1;
        }
    }
    assert!(looks < 40, "{looks} looks");
    assert_eq!((action, now), (Action::Done, T0 + TIMEOUT));
    assert_eq!(remote.need(now, T0, None), Need::Fail(Error::KeySetTimeout));

    // A look that took until then helps as little.
    let mut remote = sharing(1);
    let flight = start(&mut remote, T0);
    let found = Input::Found([None, Some(&lease(now))]);
    assert_eq!(remote.advance(now, flight, found), Action::Done);
    assert_eq!(remote.need(now, T0, None), Need::Fail(Error::KeySetTimeout));

    // A lease that was written too late leaves no time for the others' leases, and none to ask the issuer.
    let mut remote = sharing(1);
    let flight = start(&mut remote, T0);
    lease_of(remote.advance(T0, flight, Input::Found([None, None])));
    assert_eq!(remote.advance(now - 20, flight, Input::Ready), Action::Sleep(20));
    assert_eq!(remote.advance(now, flight, Input::Ready), Action::Done);
    assert_eq!(remote.need(now, T0, None), Need::Fail(Error::KeySetTimeout));
}

#[test]
fn a_failure_that_another_tells_of_is_believed_for_the_cool_down() {
    let told = lease(T0).replace("false", "true");
    for (age, believed) in [(0, true), (COOLDOWN - 1, true), (COOLDOWN, false), (2 * COOLDOWN, false)] {
        let now = T0 + age;
        let mut remote = sharing(1);
        let flight = start(&mut remote, now);
        let action = remote.advance(now, flight, Input::Found([None, Some(&told)]));
        if believed {
            assert_eq!(action, Action::Done, "{age}");
            let failed = Error::KeySetFetchFailed { status: None };
            assert_eq!(remote.need(now, now, None), Need::Fail(failed), "{age}");
        } else {
            lease_of(action);
        }
    }
}

#[test]
fn an_entry_is_young_enough_below_four_fifths_of_its_lifetime() {
    for (age, enough) in [(0, true), (400, true), (479, true), (480, false), (599, false), (700, false)] {
        let now = T0 + age * SECOND;
        let mut remote = sharing(1);
        let flight = start(&mut remote, now);
        let action = remote.advance(now, flight, Input::Found([Some(&entry(T0, "a")), None]));
        assert_eq!(action == Action::Done, enough, "{age}: {action:?}");
        assert_eq!(matches!(action, Action::Write { .. }), !enough, "{age}: {action:?}");
        assert_eq!(kid(&remote), Some("a"), "it is better than none");
    }
}

#[test]
fn an_entry_answers_for_a_missing_key_where_it_is_younger_than_the_cool_down() {
    for (age, enough) in [(0, true), (COOLDOWN - 1, true), (COOLDOWN, false), (COOLDOWN + SECOND, false)] {
        let mut remote = holding(T0, "a");
        let now = T0 + 100 * SECOND;
        let Need::Fetch(flight) = remote.need(now, now, Some(remote.version())) else { panic!("no fetch") };
        assert!(matches!(remote.advance(now, flight, Input::Start), Action::Read { .. }));
        let action = remote.advance(now, flight, Input::Found([Some(&entry(now - age, "b")), None]));
        assert_eq!(action == Action::Done, enough, "{age}: {action:?}");
        assert_eq!(kid(&remote), Some("b"));
    }
}

#[test]
fn an_entry_replaces_what_is_older_and_nothing_that_is_newer() {
    let old = T0 + 700 * SECOND;
    for (fetched_at, taken) in [(T0 - 1, false), (T0, false), (T0 + 1, true), (old, true)] {
        let mut remote = holding(T0, "ours");
        let flight = start(&mut remote, old);
        remote.advance(old, flight, Input::Found([Some(&entry(fetched_at, "theirs")), None]));
        assert_eq!(kid(&remote), Some(if taken { "theirs" } else { "ours" }), "{fetched_at}");
        // An entry that was not taken says nothing about the set that is held.
        assert_eq!(remote.is_in_flight(old), fetched_at != old);
    }
    // By a clock that was set back far, the set that is held is of the future, and its age is unknown.
    let back = T0 - 3600 * SECOND;
    let mut remote = holding(T0, "ours");
    let flight = start(&mut remote, back);
    let found = entry(back, "theirs");
    assert_eq!(remote.advance(back, flight, Input::Found([Some(&found), None])), Action::Done);
    assert_eq!(kid(&remote), Some("theirs"));
}

#[test]
fn a_machine_that_never_finishes_is_waited_for_half_the_timeout_even_if_its_clock_is_ahead() {
    for ahead in [0, 30 * SECOND, 60 * SECOND] {
        let mut remote = sharing(1);
        let flight = start(&mut remote, T0);
        let mut now = T0;
        let other = lease(T0 + ahead);
        let mut action = remote.advance(now, flight, Input::Found([None, Some(&other)]));
        while let Action::Sleep(pause) = action {
            now += pause;
            action = remote.advance(now, flight, Input::Ready);
            if matches!(action, Action::Read { .. }) {
                action = remote.advance(now, flight, Input::Found([None, Some(&other)]));
            }
        }
        lease_of(action);
        assert!((TIMEOUT / 2..TIMEOUT * 3 / 4).contains(&(now - T0)), "{} ms", now - T0);
    }
}

#[test]
fn a_flight_ends_though_the_clock_stands_still_or_goes_back() {
    for back in [0, 1, 10 * SECOND] {
        let mut remote = sharing(1);
        let flight = start(&mut remote, T0);
        let mut now = T0;
        let mut actions = 0;
        let mut action = Action::Sleep(1);
        while action != Action::Done {
            actions += 1;
            assert!(actions < 200, "it goes on for ever");
            now -= back;
            let other = lease(now).replace("0ff", &format!("{actions:03x}"));
            let input = match action {
                Action::Read { .. } => Input::Found([None, Some(&other)]),
                _ => Input::Ready,
            };
            action = remote.advance(now, flight, input);
        }
        assert!(matches!(remote.need(now, now, None), Need::Fail(_)), "it is started again at once");
    }
}

#[test]
fn an_entry_of_a_machine_whose_clock_is_ahead_is_fresh_and_not_fetched_again() {
    for ahead in [1, 5 * SECOND, 59 * SECOND, 60 * SECOND] {
        let mut remote = sharing(1);
        let flight = start(&mut remote, T0);
        let found = entry(T0 + ahead, "theirs");
        assert_eq!(remote.advance(T0, flight, Input::Found([Some(&found), None])), Action::Done);
        assert_eq!(remote.need(T0, T0, None), Need::Use, "{ahead}");
        assert_eq!(remote.freshness(T0), Freshness::Fresh);
        assert!(remote.is_cooling_down(T0));
        // It is no younger than it was when it was found.
        assert_eq!(remote.fetched_at(), Some(T0));
        let fresh = T0 + 479 * SECOND;
        assert_eq!(remote.need(fresh, fresh, None), Need::Use);
        assert!(matches!(remote.need(fresh + SECOND, fresh + SECOND, None), Need::UseAndFetch(_)));
        // The same by a snapshot, whose reader has no clock.
        let mut restored = sharing(1);
        restored.restore(&found).unwrap();
        assert_eq!(restored.need(T0, T0, None), Need::Use, "{ahead}");
    }
    let mut remote = sharing(1);
    let flight = start(&mut remote, T0);
    let found = entry(T0 + MINUTE + 1, "theirs");
    lease_of(remote.advance(T0, flight, Input::Found([Some(&found), None])));
    assert_eq!(remote.keys().map(|set| set.len()), None, "it lies too far ahead");
}

#[test]
fn an_entry_is_little_longer_than_an_answer_may_be() {
    let options = RemoteOptions { shared_cache: true, max_bytes: 1000, ..RemoteOptions::default() };
    // Around the answer it has a wrapping, for which there is room, and the name of its source, which may be escaped.
    let longest = 1000 + 1024 + 6 * format!("url {URL}").len();
    for (length, read) in [(1000, true), (longest, true), (longest + 1, false)] {
        let mut remote = Remote::new(Source::Url(URL.into()), &options, 1).unwrap();
        let flight = start(&mut remote, T0);
        let text = format!("{:length$}", entry(T0, "a"));
        let action = remote.advance(T0, flight, Input::Found([Some(&text), None]));
        assert_eq!(action == Action::Done, read, "{length}: {action:?}");
    }
}

#[test]
fn what_was_fetched_is_written_for_as_long_as_it_can_be_of_use() {
    let mut remote = sharing(1);
    let flight = start(&mut remote, T0);
    remote.advance(T0 + 10, flight, Input::Failed { timeout: false });
    let body = set("a");
    let answer = Response { status: 200, body: body.as_bytes(), ..Response::default() };
    let Action::Write { value, ttl, .. } = remote.advance(T0 + 300, flight, Input::Got(answer)) else {
        panic!("not written")
    };
    // Its lifetime, and a day for which it may serve while the issuer is down.
    assert_eq!((value, ttl), (entry(T0 + 10, "a"), 600 + 86_400));
    assert_eq!(remote.advance(T0 + 310, flight, Input::Ready), Action::Done);
    assert!(!remote.is_in_flight(T0 + 310));
}

#[test]
fn no_two_sources_share_a_key_of_the_cache() {
    let key = |source: Source| {
        let options = RemoteOptions { shared_cache: true, ..RemoteOptions::default() };
        let mut remote = Remote::new(source, &options, 1).unwrap();
        let Need::Fetch(flight) = remote.need(T0, T0, None) else { panic!("no fetch") };
        match remote.advance(T0, flight, Input::Start) {
            Action::Read { keys: [key, _], .. } => key,
            other => panic!("{other:?}"),
        }
    };
    let url = |url: &str| key(Source::Url(url.into()));
    assert_eq!(url(URL), url(URL));
    assert!(url(URL).starts_with("tokenward-jwks-"), "{}", url(URL));
    let issuer = |issuer: &str| key(Source::Issuer(issuer.into()));
    let all = [url(URL), url("https://issuer.example/jwks/"), issuer(URL), issuer("https://issuer.example")];
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "{all:?}");
    assert!(all.iter().all(|key| key.len() == url(URL).len()), "{all:?}");
}

#[test]
fn a_refresh_asks_the_issuer_and_not_the_cache() {
    let mut remote = sharing(1);
    let Need::Fetch(flight) = remote.refresh(T0, None) else { panic!("no fetch") };
    assert!(is_request(&remote.advance(T0, flight, Input::Start)));
}

#[test]
fn the_owners_of_leases_are_the_numbers_of_splitmix64() {
    // The first numbers of the generator for these seeds, from its reference implementation.
    for (seed, first) in [(0, "e220a8397b1dcdaf"), (1, "910a2dec89025cc1"), (1_234_567, "599ed017fb08fc85")] {
        let mut remote = sharing(seed);
        let flight = start(&mut remote, T0);
        let lease = lease_of(remote.advance(T0, flight, Input::Found([None, None])));
        assert_eq!(lease, format!(r#"{{"owner":"{first}","at":{T0},"failed":false}}"#));
    }
}

/// Brings a remote with a shared cache to its first look into it, and lets it find these texts.
fn look(remote: &mut Remote, now: u64, entry: Option<&str>, lease: Option<&str>) -> Action {
    let flight = start(remote, now);
    remote.advance(now, flight, Input::Found([entry, lease]))
}

#[test]
fn an_entry_of_a_shared_cache_is_judged_like_an_answer() {
    let entry = holding(T0, "a").snapshot();
    let now = T0 + 10 * SECOND;
    let mut reader = sharing(1);
    assert_eq!(look(&mut reader, now, Some(&entry), None), Action::Done);
    assert_eq!((reader.need(now, now, None), reader.fetched_at()), (Need::Use, Some(T0)));

    let poisoned = [
        entry.replace("url https://issuer.example/jwks", "url https://evil.example/jwks"),
        entry.replace("\"v\":1", "\"v\":2"),
        entry.replace(&T0.to_string(), &(now + 3600 * SECOND).to_string()),
        entry.replace(&T0.to_string(), "-1"),
        entry.replace("\"keys\":[", "\"keys\":{").replace("]}}", "}}}"),
        r#"{"v":1,"source":"url https://issuer.example/jwks","fetchedAt":1750000000000,"lifetime":600000,"jwks":{"keys":[{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}}"#.into(),
        "not json".into(),
        String::new(),
    ];
    for text in poisoned {
        let mut reader = sharing(1);
        assert!(matches!(look(&mut reader, now, Some(&text), None), Action::Write { .. }), "{text}");
        assert!(reader.keys().is_none_or(|set| set.is_empty()), "{text}");
    }
    // However long the entry says that it holds, it holds for maxAge.
    let mut reader = sharing(1);
    look(&mut reader, now, Some(&entry.replace("600000", "600000000")), None);
    assert_eq!(reader.freshness(T0 + 600 * SECOND), Freshness::Stale);
}

#[test]
fn an_old_entry_of_a_shared_cache_serves_where_the_issuer_cannot_be_reached() {
    let entry = holding(T0, "a").snapshot();
    let mut reader = sharing(1);
    let late = T0 + 3600 * SECOND;
    let Action::Write { key, value, .. } = look(&mut reader, late, Some(&entry), None) else {
        panic!("an old entry is not enough")
    };
    assert!(key.ends_with("-lease"));
    assert!(matches!(reader.advance(late, 1, Input::Ready), Action::Sleep(_)));
    assert!(matches!(reader.advance(late, 1, Input::Ready), Action::Read { .. }));
    let asked = reader.advance(late, 1, Input::Found([None, Some(&value)]));
    assert!(is_request(&asked));
    // The failure is told to the others, so that they need not find out each by itself.
    let Action::Write { value: told, .. } = reader.advance(late, 1, Input::Failed { timeout: false }) else {
        panic!("the failure is not shared")
    };
    assert_eq!(reader.advance(late, 1, Input::Ready), Action::Done);
    assert_eq!(reader.need(late, late, None), Need::Use);

    let mut other = sharing(2);
    assert_eq!(look(&mut other, late + SECOND, Some(&entry), Some(&told)), Action::Done);
    assert_eq!(other.need(late + SECOND, late + SECOND, None), Need::Use);
}
