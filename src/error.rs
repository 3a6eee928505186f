//! Everything that can go wrong: each message, each code and whether trying again can help. Nowhere else.
//!
//! No error holds a token, a key, a secret or the value of a claim. Text that came with a token appears only where
//! it is a name that this library knows.

use std::borrow::Cow;
use std::fmt;

use crate::json;

/// Why a token, a key, a session or an argument was refused.
///
/// [`Error::code`] is stable and meant for programs; the `Display` text is meant for people.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The header's `alg` is not one that the rules and the key allow (RFC 8725 §3.1).
    AlgorithmNotAllowed {
        /// The algorithm, where it is one that this library knows.
        alg: Option<&'static str>,
    },
    /// The request body can be read only once, so the request cannot be sent again.
    BodyNotReplayable,
    /// A claim is missing, of the wrong type, or not what the rules ask for.
    ClaimInvalid {
        /// The claim's name.
        claim: Box<str>,
        /// In which way it fails.
        reason: Reason,
    },
    /// The host clock reads before 2024, so no token's lifetime can be judged.
    ClockUnavailable,
    /// The token is past its `exp`, or older than `maxTokenAge`.
    Expired {
        /// `exp`, or `iat` where the token is too old.
        claim: &'static str,
    },
    /// The URL is outside `resources` and the session was told to refuse such URLs.
    ForeignUrl,
    /// A redirect that only the platform could follow, with the token. A browser does not show where it leads.
    HiddenRedirect,
    /// A URL that would carry a token in the clear, or is not usable for one.
    InsecureUrl {
        /// What is wrong with it.
        fault: UrlFault,
    },
    /// The caller's argument is not usable. A `TypeError` in JavaScript.
    InvalidArg {
        /// The argument or option.
        name: Box<str>,
        /// The values that it takes, with their range and unit.
        expected: Cow<'static, str>,
        /// The value that was given, or its kind if it may be a secret.
        given: Option<Box<str>>,
    },
    /// Five segments: an encrypted token, which is not verified here (RFC 7516).
    JweNotSupported,
    /// A key that cannot be read as what it claims to be.
    JwkInvalid {
        /// What is wrong with it.
        fault: JwkFault,
    },
    /// A key that is too weak to trust a signature to.
    KeyWeak {
        /// In which way.
        weakness: Weakness,
    },
    /// The JWK Set or snapshot that the caller gave cannot be used.
    KeySetInvalid {
        /// What is wrong with it.
        fault: KeySetFault,
    },
    /// The JWK Set could not be fetched, or what came back is not one.
    KeySetFetchFailed {
        /// The HTTP status, where there was an answer.
        status: Option<u16>,
    },
    /// The JWK Set did not arrive in time.
    KeySetTimeout,
    /// A sound key of the wrong kind for this use.
    KeyUnusable {
        /// Why.
        misuse: Misuse,
    },
    /// The authorization server refused the credentials.
    LoginRejected {
        /// The HTTP status.
        status: Option<u16>,
        /// The registered OAuth error code, where there was one.
        oauth_error: Option<&'static str>,
    },
    /// Not the compact serialization of a JWT.
    Malformed {
        /// What is wrong with it.
        fault: TokenFault,
    },
    /// More than one key of the set fits the token.
    MultipleMatchingKeys,
    /// The `nbf` of the token is still to come.
    NotYetValid,
    /// A header parameter that asks for something not supported: `crit`, or `b64: false`.
    NotSupported {
        /// The header parameter.
        parameter: &'static str,
    },
    /// No key of the set fits the token.
    NoMatchingKey {
        /// The token's `kid`, where it has one.
        kid: Option<Box<str>>,
    },
    /// The refresh token was refused: the session is over.
    RefreshRejected {
        /// The HTTP status.
        status: Option<u16>,
        /// The registered OAuth error code, where there was one.
        oauth_error: Option<&'static str>,
    },
    /// The token could not be refreshed now; the session stands.
    RefreshUnavailable {
        /// The HTTP status, where there was an answer.
        status: Option<u16>,
        /// When to try again, in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// The check for revoked tokens could not be made.
    RevocationUnavailable,
    /// The token has been revoked.
    Revoked,
    /// The session belongs to somebody else now.
    SessionChanged,
    /// The session was closed.
    SessionClosed,
    /// Nobody is signed in.
    SignedOut,
    /// The signature does not hold. Nothing more is said, by design.
    SignatureInvalid,
    /// The store of the session cannot be read or written.
    StoreUnavailable,
    /// The answer exists only asynchronously.
    SyncUnavailable {
        /// What is missing.
        lack: Lack,
    },
    /// The token endpoint refuses this client or this request: a mistake in the configuration.
    TokenEndpointMisconfigured {
        /// The HTTP status.
        status: Option<u16>,
        /// The registered OAuth error code, where there was one.
        oauth_error: Option<&'static str>,
    },
    /// The token endpoint answered with a redirect, which is never followed with credentials.
    TokenEndpointRedirected {
        /// The HTTP status, where the platform shows it.
        status: Option<u16>,
    },
    /// The token endpoint's answer is not a token response (RFC 6749 §5.1).
    TokenResponseInvalid {
        /// What is wrong with it.
        fault: ResponseFault,
    },
    /// The token endpoint did not answer in time.
    TokenTimeout,
}

