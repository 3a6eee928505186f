//! Text and bytes that must not be printed, compared in passing or left in memory.

use std::fmt;

use zeroize::Zeroizing;

/// A secret: a token, a password, an HMAC key. `Debug` shows nothing of it and its memory is cleared when dropped.
#[derive(Clone, Default)]
pub struct Secret<T: zeroize::Zeroize>(Zeroizing<T>);

impl<T: zeroize::Zeroize> Secret<T> {
    /// Takes `value` out of sight.
    pub fn new(value: T) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The secret itself. Every use of this name is a place where it can leak.
    #[must_use]
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T: zeroize::Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}
