//! Text and bytes that must not be printed, compared in passing or left in memory.

use std::fmt;

use zeroize::Zeroize;

/// A secret: a token, a password, an HMAC key. `Debug` shows nothing of it and its memory is cleared when dropped.
#[derive(Clone, Default)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes `value` out of sight.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The secret itself. Every use of this name is a place where it can leak.
    #[must_use]
    pub const fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    // Secrets are dropped in many places, and clearing is a loop that the compiler would copy into each of them.
    #[inline(never)]
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}
