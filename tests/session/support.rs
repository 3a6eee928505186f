//! A host for one session: performs its effects against a store and a script of answers, step by step.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use tokenward::session::{
    Answer, CallId, Credentials, Effect, EndReason, Event, Fields, Grant, JsonLogin, Loss, Notice, Now, Op,
    Options, Request, Session, Snapshot, StoreFailed, Stored, TokenId,
};
use tokenward::{Error, Secret};

pub(crate) const T0: u64 = 1_800_000_000_000;

/// One small record under compare-and-set.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) record: Option<(String, u64)>,
    pub(crate) saves: u64,
    pub(crate) fails: bool,
}

pub(crate) type SharedStore = Rc<RefCell<Store>>;

/// What the authorization server does with the next request.
#[derive(Clone)]
pub(crate) enum Reply {
    Json(u16, String),
    Text(u16, &'static str),
    RetryAfter(u16, &'static str),
    Loss(Loss),
    /// Answers when the test says so.
    Hold,
}

pub(crate) fn tokens(access: &str, refresh: Option<&str>, expires_in: Option<u64>) -> Reply {
    let refresh = refresh.map(|text| format!(r#","refresh_token":"{text}""#)).unwrap_or_default();
    let expires_in = expires_in.map(|seconds| format!(r#","expires_in":{seconds}"#)).unwrap_or_default();
    Reply::Json(200, format!(r#"{{"token":"{access}","token_type":"Bearer"{refresh}{expires_in}}}"#))
}

pub(crate) fn oauth_error(status: u16, code: &str) -> Reply {
    Reply::Json(status, format!(r#"{{"error":"{code}","error_description":"do not keep me"}}"#))
}

/// A session that its forks share.
pub(crate) type Whole = Rc<RefCell<Session>>;

pub(crate) struct Host {
    pub(crate) session: Session,
    /// The session that this one is a fork of.
    pub(crate) whole: Option<Whole>,
    pub(crate) now: Now,
    pub(crate) store: SharedStore,
    pub(crate) replies: VecDeque<Reply>,
    /// Every request sent, with its body.
    pub(crate) requests: Vec<(String, String)>,
    pub(crate) held: Vec<Op>,
    /// Requests that were given up.
    pub(crate) aborted: Vec<Op>,
    /// Answers to callers, in order, as text.
    pub(crate) answers: Vec<String>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) wakes: Vec<(Op, u64)>,
    pub(crate) broadcasts: Vec<(u64, u64)>,
    pub(crate) credentials: Option<(String, String)>,
    pub(crate) asked: usize,
    /// The user takes time to type: [`Host::give`] says when it is done.
    pub(crate) asks_slowly: bool,
    pub(crate) asking: Option<Op>,
    pub(crate) lock_available: bool,
    pub(crate) locks: Vec<String>,
    /// Epoch and generation of the last token given out.
    pub(crate) last_use: TokenId,
}

pub(crate) fn json_login(asks: bool) -> Grant {
    Grant::JsonLogin(JsonLogin {
        token_url: "https://as.example/token".to_owned(),
        refresh_url: None,
        revoke_url: Some("https://as.example/logout".to_owned()),
        asks,
        fields: Fields::default(),
    })
}

pub(crate) fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

pub(crate) fn password() -> Credentials {
    Credentials::Password { username: secret("ada"), password: secret("correct horse") }
}

impl Host {
    pub(crate) fn new(asks: bool) -> Self {
        Self::with(json_login(asks), Options::default(), SharedStore::default(), 1)
    }

    pub(crate) fn with(grant: Grant, options: Options, store: SharedStore, seed: u64) -> Self {
        Self {
            session: Session::new(grant, options, seed),
            whole: None,
            now: Now { wall_ms: T0, mono_ms: 1_000 },
            store,
            replies: VecDeque::new(),
            requests: Vec::new(),
            held: Vec::new(),
            aborted: Vec::new(),
            answers: Vec::new(),
            notices: Vec::new(),
            wakes: Vec::new(),
            broadcasts: Vec::new(),
            credentials: asks_default(),
            asked: 0,
            asks_slowly: false,
            asking: None,
            lock_available: true,
            locks: Vec::new(),
            last_use: TokenId::default(),
        }
    }

    /// A host for one request of `whole`, at the time of this host and over its store.
    pub(crate) fn fork(&self, whole: &Whole, seed: u64) -> Self {
        let mut fork = Self::with(json_login(false), Options::default(), Rc::clone(&self.store), 0);
        fork.session = whole.borrow().fork(seed);
        fork.whole = Some(Rc::clone(whole));
        fork.now = self.now;
        fork
    }

    /// Signed in with a token of an hour, one minute ago.
    pub(crate) fn signed_in(asks: bool) -> Self {
        let mut host = Self::new(asks);
        host.reply(tokens("a1", Some("r1"), Some(3600)));
        host.login(1);
        assert_eq!(host.take(), ["signed in 1"]);
        host.pass(60_000);
        host.notices.clear();
        host
    }

    pub(crate) fn reply(&mut self, reply: Reply) {
        self.replies.push_back(reply);
    }

    pub(crate) fn pass(&mut self, ms: u64) {
        self.now.wall_ms += ms;
        self.now.mono_ms += ms;
    }

    pub(crate) fn need(&mut self, id: u32) {
        self.step(Event::Need { id: CallId(id), min_validity_ms: 0, once: false, force: false });
    }

    pub(crate) fn login(&mut self, id: u32) {
        self.step(Event::Login { id: CallId(id), credentials: Some(password()) });
    }

    pub(crate) fn logout(&mut self, id: u32) {
        self.step(Event::Logout { id: CallId(id), compromised: false });
    }

    /// A 401 for the token of the last `Use`.
    pub(crate) fn unauthorized(&mut self, id: u32, challenges: Option<&str>) {
        self.answered(id, self.last_use, 401, challenges, true);
    }

    pub(crate) fn answered(
        &mut self,
        id: u32,
        token_id: TokenId,
        status: u16,
        www: Option<&str>,
        again: bool,
    ) {
        self.step(Event::Answered {
            id: CallId(id),
            token_id,
            origin: "https://api.example".to_owned(),
            path: "/v1".to_owned(),
            second: false,
            status,
            challenges: www.map(str::to_owned),
            replayable: again,
        });
    }

    /// What callers were told since the last time.
    pub(crate) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.answers)
    }

    pub(crate) fn take_notices(&mut self) -> Vec<Notice> {
        self.notices.retain(|notice| *notice != Notice::Change);
        std::mem::take(&mut self.notices)
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.session.snapshot(self.now)
    }

    /// Fires the oldest timer.
    pub(crate) fn wake(&mut self) {
        let (op, after) = self.wakes.remove(0);
        self.pass(after);
        self.step(Event::Woken { op });
    }

    /// What the user types.
    fn typed(&self) -> Option<Credentials> {
        self.credentials.clone().map(|(username, password)| Credentials::Password {
            username: secret(&username),
            password: secret(&password),
        })
    }

    /// The user has typed.
    pub(crate) fn give(&mut self) {
        let op = self.asking.take().expect("somebody is asked");
        let credentials = self.typed();
        self.step(Event::Given { op, credentials });
    }

    /// Answers a request that was held.
    pub(crate) fn release(&mut self, reply: Reply) {
        let op = self.held.remove(0);
        if let Some(event) = answer(op, reply) {
            self.step(event);
        }
    }

    pub(crate) fn step(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let mut effects = Vec::new();
            match &self.whole {
                Some(whole) => {
                    whole.borrow_mut().step_fork(&mut self.session, self.now, event, &mut effects);
                }
                None => self.session.step(self.now, event, &mut effects),
            }
            for effect in effects {
                events.extend(self.perform(effect));
            }
        }
    }

    fn perform(&mut self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::Load { op } => {
                let store = self.store.borrow();
                let stored = store
                    .record
                    .as_ref()
                    .map(|(record, version)| Stored { record: secret(record), version: version.to_string() });
                Some(Event::Loaded { op, result: if store.fails { Err(StoreFailed) } else { Ok(stored) } })
            }
            Effect::Save { op, record, expect } => {
                let mut store = self.store.borrow_mut();
                let known = store.record.as_ref().map(|(_, version)| version.to_string());
                let result = if store.fails {
                    Err(StoreFailed)
                } else if known == expect {
                    store.saves += 1;
                    let version = store.saves;
                    store.record = Some((record.reveal().clone(), version));
                    Ok(Some(version.to_string()))
                } else {
                    Ok(None)
                };
                Some(Event::Saved { op, result })
            }
            Effect::Clear { op, expect } => {
                assert!(expect.is_some(), "a store is never cleared without saying which version");
                let mut store = self.store.borrow_mut();
                let known = store.record.as_ref().map(|(_, version)| version.to_string());
                let result = if store.fails {
                    Err(StoreFailed)
                } else if known == expect {
                    store.record = None;
                    Ok(true)
                } else {
                    Ok(false)
                };
                Some(Event::Cleared { op, result })
            }
            Effect::Lock { op, .. } => {
                self.locks.push(format!("lock {}", op.0));
                Some(Event::Locked { op, held: self.lock_available })
            }
            Effect::Unlock { op } => {
                self.locks.push(format!("unlock {}", op.0));
                None
            }
            Effect::Ask { op } => {
                self.asked += 1;
                if self.asks_slowly {
                    self.asking = Some(op);
                    return None;
                }
                Some(Event::Given { op, credentials: self.typed() })
            }
            Effect::Send { op, request, .. } => {
                self.note(&request);
                let reply = self.replies.pop_front().unwrap_or(Reply::Hold);
                if matches!(reply, Reply::Hold) {
                    self.held.push(op);
                }
                answer(op, reply)
            }
            Effect::Call { op, purpose, token, .. } => {
                let token = token.map(|token| token.reveal().clone()).unwrap_or_default();
                self.requests.push((purpose.as_str().to_owned(), token));
                answer(op, self.replies.pop_front().unwrap_or(Reply::Hold))
            }
            Effect::Abort { op } => {
                self.aborted.push(op);
                None
            }
            Effect::Wake { op, after_ms, .. } => {
                assert!(after_ms < 1 << 31, "a longer timer fires at once");
                self.wakes.push((op, after_ms));
                None
            }
            Effect::Use { id: CallId(id), token_id, token, .. } => {
                self.last_use = token_id;
                self.answers.push(format!("use {id} {}", token.reveal()));
                None
            }
            Effect::Fail { id: CallId(id), error } => {
                self.answers.push(format!("fail {id} {}", describe(&error)));
                None
            }
            Effect::Deliver { id: CallId(id) } => {
                self.answers.push(format!("deliver {id}"));
                None
            }
            Effect::SignedIn { id: CallId(id) } => {
                self.answers.push(format!("signed in {id}"));
                None
            }
            Effect::SignedOut { id: CallId(id), revoked, stored } => {
                let stored = if stored { "" } else { ", not stored" };
                self.answers.push(format!("signed out {id} revoked={revoked}{stored}"));
                None
            }
            Effect::Broadcast { epoch, generation } => {
                self.broadcasts.push((epoch, generation));
                None
            }
            Effect::Tell(notice) => {
                self.notices.push(notice);
                None
            }
            other => panic!("an effect that the host does not know: {other:?}"),
        }
    }

    fn note(&mut self, request: &Request) {
        let mut line = request.url.clone();
        for (name, value) in &request.headers {
            if name == "authorization" {
                line = format!("{line} {}", value.reveal());
            }
        }
        self.requests.push((line, request.body.reveal().clone()));
    }
}

fn asks_default() -> Option<(String, String)> {
    Some(("ada".to_owned(), "correct horse".to_owned()))
}

fn answer(op: Op, reply: Reply) -> Option<Event> {
    let received = |status, content_type: &str, retry_after: Option<&str>, body: &str| Event::Received {
        op,
        answer: Answer {
            status,
            content_type: content_type.to_owned(),
            retry_after: retry_after.map(str::to_owned),
            body: secret(body),
        },
    };
    Some(match reply {
        Reply::Json(status, body) => received(status, "application/json; charset=utf-8", None, &body),
        Reply::Text(status, body) => received(status, "text/html", None, body),
        Reply::RetryAfter(status, value) => received(status, "text/plain", Some(value), ""),
        Reply::Loss(loss) => Event::Lost { op, loss },
        Reply::Hold => return None,
    })
}

fn describe(error: &Error) -> String {
    error.code().to_owned()
}

pub(crate) const INVALID_TOKEN: &str = r#"Bearer realm="api", error="invalid_token""#;

pub(crate) fn generation(host: &Host) -> u64 {
    match host.snapshot() {
        Snapshot::Active { generation, .. } => generation,
        other => panic!("not signed in: {other:?}"),
    }
}

pub(crate) fn end_reason(host: &Host) -> EndReason {
    match host.snapshot() {
        Snapshot::SignedOut { reason } => reason,
        other => panic!("signed in or loading: {other:?}"),
    }
}
