//! What goes into the machine and what comes out of it.
//!
//! Every effect that takes time carries a number, and its answer comes back as an event with the same number.
//! An answer that is no longer expected is ignored, so late ones do no harm.

use crate::ground::text::place_of;
use crate::session::grant::{Credentials, Purpose, Request};
use crate::session::response::Answer;
use crate::{Error, Secret};

/// The number of an effect that will be answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Op(pub u32);

/// Which access token: the sign-in that it belongs to, and its number among the tokens of that sign-in. Later ones are
/// greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId {
    /// The sign-in. Grows from one sign-in to the next.
    pub epoch: u64,
    /// Counts the tokens of a sign-in, from 1.
    pub generation: u64,
}

/// The number that a host gives to a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u32);

/// Something happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// Load what the store holds, before anybody needs it.
    Start,
    /// A caller needs an access token. Answered by [`Effect::Use`] or [`Effect::Fail`], in this step if one is
    /// at hand.
    Need {
        /// The call.
        id: CallId,
        /// How long the token must live, in milliseconds.
        min_validity_ms: u64,
        /// The request cannot be sent twice, so the token had better be fresh.
        once: bool,
        /// The token in hand is not wanted.
        force: bool,
    },
    /// The caller of that number is gone. Nothing else stops.
    Leave {
        /// The call.
        id: CallId,
    },
    /// A resource server answered a request that carried a token. A 401 is answered by [`Effect::Use`] (send again
    /// with that token) or [`Effect::Deliver`]; other statuses need no answer, and but for 403 need not be reported
    /// unless [`Effect::Use`] said so.
    Answered {
        /// The call.
        id: CallId,
        /// The token that was sent, as [`Effect::Use`] gave it.
        token_id: TokenId,
        /// The origin that answered.
        origin: String,
        /// The path there, for [`Notice::Challenge`]. Queries may hold anything and stay out.
        path: String,
        /// Its status.
        status: u16,
        /// `WWW-Authenticate`, if it can be read.
        challenges: Option<String>,
        /// Whether the request can be sent again.
        replayable: bool,
        /// Whether it has been already.
        second: bool,
    },
    /// The user signs in. Answered by [`Effect::SignedIn`] or [`Effect::Fail`].
    Login {
        /// The call.
        id: CallId,
        /// What the user typed, if the grant takes that.
        credentials: Option<Credentials>,
    },
    /// The user signs out. Answered by [`Effect::SignedOut`].
    Logout {
        /// The call.
        id: CallId,
        /// The tokens may be in the wrong hands.
        compromised: bool,
    },
    /// No more calls: all that still wait fail. What was sent or is being written still comes to its end, so
    /// effects are performed and answered until there are none.
    Close,
    /// Another instance changed the store.
    Changed,
    /// The network is back.
    Online,
    /// Answers [`Effect::Load`].
    Loaded {
        /// The effect.
        op: Op,
        /// The record there; `Err` if the store failed.
        result: Result<Option<Stored>, StoreFailed>,
    },
    /// Answers [`Effect::Save`].
    Saved {
        /// The effect.
        op: Op,
        /// The new version; `None` if the version was not the expected one.
        result: Result<Option<String>, StoreFailed>,
    },
    /// Answers [`Effect::Clear`].
    Cleared {
        /// The effect.
        op: Op,
        /// Whether the version was the expected one.
        result: Result<bool, StoreFailed>,
    },
    /// Answers [`Effect::Lock`].
    Locked {
        /// The effect.
        op: Op,
        /// False if it could not be had in time.
        held: bool,
    },
    /// Answers [`Effect::Ask`].
    Given {
        /// The effect.
        op: Op,
        /// `None` if there are none.
        credentials: Option<Credentials>,
    },
    /// Answers [`Effect::Send`] and [`Effect::Call`].
    Received {
        /// The effect.
        op: Op,
        /// The response.
        answer: Answer,
    },
    /// Answers [`Effect::Send`] and [`Effect::Call`] if there is no response.
    Lost {
        /// The effect.
        op: Op,
        /// What happened.
        loss: Loss,
    },
    /// Answers [`Effect::Wake`].
    Woken {
        /// The effect.
        op: Op,
    },
}

