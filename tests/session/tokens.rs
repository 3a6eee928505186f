//! One session: every way a token is obtained, kept, replaced and given up.

use crate::support::{Host, Reply, SharedStore, T0, end_reason, generation, json_login, oauth_error, tokens};
use tokenward::session::{
    CallId, EndReason, Event, Freshness, Loss, Notice, Now, Options, Snapshot, Warning,
};

#[test]
fn nobody_is_signed_in_at_first() {
    let mut host = Host::new(false);
    assert_eq!(host.snapshot(), Snapshot::Loading);
    host.need(1);
    assert_eq!(host.take(), ["fail 1 ERR_SESSION_SIGNED_OUT"]);
    assert_eq!(end_reason(&host), EndReason::NeverSignedIn);
    assert!(host.requests.is_empty());
}

#[test]
fn a_sign_in_posts_the_credentials_and_saves_before_it_says_so() {
    let mut host = Host::new(false);
    host.reply(tokens("a1", Some("r1"), Some(3600)));
    host.login(1);
    assert_eq!(host.take(), ["signed in 1"]);
    let body = r#"{"username":"ada","password":"correct horse"}"#;
    assert_eq!(host.requests, [("https://as.example/token".to_owned(), body.to_owned())]);
    let record = host.store.borrow().record.clone().expect("a record").0;
    assert!(record.contains(r#""access":"a1""#) && record.contains(r#""refresh":"r1""#));
    assert!(!record.contains("correct horse"));
    assert_eq!(generation(&host), 1);
}

#[test]
fn a_fresh_token_is_given_in_the_same_step_without_store_or_lock() {
    let mut host = Host::signed_in(false);
    let saves = host.store.borrow().saves;
    host.store.borrow_mut().fails = true;
    host.need(2);
    assert_eq!(host.take(), ["use 2 a1"]);
    assert_eq!(host.store.borrow().saves, saves);
}

#[test]
fn many_callers_share_one_refresh() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000);
    for id in 2..10 {
        host.need(id);
    }
    assert_eq!(host.requests.len(), 2);
    assert_eq!(host.requests[1].1, r#"{"refresh_token":"r1"}"#);
    host.release(tokens("a2", Some("r2"), Some(3600)));
    assert_eq!(host.take(), (2..10).map(|id| format!("use {id} a2")).collect::<Vec<_>>());
    assert_eq!(generation(&host), 2);
}

#[test]
fn a_stale_token_serves_while_it_is_refreshed() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000 - 60_000 - 30_000);
    host.need(2);
    assert_eq!(host.take(), ["use 2 a1"]);
    assert_eq!(host.requests.len(), 2, "the refresh runs beside");
    host.need(3);
    assert_eq!(host.take(), ["use 3 a1"]);
    host.release(tokens("a2", None, Some(3600)));
    host.need(4);
    assert_eq!(host.take(), ["use 4 a2"]);
}

#[test]
fn the_margin_shrinks_with_the_lifetime() {
    let mut host = Host::new(false);
    host.reply(tokens("a1", Some("r1"), Some(10)));
    host.login(1);
    host.pass(5_000);
    host.need(2);
    assert_eq!(host.requests.len(), 1, "a token of ten seconds is not refreshed after five");
    host.pass(3_500);
    host.need(3);
    assert_eq!(host.requests.len(), 2);
}

