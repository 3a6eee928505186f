//! URLs as the platform resolved them, for the core to judge.

#[cfg(feature = "session")]
use js_sys::Array;
#[cfg(feature = "session")]
use wasm_bindgen::{JsCast, JsValue};

use crate::Error;
use crate::error::UrlFault;
use crate::json::Value;
use crate::url::UrlParts;

/// A URL as the platform resolved it, in the order of the fields of [`UrlParts`].
pub(super) struct Parts([String; 7]);

impl Parts {
    pub(super) fn read(value: Option<Value<'_>>) -> Result<Self, Error> {
        let Some(Value::Array(parts)) = value else {
            return Err(no_url());
        };
        let mut strings = parts
            .elements()
            .into_iter()
            .map_while(|part| part.as_text().map(|text| text.to_cow().into_owned()));
        let mut next = || strings.next().ok_or_else(no_url);
        Ok(Self([next()?, next()?, next()?, next()?, next()?, next()?, next()?]))
    }

    /// The parts of a JavaScript list.
    #[cfg(feature = "session")]
    pub(super) fn of_list(value: &JsValue) -> Result<Self, Error> {
        let list = value.dyn_ref::<Array>().ok_or_else(no_url)?;
        let mut parts = list.iter().map_while(|part| part.as_string());
        let mut next = || parts.next().ok_or_else(no_url);
        Ok(Self([next()?, next()?, next()?, next()?, next()?, next()?, next()?]))
    }

    pub(super) fn as_url(&self) -> UrlParts<'_> {
        let [protocol, username, password, hostname, port, pathname, search] = &self.0;
        UrlParts { protocol, username, password, hostname, port, pathname, search }
    }
}

/// The error for a URL that the platform did not resolve.
pub(super) const fn no_url() -> Error {
    Error::InsecureUrl { fault: UrlFault::Syntax }
}