/// In which way a claim fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The schema, or another check of the caller's, refused it.
    CheckFailed,
    /// The claim has a type or range it cannot have.
    Invalid,
    /// The claim has another value than the rules ask for.
    Mismatch,
    /// The rules need the claim and the token has none.
    Missing,
}

impl Reason {
    /// The reason as JavaScript sees it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CheckFailed => "check_failed",
            Self::Invalid => "invalid",
            Self::Mismatch => "mismatch",
            Self::Missing => "missing",
        }
    }
}

/// Why a text is not a JWT in compact serialization (RFC 7519 §7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenFault {
    /// A segment is not canonical base64url.
    Base64url,
    /// `alg`, `kid` or `typ` has a type it cannot have.
    HeaderParameter(&'static str),
    /// The JOSE header is not acceptable JSON.
    Header(json::Fault),
    /// Not a string.
    NotAString,
    /// Not three segments.
    Segments,
    /// The claims set is not acceptable JSON.
    Payload(json::Fault),
    /// Longer than the rules allow.
    TooLong,
}

/// Why a key cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwkFault {
    /// The JSON text of the key is not acceptable.
    Json(json::Fault),
    /// A member is missing, of the wrong type or length, or not canonical base64url.
    Member(&'static str),
    /// The PEM text is not SPKI, X.509 or PKCS#1 public, or has something around it.
    Pem,
    /// The coordinates are not a point of the curve.
    Point,
}

/// Why a key is too weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weakness {
    /// An empty secret.
    EmptySecret,
    /// An RSA modulus of a faulty generator, whose private key can be computed (CVE-2017-15361).
    Roca,
    /// An RSA exponent that is even, below 3 or above 64 bits.
    RsaExponent,
    /// An RSA modulus that is even.
    RsaModulus,
    /// An RSA modulus under 2048 or over 8192 bits.
    RsaSize,
    /// A secret shorter than the hash (RFC 7518 §3.2).
    ShortSecret,
    /// An Ed25519 point of small order: anyone can sign for it.
    SmallOrder,
    /// An ML-DSA key of nothing but zeros: anyone can sign for it.
    ZeroVector,
}

/// Why a key cannot serve here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// Its own `alg` is not known, or not one for its type.
    Algorithm,
    /// A secret needs `algorithms` in the rules, or an `alg` of its own.
    AlgorithmUnspecified,
    /// A string that is not PEM: a secret is given as bytes or as an `oct` JWK.
    BareString,
    /// The host has no engine for it.
    Engine,
    /// Its `key_ops` or usages do not include `verify`.
    KeyOps,
    /// Something of another kind: neither a key nor a key set.
    Kind,
    /// There is no engine for ML-DSA in this build, and none was imported.
    MlDsa,
    /// Bytes that look like a public key, given as a shared secret.
    PublicAsSecret,
    /// A private key where a public one belongs.
    Private,
    /// Its `kty` or `crv` is not one that this library knows.
    Type,
    /// Its `use` is not `sig`.
    Use,
}

