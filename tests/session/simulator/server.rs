//! A model authorization server: rotates refresh tokens, tolerates reuse for a while, revokes the family after that.

use std::collections::HashMap;

/// Tokens by what they are worth.
#[derive(Default)]
pub(crate) struct Server {
    reuse_window_ms: u64,
    rotates: bool,
    lifetime_s: u64,
    issued: u64,
    /// Refresh tokens: family and time of first use.
    refresh: HashMap<String, (u64, Option<u64>)>,
    revoked: Vec<u64>,
    access: HashMap<String, u64>,
    families: u64,
    /// Refresh tokens that came a second time after the window.
    pub(crate) thefts: u64,
    pub(crate) refusals: u64,
    revocations: u64,
}

impl Server {
    pub(crate) fn new(rotates: bool, reuse_window_ms: u64, lifetime_s: u64) -> Self {
        Self { rotates, reuse_window_ms, lifetime_s, ..Self::default() }
    }

    /// Answers a token request with the access token and the whole text; `None` means `invalid_grant`.
    pub(crate) fn token(&mut self, body: &str, now_ms: u64) -> Option<(String, String)> {
        let Some(token) =
            body.strip_prefix(r#"{"refresh_token":""#).and_then(|rest| rest.strip_suffix("\"}"))
        else {
            self.families += 1;
            return Some(self.issue(self.families));
        };
        let known = self.refresh.get(token).copied();
        let Some((family, used)) = known.filter(|(family, _)| !self.revoked.contains(family)) else {
            self.refusals += 1;
            return None;
        };
        if !self.rotates {
            return Some(self.issue_with(family, None));
        }
        if used.is_some_and(|used| now_ms > used.saturating_add(self.reuse_window_ms)) {
            self.thefts += 1;
            self.refusals += 1;
            self.revoked.push(family);
            return None;
        }
        self.refresh.insert(token.to_owned(), (family, Some(used.unwrap_or(now_ms))));
        Some(self.issue(family))
    }

    pub(crate) fn revoke(&mut self, body: &str) {
        self.revocations += 1;
        for (token, (family, _)) in &self.refresh {
            if body.contains(&format!("\"{token}\"")) {
                self.revoked.push(*family);
            }
        }
    }

    /// Whether a resource server would take the access token.
    pub(crate) fn accepts(&self, access: &str) -> bool {
        self.access.get(access).is_some_and(|family| !self.revoked.contains(family))
    }

    fn issue(&mut self, family: u64) -> (String, String) {
        let refresh = format!("SECRET-r{}", self.issued);
        self.issue_with(family, Some(refresh))
    }

    /// Without a new refresh token the old one stays in force (RFC 6749 §6).
    fn issue_with(&mut self, family: u64, refresh: Option<String>) -> (String, String) {
        self.issued += 1;
        let access = format!("SECRET-a{}", self.issued);
        let member =
            refresh.as_ref().map(|token| format!(r#""refresh_token":"{token}","#)).unwrap_or_default();
        let text = format!(
            r#"{{"token":"{access}",{member}"token_type":"Bearer","expires_in":{}}}"#,
            self.lifetime_s
        );
        if let Some(refresh) = refresh {
            self.refresh.entry(refresh).or_insert((family, None));
        }
        self.access.insert(access.clone(), family);
        (access, text)
    }
}
