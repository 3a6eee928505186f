//! What a 401 of a resource server sets going, and what it does not.

use crate::support::{Host, INVALID_TOKEN, Reply, end_reason, oauth_error, tokens};
use tokenward::session::{CallId, EndReason, Event, Loss, Notice, Snapshot, Warning};

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
        let heard =
            host.take_notices().iter().any(|notice| matches!(notice, Notice::Challenge { status: 401, .. }));
        assert_eq!(heard, challenge.contains("insufficient"), "{challenge}");
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
    host.answered(3, old, 401, Some(INVALID_TOKEN), true);
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
    host.answered(2, old, 401, Some(INVALID_TOKEN), true);
    assert_eq!(host.take(), ["deliver 2"]);
}

#[test]
fn a_request_that_cannot_be_repeated_gets_its_401_and_the_next_one_a_new_token() {
    let mut host = Host::signed_in(false);
    host.need(2);
    let token_id = host.last_use;
    host.take();
    host.reply(tokens("a2", Some("r2"), Some(3600)));
    host.answered(2, token_id, 401, Some(INVALID_TOKEN), false);
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
    let token_id = host.last_use;
    host.answered(2, token_id, 200, None, true);
    host.reply(tokens("a2", Some("r2"), Some(3600)));
    host.unauthorized(2, Some(INVALID_TOKEN));
    assert_eq!(host.take(), ["use 2 a2"]);
}

#[test]
fn a_mark_ends_with_the_token_and_after_a_minute_and_holds_for_one_origin() {
    let marked = || {
        let mut host = Host::new(false);
        host.reply(tokens("a1", Some("r1"), Some(3600)));
        host.login(1);
        host.need(2);
        host.unauthorized(2, Some(INVALID_TOKEN));
        assert_eq!(host.take(), ["signed in 1", "use 2 a1", "deliver 2"]);
        host.pass(30_000);
        host
    };
    let mut host = marked();
    host.unauthorized(3, Some(INVALID_TOKEN));
    assert_eq!(host.take(), ["deliver 3"], "after half a minute it stands");
    host.pass(31_000);
    host.reply(tokens("a2", Some("r2"), Some(3600)));
    host.unauthorized(4, Some(INVALID_TOKEN));
    assert_eq!(host.take(), ["use 4 a2"], "after a minute it does not");

    let mut host = marked();
    let token_id = host.last_use;
    host.reply(tokens("a2", Some("r2"), Some(3600)));
    host.step(Event::Answered {
        id: CallId(3),
        token_id,
        origin: "https://second.example".to_owned(),
        path: "/".to_owned(),
        status: 401,
        challenges: None,
        replayable: true,
        second: false,
    });
    assert_eq!(host.take(), ["use 3 a2"], "another origin has not refused it yet");
    host.pass(6_000);
    host.reply(tokens("a3", Some("r3"), Some(3600)));
    host.unauthorized(4, Some(INVALID_TOKEN));
    assert_eq!(host.take(), ["use 4 a3"], "another token has not been refused there yet");
}

#[test]
fn a_token_has_arrived_once_a_quarter_of_its_life_is_over_if_that_is_less_than_five_seconds() {
    for (lifetime, age, refreshes) in
        [(8, 1_900, false), (8, 2_100, true), (3600, 4_900, false), (3600, 5_100, true)]
    {
        let mut host = Host::new(false);
        host.reply(tokens("a1", Some("r1"), Some(lifetime)));
        host.login(1);
        host.need(2);
        host.pass(age);
        host.reply(tokens("a2", Some("r2"), Some(lifetime)));
        host.unauthorized(2, Some(INVALID_TOKEN));
        let answer = if refreshes { "use 2 a2" } else { "deliver 2" };
        assert_eq!(
            host.take(),
            ["signed in 1", "use 2 a1", answer],
            "a life of {lifetime} s, after {age} ms"
        );
    }
}

