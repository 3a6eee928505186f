//! Verifies JWTs strictly, guards the resources behind them, and keeps a client signed in.
//!
//! This is the core of the npm package of the same name, as a Rust crate. It is plain Rust, without `unsafe`, and it has no
//! clock and does no I/O: the moment is an argument of every decision, and so is every answer from the network.
//!
//! # Verify a token
//!
//! ```
//! use tokenward::{Accept, Error, KeySet, NumericDate, Rules, Verifier};
//!
//! # fn main() -> Result<(), Error> {
//! let jwks = br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"D21NZkNcObwKMJR-QGse-wy4ZszhzqVEHocJGO6kpLA"}]}"#;
//! let rules = Rules::new(Accept::only("https://login.example.com"), Accept::Anything);
//! let verifier = Verifier::new(rules, KeySet::from_jwks(jwks)?)?;
//!
//! let token = "eyJhbGciOiJFZDI1NTE5In0.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUu\
//!     Y29tIiwic3ViIjoiYWRhIiwiZXhwIjo0MTAyNDQ0ODAwfQ.X4vePbL6pJAZCbr1cR721S2KnY9j4JuKT0TkoxPDz5NTuoBia\
//!     KsqW_wbhsRp4taJDyFITHAO157Pq7kiV4uZBA";
//! // Seconds since 1970, of the host's clock as a rule. One that was never set is refused.
//! let verified = verifier.verify(token, NumericDate::from_host_clock(1_800_000_000.0)?)?;
//! assert_eq!(verified.text("sub").as_deref(), Some("ada"));
//!
//! let later = NumericDate::from_host_clock(4_200_000_000.0)?;
//! assert_eq!(verifier.verify(token, later).unwrap_err().code(), "ERR_JWT_EXPIRED");
//! # Ok(())
//! # }
//! ```
//!
//! The rules say out loud what is accepted: [`Accept::Anything`] switches a check off, and nothing else does. [`jwt`] has the
//! order of the checks, and [`jwt::remote`] fetches key sets: what to ask for, and when, and what to make of the answer.
//!
//! # Guard a resource
//!
//! [`guard::Guard`] finds the token in a request's headers, and turns the verdict into leave to pass or into 400, 401, 403 or
//! 503 with the challenge that RFC 6750 asks for.
//!
//! # Stay signed in
//!
//! [`Session`] obtains, refreshes and revokes access tokens. It is a state machine: [`Session::step`] takes the time and an
//! event and gives effects, which a service performs and reports back. [`session`] has an example of the whole loop.
//!
//! # Errors
//!
//! [`Error`] is one enum with a stable [`code`](Error::code), the same as in JavaScript. No message holds a token, a key, a
//! secret or the value of a claim.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `jwt` | yes | verification: [`jwt`], [`engine`], [`guard`] |
//! | `session` | yes | signing in and staying so: [`session`] |
//! | `jwt-compact` | no | the algorithms of [`engine`] behind the trait of the crate `jwt-compact`, which mints tokens with them |
//! | `ml-dsa` | no | ML-DSA-44, ML-DSA-65 and ML-DSA-87 (RFC 9964) |
//! | `rustcrypto` | no | the public-key engines of the RustCrypto project in place of those of [`engine`] |
//! | `testing` | no | for the npm package, in WebAssembly alone: what signs in `tokenward/testing` |

#![cfg_attr(docsrs, feature(doc_cfg))]
// No input may reach a panic. Tests may.
#![deny(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::todo,
    clippy::unreachable,
    clippy::unwrap_used
)]

/// The snippets in Rust of the README, for rustdoc to run.
#[cfg(all(doctest, feature = "jwt"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(feature = "jwt")]
pub mod engine;
#[cfg(feature = "jwt")]
pub mod guard;
#[cfg(feature = "jwt")]
pub mod jwt;
#[cfg(feature = "ml-dsa")]
mod ml_dsa;
#[cfg(feature = "session")]
pub mod session;

mod error;
mod ground;
mod secret;
#[cfg(all(feature = "testing", target_arch = "wasm32", target_os = "unknown"))]
mod testing;
mod time;
#[cfg(any(feature = "jwt", feature = "session"))]
mod url;
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod wasm;

#[cfg(any(feature = "jwt", feature = "session"))]
pub use ground::random::random_seed;
pub use ground::{base64url, json};

pub use error::{
    Error, JwkFault, KeySetFault, Lack, Misuse, Reason, ResponseFault, TokenFault, UrlFault, Weakness,
};
#[cfg(feature = "jwt")]
pub use jwt::{Accept, Algorithm, KeySet, Rules, UnverifiedJwt, VerificationKey, Verified, Verifier};
pub use secret::Secret;
#[cfg(feature = "session")]
pub use session::Session;
pub use time::{MAX_CLOCK_TOLERANCE, NumericDate};
#[cfg(any(feature = "jwt", feature = "session"))]
pub use url::UrlParts;
