//! One session: every way a token is obtained, kept, replaced and given up.
#![cfg(all(feature = "session", not(target_arch = "wasm32")))]

mod session_support;

use session_support::{Host, Reply, SharedStore, T0, json_login, oauth_error, tokens};
use tokenward::session::{EndReason, Event, Freshness, Loss, Notice, Options, Snapshot, Warning};

const INVALID_TOKEN: &str = r#"Bearer realm="api", error="invalid_token""#;

fn generation(host: &Host) -> u64 {
    match host.snapshot() {
        Snapshot::Active { generation, .. } => generation,
        other => panic!("not signed in: {other:?}"),
    }
}

fn end_reason(host: &Host) -> EndReason {
    match host.snapshot() {
        Snapshot::SignedOut { reason } => reason,
        other => panic!("signed in or loading: {other:?}"),
    }
}

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
fn a_401_refreshes_once_and_the_second_401_is_delivered() {
    let mut host = Host::signed_in(false);
    host.need(2);
    host.reply(tokens("a2", Some("r2"), Some(3600)));
    host.take();
    host.unauthorized(2, Some(INVALID_TOKEN));
    assert_eq!(host.take(), ["use 2 a2"]);
    host.unauthorized(2, Some(INVALID_TOKEN));
    assert_eq!(host.take(), ["deliver 2"]);
    assert!(host.take_notices().contains(&Notice::Warning(Warning::RejectedOnArrival)));
    assert_eq!(host.requests.len(), 2);
}

#[test]
fn a_401_without_a_readable_challenge_counts_as_invalid_token() {
    let mut host = Host::signed_in(false);
    host.need(2);
    host.reply(tokens("a2", Some("r2"), Some(3600)));
    host.unauthorized(2, None);
    assert_eq!(host.take(), ["use 2 a1", "use 2 a2"]);
}

#[test]
fn a_401_that_a_new_token_cannot_cure_is_delivered() {
    for challenge in [
        r#"Bearer error="invalid_request""#,
        r#"Basic realm="door""#,
        r#"Negotiate, Basic realm="door, Bearer""#,
        r#"Bearer error="insufficient_user_authentication", acr_values="gold""#,
        r#"Bearer error="insufficient_scope", scope="admin""#,
    ] {
        let mut host = Host::signed_in(false);
        host.need(2);
        host.unauthorized(2, Some(challenge));
        assert_eq!(host.take(), ["use 2 a1", "deliver 2"], "{challenge}");
        assert_eq!(host.requests.len(), 1, "{challenge}");
    }
}

#[test]
fn a_late_401_is_answered_with_the_current_token_and_no_refresh() {
    let mut host = Host::signed_in(false);
    host.need(2);
    let old = host.last_use;
    host.reply(tokens("a2", Some("r2"), Some(3600)));
    host.unauthorized(2, Some(INVALID_TOKEN));
    host.take();
    host.answered(3, old.0, old.1, 401, Some(INVALID_TOKEN), true);
    assert_eq!(host.take(), ["use 3 a2"]);
    assert_eq!(host.requests.len(), 2);
}

#[test]
fn a_401_under_another_sign_in_is_delivered() {
    let mut host = Host::signed_in(false);
    host.need(2);
    let old = host.last_use;
    host.reply(tokens("b1", Some("s1"), Some(3600)));
    host.login(3);
    host.take();
    host.answered(2, old.0, old.1, 401, Some(INVALID_TOKEN), true);
    assert_eq!(host.take(), ["deliver 2"]);
}

#[test]
fn a_request_that_cannot_be_repeated_gets_its_401_and_the_next_one_a_new_token() {
    let mut host = Host::signed_in(false);
    host.need(2);
    let (epoch, generation) = host.last_use;
    host.take();
    host.reply(tokens("a2", Some("r2"), Some(3600)));
    host.answered(2, epoch, generation, 401, Some(INVALID_TOKEN), false);
    host.need(3);
    assert_eq!(host.take(), ["deliver 2", "use 3 a2"]);
}

