//! How a session behaves and how it obtains tokens, out of the shell's JSON.

use crate::json::{Object, Value};
use crate::session::{
    ClientAuth, CookieRefresh, Custom, Fields, Flow, Grant, JsonLogin, Metadata, OAuth, Options, endpoint,
};
use crate::wasm::session::argument;
use crate::wasm::url::{Parts, no_url};
use crate::{Error, Secret};

/// Reads options by name and says which of them is not what it should be.
pub(super) struct Reader<'a>(pub(super) Object<'a>);

impl<'a> Reader<'a> {
    pub(super) fn new(value: Option<Value<'a>>, name: &str) -> Result<Self, Error> {
        match value {
            None => Ok(Self(Object::default())),
            Some(Value::Object(nested)) => Ok(Self(nested.object())),
            Some(_) => Err(Error::invalid_arg(name, "an object")),
        }
    }

    /// Refuses an option that nothing reads.
    fn only(self, names: [&str; 2]) -> Result<Self, Error> {
        let stray =
            self.0.members().map(|(name, _)| name).find(|name| !names.iter().any(|known| name.is(known)));
        stray.map_or(Ok(()), |name| Err(Error::no_option(&name.to_cow())))?;
        Ok(self)
    }

    pub(super) fn number(&self, name: &str, least: f64, most: f64, otherwise: f64) -> Result<f64, Error> {
        match self.0.get(name).map(Value::as_number) {
            None => Ok(otherwise),
            Some(Some(number)) if (least..=most).contains(&number) => Ok(number),
            Some(_) => Err(Error::invalid_arg(name, "a number in range")),
        }
    }

    pub(super) fn word(&self, name: &str, words: [&str; 2], expected: &'static str) -> Result<bool, Error> {
        let Some(value) = self.0.get(name) else {
            return Ok(false);
        };
        match value.as_text().map(|text| words.map(|word| text.is(word))) {
            Some([true, _]) => Ok(false),
            Some([_, true]) => Ok(true),
            _ => Err(Error::invalid_arg(name, expected)),
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Error> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.to_cow().into_owned())),
            Some(_) => Err(Error::invalid_arg(name, "a string")),
        }
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Value::Bool(true)))
    }

    fn endpoint(&self, name: &str, loopback: bool) -> Result<Option<String>, Error> {
        match self.0.get(name) {
            None => Ok(None),
            value => endpoint(&Parts::read(value)?.as_url(), loopback).map(Some),
        }
    }
}

const DAY_MS: f64 = 86_400_000.0;

