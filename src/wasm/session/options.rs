//! How a session behaves and how it obtains tokens, out of the shell's options.

use js_sys::Object;
use wasm_bindgen::JsValue;

use crate::session::{
    ClientAuth, CookieRefresh, Custom, Fields, Flow, Grant, JsonLogin, Metadata, OAuth, Options as Behaviour,
    endpoint,
};
use crate::wasm::boundary::options::{Options, Range};
use crate::wasm::url::{Parts, no_url};
use crate::{Error, Secret};

const DAY_MS: f64 = 86_400_000.0;
const MOST_SECONDS: Range = Range::new(0.0, 1e9, "seconds");
const FRACTION: Range = Range::new(0.0, 0.9, "");
const TIMEOUT: Range = Range::new(1.0, DAY_MS, "milliseconds");
const PAUSE: Range = Range::new(0.0, DAY_MS, "milliseconds");

pub(super) fn read_options(options: &Object) -> Result<(Grant, Behaviour), Error> {
    let all = Options::new(options);
    let ahead = all.nested("refreshAhead")?;
    let retry = all.nested("retry")?;
    let loopback = all.word("insecure", &["loopback", "never"])? != Some(1);
    let defaults = Behaviour::default();
    let ms = |options: &Options, name, range, otherwise: u64| {
        options.number(name, range).map(|number| number.map_or(otherwise, |number| number as u64))
    };
    let behaviour = Behaviour {
        refresh_ahead_max_ms: (ahead.number("maxSeconds", MOST_SECONDS)?.unwrap_or(60.0) * 1000.0) as u64,
        refresh_ahead_fraction: ahead
            .number("fraction", FRACTION)?
            .unwrap_or(defaults.refresh_ahead_fraction),
        timeout_ms: ms(&all, "timeoutMs", TIMEOUT, defaults.timeout_ms)?,
        retry_base_ms: ms(&retry, "baseMs", PAUSE, defaults.retry_base_ms)?,
        retry_cap_ms: ms(&retry, "capMs", PAUSE, defaults.retry_cap_ms)?,
        replay_window_ms: ms(&all, "replayWindowMs", PAUSE, defaults.replay_window_ms)?,
        keep_until_expiry: all.word("onRefreshRejected", &["keep-until-expiry", "end-now"])? != Some(1),
        has_lock: is_set(&all, "hasLock")?,
        store_is_shared: is_set(&all, "storeIsShared")?,
        store_is_empty: is_set(&all, "storeIsEmpty")?,
        background: !is_set(&all, "endsWithRequest")?,
    };
    let grant = Options::at(&all.get("grant"), String::new())?;
    let kind = grant.text("kind")?.unwrap_or_default();
    let grant = match kind.as_str() {
        "jsonLogin" => {
            let fields = grant.nested("fields")?;
            Grant::JsonLogin(JsonLogin {
                token_url: url(&grant, "tokenUrl", loopback)?.ok_or_else(no_url)?,
                refresh_url: url(&grant, "refreshUrl", loopback)?,
                revoke_url: url(&grant, "revokeUrl", loopback)?,
                asks: is_set(&grant, "asks")?,
                fields: Fields {
                    access_token: fields.text("accessToken")?,
                    refresh_token: fields.text("refreshToken")?,
                    expires_in: fields.text("expiresIn")?,
                },
            })
        }
        "oauth2" | "authorizationCode" => Grant::OAuth(read_oauth(&grant, &kind, loopback)?),
        "cookieRefresh" => Grant::CookieRefresh(CookieRefresh {
            url: url(&grant, "url", loopback)?.ok_or_else(no_url)?,
            header: (
                grant.text("headerName")?.unwrap_or_default(),
                grant.text("headerValue")?.unwrap_or_default(),
            ),
        }),
        _ => Grant::Custom(Custom {
            acquires: is_set(&grant, "acquires")?,
            refreshes: is_set(&grant, "refreshes")?,
            revokes: is_set(&grant, "revokes")?,
        }),
    };
    if is_set(&all, "storeIsEventual")? && grant.may_rotate() {
        return Err(Error::invalid_arg(
            "store",
            "strongly consistent, because refresh tokens may be single-use",
        ));
    }
    Ok((grant, behaviour))
}

fn is_set(options: &Options, name: &str) -> Result<bool, Error> {
    options.flag(name).map(Option::unwrap_or_default)
}

fn url(options: &Options, name: &str, loopback: bool) -> Result<Option<String>, Error> {
    let value = options.get(name);
    if value.is_undefined() {
        return Ok(None);
    }
    endpoint(&Parts::of_list(&value)?.as_url(), loopback).map(Some)
}

fn read_oauth(grant: &Options, kind: &str, loopback: bool) -> Result<OAuth, Error> {
    const AUTH: [&str; 3] = ["none", "client_secret_basic", "client_secret_post"];
    let client_secret = grant.text("clientSecret")?.map(Secret::new);
    let client_auth = match (grant.word("clientAuth", &AUTH)?, &client_secret) {
        (None | Some(0), None) => ClientAuth::None,
        (None | Some(1), Some(_)) => ClientAuth::Basic,
        (Some(2), Some(_)) => ClientAuth::Post,
        (Some(0), _) => {
            return Err(Error::invalid_arg("clientAuth", "another than \"none\" if there is a clientSecret"));
        }
        _ => return Err(Error::invalid_arg("clientAuth", "\"none\" if there is no clientSecret")),
    };
    let flow = if kind == "authorizationCode" {
        Flow::AuthorizationCode { redirect_uri: required(grant, "redirectUri", "a URL")? }
    } else {
        match grant.word("grant", &["client_credentials", "refresh_token"])? {
            Some(0) => Flow::ClientCredentials,
            Some(_) => Flow::RefreshToken { refresh_token: grant.text("refreshToken")?.map(Secret::new) },
            None => {
                let expected = "\"client_credentials\" or \"refresh_token\"";
                return Err(grant.invalid("grant", expected, &JsValue::UNDEFINED));
            }
        }
    };
    let token_endpoint = url(grant, "tokenEndpoint", loopback)?;
    let issuer = grant.text("issuer")?;
    if token_endpoint.is_none() {
        Metadata::urls(issuer.as_deref().unwrap_or_default())?;
    }
    Ok(OAuth {
        token_endpoint,
        revocation_endpoint: url(grant, "revocationEndpoint", loopback)?,
        has_issuer: issuer.is_some(),
        client_id: required(grant, "clientId", "a string that is not empty")?,
        client_secret,
        client_auth,
        scope: grant.text("scope")?,
        flow,
    })
}

fn required(options: &Options, name: &str, expected: &'static str) -> Result<String, Error> {
    let text = options.text(name)?.filter(|text| !text.is_empty());
    text.ok_or_else(|| options.invalid(name, expected, &options.get(name)))
}