#[test]
fn an_absent_refresh_token_keeps_the_old_one_and_a_present_one_replaces_it() {
    let mut host = Host::signed_in(false);
    for (reply, next) in
        [(tokens("a2", None, Some(3600)), "r1"), (tokens("a3", Some("r3"), Some(3600)), "r3")]
    {
        host.pass(3_600_000);
        host.reply(reply);
        host.need(2);
        host.pass(3_600_000);
        host.need(3);
        let sent = host.requests.last().expect("a request").1.clone();
        assert_eq!(sent, format!(r#"{{"refresh_token":"{next}"}}"#));
        host.release(tokens("a9", None, Some(3600)));
    }
}

#[test]
fn an_answer_lost_for_good_leaves_the_token_until_it_expires_and_then_there_is_one_more_try() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000 - 60_000 - 30_000);
    host.reply(Reply::Loss(Loss::Network));
    host.need(2);
    host.reply(Reply::Loss(Loss::Network));
    host.wake();
    assert_eq!((host.take(), host.requests.len()), (vec!["use 2 a1".to_owned()], 3));
    host.pass(10_000);
    host.need(3);
    assert_eq!(
        (host.take(), host.requests.len()),
        (vec!["use 3 a1".to_owned()], 3),
        "nothing is sent while it serves"
    );
    host.pass(60_000);
    host.reply(tokens("a2", Some("r2"), Some(3600)));
    host.need(4);
    assert_eq!(host.take(), ["use 4 a2"]);
    assert_eq!(host.requests[3].1, r#"{"refresh_token":"r1"}"#);
}

#[test]
fn outages_keep_the_session_and_serve_the_old_token_while_it_lives() {
    for (reply, lost) in [
        (Reply::Text(503, "later"), false),
        (Reply::RetryAfter(429, "7"), false),
        (Reply::Text(403, "captive portal"), false),
        (Reply::Text(425, "too early"), false),
        (Reply::Text(500, "oops"), true),
        (Reply::Text(502, "oops"), true),
        (Reply::Text(408, "slow"), true),
        (oauth_error(500, "invalid_grant"), true),
        (Reply::Loss(Loss::Network), true),
        (Reply::Loss(Loss::Timeout), true),
        (Reply::Loss(Loss::NotSent), false),
        (oauth_error(400, "invalid_client"), false),
        (oauth_error(401, "unauthorized_client"), false),
        (oauth_error(400, "temporarily_unavailable"), false),
        (Reply::Text(302, ""), false),
    ] {
        let mut host = Host::signed_in(false);
        host.pass(3_600_000);
        host.reply(reply.clone());
        host.need(2);
        if lost {
            assert!(host.take().is_empty(), "an answer that was lost is asked for again");
            host.reply(reply);
            host.wake();
        }
        let told = host.take();
        assert!(told[0].starts_with("fail 2 ERR_TOKEN_"), "{told:?}");
        assert!(matches!(host.snapshot(), Snapshot::Active { freshness: Freshness::Expired, .. }));
        let record = host.store.borrow().record.clone().expect("a record").0;
        assert!(record.contains(r#""refresh":"r1""#));
        assert_eq!(record.contains("holder"), lost, "the intent stays where the answer was lost");
        // And when the server is back, so is the session.
        host.pass(120_000);
        host.reply(tokens("a2", Some("r2"), Some(3600)));
        host.need(3);
        assert_eq!(host.take(), ["use 3 a2"]);
    }
}

#[test]
fn while_refreshes_fail_the_token_serves_and_the_server_is_left_in_peace() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000 - 60_000 - 60_000);
    for id in 2..52 {
        host.reply(Reply::Text(503, "later"));
        host.need(id);
        host.pass(1_000);
    }
    assert_eq!(host.take(), (2..52).map(|id| format!("use {id} a1")).collect::<Vec<_>>());
    // Doubled pauses from one second on, at random: of fifty calls a handful asks.
    assert!((2..=12).contains(&(host.requests.len() - 1)), "{} requests", host.requests.len() - 1);
    assert_eq!(generation(&host), 1);
}

#[test]
fn a_pause_forbids_requests_and_says_when_to_come_back() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000);
    host.reply(Reply::RetryAfter(429, "7"));
    host.need(2);
    host.need(3);
    assert_eq!(host.take(), ["fail 2 ERR_TOKEN_REFRESH_UNAVAILABLE", "fail 3 ERR_TOKEN_REFRESH_UNAVAILABLE"]);
    assert_eq!(host.requests.len(), 2);
    host.step(Event::Online);
    host.reply(tokens("a2", Some("r2"), Some(3600)));
    host.need(4);
    assert_eq!(host.take(), ["use 4 a2"]);
}

#[test]
fn invalid_grant_keeps_the_access_token_until_it_expires() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000 - 60_000 - 30_000);
    host.reply(oauth_error(400, "invalid_grant"));
    host.need(2);
    assert_eq!(host.take(), ["use 2 a1"]);
    let record = host.store.borrow().record.clone().expect("a record").0;
    assert!(!record.contains("r1") && record.contains(r#""refused":true"#));
    assert_eq!(generation(&host), 1);
    host.need(3);
    assert_eq!(host.take(), ["use 3 a1"]);
    host.pass(60_000);
    host.need(4);
    assert_eq!(host.take(), ["fail 4 ERR_SESSION_SIGNED_OUT"]);
    assert_eq!(end_reason(&host), EndReason::RefreshRejected);
    assert!(host.store.borrow().record.is_none());
    assert_eq!(host.requests.len(), 2, "a refused token is not sent again");
}

#[test]
fn invalid_grant_after_expiry_ends_the_session() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000);
    host.reply(oauth_error(401, "invalid_grant"));
    host.need(2);
    assert_eq!(host.take(), ["fail 2 ERR_TOKEN_REFRESH_REJECTED"]);
    assert_eq!(end_reason(&host), EndReason::RefreshRejected);
    let ended =
        Notice::Ended { reason: EndReason::RefreshRejected, code: Some("ERR_TOKEN_REFRESH_REJECTED") };
    assert!(host.take_notices().contains(&ended));
}