#[test]
fn a_mark_ends_with_a_success_from_that_origin() {
    let mut host = Host::new(false);
    host.reply(tokens("a1", Some("r1"), Some(3600)));
    host.login(1);
    host.need(2);
    host.take();
    host.unauthorized(2, Some(INVALID_TOKEN));
    assert_eq!(host.take(), ["deliver 2"], "brand-new tokens are not refreshed");
    host.pass(20_000);
    host.unauthorized(2, Some(INVALID_TOKEN));
    assert_eq!(host.take(), ["deliver 2"], "the origin is still marked");
    let (epoch, generation) = host.last_use;
    host.answered(2, epoch, generation, 200, None, true);
    host.reply(tokens("a2", Some("r2"), Some(3600)));
    host.unauthorized(2, Some(INVALID_TOKEN));
    assert_eq!(host.take(), ["use 2 a2"]);
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
fn logout_forgets_at_once_revokes_and_stays_out() {
    let mut host = Host::signed_in(true);
    host.logout(2);
    assert_eq!(end_reason(&host), EndReason::Logout);
    assert_eq!(host.requests[1].0, "https://as.example/logout Bearer a1");
    assert_eq!(host.requests[1].1, r#"{"refresh_token":"r1"}"#);
    host.need(3);
    assert_eq!(host.take(), ["fail 3 ERR_SESSION_SIGNED_OUT"], "the revocation is still under way");
    host.release(Reply::Text(204, ""));
    assert_eq!(host.take(), ["signed out 2 revoked=true"]);
    host.need(4);
    assert_eq!(host.take(), ["fail 4 ERR_SESSION_SIGNED_OUT"]);
    assert_eq!(host.asked, 0);
    let record = host.store.borrow().record.clone().expect("that it was on purpose is remembered").0;
    assert!(!record.contains("a1") && !record.contains("r1"));
    host.reply(tokens("b1", Some("s1"), Some(3600)));
    host.login(5);
    host.need(6);
    assert_eq!(host.take(), ["signed in 5", "use 6 b1"]);
}

#[test]
fn after_a_logout_no_other_instance_signs_in_by_itself() {
    let mut host = Host::signed_in(true);
    let mut other = Host::with(json_login(true), Options::default(), host.store.clone(), 2);
    other.need(1);
    assert_eq!(other.take(), ["use 1 a1"]);
    host.logout(2);
    other.step(Event::Changed);
    other.need(2);
    assert_eq!(other.take(), ["fail 2 ERR_SESSION_SIGNED_OUT"]);
    assert_eq!(end_reason(&other), EndReason::LogoutElsewhere);
    let mut later = Host::with(json_login(true), Options::default(), host.store.clone(), 3);
    later.need(1);
    assert_eq!(later.take(), ["fail 1 ERR_SESSION_SIGNED_OUT"]);
    assert_eq!((other.asked, later.asked), (0, 0));
}

#[test]
fn without_a_credentials_callback_a_logout_leaves_the_store_empty() {
    let mut host = Host::signed_in(false);
    host.reply(Reply::Text(200, ""));
    host.logout(2);
    assert_eq!(host.take(), ["signed out 2 revoked=true"]);
    assert!(host.store.borrow().record.is_none());
}

#[test]
fn tokens_that_arrive_after_a_logout_are_revoked_and_never_used() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000);
    host.need(2);
    host.reply(Reply::Text(200, ""));
    host.logout(3);
    assert_eq!(host.take(), ["fail 2 ERR_SESSION_SIGNED_OUT", "signed out 3 revoked=true"]);
    host.release(tokens("a2", Some("r2"), Some(3600)));
    assert_eq!(host.requests.last().expect("a request").1, r#"{"refresh_token":"r2"}"#);
    assert!(host.store.borrow().record.is_none());
    host.need(4);
    assert_eq!(host.take(), ["fail 4 ERR_SESSION_SIGNED_OUT"]);
}

#[test]
fn a_caller_who_leaves_stops_nothing() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000);
    host.need(2);
    host.need(3);
    host.step(Event::Leave { id: 2 });
    host.release(tokens("a2", Some("r2"), Some(3600)));
    assert_eq!(host.take(), ["use 3 a2"]);
}

#[test]
fn a_lost_answer_is_asked_for_once_more_inside_the_window() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000);
    host.reply(Reply::Loss(Loss::Network));
    host.need(2);
    host.reply(tokens("a2", Some("r2"), Some(3600)));
    host.wake();
    assert_eq!(host.take(), ["use 2 a2"]);
    assert_eq!(host.requests[1], host.requests[2], "the same refresh token, once more");
}

#[test]
fn a_replay_that_is_refused_says_that_the_answer_was_lost() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000);
    host.reply(Reply::Loss(Loss::Timeout));
    host.need(2);
    host.reply(oauth_error(400, "invalid_grant"));
    host.wake();
    assert_eq!(host.take(), ["fail 2 ERR_TOKEN_REFRESH_REJECTED"]);
    assert_eq!(end_reason(&host), EndReason::RotationResponseLost);
}

