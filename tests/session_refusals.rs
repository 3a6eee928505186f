//! What a 401 of a resource server sets going, and what it does not.
#![cfg(all(feature = "session", not(target_arch = "wasm32")))]

mod session_support;

use session_support::{Host, INVALID_TOKEN, tokens};
use tokenward::session::{Notice, Warning};

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
