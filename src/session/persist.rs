//! The state of a machine as text, so that it survives the memory it lives in.
//!
//! Restoring is like a crash and a restart: work under way is forgotten, and the intent in the
//! store says what has become of it.

use crate::Secret;
use crate::json::{Object, Value, push_string};
use crate::session::record::{Record, number, push_number, push_text, string};
use crate::session::state::Epochs;
use crate::session::{EndReason, Grant, Now, Op, Options, Phase, Session};

impl Session {
    /// What must outlive the machine. Tokens are in it.
    #[must_use]
    pub fn state(&self) -> Secret<String> {
        let mut text = String::with_capacity(4096);
        text.push_str("{\"end\":");
        push_string(&mut text, self.end.as_str());
        push_number(&mut text, "holder", self.holder);
        push_number(&mut text, "op", u64::from(self.last_op.0));
        push_number(&mut text, "epoch", self.token_id.epoch);
        push_number(&mut text, "generation", self.token_id.generation);
        push_text(&mut text, "epochs", &self.epochs.to_text());
        push_number(&mut text, "signedOut", self.signed_out);
        if let Some(version) = &self.version {
            push_text(&mut text, "version", version);
        }
        if self.held.is_some() {
            push_text(&mut text, "record", self.record(self.intent).to_text().reveal());
        }
        let flags = [
            ("loaded", !self.phase.is_unread() || self.held.is_some()),
            ("volatile", self.volatile),
            ("ambiguous", self.ambiguous),
            ("needsLogin", self.needs_login),
            ("closed", self.closing),
            ("loose", self.loose > 0),
        ];
        for (name, _) in flags.into_iter().filter(|(_, set)| *set) {
            text.push_str(",\"");
            text.push_str(name);
            text.push_str("\":true");
        }
        text.push('}');
        Secret::new(text)
    }

    /// A machine as [`Session::state`] described it; a new one if the text is no such description.
    #[must_use]
    pub fn restore(grant: Grant, options: Options, seed: u64, state: &str, now: Now) -> Self {
        let mut session = Self::new(grant, options, seed);
        if let Ok(object) = Object::parse(state.as_bytes()) {
            session.recall(&object, now);
        }
        session
    }

    fn recall(&mut self, object: &Object<'_>, now: Now) -> Option<()> {
        let flag = |name| matches!(object.get(name), Some(Value::Bool(true)));
        self.end = EndReason::from_word(&string(object, "end")?)?;
        self.holder = number(object, "holder")?;
        // Answers to what the lost machine had under way must not be taken for answers to this one.
        self.last_op = Op(number(object, "op")? as u32);
        self.token_id.epoch = number(object, "epoch")?;
        self.token_id.generation = number(object, "generation")?;
        self.epochs = Epochs::from_text(&string(object, "epochs")?);
        self.signed_out = number(object, "signedOut")?;
        self.loose = u32::from(flag("loose"));
        self.version = string(object, "version");
        self.volatile = flag("volatile");
        self.needs_login = flag("needsLogin");
        self.now = now;
        if let Some(Record { tokens: Some(tokens), epoch, generation, .. }) =
            string(object, "record").and_then(|record| Record::parse(&record))
        {
            self.hold(tokens, epoch, generation);
        }
        self.ambiguous = flag("ambiguous");
        self.closing = flag("closed");
        self.phase = if self.closing {
            Phase::Closed
        } else if self.held.is_some() {
            Phase::Idle
        } else if flag("loaded") {
            Phase::SignedOut
        } else {
            Phase::Unloaded
        };
        Some(())
    }
}
