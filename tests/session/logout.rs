//! The end that a user chose: what is forgotten, revoked and never taken up again.

use crate::support::{Host, Reply, end_reason, json_login, tokens};
use tokenward::session::{EndReason, Event, Options, Session};

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
        assert_eq!(host.take(), ["signed out 3 revoked=true"]);
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
    let credentials = Some(crate::support::password());
    loading.session.step(loading.now, Event::Login { id: 2, credentials }, &mut effects);
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