#[test]
fn no_other_status_than_401_costs_a_token_request() {
    for status in [400, 402, 403, 404, 407, 419, 429, 498, 500, 503] {
        for challenge in [None, Some(INVALID_TOKEN), Some(r#"Bearer error="insufficient_scope""#)] {
            let mut host = Host::signed_in(false);
            host.need(2);
            let token_id = host.last_use;
            host.answered(2, token_id, status, challenge, true);
            host.need(3);
            assert_eq!(host.take(), ["use 2 a1", "use 3 a1"], "{status} {challenge:?}");
            assert_eq!(host.requests.len(), 1, "{status} {challenge:?}");
        }
    }
}

#[test]
fn whatever_becomes_of_the_refresh_the_401_in_hand_is_delivered() {
    let lost = || Reply::Loss(Loss::Network);
    for (replies, goes_on) in [
        (vec![Reply::Text(503, "")], true),
        (vec![Reply::RetryAfter(429, "7")], true),
        (vec![lost(), lost()], true),
        (vec![Reply::Loss(Loss::NotSent)], true),
        (vec![Reply::Loss(Loss::Misconfigured)], true),
        (vec![oauth_error(401, "invalid_client")], true),
        (vec![Reply::Text(302, "")], true),
        (vec![Reply::Json(200, "{}".to_owned())], true),
        (vec![oauth_error(400, "invalid_grant")], false),
        // {"sub":"eve"}
        (vec![tokens("e30.eyJzdWIiOiJldmUifQ.x", Some("r2"), Some(60))], false),
    ] {
        let mut host = Host::new(false);
        // {"sub":"ada"}
        host.reply(tokens("e30.eyJzdWIiOiJhZGEifQ.x", Some("r1"), Some(3600)));
        host.login(1);
        host.pass(60_000);
        host.need(2);
        host.take();
        replies.into_iter().for_each(|reply| host.reply(reply));
        host.unauthorized(2, Some(INVALID_TOKEN));
        while !host.wakes.is_empty() {
            host.wake();
        }
        assert_eq!(host.take(), ["deliver 2"]);
        assert_eq!(matches!(host.snapshot(), Snapshot::Active { .. }), goes_on, "{:?}", host.requests);
    }
    // And so it is where the session is over meanwhile.
    for event in [Event::Logout { id: CallId(9), compromised: false }, Event::Close] {
        let mut host = Host::signed_in(false);
        host.need(2);
        host.unauthorized(2, Some(INVALID_TOKEN));
        host.take();
        host.step(event);
        assert_eq!(host.take()[0], "deliver 2");
    }
}

#[test]
fn a_refused_refresh_after_a_401_ends_the_session_at_once_or_signs_in_with_the_credentials() {
    for asks in [false, true] {
        let mut host = Host::signed_in(asks);
        host.need(2);
        host.reply(oauth_error(400, "invalid_grant"));
        host.reply(tokens("b1", Some("s1"), Some(3600)));
        host.unauthorized(2, Some(INVALID_TOKEN));
        let answer = if asks { "use 2 b1" } else { "deliver 2" };
        assert_eq!(host.take(), ["use 2 a1", answer]);
        assert_eq!(host.asked, usize::from(asks));
        if !asks {
            assert_eq!(end_reason(&host), EndReason::RefreshRejected);
        }
    }
}

#[test]
fn a_401_for_a_token_whose_age_is_unknown_refreshes() {
    // The clock is set back a little or a lot, once, before any 401.
    for back_ms in [1, 4_000, 3_600_000] {
        let mut host = Host::signed_in(false);
        host.now.wall_ms -= back_ms + 60_000;
        host.now.mono_ms = host.now.mono_ms.saturating_sub(back_ms + 60_000);
        host.reply(tokens("a2", Some("r2"), Some(3600)));
        host.need(2);
        host.take();
        host.unauthorized(2, Some(INVALID_TOKEN));
        assert_eq!(host.take(), ["use 2 a2"], "{back_ms}");
        // The age of the new one is known: it is refused on arrival.
        host.need(3);
        host.take();
        host.unauthorized(3, Some(INVALID_TOKEN));
        assert_eq!(host.take(), ["deliver 3"], "{back_ms}");
    }
}

#[test]
fn a_mark_does_not_outlive_a_clock_that_goes_back() {
    let mut host = Host::signed_in(false);
    host.need(2);
    host.reply(tokens("a2", Some("r2"), Some(3600)));
    host.unauthorized(2, Some(INVALID_TOKEN));
    host.unauthorized(2, Some(INVALID_TOKEN));
    host.take();
    host.now.wall_ms -= 30_000;
    host.now.mono_ms -= 30_000;
    host.reply(tokens("a3", Some("r3"), Some(3600)));
    host.need(3);
    host.take();
    host.unauthorized(3, Some(INVALID_TOKEN));
    assert_eq!(host.take(), ["use 3 a3"]);
}