#[test]
fn invalid_grant_falls_back_to_the_credentials_callback() {
    let mut host = Host::signed_in(true);
    host.pass(3_600_000);
    host.reply(oauth_error(400, "invalid_grant"));
    host.reply(tokens("b1", Some("s1"), Some(3600)));
    host.need(2);
    assert_eq!(host.take(), ["use 2 b1"]);
    assert_eq!(host.asked, 1);
    assert!(!host.take_notices().iter().any(|notice| matches!(notice, Notice::Ended { .. })));
}

#[test]
fn the_session_ends_only_where_the_fallback_is_refused_too() {
    let mut host = Host::signed_in(true);
    host.pass(3_600_000);
    host.reply(oauth_error(400, "invalid_grant"));
    host.reply(Reply::Json(401, r#"{"message":"wrong password"}"#.to_owned()));
    host.need(2);
    assert_eq!(host.take(), ["fail 2 ERR_LOGIN_REJECTED"]);
    assert_eq!(end_reason(&host), EndReason::RefreshRejected);
}

#[test]
fn a_sign_in_that_is_refused_ahead_of_time_leaves_the_token_until_it_expires() {
    let mut host = Host::new(true);
    host.reply(tokens("a1", None, Some(3600)));
    host.login(1);
    host.pass(2_400_000);
    host.reply(oauth_error(400, "invalid_grant"));
    // Somebody wants more life than is left, and there is nothing but the password to get it with.
    host.step(Event::Need { id: CallId(2), min_validity_ms: 1_800_000, once: false, force: false });
    assert_eq!(host.take(), ["signed in 1", "use 2 a1"]);
    assert_eq!((host.asked, host.requests.len()), (1, 2));
    host.need(3);
    assert_eq!(host.take(), ["use 3 a1"]);
    assert!(!host.take_notices().iter().any(|notice| matches!(notice, Notice::Ended { .. })));
    host.pass(1_200_000);
    host.reply(oauth_error(400, "invalid_grant"));
    host.need(4);
    assert_eq!(host.take(), ["fail 4 ERR_LOGIN_REJECTED"]);
    assert_eq!(end_reason(&host), EndReason::NoRefreshToken);
}

#[test]
fn without_a_refresh_token_the_session_ends_at_expiry() {
    let mut host = Host::new(false);
    host.reply(tokens("a1", None, Some(60)));
    host.login(1);
    host.pass(50_000);
    host.need(2);
    host.pass(10_000);
    host.need(3);
    assert_eq!(host.take(), ["signed in 1", "use 2 a1", "fail 3 ERR_SESSION_SIGNED_OUT"]);
    assert_eq!(end_reason(&host), EndReason::NoRefreshToken);
}

#[test]
fn a_refresh_that_brings_somebody_else_ends_the_session() {
    // {"sub":"ada"} and {"sub":"eve"}
    let mut host = Host::new(false);
    host.reply(tokens("e30.eyJzdWIiOiJhZGEifQ.x", Some("r1"), Some(60)));
    host.login(1);
    host.pass(60_000);
    host.reply(tokens("e30.eyJzdWIiOiJldmUifQ.x", Some("r2"), Some(60)));
    host.need(2);
    assert_eq!(host.take(), ["signed in 1", "fail 2 ERR_SESSION_CHANGED"]);
    assert_eq!(end_reason(&host), EndReason::IdentityChanged);
    assert_eq!(host.requests[2].1, r#"{"refresh_token":"r2"}"#, "the new tokens are revoked");
}

#[test]
fn a_caller_who_leaves_stops_nothing() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000);
    host.need(2);
    host.need(3);
    host.step(Event::Leave { id: CallId(2) });
    host.release(tokens("a2", Some("r2"), Some(3600)));
    assert_eq!(host.take(), ["use 3 a2"]);
}

#[test]
fn a_wrong_password_is_told_to_the_caller_and_changes_nothing() {
    for reply in [
        oauth_error(400, "invalid_grant"),
        Reply::Json(401, "{}".to_owned()),
        Reply::Json(403, "{}".to_owned()),
        Reply::Text(401, "no"),
    ] {
        let mut host = Host::new(false);
        host.reply(reply);
        host.login(1);
        assert_eq!(host.take(), ["fail 1 ERR_LOGIN_REJECTED"]);
        assert_eq!(end_reason(&host), EndReason::NeverSignedIn);
        assert!(host.store.borrow().record.is_none());
        host.reply(tokens("a1", Some("r1"), Some(3600)));
        host.login(2);
        assert_eq!(host.take(), ["signed in 2"], "no pause stands in the user's way");
    }
}

#[test]
fn a_failed_sign_in_leaves_the_running_session_alone() {
    let mut host = Host::signed_in(false);
    host.reply(oauth_error(400, "invalid_grant"));
    host.login(2);
    host.need(3);
    assert_eq!(host.take(), ["fail 2 ERR_LOGIN_REJECTED", "use 3 a1"]);
}

#[test]
fn a_pause_is_never_longer_than_it_was_set_for_whatever_becomes_of_the_clock() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000);
    host.reply(Reply::RetryAfter(429, "7"));
    host.need(2);
    // The only clock there is, where one was given: an hour back.
    host.now.wall_ms -= 3_600_000;
    host.now.mono_ms -= 3_600_000;
    host.reply(tokens("a2", Some("r2"), Some(3600)));
    host.need(3);
    assert_eq!(host.take(), ["fail 2 ERR_TOKEN_REFRESH_UNAVAILABLE", "use 3 a2"]);
}