/// Why a JWK Set cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeySetFault {
    /// The JSON text is not acceptable.
    Json(json::Fault),
    /// There is no `keys` list in it.
    Keys,
    /// It holds secrets and public keys together.
    Mixed,
    /// Not a snapshot of this set.
    Snapshot,
    /// It has more than 10,000 keys.
    TooMany,
}

/// What a synchronous call would have had to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lack {
    /// A promise came back from `isRevoked` or `schema`.
    Callback,
    /// A `CryptoKey` that no asynchronous call has exported yet, or that cannot be.
    CryptoKey,
    /// Keys that have not been fetched.
    Keys,
}

/// Why a URL must not carry a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlFault {
    /// A user name or password in it.
    Credentials,
    /// Not `https:`, and not `http:` on a loopback host.
    Scheme,
    /// Not an absolute URL.
    Syntax,
}

/// Why a token endpoint's answer cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseFault {
    /// No access token in it, or one that cannot go into a header.
    AccessToken,
    /// Longer than 64 KiB.
    Length,
    /// `expires_in` is not a number of seconds.
    ExpiresIn,
    /// Not acceptable JSON.
    Json(json::Fault),
    /// Not declared as JSON.
    MediaType,
    /// A refresh token that is not a string.
    RefreshToken,
    /// A status that a token endpoint does not answer with.
    Status,
    /// A `token_type` other than `Bearer` (RFC 6749 §7.1).
    TokenType,
}

