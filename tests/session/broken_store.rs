//! Stores that can be read and not be cleared: a session must come to rest over them.

use crate::support::json_login;
use tokenward::session::{
    Answer, CallId, Credentials, Effect, Event, Now, Options, Session, StoreFailed, Stored,
};
use tokenward::{Error, Secret};

/// Steps until nothing is under way, and says how every call ended. The store keeps what is saved, and does not clear it.
fn run(
    session: &mut Session,
    stored: &mut Option<String>,
    clear: Result<bool, StoreFailed>,
    first: Event,
) -> Vec<(CallId, Option<Error>)> {
    let (mut events, mut ended) = (vec![first], Vec::new());
    for _ in 0..200 {
        let Some(event) = events.pop() else { return ended };
        let mut effects = Vec::new();
        session.step(Now { wall_ms: 1_800_000_000_000, mono_ms: 1 }, event, &mut effects);
        for effect in effects {
            match effect {
                Effect::Load { op } => {
                    let record = stored.clone().map(Secret::new);
                    let result = Ok(record.map(|record| Stored { record, version: "1".into() }));
                    events.push(Event::Loaded { op, result });
                }
                Effect::Save { op, record, .. } => {
                    *stored = Some(record.reveal().clone());
                    events.push(Event::Saved { op, result: Ok(Some("1".into())) });
                }
                Effect::Clear { op, .. } => events.push(Event::Cleared { op, result: clear }),
                Effect::Send { op, .. } => events.push(Event::Received { op, answer: tokens() }),
                Effect::SignedIn { id } | Effect::SignedOut { id, .. } => ended.push((id, None)),
                Effect::Fail { id, error } => ended.push((id, Some(error))),
                _ => {}
            }
        }
    }
    panic!("it does not come to rest");
}

fn tokens() -> Answer {
    Answer {
        status: 200,
        content_type: "application/json".into(),
        retry_after: None,
        body: Secret::new(r#"{"token":"a","refresh_token":"r","expires_in":60}"#.into()),
    }
}

#[test]
fn a_store_that_cannot_be_cleared_ends_in_a_rest_and_every_call_is_answered() {
    for clear in [Err(StoreFailed), Ok(false)] {
        let mut session = Session::new(json_login(false), Options::default(), 1);
        let credentials = Credentials::Password {
            username: Secret::new("ada".into()),
            password: Secret::new("secret".into()),
        };
        let mut stored = None;
        let login = Event::Login { id: CallId(1), credentials: Some(credentials) };
        assert_eq!(run(&mut session, &mut stored, clear, login), [(CallId(1), None)]);
        let logout = Event::Logout { id: CallId(2), compromised: false };
        assert_eq!(run(&mut session, &mut stored, clear, logout), [(CallId(2), None)], "{clear:?}");
        let need = Event::Need { id: CallId(3), min_validity_ms: 0, once: false, force: false };
        let ended = run(&mut session, &mut stored, clear, need);
        assert_eq!(ended, [(CallId(3), Some(Error::SignedOut))], "{clear:?}");
    }
}