#[test]
fn the_budget_bounds_requests_however_short_tokens_live() {
    let mut host = Host::new(false);
    host.reply(tokens("a1", Some("r1"), Some(0)));
    host.login(1);
    for id in 2..40 {
        host.reply(tokens("a2", Some("r2"), Some(0)));
        host.need(id);
    }
    assert_eq!(host.requests.len(), 5);
    host.pass(31_000);
    host.need(50);
    assert_eq!(host.requests.len(), 6);
}

#[test]
fn a_clock_that_is_set_makes_no_token_live_longer() {
    let mut host = Host::signed_in(false);
    host.now.wall_ms -= 7_200_000;
    host.need(2);
    assert_eq!(host.take(), ["use 2 a1"], "usable, and refreshed beside");
    assert!(host.notices.contains(&Notice::Warning(Warning::ClockJump)));
    assert_eq!(host.requests.len(), 2);
    host.release(Reply::Text(503, ""));
    // The monotonic clock goes on, and the token ends when it should.
    host.now.mono_ms += 3_540_000;
    host.now.wall_ms += 3_540_000;
    assert!(matches!(host.snapshot(), Snapshot::Active { freshness: Freshness::Expired, .. }));
}

#[test]
fn a_sleep_that_the_monotonic_clock_missed_counts() {
    let mut host = Host::signed_in(false);
    host.now.wall_ms += 8 * 3_600_000;
    host.need(2);
    assert!(host.take().is_empty(), "the token has expired over night");
    assert_eq!(host.requests.len(), 2);
}

#[test]
fn a_token_of_unknown_life_serves_until_a_401() {
    let mut host = Host::new(false);
    host.reply(tokens("a1", Some("r1"), None));
    host.login(1);
    host.pass(90 * 86_400_000);
    host.need(2);
    assert_eq!(host.take(), ["signed in 1", "use 2 a1"]);
    assert_eq!(host.requests.len(), 1);
}

#[test]
fn min_validity_refreshes_first_and_never_asks_for_more_than_a_whole_life() {
    let mut host = Host::signed_in(false);
    host.pass(2_400_000);
    host.step(Event::Need { id: CallId(2), min_validity_ms: 1_800_000, once: false, force: false });
    assert!(host.take().is_empty());
    host.release(tokens("a2", Some("r2"), Some(3600)));
    assert_eq!(host.take(), ["use 2 a2"]);
    host.step(Event::Need { id: CallId(3), min_validity_ms: 86_400_000, once: false, force: false });
    assert_eq!(host.take(), ["use 3 a2"]);
}

