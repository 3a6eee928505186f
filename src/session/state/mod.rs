//! The parts of a session's state, each with the rules for its own data.

mod backoff;
mod callers;
mod phase;
mod rejections;
mod tokens;

pub(super) use backoff::Backoff;
pub(super) use callers::{Callers, Waiter};
pub(super) use phase::{Acquisition, Departure, Kind, Phase, Step, Unsaved};
pub(super) use rejections::Rejections;
pub use tokens::Freshness;
pub(super) use tokens::{Epochs, Held, Standing, TokenSet};
