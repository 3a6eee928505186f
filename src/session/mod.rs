//! Obtaining, attaching, refreshing and revoking access tokens: a state machine without I/O.
//!
//! [`Session::step`] takes the time and one [`Event`] and appends [`Effect`]s for its host to perform. It reads
//! no clock, opens no connection and awaits nothing, so one and the same machine runs in a browser, in a Worker, in
//! a Rust service and in a simulator.
//!
//! Several instances may share one store. Correctness comes from compare-and-set on the record: an instance writes
//! that it is about to send a refresh token before it sends it, and new tokens are used only once they are saved.
//! A lock, if there is one, only saves requests.
//!
//! # Example
//!
//! ```
//! use tokenward::Secret;
//! use tokenward::session::{
//!     Answer, CallId, Credentials, Effect, Event, Grant, JsonLogin, Now, Options, Session,
//! };
//!
//! let grant = Grant::JsonLogin(JsonLogin {
//!     token_url: "https://api.example.com/token".to_owned(),
//!     refresh_url: None,
//!     revoke_url: None,
//!     asks: false,
//!     fields: Default::default(),
//! });
//! let mut session = Session::new(grant, Options { store_is_empty: true, ..Options::default() }, 7);
//!
//! let now = Now { wall_ms: 1_800_000_000_000, mono_ms: 0 };
//! let secret = |text: &str| Secret::new(text.to_owned());
//! let credentials = Credentials::Password { username: secret("ada"), password: secret("correct horse") };
//! let mut events = vec![Event::Login { id: CallId(1), credentials: Some(credentials) }];
//! let mut signed_in = false;
//! while let Some(event) = events.pop() {
//!     let mut effects = Vec::new();
//!     session.step(now, event, &mut effects);
//!     for effect in effects {
//!         match effect {
//!             // A service would read and write its store and send the request here.
//!             Effect::Load { op } => events.push(Event::Loaded { op, result: Ok(None) }),
//!             Effect::Save { op, .. } => events.push(Event::Saved { op, result: Ok(Some("1".to_owned())) }),
//!             Effect::Send { op, request, .. } => {
//!                 assert_eq!(request.url, "https://api.example.com/token");
//!                 let answer = Answer {
//!                     status: 200,
//!                     content_type: "application/json".to_owned(),
//!                     retry_after: None,
//!                     body: secret(r#"{"token":"opaque","token_type":"Bearer","expires_in":3600}"#),
//!                 };
//!                 events.push(Event::Received { op, answer });
//!             }
//!             Effect::SignedIn { id } => signed_in = id == CallId(1),
//!             _ => {}
//!         }
//!     }
//! }
//! assert!(signed_in);
//!
//! // From here on a token is at hand, in the same step.
//! let mut effects = Vec::new();
//! session.step(now, Event::Need { id: CallId(2), min_validity_ms: 0, once: false, force: false }, &mut effects);
//! assert!(matches!(&effects[..], [Effect::Use { token, .. }] if token.reveal() == "opaque"));
//! ```

mod authorize;
mod challenge;
mod discover;
mod dispatch;
mod event;
mod fork;
mod grant;
mod logout;
mod persist;
mod record;
mod refresh;
mod response;
mod snapshot;
mod state;
mod target;

use record::{Intent, Record};
use state::{Acquisition, Backoff, Callers, Epochs, Held, Phase, Rejections, Step, Unsaved};

use crate::ground::random::SplitMix64;
use crate::{Error, NumericDate, Secret};

pub use authorize::{AuthorizationRequest, AuthorizationResponse, PendingAuthorizations};
pub use challenge::{Challenge, parse_challenges};
pub use discover::Metadata;
pub use event::{CallId, Effect, EndReason, Event, Loss, Notice, Op, StoreFailed, Stored, TokenId, Warning};
pub use grant::{
    ClientAuth, CookieRefresh, Credentials, Custom, Endpoint, Flow, Grant, JsonLogin, OAuth, Purpose,
    Request, endpoint, named_endpoint,
};
pub use response::{Answer, Fields, MAX_RESPONSE_LENGTH};
pub use snapshot::{Snapshot, Transition};
pub use state::Freshness;
pub use target::{Redirect, Redirected, Resources};