/// What a store holds.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Opaque text that an [`Effect::Save`] gave.
    pub record: Secret<String>,
    /// Changes with every save.
    pub version: String,
}

/// The store could not be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreFailed;

/// Why a token request has no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The request was never sent, and never will be as things are: the issuer's metadata has no such endpoint.
    Misconfigured,
    /// The connection failed. Whether the server got the request is not known.
    Network,
    /// The request was never sent.
    NotSent,
    /// No answer in time.
    Timeout,
}

/// Something to do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Effect {
    /// Read the store.
    Load {
        /// To be answered.
        op: Op,
    },
    /// Write the store, if its version is the expected one (`None`: if it is empty).
    Save {
        /// To be answered.
        op: Op,
        /// Opaque text, secrets in it.
        record: Secret<String>,
        /// The version that must still stand there.
        expect: Option<String>,
    },
    /// Empty the store, if its version is the expected one.
    Clear {
        /// To be answered.
        op: Op,
        /// The version that must still stand there.
        expect: Option<String>,
    },
    /// Take the lock of this session's name, if there is such a thing.
    Lock {
        /// To be answered.
        op: Op,
        /// When to give up.
        timeout_ms: u64,
    },
    /// Give the lock back.
    Unlock {
        /// The effect that took it.
        op: Op,
    },
    /// Ask for user name and password.
    Ask {
        /// To be answered.
        op: Op,
    },
    /// Send a request to the authorization server, without following redirects.
    Send {
        /// To be answered.
        op: Op,
        /// The request.
        request: Request,
        /// When to give up.
        timeout_ms: u64,
    },
    /// Call one of the caller's own functions. Its result, as JSON, answers like the response to a request.
    Call {
        /// To be answered.
        op: Op,
        /// Which.
        purpose: Purpose,
        /// The refresh token, or the token to revoke.
        token: Option<Secret<String>>,
        /// When to give up.
        timeout_ms: u64,
    },
    /// Give up a request of [`Effect::Send`] or [`Effect::Call`]: its response is not needed any more.
    Abort {
        /// The effect that sent it.
        op: Op,
    },
    /// Report back after a while.
    Wake {
        /// To be answered.
        op: Op,
        /// At most 2³¹−1 milliseconds.
        after_ms: u64,
        /// Whether no caller waits for it: a process that has nothing else to do may end before.
        idle: bool,
    },
    /// The token for a call.
    Use {
        /// The call.
        id: CallId,
        /// Which token it is.
        token_id: TokenId,
        /// The access token.
        token: Secret<String>,
        /// The token is in doubt somewhere, so that a response other than 401 or 403 is news as well.
        watch: bool,
    },
    /// A call that failed.
    Fail {
        /// The call.
        id: CallId,
        /// Why.
        error: Error,
    },
    /// The response in hand is the answer; it is not to be read before.
    Deliver {
        /// The call.
        id: CallId,
    },
    /// A sign-in that succeeded.
    SignedIn {
        /// The call.
        id: CallId,
    },
    /// A sign-out that is complete.
    SignedOut {
        /// The call.
        id: CallId,
        /// Whether the authorization server confirmed the revocation.
        revoked: bool,
        /// Whether the store shows the sign-out. If it could not be written, it may still hold tokens, and a new
        /// instance would use them.
        stored: bool,
    },
    /// Tell the other instances that the record changed.
    Broadcast {
        /// The sign-in.
        epoch: u64,
        /// Its newest token; 0 if it ended.
        generation: u64,
    },
    /// Tell the listeners.
    Tell(Notice),
}