#[test]
fn a_forced_refresh_gives_a_later_token() {
    let mut host = Host::signed_in(false);
    host.reply(tokens("a2", Some("r2"), Some(3600)));
    host.step(Event::Need { id: CallId(2), min_validity_ms: 0, once: false, force: true });
    assert_eq!(host.take(), ["use 2 a2"]);
}

#[test]
fn a_sign_in_while_credentials_are_asked_for_is_the_answer_and_what_is_given_later_is_none() {
    let asking = || {
        let mut host = Host::new(true);
        host.asks_slowly = true;
        host
    };
    let login = |id| Event::Login { id: CallId(id), credentials: None };
    // For a token, and for a sign-in without any credentials, twice.
    for first in [Event::Need { id: CallId(1), min_validity_ms: 0, once: false, force: false }, login(1)] {
        for replies in [vec![tokens("a1", Some("r1"), Some(3600))], vec![oauth_error(400, "invalid_grant")]] {
            let mut host = asking();
            let needs = matches!(first, Event::Need { .. });
            host.step(first.clone());
            host.step(login(2));
            assert_eq!((host.take(), host.asked), (vec![], 1));
            let fine = matches!(replies[0], Reply::Json(200, _));
            host.replies.extend(replies);
            host.login(3);
            let answer = |id| match (fine, needs && id == 1) {
                (true, true) => "use 1 a1".to_owned(),
                (true, false) => format!("signed in {id}"),
                (false, _) => format!("fail {id} ERR_LOGIN_REJECTED"),
            };
            let mut answers = host.take();
            answers.sort_by_key(|answer| answer.split(' ').find_map(|word| word.parse::<u32>().ok()));
            assert_eq!(answers, [answer(1), answer(2), answer(3)]);
            host.give();
            assert_eq!((host.take(), host.requests.len(), host.asked), (vec![], 1, 1));
        }
    }
    // One that only somebody else's sign-in keeps waiting is asked for nothing.
    let mut host = asking();
    host.step(login(1));
    host.need(2);
    host.reply(tokens("a1", Some("r1"), Some(3600)));
    host.give();
    assert_eq!(host.take(), ["use 2 a1", "signed in 1"]);
}

#[test]
fn a_failure_pauses_whoever_waits_for_a_token_though_somebody_signed_in_meanwhile() {
    let mut host = Host::new(true);
    host.asks_slowly = true;
    host.need(1);
    host.replies.push_back(Reply::Text(429, ""));
    host.login(2);
    assert_eq!(host.take().len(), 2);
    assert_eq!((host.requests.len(), host.asked), (1, 1));
    host.need(3);
    assert_eq!(host.take(), ["fail 3 ERR_TOKEN_REFRESH_UNAVAILABLE"]);
    assert_eq!((host.requests.len(), host.asked), (1, 1), "nothing is asked or sent in the pause");
    host.reply(tokens("a1", Some("r1"), Some(3600)));
    host.login(4);
    assert_eq!(host.take(), ["signed in 4"]);
}

#[test]
fn a_clock_that_cannot_be_read_refuses_a_call_and_loses_no_answer() {
    let mut host = Host::new(false);
    let unreadable = || Now::read(f64::NAN, 0.0, true);
    let need = Event::Need { id: CallId(1), min_validity_ms: 0, once: false, force: false };
    assert_eq!(host.session.time_of(&need, unreadable()).expect_err("a call").code(), "ERR_INVALID_ARG");
    assert!(host.session.time_of(&Event::Start, unreadable()).is_err(), "there is no time yet");
    assert!(host.session.time_of(&Event::Close, unreadable()).is_ok());
    host.login(2);
    assert!(host.session.time_of(&need, unreadable()).is_err());
    let answer = Event::Lost { op: host.held[0], loss: Loss::Timeout };
    assert_eq!(host.session.time_of(&answer, unreadable()), Ok(host.now));
    let later = Now { wall_ms: T0 + 5, mono_ms: 5 };
    assert_eq!(host.session.time_of(&answer, Ok(later)), Ok(later));
}

#[test]
fn the_recorder_keeps_the_last_transitions_and_no_secret() {
    let mut host = Host::signed_in(false);
    for id in 2..60 {
        host.pass(3_600_000);
        host.reply(tokens("a2", Some("r2"), Some(3600)));
        host.need(id);
    }
    let log = host.session.explain();
    assert_eq!(log.len(), 64);
    assert!(log.iter().all(|line| line.at_ms > T0));
    let last = log.last().expect("a line");
    assert_eq!((last.from, last.event, last.to), ("committing", "saved", "idle"));
}