/// What the machine wants done, in order.
pub type Effects = Vec<Effect>;

/// How many transitions [`Session::explain`] remembers.
const LOG_LENGTH: usize = 64;

/// The longest timer that every host keeps: more overflows and fires at once.
const MAX_TIMER_MS: u64 = 0x7fff_ffff;

/// A clock given in Unix milliseconds reads at least this; below it, seconds were meant.
const EARLIEST_NOW: f64 = 1e11;

/// The time, on two clocks. With one clock only, both are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Unix milliseconds.
    pub wall_ms: u64,
    /// Milliseconds on a monotonic clock.
    pub mono_ms: u64,
}

impl Now {
    /// Readings of two clocks, in milliseconds. A host's wall clock may not be set yet; one that a caller gives is
    /// taken at its word, unless it counts seconds.
    ///
    /// # Errors
    /// [`Error::ClockUnavailable`] for a host clock that reads before 2024, [`Error::InvalidArg`] for a given one
    /// that cannot be in Unix milliseconds.
    pub fn read(wall_ms: f64, mono_ms: f64, given: bool) -> Result<Self, Error> {
        if given && !(EARLIEST_NOW..8.64e15).contains(&wall_ms) {
            return Err(Error::invalid_arg("now", "a function that gives Unix milliseconds"));
        }
        if !given {
            NumericDate::from_host_clock(wall_ms / 1000.0)?;
        }
        Ok(Self { wall_ms: wall_ms as u64, mono_ms: mono_ms.max(0.0) as u64 })
    }
}

/// How a session behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// A token is refreshed this long before it expires, at most, in milliseconds.
    pub refresh_ahead_max_ms: u64,
    /// And at most this share of its life before.
    pub refresh_ahead_fraction: f64,
    /// How long one token request may take, in milliseconds.
    pub timeout_ms: u64,
    /// The first pause after a failed token request, in milliseconds.
    pub retry_base_ms: u64,
    /// The longest.
    pub retry_cap_ms: u64,
    /// How long a refresh whose answer was lost may be sent again, in milliseconds.
    pub replay_window_ms: u64,
    /// A refused refresh leaves the access token in use until it expires.
    pub keep_until_expiry: bool,
    /// Whether there is a lock worth taking, which is so if the store is shared.
    pub has_lock: bool,
    /// Whether other instances may see the same store.
    pub store_is_shared: bool,
    /// The store is new, so that there is nothing to load.
    pub store_is_empty: bool,
    /// Whether work may go on without a caller that waits for it. On a host where work ends with the request, it may not.
    pub background: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            refresh_ahead_max_ms: 60_000,
            refresh_ahead_fraction: 0.25,
            timeout_ms: 10_000,
            retry_base_ms: 1_000,
            retry_cap_ms: 60_000,
            replay_window_ms: 10_000,
            keep_until_expiry: true,
            has_lock: false,
            store_is_shared: false,
            store_is_empty: false,
            background: true,
        }
    }
}

/// A sign-out under way.
#[derive(Debug, Default)]
struct SignOut {
    ids: Vec<CallId>,
    /// The access token whose revocation was asked for last.
    tokens: Option<Secret<String>>,
    revoking: Vec<Op>,
    asked: bool,
    refused: bool,
    /// The store shows that the session is over.
    stored: bool,
    /// Another sign-out was asked for after the store was read: it is read once more.
    again: bool,
}

