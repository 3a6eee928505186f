//! The calls that wait for a token or for their turn to sign in.

use std::collections::VecDeque;

use crate::Error;
use crate::session::{CallId, Credentials, Effect, Effects};

/// A call that waits for a token.
#[derive(Clone, Debug)]
pub(crate) struct Waiter {
    pub(crate) id: CallId,
    pub(crate) min_validity_ms: u64,
    /// The request cannot be sent twice.
    pub(crate) once: bool,
    /// Only a token later than this generation will do.
    pub(crate) after: Option<u64>,
    /// The sign-in that the call began under.
    pub(crate) epoch: Option<u64>,
    /// A 401 is in hand, and is delivered if there is nothing better.
    pub(crate) has_response: bool,
    /// The store has been read since the call began.
    pub(crate) looked: bool,
}

impl Waiter {
    /// Ends the call with its 401, or else with `error`.
    pub(crate) fn fail(&self, error: Error, out: &mut Effects) {
        let id = self.id;
        out.push(if self.has_response { Effect::Deliver { id } } else { Effect::Fail { id, error } });
    }
}

/// Calls that wait, in order.
#[derive(Debug, Default)]
pub(crate) struct Callers {
    waiters: Vec<Waiter>,
    logins: VecDeque<(CallId, Option<Credentials>)>,
}

impl Callers {
    pub(crate) fn wait(&mut self, waiter: Waiter) {
        self.waiters.push(waiter);
    }

    /// Takes all calls that wait for a token.
    pub(crate) fn take_waiters(&mut self) -> Vec<Waiter> {
        std::mem::take(&mut self.waiters)
    }

    /// Notes that the store has been read for all that wait.
    pub(crate) fn have_looked(&mut self) {
        self.waiters.iter_mut().for_each(|waiter| waiter.looked = true);
    }

    pub(crate) fn queue_login(&mut self, id: CallId, credentials: Option<Credentials>) {
        self.logins.push_back((id, credentials));
    }

    /// The sign-in whose turn it is.
    pub(crate) fn next_login(&mut self) -> Option<(CallId, Option<Credentials>)> {
        self.logins.pop_front()
    }

    pub(crate) fn has_logins(&self) -> bool {
        !self.logins.is_empty()
    }

    /// Forgets a call whose caller is gone.
    pub(crate) fn leave(&mut self, id: CallId) {
        self.waiters.retain(|waiter| waiter.id != id);
        self.logins.retain(|(login, _)| *login != id);
    }

    /// Fails the sign-ins that wait for their turn.
    pub(crate) fn fail_logins(&mut self, error: &Error, out: &mut Effects) {
        for (id, _) in std::mem::take(&mut self.logins) {
            out.push(Effect::Fail { id, error: error.clone() });
        }
    }

    /// Fails the calls that wait for a token.
    pub(crate) fn fail_waiters(&mut self, error: &Error, out: &mut Effects) {
        for waiter in self.take_waiters() {
            waiter.fail(error.clone(), out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiter(id: CallId, has_response: bool) -> Waiter {
        Waiter { id, min_validity_ms: 0, once: false, after: None, epoch: None, has_response, looked: false }
    }

    #[test]
    fn a_call_with_a_401_in_hand_gets_it_where_others_fail() {
        let mut callers = Callers::default();
        callers.wait(waiter(CallId(1), false));
        callers.wait(waiter(CallId(2), true));
        let mut out = Vec::new();
        callers.fail_waiters(&Error::SignedOut, &mut out);
        assert!(matches!(
            &out[..],
            [Effect::Fail { id: CallId(1), error: Error::SignedOut }, Effect::Deliver { id: CallId(2) }]
        ));
        callers.fail_waiters(&Error::SignedOut, &mut out);
        assert_eq!(out.len(), 2, "each call ends once");
    }

    #[test]
    fn sign_ins_take_turns_and_a_caller_who_left_has_none() {
        let mut callers = Callers::default();
        (1..=3).for_each(|id| callers.queue_login(CallId(id), None));
        callers.leave(CallId(2));
        assert_eq!(callers.next_login().map(|(id, _)| id), Some(CallId(1)));
        assert_eq!(callers.next_login().map(|(id, _)| id), Some(CallId(3)));
        assert!(!callers.has_logins());
    }
}
