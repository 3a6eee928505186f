//! The host's engine, and its answers about signatures.

/// What the host's engine can do, and its answer about this token so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostEngine<'k> {
    /// Whether to ask it about RSA keys too, because it is the faster engine.
    pub takes_rsa: bool,
    /// Its answer about this token.
    pub verdict: Option<HostVerdict<'k>>,
}

/// The answer of the host's engine about the signature of one token.
#[derive(Clone, Copy, Debug)]
pub struct HostVerdict<'k> {
    pub(super) key: HostKeyId<'k>,
    pub(super) valid: bool,
}

impl<'k> HostVerdict<'k> {
    /// The host checked the signature with this key: `valid` is its answer. **Dangerous**: the token is accepted on the
    /// host's word. The verdict counts for this key alone, and must be about the token that it is used for.
    #[must_use]
    pub const fn dangerous_from_host(key: HostKeyId<'k>, valid: bool) -> Self {
        Self { key, valid }
    }
}

/// A key as the host is asked about it. Equal ids are the same key, in every instance of this module: a verdict
/// survives the loss of the instance that asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKeyId<'k> {
    /// A key that stays with the host, by the number the host gave it.
    Opaque(u32),
    /// An RSA key, as a JWK with the members `kty`, `n` and `e`.
    Rsa(&'k str),
}
