//! The response to a request for a JWK Set: whether it can be one, and for how long it is fresh.

/// An answer to a request for a JWK Set or for an issuer's metadata.
#[derive(Clone, Copy, Debug, Default)]
pub struct Response<'r> {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<&'r str>,
    /// `Cache-Control`; repeated fields joined with commas.
    pub cache_control: Option<&'r str>,
    /// `Age`.
    pub age: Option<&'r str>,
    /// The body, as far as it is not longer than the limit.
    pub body: &'r [u8],
}

impl Response<'_> {
    /// Whether the body is declared as JSON, or as no type in particular: plain file hosts know no better. A page of
    /// HTML is never a JWK Set, whatever its status.
    pub(super) fn may_be_json(&self) -> bool {
        let Some(content_type) = self.content_type else { return true };
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        matches!(
            media_type.as_str(),
            "" | "application/json"
                | "text/plain"
                | "application/octet-stream"
                | "binary/octet-stream"
                | "text/json"
        ) || media_type.ends_with("+json")
    }

    /// For how many milliseconds the answer is fresh (RFC 9111 §4.2), never outside `min..=max`.
    pub(super) fn lifetime(&self, min: u64, max: u64) -> u64 {
        let mut fresh = max;
        for directive in self.cache_control.unwrap_or_default().split(',') {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" | "no-cache" => fresh = 0,
                // A lifetime that cannot be read counts as none (RFC 9111 §4.2.1), and of two the shorter holds.
                "max-age" => fresh = fresh.min(seconds(value.trim().trim_matches('"')).unwrap_or(0)),
                _ => {}
            }
        }
        let spent =
            if self.cache_control.is_some() { self.age.and_then(|age| seconds(age.trim())) } else { None };
        fresh.saturating_sub(spent.unwrap_or(0)).clamp(min, max)
    }
}

/// `delta-seconds` (RFC 9111 §1.2.2) in milliseconds; a number that is too large is merely large.
fn seconds(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(1000))
}
