//! A schedule as text: what happened, to which instance, at which reading of its clocks.
//!
//! A trace is kept as a file, goes through the machine again, and through the shell (tests/js/session/traces.mjs).
//! Positions count what an instance has asked for and has not been told the answer of, oldest first.

use std::fmt;
use std::str::FromStr;

use tokenward::session::CallId;

use super::plan::{Plan, Weather};

/// One thing that happens to one instance.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// The instance begins its life.
    New,
    /// It begins its life as a fork of another one.
    Fork {
        of: usize,
    },
    Kill,
    Close,
    /// A save that was answered with a failure lands now.
    Land {
        at: usize,
    },
    Login,
    Logout,
    Compromised,
    Online,
    /// Somebody else changed the store.
    Changed,
    Need {
        id: CallId,
        once: bool,
        force: bool,
        min_validity_ms: u64,
    },
    /// A resource server answers a call.
    Answer {
        id: CallId,
        status: u16,
    },
    /// What was asked for is done: see `World::perform` for how it may turn out.
    Do {
        at: usize,
        how: String,
    },
    /// The instance hears of it.
    Tell {
        at: usize,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => f.write_str("new"),
            Self::Fork { of } => write!(f, "fork {of}"),
            Self::Kill => f.write_str("kill"),
            Self::Close => f.write_str("close"),
            Self::Land { at } => write!(f, "land {at}"),
            Self::Login => f.write_str("login"),
            Self::Logout => f.write_str("logout"),
            Self::Compromised => f.write_str("compromised"),
            Self::Online => f.write_str("online"),
            Self::Changed => f.write_str("changed"),
            Self::Need { id, once, force, min_validity_ms } => {
                write!(f, "need {} {} {} {min_validity_ms}", id.0, u8::from(*once), u8::from(*force))
            }
            Self::Answer { id, status } => write!(f, "answer {} {status}", id.0),
            Self::Do { at, how } => write!(f, "do {at} {how}"),
            Self::Tell { at } => write!(f, "tell {at}"),
        }
    }
}

impl FromStr for Action {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| -> Result<u64, String> {
            words.get(at).and_then(|word| word.parse().ok()).ok_or_else(|| format!("no number: {line}"))
        };
        Ok(match words[0] {
            "new" => Self::New,
            "fork" => Self::Fork { of: number(1)? as usize },
            "kill" => Self::Kill,
            "close" => Self::Close,
            "land" => Self::Land { at: number(1)? as usize },
            "login" => Self::Login,
            "logout" => Self::Logout,
            "compromised" => Self::Compromised,
            "online" => Self::Online,
            "changed" => Self::Changed,
            "need" => Self::Need {
                id: CallId(number(1)? as u32),
                once: number(2)? == 1,
                force: number(3)? == 1,
                min_validity_ms: number(4)?,
            },
            "answer" => Self::Answer { id: CallId(number(1)? as u32), status: number(2)? as u16 },
            "do" => Self::Do { at: number(1)? as usize, how: words[2..].join(" ") },
            "tell" => Self::Tell { at: number(1)? as usize },
            _ => return Err(format!("no action: {line}")),
        })
    }
}

/// An action with its instance and the reading of that instance's clocks.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) wall_ms: u64,
    pub(crate) mono_ms: u64,
    pub(crate) at: usize,
    pub(crate) action: Action,
}

/// What a plan fixes for its schedule.
pub(crate) fn head(plan: &Plan) -> String {
    let Plan { seed, lock, asks, rotates, reuse_window_ms, lifetime_s, .. } = plan;
    format!("plan {seed} {lock} {asks} {rotates} {reuse_window_ms} {lifetime_s}")
}

/// Plan, actions and results of a trace.
pub(crate) fn read(text: &str) -> Result<(Plan, Vec<Line>, Vec<String>), String> {
    let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let head: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let number = |word: &str| word.parse::<u64>().map_err(|error| format!("{word}: {error}"));
    let ["plan", seed, lock, asks, rotates, window, lifetime] = head[..] else {
        return Err("no plan".to_owned());
    };
    let plan = Plan {
        seed: number(seed)?,
        instances: 0,
        steps: 0,
        lock: lock == "true",
        asks: asks == "true",
        rotates: rotates == "true",
        reuse_window_ms: number(window)?,
        lifetime_s: number(lifetime)?,
        forks: false,
        patient: false,
        weather: Weather::default(),
    };
    let (mut actions, mut results) = (Vec::new(), Vec::new());
    for line in lines {
        if line.starts_with('=') {
            results.push(line.to_owned());
            continue;
        }
        let mut parts = line.splitn(4, ' ');
        let mut next = || parts.next().ok_or_else(|| format!("too short: {line}"));
        let (wall, mono, at, action) = (next()?, next()?, next()?, next()?);
        actions.push(Line {
            wall_ms: number(wall)?,
            mono_ms: number(mono)?,
            at: number(at)? as usize,
            action: action.parse()?,
        });
    }
    Ok((plan, actions, results))
}
