//! What both halves stand on: encodings, JSON, texts, and the metadata of issuers. Nothing here knows tokens or sessions.

pub mod base64url;
pub mod json;
#[cfg(any(feature = "jwt", feature = "session"))]
pub(crate) mod metadata;
#[cfg(any(feature = "jwt", feature = "session"))]
pub(crate) mod random;
#[cfg(any(feature = "jwt", feature = "session"))]
pub(crate) mod text;
