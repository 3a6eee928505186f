//! The end that a user chose: what is forgotten, revoked and never taken up again.

use std::cell::RefCell;
use std::rc::Rc;

use crate::support::{Host, Reply, T0, end_reason, json_login, password, secret, tokens};
use tokenward::session::{
    Answer, CallId, Effect, EndReason, Event, Loss, Options, Session, Snapshot, StoreFailed, Stored,
};

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
fn without_a_credentials_callback_a_logout_leaves_the_store_empty() {
    let mut host = Host::signed_in(false);
    host.reply(Reply::Text(200, ""));
    host.logout(2);
    assert_eq!(host.take(), ["signed out 2 revoked=true"]);
    assert!(host.store.borrow().record.is_none());
}

#[test]
fn a_logout_ends_every_sign_in_that_was_in_use_though_the_store_cannot_be_cleared() {
    let restored = |host: &mut Host| {
        let state = host.session.state();
        host.session = Session::restore(json_login(false), Options::default(), 2, state.reveal(), host.now);
    };
    // The machine is lost at no time, before the sign-out, or after it.
    for lost in 0..3 {
        let mut host = Host::signed_in(false);
        host.store.borrow_mut().fails = true;
        host.reply(tokens("b1", Some("s1"), Some(3600)));
        host.login(2);
        assert_eq!(host.take(), ["signed in 2"], "in memory alone: the store has the sign-in before");
        if lost == 1 {
            restored(&mut host);
        }
        host.reply(Reply::Text(200, ""));
        host.logout(3);
        assert_eq!(host.take(), ["signed out 3 revoked=true, not stored"]);
        host.store.borrow_mut().fails = false;
        assert!(host.store.borrow().record.as_ref().is_some_and(|(record, _)| record.contains("a1")));
        if lost == 2 {
            restored(&mut host);
        }
        host.step(Event::Changed);
        host.need(4);
        assert_eq!(host.take(), ["fail 4 ERR_SESSION_SIGNED_OUT"], "lost {lost}: it is not taken up");
        host.reply(tokens("c1", Some("t1"), Some(3600)));
        host.login(5);
        host.need(6);
        assert_eq!(host.take(), ["signed in 5", "use 6 c1"]);
    }
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
fn a_sign_in_that_was_waiting_for_its_turn_is_over_with_a_logout() {
    // Under way are: the first look at the store, and a refresh.
    let mut loading = Host::new(true);
    let mut effects = Vec::new();
    let credentials = Some(password());
    loading.session.step(loading.now, Event::Login { id: CallId(2), credentials }, &mut effects);
    loading.logout(3);
    assert_eq!(loading.take(), ["fail 2 ERR_SESSION_SIGNED_OUT", "signed out 3 revoked=false"]);
    let mut refreshing = Host::signed_in(true);
    refreshing.pass(3_600_000);
    refreshing.need(9);
    refreshing.login(2);
    refreshing.reply(Reply::Text(200, ""));
    refreshing.logout(3);
    let told =
        ["fail 2 ERR_SESSION_SIGNED_OUT", "fail 9 ERR_SESSION_SIGNED_OUT", "signed out 3 revoked=true"];
    let mut answers = refreshing.take();
    answers.sort();
    assert_eq!(answers, told);
    for host in [&mut loading, &mut refreshing] {
        assert_eq!(end_reason(host), EndReason::Logout);
        host.need(4);
        assert_eq!(host.take(), ["fail 4 ERR_SESSION_SIGNED_OUT"]);
        assert_eq!(host.asked, 0);
        assert!(!host.requests.iter().skip(1).any(|(_, body)| body.contains("password")));
    }
    // A sign-in after it is meant.
    refreshing.reply(tokens("b1", Some("s1"), Some(3600)));
    refreshing.login(5);
    assert_eq!(refreshing.take(), ["signed in 5"]);
}

#[test]
fn a_logout_says_whether_the_store_shows_it() {
    let mut host = Host::signed_in(false);
    host.store.borrow_mut().fails = true;
    host.reply(Reply::Text(200, ""));
    host.logout(2);
    assert_eq!(host.take(), ["signed out 2 revoked=true, not stored"]);
    host.store.borrow_mut().fails = false;
    host.reply(Reply::Text(200, ""));
    host.logout(3);
    assert_eq!(host.take(), ["signed out 3 revoked=true"]);
    assert!(host.store.borrow().record.is_none());
}

/// Steps one event without a host, and gives the effects.
fn step(host: &mut Host, event: Event) -> Vec<Effect> {
    let mut effects = Vec::new();
    host.session.step(host.now, event, &mut effects);
    effects
}

fn loaded(effects: &[Effect], record: Option<(&str, &str)>) -> Event {
    let Some(Effect::Load { op }) = effects.iter().find(|effect| matches!(effect, Effect::Load { .. }))
    else {
        panic!("no load in {effects:?}");
    };
    let stored =
        record.map(|(record, version)| Stored { record: secret(record), version: version.to_owned() });
    Event::Loaded { op: *op, result: Ok(stored) }
}

fn saved(effects: &[Effect], version: Option<&str>) -> Event {
    let Some(Effect::Save { op, .. }) = effects.iter().find(|effect| matches!(effect, Effect::Save { .. }))
    else {
        panic!("no save in {effects:?}");
    };
    Event::Saved { op: *op, result: Ok(version.map(str::to_owned)) }
}

#[test]
fn a_mark_that_meets_another_record_is_written_again_and_the_tokens_in_it_are_ended() {
    let mut host = Host::new(true);
    let effects = step(&mut host, Event::Logout { id: CallId(1), compromised: false });
    let effects = {
        let event = loaded(&effects, None);
        step(&mut host, event)
    };
    // Another instance has signed in between the look and the save.
    let record = format!(r#"{{"v":1,"epoch":{T0},"generation":1,"access":"b1","sent":{T0}}}"#);
    let conflict = saved(&effects, None);
    let look = step(&mut host, conflict);
    let event = loaded(&look, Some((&record, "7")));
    let clear = step(&mut host, event);
    let [Effect::Send { op: revoke, .. }, Effect::Clear { op, expect: Some(version) }, ..] = &clear[..]
    else {
        panic!("it is not cleared: {clear:?}");
    };
    assert_eq!(version, "7");
    let mark = step(&mut host, Event::Cleared { op: *op, result: Ok(true) });
    assert!(matches!(&mark[..], [Effect::Save { expect: None, .. }, ..]), "{mark:?}");
    let done = saved(&mark, Some("8"));
    step(&mut host, done);
    let end = step(&mut host, Event::Lost { op: *revoke, loss: Loss::Network });
    assert!(matches!(&end[..], [Effect::SignedOut { stored: true, revoked: false, .. }, ..]), "{end:?}");
    // What was ended is never taken up again.
    let look = step(&mut host, Event::Changed);
    let event = loaded(&look, Some((&record, "9")));
    step(&mut host, event);
    assert_eq!(end_reason(&host), EndReason::Logout);
}

#[test]
fn a_store_that_always_meets_another_record_ends_the_logout_as_not_stored() {
    let mut host = Host::new(true);
    let mut effects = step(&mut host, Event::Logout { id: CallId(1), compromised: false });
    for _ in 0..100 {
        if effects.iter().any(|effect| matches!(effect, Effect::SignedOut { stored: false, .. })) {
            return;
        }
        let is_load = effects.iter().any(|effect| matches!(effect, Effect::Load { .. }));
        let event = if is_load { loaded(&effects, None) } else { saved(&effects, None) };
        effects = step(&mut host, event);
    }
    panic!("it does not end");
}

#[test]
fn tokens_that_are_being_saved_during_a_logout_do_not_land_after_it() {
    let mut host = Host::new(false);
    let login = Event::Login { id: CallId(1), credentials: Some(password()) };
    let look = step(&mut host, login);
    let event = loaded(&look, None);
    let look = step(&mut host, event);
    let event = loaded(&look, None);
    let intent = step(&mut host, event);
    let Some(Effect::Save { op, .. }) = intent.last() else { panic!("{intent:?}") };
    let send = step(&mut host, Event::Saved { op: *op, result: Err(StoreFailed) });
    let Some(Effect::Send { op, .. }) = send.last() else { panic!("{send:?}") };
    let body = secret(r#"{"token":"a1","refresh_token":"r1","expires_in":3600}"#);
    let answer = Answer { status: 200, content_type: "application/json".to_owned(), retry_after: None, body };
    let commit = step(&mut host, Event::Received { op: *op, answer });
    assert!(matches!(&commit[..], [Effect::Save { expect: None, .. }]), "an empty store is expected");
    let look = step(&mut host, Event::Logout { id: CallId(2), compromised: false });
    let event = loaded(&look, None);
    let mark = step(&mut host, event);
    assert!(
        matches!(&mark[..], [.., Effect::Save { expect: None, .. }]),
        "whichever lands first, the other meets a record: {mark:?}"
    );
}

#[test]
fn a_logout_in_one_request_ends_the_sign_in_of_another() {
    let host = Host::new(true);
    let whole = Rc::new(RefCell::new(Host::new(true).session));
    let (mut one, mut two) = (host.fork(&whole, 1), host.fork(&whole, 2));
    one.need(1);
    assert_eq!(one.requests.len(), 1, "a sign-in is under way");
    two.pass(10);
    two.logout(2);
    one.pass(20);
    one.release(tokens("a1", Some("r1"), Some(3600)));
    assert_eq!(one.take(), ["fail 1 ERR_SESSION_SIGNED_OUT"]);
    assert_eq!(two.take(), ["signed out 2 revoked=false"]);
    let mut three = host.fork(&whole, 3);
    three.now = one.now;
    three.need(3);
    assert_eq!(three.take(), ["fail 3 ERR_SESSION_SIGNED_OUT"]);
    assert!(!host.store.borrow().record.as_ref().is_some_and(|(record, _)| record.contains("a1")));
    // A sign-in that begins after it is meant.
    let mut four = host.fork(&whole, 4);
    four.now = one.now;
    four.reply(tokens("b1", Some("s1"), Some(3600)));
    four.login(4);
    assert_eq!(four.take(), ["signed in 4"]);
    let mut five = host.fork(&whole, 5);
    five.now = one.now;
    five.need(5);
    assert_eq!(five.take(), ["use 5 b1"]);
}

#[test]
fn tokens_of_another_request_are_over_with_a_logout_that_finds_them_in_the_store() {
    let host = Host::new(true);
    let whole = Rc::new(RefCell::new(Host::new(true).session));
    let (mut one, mut two) = (host.fork(&whole, 1), host.fork(&whole, 2));
    one.reply(tokens("a1", Some("r1"), Some(3600)));
    one.need(1);
    assert_eq!(one.take(), ["use 1 a1"]);
    two.reply(Reply::Text(200, ""));
    two.logout(2);
    assert_eq!(two.take(), ["signed out 2 revoked=true"]);
    one.need(3);
    assert_eq!(one.take(), ["fail 3 ERR_SESSION_SIGNED_OUT"]);
    assert!(matches!(whole.borrow().snapshot(host.now), Snapshot::SignedOut { reason: EndReason::Logout }));
}