impl Error {
    /// The stable code. jose's where the meaning is jose's.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ClaimInvalid { .. } => "ERR_JWT_CLAIM_VALIDATION_FAILED",
            Self::ClockUnavailable => "ERR_CLOCK_UNAVAILABLE",
            Self::InvalidArg { .. } => "ERR_INVALID_ARG",
            Self::JweNotSupported => "ERR_JWE_NOT_SUPPORTED",
            Self::Malformed { .. } => "ERR_JWT_MALFORMED",
            #[cfg(not(decode_only))]
            _ => self.code_beyond_reading(),
            #[cfg(decode_only)]
            _ => "",
        }
    }

    /// The module of `tokenward/decode` only reads, so it has neither these codes nor their texts.
    #[cfg(not(decode_only))]
    const fn code_beyond_reading(&self) -> &'static str {
        match self {
            Self::AlgorithmNotAllowed { .. } => "ERR_JOSE_ALG_NOT_ALLOWED",
            Self::BodyNotReplayable => "ERR_BODY_NOT_REPLAYABLE",
            Self::Expired { .. } => "ERR_JWT_EXPIRED",
            Self::ForeignUrl | Self::HiddenRedirect => "ERR_FOREIGN_URL",
            Self::InsecureUrl { .. } => "ERR_INSECURE_URL",
            Self::JwkInvalid { .. } => "ERR_JWK_INVALID",
            Self::KeyWeak { .. } => "ERR_KEY_WEAK",
            Self::KeySetInvalid { .. } => "ERR_JWKS_INVALID",
            Self::KeySetFetchFailed { .. } => "ERR_JWKS_FETCH_FAILED",
            Self::KeySetTimeout => "ERR_JWKS_TIMEOUT",
            Self::KeyUnusable { .. } => "ERR_KEY_UNUSABLE",
            Self::LoginRejected { .. } => "ERR_LOGIN_REJECTED",
            Self::MultipleMatchingKeys => "ERR_JWKS_MULTIPLE_MATCHING_KEYS",
            Self::NotYetValid => "ERR_JWT_NOT_YET_VALID",
            Self::NotSupported { .. } => "ERR_JOSE_NOT_SUPPORTED",
            Self::NoMatchingKey { .. } => "ERR_JWKS_NO_MATCHING_KEY",
            Self::RefreshRejected { .. } => "ERR_TOKEN_REFRESH_REJECTED",
            Self::RefreshUnavailable { .. } => "ERR_TOKEN_REFRESH_UNAVAILABLE",
            Self::RevocationUnavailable => "ERR_REVOCATION_UNAVAILABLE",
            Self::Revoked => "ERR_JWT_REVOKED",
            Self::SessionChanged => "ERR_SESSION_CHANGED",
            Self::SessionClosed => "ERR_SESSION_CLOSED",
            Self::SignedOut => "ERR_SESSION_SIGNED_OUT",
            Self::SignatureInvalid => "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
            Self::StoreUnavailable => "ERR_TOKEN_STORE_UNAVAILABLE",
            Self::SyncUnavailable { .. } => "ERR_SYNC_UNAVAILABLE",
            Self::TokenEndpointMisconfigured { .. } => "ERR_TOKEN_ENDPOINT_MISCONFIGURED",
            Self::TokenEndpointRedirected { .. } => "ERR_TOKEN_ENDPOINT_REDIRECTED",
            Self::TokenResponseInvalid { .. } => "ERR_TOKEN_RESPONSE_INVALID",
            Self::TokenTimeout => "ERR_TOKEN_TIMEOUT",
            Self::ClaimInvalid { .. }
            | Self::ClockUnavailable
            | Self::InvalidArg { .. }
            | Self::JweNotSupported
            | Self::Malformed { .. } => "",
        }
    }

    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::ClockUnavailable
                | Self::KeySetFetchFailed { .. }
                | Self::KeySetTimeout
                | Self::RefreshUnavailable { .. }
                | Self::RevocationUnavailable
                | Self::StoreUnavailable
                | Self::TokenTimeout
        )
    }

    #[cfg(feature = "jwt")]
    pub(crate) const fn malformed(fault: TokenFault) -> Self {
        Self::Malformed { fault }
    }

    #[cfg(feature = "jwt")]
    pub(crate) fn claim(claim: &str, reason: Reason) -> Self {
        Self::ClaimInvalid { claim: claim.into(), reason }
    }

    #[cfg(any(feature = "jwt", feature = "session"))]
    pub(crate) fn invalid_arg(name: &str, expected: &'static str) -> Self {
        Self::InvalidArg { name: name.into(), expected: Cow::Borrowed(expected), given: None }
    }

    /// As [`Error::invalid_arg`], with the value that was given or its kind.
    #[cfg(all(target_arch = "wasm32", any(feature = "jwt", feature = "session")))]
    pub(crate) fn invalid_value(name: &str, expected: impl Into<Cow<'static, str>>, given: &str) -> Self {
        Self::InvalidArg { name: name.into(), expected: expected.into(), given: Some(given.into()) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClaimInvalid { claim, reason } => {
                write!(f, "the claim \"{claim}\" ")?;
                f.write_str(match reason {
                    Reason::CheckFailed => "did not pass a check",
                    Reason::Invalid => "has an invalid type or value",
                    Reason::Mismatch => "does not match the rules",
                    Reason::Missing => "is missing",
                })
            }
            Self::ClockUnavailable => {
                f.write_str("the host clock is not set: it reads before 2024, as at a Worker's module scope")
            }
            Self::InvalidArg { name, expected, given } => {
                // The index of a list's member stands behind the name of the list.
                let (name, index) = match name.rfind('[') {
                    Some(at) if name.ends_with(']') => name.split_at(at),
                    _ => (&**name, ""),
                };
                write!(f, "\"{name}\"{index} must be {expected}")?;
                given.as_ref().map_or(Ok(()), |given| write!(f, "; got {given}"))
            }
            Self::JweNotSupported => f.write_str("encrypted tokens (JWE) are not supported"),
            Self::Malformed { fault } => match fault {
                TokenFault::Base64url => f.write_str("a segment of the token is not canonical base64url"),
                TokenFault::HeaderParameter(name) => {
                    write!(f, "the token's header parameter \"{name}\" is not valid")
                }
                TokenFault::Header(fault) => write!(f, "the token's header {fault}"),
                TokenFault::NotAString => f.write_str("the token is not a string"),
                TokenFault::Segments => f.write_str("the token is not three segments joined by dots"),
                TokenFault::Payload(fault) => write!(f, "the token's claims set {fault}"),
                TokenFault::TooLong => f.write_str("the token is longer than the rules allow"),
            },
            #[cfg(not(decode_only))]
            _ => self.fmt_beyond_reading(f),
            #[cfg(decode_only)]
            _ => Ok(()),
        }
    }
}

