//! The names of the checks, and the error of the one at which a verification stopped.

use crate::error::{Error, TokenFault};

/// The checks of verification, in the order they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Check {
    /// Length, three segments, base64url.
    Format,
    /// The header's JSON, the types of its parameters, `crit` and `b64`.
    Header,
    /// `alg` is known, and the rules allow it.
    Algorithm,
    /// There is exactly one key for the token, and it is for its algorithm.
    Key,
    /// The signature holds.
    Signature,
    /// The payload is a JSON object.
    Claims,
    /// `typ`.
    Typ,
    /// `iss`.
    Issuer,
    /// `sub`.
    Subject,
    /// `aud`.
    Audience,
    /// `nbf`, `exp`, and `iat` where the rules limit the age.
    Time,
    /// The claims that the rules require, or require to have one value.
    RequiredClaims,
    /// `scope` or `scp`.
    Scope,
    /// The caller's check for revoked tokens.
    Revocation,
    /// The caller's schema.
    Schema,
}

impl Check {
    pub(super) const ALL: [Self; 15] = [
        Self::Format,
        Self::Header,
        Self::Algorithm,
        Self::Key,
        Self::Signature,
        Self::Claims,
        Self::Typ,
        Self::Issuer,
        Self::Subject,
        Self::Audience,
        Self::Time,
        Self::RequiredClaims,
        Self::Scope,
        Self::Revocation,
        Self::Schema,
    ];

    /// The name that programs see. Claims are judged as a whole, one by one and by a schema, all under one name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Header => "header",
            Self::Algorithm => "algorithm",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Claims | Self::RequiredClaims | Self::Schema => "claims",
            Self::Typ => "typ",
            Self::Issuer => "issuer",
            Self::Subject => "subject",
            Self::Audience => "audience",
            Self::Time => "time",
            Self::Scope => "scope",
            Self::Revocation => "revocation",
        }
    }
}

/// An error, and the check that failed with it.
pub(super) struct Stopped {
    pub(super) check: Check,
    pub(super) error: Error,
    /// The index of the issuer whose keys were looked at.
    pub(super) issuer: Option<usize>,
}

impl Stopped {
    pub(super) fn at(check: Check) -> impl FnOnce(Error) -> Self {
        move |error| Self { check, error, issuer: None }
    }

    /// An error of reading the token.
    pub(super) fn reading(error: Error) -> Self {
        let header = matches!(
            error,
            Error::Malformed { fault: TokenFault::Header(_) | TokenFault::HeaderParameter(_) }
        );
        Self::at(if header { Check::Header } else { Check::Format })(error)
    }
}