/// The session of one client with one authorization server.
#[derive(Debug)]
pub struct Session {
    grant: Grant,
    options: Options,
    /// This instance, in intents.
    holder: u64,
    random: SplitMix64,
    now: Now,
    has_time: bool,
    phase: Phase,
    last_op: Op,
    /// The tokens in hand; without any, the epoch that is over.
    token_id: TokenId,
    held: Option<Held>,
    /// Version of the record last seen.
    version: Option<String>,
    /// Intent of the record last seen.
    intent: Option<Intent>,
    volatile: bool,
    /// An answer was lost, and its replay is used up.
    ambiguous: bool,
    last_lifetime_ms: Option<u64>,
    end: EndReason,
    /// Signed out on purpose: the session does not sign in by itself.
    needs_login: bool,
    epochs: Epochs,
    /// The epoch of the last sign-out that was asked for, here or in another request of the same session.
    signed_out: u64,
    /// The greatest epoch of any record read.
    seen: u64,
    /// Tokens were read from the store that the session of this fork may not know.
    found: bool,
    /// How many saves of tokens that expect an empty store may still land: unanswered, or answered with a failure.
    loose: u32,
    /// The last of those, while it is unanswered.
    loose_op: Option<Op>,
    /// A sign-out found the intent of another instance: what comes of its request may be saved over an empty store.
    met_intent: bool,
    /// How often in a row the store would not end a session because another instance wrote.
    conflicts: u8,
    outdated: bool,
    lock: Option<Op>,
    /// The lock is kept until what could not be saved has been tried once more.
    keeps_lock: bool,
    /// Closed for callers. Only writes under way are finished.
    closing: bool,
    callers: Callers,
    sign_out: Option<SignOut>,
    /// Token requests whose session ended before the answer came.
    orphans: Vec<Op>,
    /// The timer that will try to save volatile tokens.
    retry_save: Option<Op>,
    rejections: Rejections,
    backoff: Backoff,
    log: Vec<Transition>,
}

impl Session {
    /// A session that has done nothing yet. `seed` is random: it names this instance and spreads its pauses.
    #[must_use]
    pub fn new(grant: Grant, options: Options, seed: u64) -> Self {
        let mut random = SplitMix64(seed);
        let phase = if options.store_is_empty { Phase::SignedOut } else { Phase::Unloaded };
        Self {
            // 52 bits: a JSON number must hold it exactly.
            holder: random.next() >> 12,
            random,
            grant,
            options,
            now: Now::default(),
            has_time: false,
            phase,
            last_op: Op(0),
            token_id: TokenId::default(),
            held: None,
            version: None,
            intent: None,
            volatile: false,
            ambiguous: false,
            last_lifetime_ms: None,
            end: EndReason::NeverSignedIn,
            needs_login: false,
            epochs: Epochs::default(),
            signed_out: 0,
            seen: 0,
            found: false,
            loose: 0,
            loose_op: None,
            met_intent: false,
            conflicts: 0,
            outdated: false,
            lock: None,
            keeps_lock: false,
            closing: false,
            callers: Callers::default(),
            sign_out: None,
            orphans: Vec::new(),
            retry_save: None,
            rejections: Rejections::default(),
            backoff: Backoff::default(),
            log: Vec::new(),
        }
    }

    /// Takes one event and says what to do about it.
    pub fn step(&mut self, now: Now, event: Event, out: &mut Effects) {
        self.step_within(None, now, event, out);
    }

    /// [`Session::step`] of a machine that may be a fork: what `session` knows comes first.
    fn step_within(&mut self, session: Option<&Self>, now: Now, event: Event, out: &mut Effects) {
        self.pass_time(now, out);
        let from = self.phase.as_str();
        let name = event.name();
        let before = self.view();
        let nobody_listens = self.closing;
        if let Some(session) = session {
            self.heed(session, out);
        }
        self.handle(event, out);
        if nobody_listens {
            out.retain(|effect| !matches!(effect, Effect::Tell(_)));
        } else if self.view() != before {
            out.push(Effect::Tell(Notice::Change));
        }
        let to = self.phase.as_str();
        if to != from {
            if self.log.len() == LOG_LENGTH {
                self.log.remove(0);
            }
            self.log.push(Transition { at_ms: now.wall_ms, from, event: name, to });
        }
    }

    /// The time of an event. If the clock could not be read, it is that of the step before. A call is
    /// refused then; the answer to an effect is not, or callers would wait for ever.
    ///
    /// # Errors
    /// Those of `reading`.
    pub fn time_of(&self, event: &Event, reading: Result<Now, Error>) -> Result<Now, Error> {
        let serves = self.has_time || matches!(event, Event::Close);
        reading.or_else(|error| if serves && !event.is_call() { Ok(self.now) } else { Err(error) })
    }