#[test]
fn a_killed_instance_leaves_an_intent_that_the_next_one_understands() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000);
    host.need(2);
    // Killed here: the request was sent. Another instance finds the intent and waits for it to be abandoned.
    let mut next = Host::with(json_login(false), Options::default(), host.store.clone(), 2);
    next.now = host.now;
    next.need(1);
    assert_eq!(next.wakes.len(), 1);
    while next.requests.is_empty() {
        next.wake();
    }
    assert!(next.now.wall_ms - host.now.wall_ms >= 12_000, "as long as the holder may live");
    assert_eq!(next.requests[0].1, r#"{"refresh_token":"r1"}"#);
    next.release(tokens("a2", Some("r2"), Some(3600)));
    assert_eq!(next.take(), ["use 1 a2"]);
    // The first was only frozen: its answer comes, its save fails, and it takes up what stands there.
    host.now = next.now;
    host.release(tokens("a1x", Some("r1x"), Some(3600)));
    assert_eq!(host.take(), ["use 2 a2"]);
}

#[test]
fn with_a_lock_the_dead_holder_is_not_waited_for() {
    let options = Options { has_lock: true, ..Options::default() };
    let store = SharedStore::default();
    let mut host = Host::with(json_login(false), options.clone(), store.clone(), 1);
    host.reply(tokens("a1", Some("r1"), Some(60)));
    host.login(1);
    host.pass(60_000);
    host.need(2);
    let mut next = Host::with(json_login(false), options, store, 2);
    next.now = host.now;
    next.reply(tokens("a2", Some("r2"), Some(60)));
    next.need(1);
    assert_eq!(next.take(), ["use 1 a2"]);
    assert_eq!(next.locks.len(), 2, "taken and given back: {:?}", next.locks);
}

#[test]
fn the_loser_of_a_race_takes_up_the_winners_tokens() {
    let mut one = Host::signed_in(false);
    let mut two = Host::with(json_login(false), Options::default(), one.store.clone(), 2);
    two.now = one.now;
    two.need(1);
    one.pass(3_600_000);
    two.pass(3_600_000);
    one.reply(tokens("a2", Some("r2"), Some(3600)));
    one.need(2);
    two.need(2);
    assert_eq!(two.take(), ["use 1 a1", "use 2 a2"]);
    assert!(two.requests.is_empty());
    assert!(
        two.take_notices().iter().any(|notice| matches!(notice, Notice::Refreshed { adopted: true, .. }))
    );
}

#[test]
fn a_refused_token_that_somebody_replaced_is_no_refusal() {
    let mut one = Host::signed_in(false);
    one.pass(3_600_000);
    one.need(2);
    let mut two = Host::with(json_login(false), Options::default(), one.store.clone(), 2);
    two.now = one.now;
    two.pass(13_000);
    two.reply(tokens("a2", Some("r2"), Some(3600)));
    two.need(1);
    one.now = two.now;
    one.release(oauth_error(400, "invalid_grant"));
    assert_eq!(one.take(), ["use 2 a2"]);
}

#[test]
fn tokens_that_cannot_be_saved_are_used_from_memory_and_saved_later() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000);
    host.need(2);
    host.store.borrow_mut().fails = true;
    host.release(tokens("a2", Some("r2"), Some(3600)));
    assert_eq!(host.take(), ["use 2 a2"]);
    assert!(matches!(host.snapshot(), Snapshot::Active { volatile: true, .. }));
    assert!(host.take_notices().contains(&Notice::Warning(Warning::PersistFailed)));
    host.store.borrow_mut().fails = false;
    host.wake();
    assert!(matches!(host.snapshot(), Snapshot::Active { volatile: false, .. }));
    assert!(host.store.borrow().record.as_ref().expect("a record").0.contains("r2"));
}

#[test]
fn a_store_that_cannot_be_read_says_so_and_is_asked_again() {
    let mut host = Host::new(false);
    host.store.borrow_mut().fails = true;
    host.need(1);
    assert_eq!(host.take(), ["fail 1 ERR_TOKEN_STORE_UNAVAILABLE"]);
    host.store.borrow_mut().fails = false;
    host.need(2);
    assert_eq!(host.take(), ["fail 2 ERR_SESSION_SIGNED_OUT"]);
}

