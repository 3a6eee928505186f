//! The wall between JavaScript and the crate: options come in, replies and errors go out, and handles stand for values.

pub(super) mod error;
pub(super) mod handles;
pub(super) mod options;
#[cfg(feature = "jwt")]
pub(super) mod reply;