    /// Lets time pass, and notices when a clock was set: a token never lives longer for it.
    fn pass_time(&mut self, now: Now, out: &mut Effects) {
        let jumped = self.clock_jumped(now);
        self.now = now;
        self.has_time = true;
        if let Some(held) = &mut self.held {
            held.observe(now);
            if jumped && !self.closing {
                held.suspect = true;
                out.push(Effect::Tell(Notice::Warning(Warning::ClockJump)));
            }
        }
    }

    fn clock_jumped(&self, now: Now) -> bool {
        let wall = now.wall_ms as f64 - self.now.wall_ms as f64;
        let mono = now.mono_ms as f64 - self.now.mono_ms as f64;
        self.has_time && (wall < -5_000.0 || (wall - mono).abs() > 60_000.0)
    }

    /// Enters a phase that waits for the answer to a new effect, and gives the number of that effect.
    fn enter(&mut self, phase: impl FnOnce(Op) -> Phase) -> Op {
        let op = self.side_op();
        self.phase = phase(op);
        op
    }

    /// Enters a step of the acquisition under way.
    fn await_step(&mut self, next: Step) -> Op {
        let new = self.side_op();
        if let Phase::Acquiring { op, step, .. } = &mut self.phase {
            *op = new;
            *step = next;
        }
        new
    }

    /// Whether the answer to this effect is waited for.
    fn awaits(&self, op: Op) -> bool {
        self.phase.awaited() == Some(op)
    }

    /// Ends the acquisition under way.
    fn take_acquisition(&mut self) -> Option<(Acquisition, Step)> {
        let rest = self.resting();
        match std::mem::replace(&mut self.phase, rest) {
            Phase::Acquiring { acquisition, step, .. } => Some((acquisition, step)),
            other => {
                self.phase = other;
                None
            }
        }
    }

    /// Takes the tokens that are not saved yet. The acquisition goes on.
    fn take_unsaved(&mut self) -> Option<Unsaved> {
        match &mut self.phase {
            Phase::Acquiring { step: step @ (Step::Committing(_) | Step::Resolving(_)), .. } => {
                std::mem::replace(step, Step::Checking).into_unsaved()
            }
            _ => None,
        }
    }

    /// The phase in which nothing is under way.
    const fn resting(&self) -> Phase {
        if self.held.is_some() { Phase::Idle } else { Phase::SignedOut }
    }

    /// The number of an effect that runs beside.
    const fn side_op(&mut self) -> Op {
        self.last_op = Op(self.last_op.0.wrapping_add(1));
        self.last_op
    }

    fn rest(&mut self) {
        self.phase = self.resting();
    }

    /// Full jitter: anything up to `ms`.
    fn jitter(&mut self, ms: u64) -> u64 {
        (self.random.unit() * ms as f64) as u64
    }

    /// The age at which the intent of another instance counts as abandoned, in milliseconds.
    const fn intent_ttl_ms(&self) -> u64 {
        self.options.timeout_ms.saturating_add(2_000)
    }

    /// Whether the store has the tokens in hand, so that a store without them says that they are over.
    const fn is_stored(&self) -> bool {
        self.held.is_some() && !self.volatile
    }

    /// Writes `record` over the version last seen.
    fn save(&mut self, op: Op, record: &Record, out: &mut Effects) {
        let expect = self.version.clone();
        if record.tokens.is_some() && expect.is_none() {
            self.loose = self.loose.saturating_add(1);
            self.loose_op = Some(op);
        }
        out.push(Effect::Save { op, record: record.to_text(), expect });
    }

    fn record(&self, intent: Option<Intent>) -> Record {
        Record {
            epoch: self.token_id.epoch,
            generation: self.token_id.generation,
            tokens: self.held.as_ref().map(|held| held.set.clone()),
            intent,
            ended: (self.held.is_none() && self.must_mark()).then_some(self.end),
        }
    }
}
