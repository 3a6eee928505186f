//! Several instances on one store, lost answers, lost instances, and stores that fail.

use std::cell::RefCell;
use std::rc::Rc;

use crate::support::{Host, Reply, SharedStore, T0, end_reason, json_login, oauth_error, tokens};
use tokenward::session::{EndReason, Event, Loss, Notice, Options, Snapshot, Warning};

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
fn instances_that_vanish_one_after_another_keep_a_caller_waiting_for_one_of_them_at_most() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000);
    host.need(2);
    let mut next = Host::with(json_login(false), Options::default(), host.store.clone(), 2);
    next.now = host.now;
    next.need(1);
    for round in 0.. {
        assert!(round < 100, "it waits without end");
        if !next.requests.is_empty() {
            break;
        }
        // As if yet another instance wrote its intent in this moment and vanished.
        let (text, version) = next.store.borrow().record.clone().expect("a record");
        let (before, after) = text.split_once("\"at\":").expect("an intent");
        let after = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
        let text = format!("{before}\"at\":{}{after}", next.now.wall_ms);
        next.store.borrow_mut().record = Some((text, version));
        next.wake();
    }
    let waited = next.now.wall_ms - host.now.wall_ms;
    assert!(waited <= 12_500, "{waited} ms");
    next.release(tokens("a2", Some("r2"), Some(3600)));
    assert_eq!(next.take(), ["use 1 a2"]);
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
fn where_the_lock_cannot_be_had_the_store_keeps_order_and_a_warning_says_so() {
    let options = Options { has_lock: true, ..Options::default() };
    let mut host = Host::with(json_login(false), options, SharedStore::default(), 1);
    host.reply(tokens("a1", Some("r1"), Some(60)));
    host.login(1);
    host.pass(60_000);
    host.lock_available = false;
    host.notices.clear();
    host.reply(tokens("a2", Some("r2"), Some(60)));
    host.need(2);
    assert_eq!(host.take(), ["signed in 1", "use 2 a2"]);
    assert!(host.take_notices().contains(&Notice::Warning(Warning::LockUnavailable)));
    assert_eq!(host.locks.len(), 3, "taken, given back, and asked for in vain: {:?}", host.locks);
}

#[test]
fn a_logout_elsewhere_that_nobody_told_is_found_before_a_token_request() {
    for asks in [false, true] {
        let mut one = Host::signed_in(asks);
        let mut two = Host::with(json_login(asks), Options::default(), one.store.clone(), 2);
        two.now = one.now;
        two.need(1);
        one.reply(Reply::Text(200, ""));
        one.logout(2);
        two.pass(3_600_000);
        two.need(3);
        assert_eq!(two.take(), ["use 1 a1", "fail 3 ERR_SESSION_SIGNED_OUT"]);
        assert_eq!((end_reason(&two), two.asked, two.requests.len()), (EndReason::LogoutElsewhere, 0, 0));
    }
}

