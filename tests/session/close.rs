//! A session that is closed: who is told, and what is still written down.

use std::cell::RefCell;
use std::rc::Rc;

use crate::support::{Host, Reply, json_login, oauth_error, tokens};
use tokenward::session::{Event, Loss, Notice, Options, Snapshot};

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

/// Signed in, over a store of its own, with a refresh on its way when the session is closed.
fn closed_while_refreshing() -> Host {
    let mut host = Host::signed_in(false);
    host.pass(3_600_000);
    host.need(2);
    host.notices.clear();
    host.step(Event::Close);
    assert_eq!(host.take(), ["fail 2 ERR_SESSION_CLOSED"]);
    assert_eq!(host.notices, [Notice::Change]);
    assert!(matches!(host.snapshot(), Snapshot::SignedOut { .. }));
    host.notices.clear();
    host
}

/// What another session over the same store makes of it.
fn afterwards(host: &Host, replies: &[Reply]) -> Host {
    let mut next = Host::with(json_login(false), Options::default(), Rc::clone(&host.store), 2);
    next.now = host.now;
    next.replies.extend(replies.iter().cloned());
    next.need(9);
    next
}

#[test]
fn a_refresh_that_was_sent_is_saved_though_the_session_is_closed() {
    let mut host = closed_while_refreshing();
    host.need(3);
    assert_eq!(host.take(), ["fail 3 ERR_SESSION_CLOSED"]);
    host.release(tokens("a2", Some("r2"), Some(3600)));
    assert!(host.take().is_empty() && host.notices.is_empty() && host.wakes.is_empty());
    let mut next = afterwards(&host, &[]);
    assert_eq!((next.take(), next.requests.len()), (vec!["use 9 a2".to_owned()], 0));
}

#[test]
fn a_closed_session_writes_down_what_became_of_its_refresh_and_sends_nothing_more() {
    for (reply, answer) in [
        (oauth_error(400, "invalid_grant"), "fail 9 ERR_SESSION_SIGNED_OUT"),
        (Reply::Text(503, ""), "use 9 a3"),
        (Reply::Loss(Loss::Network), "use 9 a3"),
    ] {
        let mut host = closed_while_refreshing();
        host.release(reply);
        assert!(host.take().is_empty() && host.notices.is_empty() && host.wakes.is_empty());
        assert_eq!(host.requests.len(), 2);
        host.pass(20_000);
        let mut next = afterwards(&host, &[tokens("a3", Some("r3"), Some(3600))]);
        assert_eq!(next.take(), [answer]);
    }
}

#[test]
fn a_sign_in_under_way_is_given_up_by_close_and_nobody_waits_for_its_intent() {
    let mut host = Host::new(false);
    host.login(1);
    host.step(Event::Close);
    assert_eq!(host.take(), ["fail 1 ERR_SESSION_CLOSED"]);
    assert_eq!(host.aborted, host.held);
    assert!(host.store.borrow().record.is_none());
    host.release(tokens("a1", Some("r1"), Some(3600)));
    assert!(host.take().is_empty() && host.store.borrow().record.is_none());
}

#[test]
fn a_closed_session_is_closed_in_every_request() {
    let host = Host::new(true);
    let whole = Rc::new(RefCell::new(Host::new(true).session));
    let mut one = host.fork(&whole, 1);
    one.need(1);
    whole.borrow_mut().step(host.now, Event::Close, &mut Vec::new());
    one.release(tokens("a1", Some("r1"), Some(3600)));
    assert_eq!(one.take(), ["fail 1 ERR_SESSION_CLOSED"]);
    let mut two = host.fork(&whole, 2);
    two.need(2);
    assert_eq!(two.take(), ["fail 2 ERR_SESSION_CLOSED"]);
}