pub(super) fn read_options(text: &str) -> Result<(Grant, Options), Error> {
    let all = Reader(Object::parse(text.as_bytes()).map_err(|_| argument("session"))?);
    let ahead = Reader::new(all.0.get("refreshAhead"), "refreshAhead")?.only(["maxSeconds", "fraction"])?;
    let retry = Reader::new(all.0.get("retry"), "retry")?.only(["baseMs", "capMs"])?;
    let loopback = !all.word("insecure", ["loopback", "never"], "\"never\" or \"loopback\"")?;
    let defaults = Options::default();
    let ms = |reader: &Reader<'_>, name, least, otherwise: u64| {
        reader.number(name, least, DAY_MS, otherwise as f64).map(|number| number as u64)
    };
    let options = Options {
        refresh_ahead_max_ms: (ahead.number("maxSeconds", 0.0, 1e9, 60.0)? * 1000.0) as u64,
        refresh_ahead_fraction: ahead.number("fraction", 0.0, 0.9, defaults.refresh_ahead_fraction)?,
        timeout_ms: ms(&all, "timeoutMs", 1.0, defaults.timeout_ms)?,
        retry_base_ms: ms(&retry, "baseMs", 0.0, defaults.retry_base_ms)?,
        retry_cap_ms: ms(&retry, "capMs", 0.0, defaults.retry_cap_ms)?,
        replay_window_ms: ms(&all, "replayWindowMs", 0.0, defaults.replay_window_ms)?,
        keep_until_expiry: !all.word(
            "onRefreshRejected",
            ["keep-until-expiry", "end-now"],
            "\"keep-until-expiry\" or \"end-now\"",
        )?,
        has_lock: all.flag("hasLock"),
        store_is_shared: all.flag("storeIsShared"),
        store_is_empty: all.flag("storeIsEmpty"),
        background: !all.flag("endsWithRequest"),
    };
    let grant = Reader::new(all.0.get("grant"), "grant")?;
    let kind = grant.text("kind")?.unwrap_or_default();
    let grant = match kind.as_str() {
        "jsonLogin" => {
            let fields = Reader::new(grant.0.get("fields"), "fields")?;
            Grant::JsonLogin(JsonLogin {
                token_url: grant.endpoint("tokenUrl", loopback)?.ok_or_else(no_url)?,
                refresh_url: grant.endpoint("refreshUrl", loopback)?,
                revoke_url: grant.endpoint("revokeUrl", loopback)?,
                asks: grant.flag("asks"),
                fields: Fields {
                    access_token: fields.text("accessToken")?,
                    refresh_token: fields.text("refreshToken")?,
                    expires_in: fields.text("expiresIn")?,
                },
            })
        }
        "oauth2" | "authorizationCode" => Grant::OAuth(read_oauth(&grant, &kind, loopback)?),
        "cookieRefresh" => Grant::CookieRefresh(CookieRefresh {
            url: grant.endpoint("url", loopback)?.ok_or_else(no_url)?,
            header: (
                grant.text("headerName")?.unwrap_or_default(),
                grant.text("headerValue")?.unwrap_or_default(),
            ),
        }),
        "custom" => Grant::Custom(Custom {
            acquires: grant.flag("acquires"),
            refreshes: grant.flag("refreshes"),
            revokes: grant.flag("revokes"),
        }),
        _ => return Err(argument("grant")),
    };
    if all.flag("storeIsEventual") && grant.may_rotate() {
        return Err(Error::invalid_arg(
            "store",
            "strongly consistent, because refresh tokens may be single-use",
        ));
    }
    Ok((grant, options))
}

fn read_oauth(grant: &Reader<'_>, kind: &str, loopback: bool) -> Result<OAuth, Error> {
    let client_secret = grant.text("clientSecret")?.map(Secret::new);
    let client_auth = match (grant.text("clientAuth")?.as_deref(), &client_secret) {
        (None | Some("none"), None) => ClientAuth::None,
        (None | Some("client_secret_basic"), Some(_)) => ClientAuth::Basic,
        (Some("client_secret_post"), Some(_)) => ClientAuth::Post,
        _ => {
            return Err(Error::invalid_arg(
                "clientAuth",
                "one that fits: with a secret, or \"none\" without",
            ));
        }
    };
    let flow = match (kind, grant.text("grant")?.as_deref()) {
        ("authorizationCode", _) => Flow::AuthorizationCode {
            redirect_uri: grant
                .text("redirectUri")?
                .ok_or_else(|| Error::invalid_arg("redirectUri", "a URL"))?,
        },
        (_, Some("client_credentials")) => Flow::ClientCredentials,
        (_, Some("refresh_token")) => {
            Flow::RefreshToken { refresh_token: grant.text("refreshToken")?.map(Secret::new) }
        }
        _ => return Err(Error::invalid_arg("grant", "\"client_credentials\" or \"refresh_token\"")),
    };
    let token_endpoint = grant.endpoint("tokenEndpoint", loopback)?;
    let issuer = grant.text("issuer")?;
    if token_endpoint.is_none() {
        Metadata::urls(issuer.as_deref().unwrap_or_default())?;
    }
    Ok(OAuth {
        token_endpoint,
        revocation_endpoint: grant.endpoint("revocationEndpoint", loopback)?,
        has_issuer: issuer.is_some(),
        client_id: grant
            .text("clientId")?
            .filter(|id| !id.is_empty())
            .ok_or_else(|| Error::invalid_arg("clientId", "the client's identifier"))?,
        client_secret,
        client_auth,
        scope: grant.text("scope")?,
        flow,
    })
}