/// What listeners hear. No secret, no claim but the subject's absence or presence.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// [`Session::snapshot`](crate::session::Session::snapshot) says something else now.
    Change,
    /// There is a newer token.
    Refreshed {
        /// Its number.
        generation: u64,
        /// How long it took.
        duration_ms: u64,
        /// Another instance did it.
        adopted: bool,
    },
    /// The session has ended.
    Ended {
        /// Why.
        reason: EndReason,
        /// The error behind it.
        code: Option<&'static str>,
    },
    /// A resource server wants something that a refresh does not give.
    Challenge {
        /// The URL, without its query.
        url: String,
        /// 401 or 403.
        status: u16,
        /// The scheme.
        scheme: String,
        /// Its `error`, if it is a registered one.
        error: Option<&'static str>,
        /// Its `scope`.
        scope: Option<String>,
    },
    /// Something is not as it should be; the session goes on.
    Warning(Warning),
}

/// Something that deserves a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// A clock was set.
    ClockJump,
    /// The lock could not be had; the store's versions keep order alone.
    LockUnavailable,
    /// New tokens live in memory only.
    PersistFailed,
    /// A resource server refuses tokens that are brand-new.
    RejectedOnArrival,
}

impl Warning {
    /// The word as JavaScript sees it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClockJump => "clock-jump",
            Self::LockUnavailable => "lock-unavailable",
            Self::PersistFailed => "persist-failed",
            Self::RejectedOnArrival => "rejected-on-arrival",
        }
    }
}

/// Why a session is signed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// Signed out because tokens may be in the wrong hands.
    Compromised,
    /// A refresh brought tokens of another user.
    IdentityChanged,
    /// Signed out here.
    Logout,
    /// Signed out by another instance.
    LogoutElsewhere,
    /// There was no sign-in yet.
    NeverSignedIn,
    /// The token expired and there is nothing to refresh it with.
    NoRefreshToken,
    /// The authorization server refused the refresh token.
    RefreshRejected,
    /// The answer to a refresh was lost and the old refresh token is no longer taken.
    RotationResponseLost,
    /// The record in the store cannot be read.
    StoreCorrupt,
}

impl EndReason {
    const ALL: [Self; 9] = [
        Self::Compromised,
        Self::IdentityChanged,
        Self::Logout,
        Self::LogoutElsewhere,
        Self::NeverSignedIn,
        Self::NoRefreshToken,
        Self::RefreshRejected,
        Self::RotationResponseLost,
        Self::StoreCorrupt,
    ];

    /// The word as JavaScript sees it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Compromised => "compromised",
            Self::IdentityChanged => "identity-changed",
            Self::Logout => "logout",
            Self::LogoutElsewhere => "logout-elsewhere",
            Self::NeverSignedIn => "never-signed-in",
            Self::NoRefreshToken => "no-refresh-token",
            Self::RefreshRejected => "refresh-rejected",
            Self::RotationResponseLost => "rotation-response-lost",
            Self::StoreCorrupt => "store-corrupt",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        let words = Self::ALL.map(Self::as_str);
        place_of(word, &words).and_then(|place| Self::ALL.get(place).copied())
    }
}

impl Event {
    /// Whether it is a call whose caller waits for the result.
    pub(crate) const fn is_call(&self) -> bool {
        matches!(
            self,
            Self::Need { .. } | Self::Login { .. } | Self::Logout { .. } | Self::Answered { status: 401, .. }
        )
    }

    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Need { .. } => "need",
            Self::Leave { .. } => "leave",
            Self::Answered { .. } => "answered",
            Self::Login { .. } => "login",
            Self::Logout { .. } => "logout",
            Self::Close => "close",
            Self::Changed => "changed",
            Self::Online => "online",
            Self::Loaded { .. } => "loaded",
            Self::Saved { .. } => "saved",
            Self::Cleared { .. } => "cleared",
            Self::Locked { .. } => "locked",
            Self::Given { .. } => "given",
            Self::Received { .. } => "received",
            Self::Lost { .. } => "lost",
            Self::Woken { .. } => "woken",
        }
    }
}