#[test]
fn a_record_that_cannot_be_read_signs_out_and_does_not_stand_in_the_way() {
    for garbage in ["", "{}", "nonsense", r#"{"v":2,"epoch":1,"generation":1}"#, "\u{0}"] {
        let mut host = Host::new(false);
        host.store.borrow_mut().record = Some((garbage.to_owned(), 900));
        host.need(1);
        assert_eq!(host.take(), ["fail 1 ERR_SESSION_SIGNED_OUT"]);
        assert_eq!(end_reason(&host), EndReason::StoreCorrupt);
        host.reply(tokens("a1", Some("r1"), Some(3600)));
        host.login(2);
        assert_eq!(host.take(), ["signed in 2"]);
        assert!(host.store.borrow().record.as_ref().expect("a record").0.contains("a1"));
    }
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
    host.step(Event::Need { id: 2, min_validity_ms: 1_800_000, once: false, force: false });
    assert!(host.take().is_empty());
    host.release(tokens("a2", Some("r2"), Some(3600)));
    assert_eq!(host.take(), ["use 2 a2"]);
    host.step(Event::Need { id: 3, min_validity_ms: 86_400_000, once: false, force: false });
    assert_eq!(host.take(), ["use 3 a2"]);
}

#[test]
fn a_forced_refresh_gives_a_later_token() {
    let mut host = Host::signed_in(false);
    host.reply(tokens("a2", Some("r2"), Some(3600)));
    host.step(Event::Need { id: 2, min_validity_ms: 0, once: false, force: true });
    assert_eq!(host.take(), ["use 2 a2"]);
}

#[test]
fn a_closed_session_says_so_to_everybody() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000);
    host.need(2);
    host.step(Event::Close);
    host.need(3);
    host.login(4);
    host.logout(5);
    let closed = |id| format!("fail {id} ERR_SESSION_CLOSED");
    assert_eq!(host.take(), [closed(2), closed(3), closed(4), closed(5)]);
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
    let need = Event::Need { id: 2, min_validity_ms: 0, once: false, force: false };
    host.session.step(host.now, need, &mut effects);
    let text = format!("{text} {effects:?}");
    for secret in ["a1\"", "r1\"", "correct horse"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn forks_of_one_session_meet_in_the_store_and_the_session_learns_from_them() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000);
    let fork = |host: &Host, seed| {
        let mut fork = Host::with(json_login(false), Options::default(), host.store.clone(), 0);
        fork.session = host.session.fork(seed);
        fork.now = host.now;
        fork
    };
    let (mut one, mut two) = (fork(&host, 7), fork(&host, 8));
    one.need(1);
    two.need(1);
    assert_eq!((one.requests.len(), two.requests.len()), (1, 0), "the intent is the mutex");
    one.release(tokens("a2", Some("r2"), Some(3600)));
    two.wake();
    assert_eq!((one.take(), two.take()), (vec!["use 1 a2".to_owned()], vec!["use 1 a2".to_owned()]));
    host.session.absorb(&mut one.session);
    host.session.absorb(&mut two.session);
    host.need(2);
    assert_eq!(host.take(), ["use 2 a2"]);
    // A fork that knows less teaches nothing.
    let mut stale = fork(&host, 9);
    host.pass(3_600_000);
    host.reply(tokens("a3", Some("r3"), Some(3600)));
    host.need(3);
    host.session.absorb(&mut stale.session);
    host.need(4);
    assert_eq!(host.take(), ["use 3 a3", "use 4 a3"]);
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

#[test]
fn a_restored_session_goes_on_where_the_lost_one_was() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000);
    host.need(2);
    let state = host.session.state();
    let before = host.session.snapshot(host.now);
    host.session = tokenward::session::Session::restore(
        json_login(false),
        Options::default(),
        2,
        state.reveal(),
        host.now,
    );
    assert_eq!(host.session.explain(), []);
    assert!(matches!(
        (before, host.snapshot()),
        (Snapshot::Active { generation: 1, .. }, Snapshot::Active { generation: 1, .. })
    ));
    // The answer to the lost request belongs to nobody; the intent says that one was sent, so this is a replay.
    host.release(tokens("never", Some("heard"), Some(3600)));
    assert!(host.take().is_empty());
    host.reply(tokens("a2", Some("r2"), Some(3600)));
    host.need(3);
    assert_eq!(host.take(), ["use 3 a2"]);
    let garbage =
        tokenward::session::Session::restore(json_login(false), Options::default(), 2, "{}", host.now);
    assert_eq!(garbage.snapshot(host.now), Snapshot::Loading);
}