#[test]
fn a_call_that_began_as_one_user_is_never_finished_as_another() {
    let mut one = Host::signed_in(false);
    let mut two = Host::with(json_login(false), Options::default(), one.store.clone(), 2);
    two.now = one.now;
    two.need(1);
    // Somebody else signs in, in the other tab.
    one.reply(tokens("b1", Some("s1"), Some(7200)));
    one.login(2);
    two.take();
    two.pass(3_600_000);
    two.need(3);
    assert_eq!(two.take(), ["fail 3 ERR_SESSION_CHANGED"]);
    two.need(4);
    assert_eq!(two.take(), ["use 4 b1"], "a call that begins now begins as the other");
    assert!(two.requests.is_empty());
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
fn a_refused_refresh_token_is_sent_by_nobody_while_the_password_is_asked_for() {
    let mut one = Host::signed_in(true);
    one.pass(3_600_000);
    one.asks_slowly = true;
    one.reply(oauth_error(400, "invalid_grant"));
    one.need(2);
    assert_eq!((one.asked, one.requests.len()), (1, 2), "refused, and the user is typing");
    let mut two = Host::with(json_login(true), Options::default(), one.store.clone(), 2);
    two.now = one.now;
    two.pass(30_000);
    two.asks_slowly = true;
    two.need(1);
    while !two.wakes.is_empty() {
        two.wake();
    }
    assert_eq!((two.asked, two.requests.len()), (1, 0), "the other instance knows that it was refused");
    one.reply(tokens("b1", Some("s1"), Some(3600)));
    one.give();
    assert_eq!(one.take(), ["use 2 b1"]);
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
fn forks_of_one_session_meet_in_the_store_and_the_session_learns_from_them() {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000);
    let whole = Rc::new(RefCell::new(host.session.fork(6)));
    let (mut one, mut two) = (host.fork(&whole, 7), host.fork(&whole, 8));
    one.need(1);
    two.need(1);
    assert_eq!((one.requests.len(), two.requests.len()), (1, 0), "the intent is the mutex");
    one.release(tokens("a2", Some("r2"), Some(3600)));
    two.wake();
    assert_eq!((one.take(), two.take()), (vec!["use 1 a2".to_owned()], vec!["use 1 a2".to_owned()]));
    let mut three = host.fork(&whole, 9);
    three.need(2);
    assert_eq!((three.take(), three.requests.len()), (vec!["use 2 a2".to_owned()], 0));
    // A fork that knows less teaches nothing.
    let mut stale = host.fork(&whole, 10);
    host.pass(3_600_000);
    let mut four = host.fork(&whole, 11);
    four.reply(tokens("a3", Some("r3"), Some(3600)));
    four.need(3);
    stale.need(3);
    let mut five = host.fork(&whole, 12);
    five.need(4);
    assert_eq!((four.take(), five.take()), (vec!["use 3 a3".to_owned()], vec!["use 4 a3".to_owned()]));
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

#[test]
fn what_must_outlive_the_machine_does_not_grow_with_the_sign_ins() {
    let mut host = Host::new(false);
    let mut lengths = Vec::new();
    for id in 0..80 {
        host.pass(1_000);
        host.reply(tokens("a1", Some("r1"), Some(3600)));
        host.login(id);
        lengths.push(host.session.state().reveal().len());
    }
    assert!(lengths[39] > lengths[0], "the sign-ins of before are remembered: {lengths:?}");
    assert!(lengths[79] <= lengths[39] + 8, "and not all of them: {lengths:?}");
}

#[test]
fn whatever_the_seed_is_an_intent_is_seen_by_others() {
    // Among so many, some give the largest numbers there are.
    for seed in 0..20_000 {
        let mut one = Host::with(json_login(false), Options::default(), SharedStore::default(), seed);
        one.reply(tokens("a1", Some("r1"), Some(60)));
        one.login(1);
        one.pass(60_000);
        one.need(2);
        let mut two = Host::with(json_login(false), Options::default(), one.store.clone(), !seed);
        two.now = one.now;
        two.need(1);
        assert!(two.requests.is_empty(), "seed {seed}");
    }
}

#[test]
fn of_two_sign_ins_at_once_memory_and_store_keep_the_same_one() {
    // The later request is answered first, at the same moment, or last.
    for (first_ms, second_ms) in [(0, 0), (1, 0), (0, 1)] {
        let host = Host::new(false);
        let whole = Rc::new(RefCell::new(Host::new(false).session));
        let (mut ada, mut bob) = (host.fork(&whole, 1), host.fork(&whole, 2));
        ada.login(1);
        bob.login(2);
        while bob.requests.is_empty() {
            // It waits for the intent of the first, until that is taken for abandoned.
            bob.wake();
        }
        ada.now = bob.now;
        ada.pass(first_ms);
        bob.pass(second_ms);
        bob.release(tokens("b1", Some("s1"), Some(3600)));
        ada.release(tokens("a1", Some("r1"), Some(3600)));
        assert_eq!((ada.take(), bob.take()), (vec!["signed in 1".into()], vec!["signed in 2".into()]));
        let record = host.store.borrow().record.clone().expect("a record").0;
        assert!(record.contains("a1"), "the last to be saved: {record}");
        let mut three = host.fork(&whole, 3);
        three.now = ada.now;
        three.need(3);
        assert_eq!(three.take(), ["use 3 a1"], "{first_ms} {second_ms}");
    }
}

#[test]
fn a_record_is_held_to_the_rules_for_a_token_response() {
    let record = |access: &str, more: &str| {
        format!(r#"{{"v":1,"epoch":5,"generation":1,"access":{access},"sent":{T0}{more}}}"#)
    };
    let access =
        [r#""""#, r#""a\r\nx-evil: 1""#, r#""a b""#, r#""a\u00ff""#, r#""\ud83d\ude00""#, "7", "null"];
    let more = [
        r#","refresh":"""#,
        r#","refresh":7"#,
        r#","lifetime":-1"#,
        r#","lifetime":"1""#,
        r#","lifetime":1e15"#,
    ];
    let long = format!(r#","subject":"{}""#, "x".repeat(1 << 20));
    let bad = access.iter().map(|access| record(access, "")).chain(more.map(|more| record(r#""a1""#, more)));
    for record in bad.chain([record(r#""a1""#, &long)]) {
        let mut host = Host::new(false);
        host.store.borrow_mut().record = Some((record.clone(), 900));
        host.need(1);
        assert_eq!(host.take(), ["fail 1 ERR_SESSION_SIGNED_OUT"], "{}", &record[..80]);
        assert_eq!(end_reason(&host), EndReason::StoreCorrupt);
    }
    let mut host = Host::new(false);
    host.store.borrow_mut().record = Some((record(r#""a1""#, r#","lifetime":3600000"#), 900));
    host.need(1);
    assert_eq!(host.take(), ["use 1 a1"]);
}