#[test]
fn nothing_that_is_printed_holds_a_secret() {
    let mut host = Host::signed_in(true);
    let text = format!("{:?} {:?} {:?}", host.session, host.snapshot(), host.session.explain());
    let mut effects = Vec::new();
    host.pass(3_600_000);
    let need = Event::Need { id: CallId(2), min_validity_ms: 0, once: false, force: false };
    host.session.step(host.now, need, &mut effects);
    let text = format!("{text} {effects:?}");
    for secret in ["a1\"", "r1\"", "correct horse"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn the_password_is_nowhere_once_the_request_is_sent() {
    for reply in
        [tokens("a1", Some("r1"), Some(3600)), oauth_error(400, "invalid_grant"), Reply::Text(503, "")]
    {
        // Typed at a sign-in, and given where it is asked for.
        for asks in [false, true] {
            let mut host = Host::new(asks);
            host.reply(reply.clone());
            if asks {
                host.need(1);
            } else {
                host.login(1);
            }
            assert!(host.requests[0].1.contains("correct horse"));
            let record = host.store.borrow().record.clone().map(|(record, _)| record).unwrap_or_default();
            let state = host.session.state().reveal().clone();
            let shown = format!("{:?} {:?} {:?}", host.session.explain(), host.snapshot(), host.notices);
            for text in [&record, &state, &shown] {
                assert!(!text.contains("correct horse") && !text.contains("password"), "{text}");
            }
            // Nor is there one to send another time.
            host.pass(7_200_000);
            host.reply(Reply::Text(503, ""));
            host.credentials = None;
            host.need(2);
            assert!(!host.requests[1..].iter().any(|(_, body)| body.contains("correct horse")));
        }
    }
}

#[test]
fn a_token_of_many_weeks_arms_no_timer_and_is_left_in_peace() {
    let mut host = Host::new(false);
    host.reply(tokens("a1", Some("r1"), Some(40 * 86_400)));
    host.login(1);
    for id in 2..40 {
        host.pass(86_400_000);
        host.need(id);
    }
    assert_eq!((host.requests.len(), host.wakes.len()), (1, 0));
}

#[test]
fn without_a_refresh_token_the_password_is_asked_for_at_expiry_and_not_before() {
    let mut host = Host::new(true);
    host.reply(tokens("a1", None, Some(3600)));
    host.login(1);
    host.pass(3_590_000);
    host.need(2);
    assert_eq!((host.take(), host.asked), (vec!["signed in 1".to_owned(), "use 2 a1".to_owned()], 0));
    host.pass(10_000);
    host.reply(tokens("b1", None, Some(3600)));
    host.need(3);
    assert_eq!((host.take(), host.asked), (vec!["use 3 b1".to_owned()], 1));
    assert!(!host.take_notices().iter().any(|notice| matches!(notice, Notice::Ended { .. })));
}

#[test]
fn end_now_takes_the_token_away_with_the_refresh_token() {
    for asks in [false, true] {
        let options = Options { keep_until_expiry: false, ..Options::default() };
        let mut host = Host::with(json_login(asks), options, SharedStore::default(), 1);
        host.reply(tokens("a1", Some("r1"), Some(3600)));
        host.login(1);
        host.pass(3_590_000);
        host.reply(oauth_error(400, "invalid_grant"));
        host.need(2);
        assert_eq!(host.take(), ["signed in 1", "use 2 a1"], "this call had it already");
        host.reply(tokens("b1", Some("s1"), Some(3600)));
        host.need(3);
        let answer = if asks { "use 3 b1" } else { "fail 3 ERR_SESSION_SIGNED_OUT" };
        assert_eq!(host.take(), [answer]);
        assert_eq!(host.asked, usize::from(asks));
    }
}

#[test]
fn without_background_work_a_stale_token_serves_until_it_expires() {
    let options = Options { background: false, ..Options::default() };
    let mut host = Host::with(json_login(false), options, SharedStore::default(), 1);
    host.reply(tokens("a1", Some("r1"), Some(3600)));
    host.login(1);
    host.pass(3_590_000);
    host.need(2);
    assert_eq!(host.requests.len(), 1);
    host.pass(10_000);
    host.need(3);
    assert_eq!(host.requests.len(), 2);
}
