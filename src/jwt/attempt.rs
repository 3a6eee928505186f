//! A verification that may have to ask the host.

use crate::error::Error;
use crate::jwt::signature::{ByRules, SignatureCheck};
use crate::jwt::verified::Verified;

/// One attempt at a verification that gives a `V`.
#[derive(Debug)]
pub struct Attempt<'a, V = Verified, R = ByRules<'a>> {
    /// The index of the issuer whose keys were looked at. `None` if the token was rejected before that: other keys would
    /// have made no difference.
    pub issuer: Option<usize>,
    /// The verified token, a question for the host, or the reason why the token is rejected.
    pub outcome: Result<Progress<'a, V, R>, Error>,
}

/// How far an attempt came that did not fail.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "taken apart at once, never kept")]
pub enum Progress<'a, V = Verified, R = ByRules<'a>> {
    /// The token is accepted.
    Verified(V),
    /// The host has to check the signature.
    AskHost(SignatureCheck<'a, R>),
}
