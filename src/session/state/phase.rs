//! What a session is doing.

use crate::Error;
use crate::session::state::TokenSet;
use crate::session::{CallId, Credentials, Effect, Effects, Now, Op};

/// What the session is doing. A variant holds the data that means something in it alone; `op` is the effect whose answer
/// it waits for.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a session has one phase: to box its data would save nothing")]
pub(crate) enum Phase {
    /// The store has not been read yet.
    Unloaded,
    /// The store is being read.
    Loading { op: Op },
    /// No usable credentials, and nothing under way.
    SignedOut,
    /// Tokens, and nothing under way.
    Idle,
    /// Tokens are being obtained.
    Acquiring { op: Op, step: Step, acquisition: Acquisition },
    /// The intent is being taken back.
    Retracting { op: Op },
    /// Tokens that could not be saved are being saved again.
    Persisting { op: Op },
    /// The session is being ended in the store.
    SigningOut { op: Op, step: Departure },
    /// Closed.
    Closed,
}

/// How far the acquisition of tokens has come.
#[derive(Debug)]
pub(crate) enum Step {
    /// User name and password are being asked for. Before any lock, because people are slow.
    Asking,
    /// The lock is being waited for.
    Locking,
    /// The store is being read again, in case another instance was faster.
    Checking,
    /// Another instance is sending a token request.
    Waiting,
    /// The intent is being written.
    Intending,
    /// The token request is under way.
    Granting {
        /// When it was sent.
        sent: Now,
    },
    /// The outcome of the request is not known; it will be sent once more.
    Ambiguous,
    /// The new tokens are being saved.
    Committing(Unsaved),
    /// Saving them met another record, which is being read.
    Resolving(Unsaved),
    /// The refresh token was refused; the store is being read in case it was an old one.
    Verifying {
        /// Why it was refused.
        refusal: Error,
    },
}

/// How far a sign-out has come in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    /// The store is being read.
    Departing,
    /// The store is being cleared.
    Ending,
    /// The mark of a sign-out is being written.
    Marking,
}

/// How tokens are obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Refresh,
    SignIn,
}

/// One undertaking to obtain tokens; there is never more than one.
#[derive(Debug)]
pub(crate) struct Acquisition {
    pub(crate) kind: Kind,
    /// The calls of an explicit sign-in.
    pub(crate) logins: Vec<CallId>,
    pub(crate) is_explicit: bool,
    /// It began by itself: pending token requests wait for it even if it becomes an explicit sign-in.
    pub(crate) is_awaited: bool,
    /// What the user typed, until the request is built.
    pub(crate) credentials: Option<Credentials>,
    /// A 401 or a caller says that the token in hand will not do.
    pub(crate) forced: bool,
    pub(crate) started: Now,
    /// How often the store changed under it.
    pub(crate) rounds: u8,
    /// Time spent waiting for the intent of another instance, in milliseconds.
    pub(crate) waited_ms: u64,
    /// This refresh token may have been sent before.
    pub(crate) replayed: bool,
}

/// Tokens that are not saved yet.
#[derive(Debug)]
pub(crate) struct Unsaved {
    pub(crate) set: TokenSet,
    pub(crate) epoch: u64,
    pub(crate) generation: u64,
}

impl Acquisition {
    pub(crate) const fn new(kind: Kind, forced: bool, now: Now) -> Self {
        Self {
            kind,
            logins: Vec::new(),
            is_explicit: false,
            is_awaited: true,
            credentials: None,
            forced,
            started: now,
            rounds: 0,
            waited_ms: 0,
            replayed: false,
        }
    }

    /// A sign-in that the user asked for. Pending token requests do not wait for it.
    pub(crate) fn explicit(id: CallId, credentials: Option<Credentials>, now: Now) -> Self {
        Self {
            logins: vec![id],
            is_explicit: true,
            is_awaited: false,
            credentials,
            ..Self::new(Kind::SignIn, false, now)
        }
    }

    /// Fails the calls of the sign-in.
    pub(crate) fn fail_logins(&mut self, error: &Error, out: &mut Effects) {
        for id in std::mem::take(&mut self.logins) {
            out.push(Effect::Fail { id, error: error.clone() });
        }
    }
}

impl Step {
    /// The tokens that are not saved yet, if the step has any.
    pub(crate) fn into_unsaved(self) -> Option<Unsaved> {
        match self {
            Self::Committing(unsaved) | Self::Resolving(unsaved) => Some(unsaved),
            _ => None,
        }
    }
}

impl Phase {
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Unloaded => "unloaded",
            Self::Loading { .. } => "loading",
            Self::SignedOut => "signed-out",
            Self::Idle => "idle",
            Self::Acquiring { step, .. } => match step {
                Step::Asking => "asking",
                Step::Locking => "locking",
                Step::Checking => "checking",
                Step::Waiting => "waiting",
                Step::Intending => "intending",
                Step::Granting { .. } => "granting",
                Step::Ambiguous => "ambiguous",
                Step::Committing(_) => "committing",
                Step::Resolving(_) => "resolving",
                Step::Verifying { .. } => "verifying",
            },
            Self::Retracting { .. } => "retracting",
            Self::Persisting { .. } => "persisting",
            Self::SigningOut { step, .. } => match step {
                Departure::Departing => "departing",
                Departure::Ending => "ending",
                Departure::Marking => "marking",
            },
            Self::Closed => "closed",
        }
    }

    /// The effect whose answer is waited for.
    pub(crate) const fn awaited(&self) -> Option<Op> {
        match self {
            Self::Loading { op }
            | Self::Acquiring { op, .. }
            | Self::Retracting { op }
            | Self::Persisting { op }
            | Self::SigningOut { op, .. } => Some(*op),
            Self::Unloaded | Self::SignedOut | Self::Idle | Self::Closed => None,
        }
    }

    /// Whether nothing is known of the store yet.
    pub(crate) const fn is_unread(&self) -> bool {
        matches!(self, Self::Unloaded | Self::Loading { .. })
    }

    pub(crate) const fn acquisition(&self) -> Option<&Acquisition> {
        match self {
            Self::Acquiring { acquisition, .. } => Some(acquisition),
            _ => None,
        }
    }

    pub(crate) const fn acquisition_mut(&mut self) -> Option<&mut Acquisition> {
        match self {
            Self::Acquiring { acquisition, .. } => Some(acquisition),
            _ => None,
        }
    }

    pub(crate) const fn step(&self) -> Option<&Step> {
        match self {
            Self::Acquiring { step, .. } => Some(step),
            _ => None,
        }
    }
}