#[cfg(not(decode_only))]
impl Error {
    fn fmt_beyond_reading(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlgorithmNotAllowed { alg: Some(alg) } => {
                write!(f, "the token's algorithm {alg} is not allowed for this key and these rules")
            }
            Self::AlgorithmNotAllowed { alg: None } => f.write_str("the token's algorithm is not allowed"),
            Self::BodyNotReplayable => f.write_str("the request body cannot be sent a second time"),
            Self::Expired { claim: "iat" } => f.write_str("the token is older than maxTokenAge"),
            Self::Expired { .. } => f.write_str("the token has expired"),
            Self::ForeignUrl => f.write_str("the URL is outside the resources of this session"),
            Self::HiddenRedirect => f.write_str(
                "the resource redirects, and this browser could take the token outside the resources of this session",
            ),
            Self::InsecureUrl { fault } => f.write_str(match fault {
                UrlFault::Credentials => "the URL contains a user name or password",
                UrlFault::Scheme => "the URL must use https, or http on a loopback host",
                UrlFault::Syntax => "the URL is not absolute",
            }),
            Self::JwkInvalid { fault } => match fault {
                JwkFault::Json(fault) => write!(f, "the key {fault}"),
                JwkFault::Member(member) => write!(f, "the key's \"{member}\" is missing or invalid"),
                JwkFault::Pem => f.write_str(
                    "the text is not a PEM public key (SPKI \"PUBLIC KEY\", \"RSA PUBLIC KEY\" or \"CERTIFICATE\")",
                ),
                JwkFault::Point => f.write_str("the key is not a point on its curve"),
            },
            Self::KeyWeak { weakness } => f.write_str(match weakness {
                Weakness::EmptySecret => "the secret is empty",
                Weakness::Roca => "the RSA key was made by a faulty generator (CVE-2017-15361)",
                Weakness::RsaExponent => "the RSA exponent must be odd, at least 3 and at most 64 bits long",
                Weakness::RsaModulus => "the RSA modulus is even",
                Weakness::RsaSize => "the RSA modulus must have 2048 to 8192 bits",
                Weakness::ShortSecret => {
                    "the secret is shorter than the hash (RFC 7518 section 3.2); allowShortSecret allows it"
                }
                Weakness::SmallOrder => "the Ed25519 key is a point of small order, for which any signature can be forged",
                Weakness::ZeroVector => "the ML-DSA key is all zeros",
            }),
            Self::KeySetInvalid { fault } => match fault {
                KeySetFault::Json(fault) => write!(f, "the key set {fault}"),
                KeySetFault::Keys => f.write_str("the key set has no \"keys\" list"),
                KeySetFault::Mixed => f.write_str("the key set mixes secrets and public keys"),
                KeySetFault::Snapshot => f.write_str("the snapshot is not one of this key set"),
                KeySetFault::TooMany => f.write_str("the key set has more than 10,000 keys"),
            },
            Self::KeySetFetchFailed { status: Some(status) } => {
                write!(f, "the key set could not be fetched (HTTP status {status})")
            }
            Self::KeySetFetchFailed { status: None } => f.write_str("the key set could not be fetched"),
            Self::KeySetTimeout => f.write_str("the key set did not arrive in time"),
            Self::KeyUnusable { misuse } => f.write_str(match misuse {
                Misuse::Algorithm => "the key's \"alg\" does not fit its type",
                Misuse::AlgorithmUnspecified => "a shared secret needs \"algorithms\" in the rules or an \"alg\" of its own",
                Misuse::BareString => "a string must be PEM; pass a shared secret as bytes or as an \"oct\" JWK",
                Misuse::Engine => "this host cannot use this key",
                Misuse::KeyOps => "the key's key_ops or usages do not include verify",
                Misuse::Kind => "the value is neither a key nor a key set",
                Misuse::MlDsa => "ML-DSA needs import \"tokenward/ml-dsa\" (in Rust, the feature \"ml-dsa\")",
                Misuse::PublicAsSecret => "these bytes are a public key, not a shared secret",
                Misuse::Private => "the key is private; pass its public half",
                Misuse::Type => "this type or curve of key is not supported",
                Misuse::Use => "the key's use is not sig",
            }),
            Self::LoginRejected { .. } => f.write_str("the authorization server rejected the sign-in"),
            Self::MultipleMatchingKeys => f.write_str("more than one key of the set matches the token"),
            Self::NotYetValid => f.write_str("the token is not valid yet"),
            Self::NotSupported { parameter } => {
                write!(f, "the token's header parameter \"{parameter}\" asks for an extension that is not supported")
            }
            Self::NoMatchingKey { .. } => f.write_str("no key of the set matches the token"),
            Self::RefreshRejected { .. } => f.write_str("the refresh token was rejected; sign in again"),
            Self::RefreshUnavailable { .. } => f.write_str("the token could not be refreshed now; try again later"),
            Self::RevocationUnavailable => f.write_str("the check for revoked tokens failed"),
            Self::Revoked => f.write_str("the token has been revoked"),
            Self::SessionChanged => f.write_str("the session now belongs to another sign-in"),
            Self::SessionClosed => f.write_str("the session is closed"),
            Self::SignedOut => f.write_str("no user is signed in"),
            Self::SignatureInvalid => f.write_str("signature verification failed"),
            Self::StoreUnavailable => f.write_str("the token store cannot be used"),
            Self::SyncUnavailable { lack } => f.write_str(match lack {
                Lack::Callback => "isRevoked or schema returned a promise; call verify() instead of verifySync()",
                Lack::CryptoKey => "a CryptoKey verifies synchronously only after an asynchronous call has exported it",
                Lack::Keys => "the keys have not been fetched yet; call verify() instead of verifySync()",
            }),
            Self::TokenEndpointMisconfigured { .. } => f.write_str("the token endpoint rejects this client or its request"),
            Self::TokenEndpointRedirected { .. } => {
                f.write_str("the token endpoint redirected, and credentials never follow a redirect")
            }
            Self::TokenResponseInvalid { fault } => match fault {
                ResponseFault::AccessToken => f.write_str("the token response has no usable access token"),
                ResponseFault::Length => f.write_str("the token response is too long"),
                ResponseFault::ExpiresIn => f.write_str("the token response's \"expires_in\" is not a number of seconds"),
                ResponseFault::Json(fault) => write!(f, "the token response {fault}"),
                ResponseFault::MediaType => f.write_str("the token response is not JSON"),
                ResponseFault::RefreshToken => f.write_str("the token response's refresh token is not a string"),
                ResponseFault::Status => f.write_str("the token endpoint answered with an unexpected status"),
                ResponseFault::TokenType => f.write_str("the token response's \"token_type\" is not Bearer"),
            },
            Self::TokenTimeout => f.write_str("the token endpoint did not answer in time"),
            Self::ClaimInvalid { .. }
            | Self::ClockUnavailable
            | Self::InvalidArg { .. }
            | Self::JweNotSupported
            | Self::Malformed { .. } => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
