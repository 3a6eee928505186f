//! Schedules: at random, and all there are within small bounds.

use super::plan::{Chooser, Plan, Weather};
use super::trace::Action;
use super::world::{Instance, Job, World};

impl World {
    /// Runs a random schedule, then lets everything settle in fair weather and checks what must hold then.
    pub(crate) fn run(&mut self) -> Result<(), String> {
        for at in 0..self.plan.instances {
            self.apply(at, Action::New)?;
        }
        let first = self.caller(0)?;
        self.apply(first, Action::Login)?;
        for _ in 0..self.plan.steps {
            self.act()?;
        }
        self.settle()
    }

    fn act(&mut self) -> Result<(), String> {
        let weather = self.plan.weather;
        let at = self.chooser.below(self.instances.len());
        let is_busy =
            |world: &Self| world.instances.iter().any(|each| !each.items.is_empty() || each.notices > 0);
        let busy = self.plan.patient && is_busy(self);
        self.time += match self.chooser.below(10) {
            0..6 => self.chooser.next() % 20,
            _ if busy => self.chooser.next() % 100,
            6..9 => self.chooser.next() % 2_000,
            _ => self.chooser.next() % (self.plan.lifetime_s * 700),
        };
        let family = self.family(at);
        if weather.late_saves > 0 && !self.adrift.is_empty() && self.chooser.chance(100) {
            let which = self.chooser.below(self.adrift.len());
            return self.apply(at, Action::Land { at: which });
        }
        if self.instances[family].closed && self.is_quiet(family) {
            return self.kill_and_restart(family);
        }
        if self.chooser.chance(weather.kills) {
            return self.kill_and_restart(family);
        }
        if weather.closes > 0 && self.chooser.chance(weather.closes) && !self.instances[family].closed {
            return self.apply(family, Action::Close);
        }
        if self.chooser.chance(weather.freezes) {
            self.instances[family].frozen_until = self.time + self.chooser.next() % 30_000;
        }
        if self.chooser.chance(weather.clock_jumps) {
            let jump = (self.chooser.next() % 400_000) as i64 - 200_000;
            for each in 0..self.instances.len() {
                if self.family(each) == family {
                    self.instances[each].wall_offset += jump;
                }
            }
        }
        if self.chooser.chance(weather.logouts) {
            let compromised = self.chooser.chance(500);
            let at = self.caller(at)?;
            return self.apply(at, if compromised { Action::Compromised } else { Action::Logout });
        }
        if weather.logins > 0 && self.chooser.chance(weather.logins) {
            let at = self.caller(at)?;
            return self.apply(at, Action::Login);
        }
        if self.instances[family].frozen_until > self.time {
            return Ok(());
        }
        match self.chooser.below(10) {
            0..2 => {
                let at = self.caller(at)?;
                let id = self.call();
                let once = self.chooser.chance(100);
                let force = !once && self.chooser.chance(20);
                let min_validity_ms = if self.chooser.chance(100) { self.plan.lifetime_s * 300 } else { 0 };
                self.apply(at, Action::Need { id, once, force, min_validity_ms })
            }
            2 if self.chooser.chance(100) => {
                let at = self.caller(at)?;
                self.apply(at, Action::Login)
            }
            3 => self.answer_some(at),
            4 if self.chooser.chance(200) => self.apply(family, Action::Online),
            _ => self.work(at),
        }
    }

    /// The instance that takes a call of that one: itself, or a new fork.
    fn caller(&mut self, at: usize) -> Result<usize, String> {
        if !self.plan.forks {
            return Ok(at);
        }
        let of = self.family(at);
        let is_free = |each: &Instance| each.whole.is_some() && each.is_idle();
        let at = self.instances.iter().position(is_free).unwrap_or(self.instances.len());
        self.apply(at, Action::Fork { of })?;
        Ok(at)
    }

    /// Whether nothing is under way in an instance and its forks.
    fn is_quiet(&self, family: usize) -> bool {
        (0..self.instances.len())
            .filter(|at| self.family(*at) == family)
            .all(|at| self.instances[at].items.is_empty())
    }

    /// One call in hand gets its response from a resource server.
    fn answer_some(&mut self, at: usize) -> Result<(), String> {
        let waiting = self.instances[at].calls.iter().filter(|(_, call)| call.given.is_some());
        let Some(id) = waiting.map(|(id, _)| *id).min() else {
            return Ok(());
        };
        let given = self.instances[at].calls.get(&id).and_then(|call| call.given.clone());
        let accepted = given.is_some_and(|(_, _, token)| self.server.accepts(&token));
        let status = if !accepted || self.chooser.chance(50) { 401 } else { 200 };
        self.apply(at, Action::Answer { id, status })
    }

    /// What was sent is sent: the server may still serve it, and a write may still land.
    fn kill_and_restart(&mut self, family: usize) -> Result<(), String> {
        for at in 0..self.instances.len() {
            if self.family(at) != family {
                continue;
            }
            for position in 0..self.instances[at].items.len() {
                let item = &self.instances[at].items[position];
                let lands =
                    matches!(item.job, Job::Save(..) | Job::Clear(_) | Job::Send(..)) && item.done.is_none();
                let how = if lands && self.chooser.chance(500) { self.how(at, position) } else { None };
                if let Some(how) = how {
                    self.apply(at, Action::Do { at: position, how })?;
                }
            }
            self.apply(at, Action::Kill)?;
        }
        self.apply(family, Action::New)
    }

    /// Does one thing that was asked for, or tells one thing that was done.
    fn work(&mut self, at: usize) -> Result<(), String> {
        let instance = &self.instances[at];
        let count = instance.items.len() + instance.notices;
        if count == 0 {
            return Ok(());
        }
        let position = self.chooser.below(count);
        self.work_on(at, position)
    }

    fn work_on(&mut self, at: usize, position: usize) -> Result<(), String> {
        let Some(item) = self.instances[at].items.get(position) else {
            return self.apply(at, Action::Changed);
        };
        if item.done.is_some() {
            return self.apply(at, Action::Tell { at: position });
        }
        match self.how(at, position) {
            Some(how) => self.apply(at, Action::Do { at: position, how }),
            None => Ok(()),
        }
    }

    /// How it turns out, in this weather; `None` where it cannot be yet.
    fn how(&mut self, at: usize, position: usize) -> Option<String> {
        let weather = self.plan.weather;
        let fails = self.chooser.chance(weather.store_failures);
        let ends = if fails { "fail" } else { "ok" };
        Some(match &self.instances[at].items.get(position)?.job {
            Job::Load => format!("load {ends}"),
            Job::Save(..) if weather.late_saves > 0 && self.chooser.chance(weather.late_saves) => {
                "save late".to_owned()
            }
            Job::Save(..) => format!("save {ends}"),
            Job::Clear(_) => format!("clear {ends}"),
            Job::Ask => "ask ok".to_owned(),
            Job::Wake(when) if *when > self.time => return None,
            Job::Wake(_) => "wake ok".to_owned(),
            Job::Lock if self.lock.is_none() || self.chooser.chance(weather.lock_losses) => {
                "lock held".to_owned()
            }
            Job::Lock if self.chooser.chance(20) => "lock late".to_owned(),
            Job::Lock => return None,
            Job::Send(..) if self.chooser.chance(weather.outages) => {
                let outages = ["503", "429", "500", "403", "invalid_client", "network"];
                format!("send {}", outages[self.chooser.below(outages.len())])
            }
            Job::Send(..) if self.chooser.chance(weather.lost_answers) => {
                format!("send {}", if self.chooser.chance(500) { "lost" } else { "timeout" })
            }
            Job::Send(..) => "send ok".to_owned(),
        })
    }

    /// Fair weather and fair turns until nothing is left to do.
    fn settle(&mut self) -> Result<(), String> {
        self.plan.weather = Weather { kills: self.plan.weather.kills, ..Weather::default() };
        while !self.adrift.is_empty() {
            self.apply(0, Action::Land { at: 0 })?;
        }
        let wholes = |world: &Self| {
            let is_whole = |at: &usize| world.instances[*at].whole.is_none();
            (0..world.instances.len()).filter(is_whole).collect::<Vec<usize>>()
        };
        for at in wholes(self) {
            if self.instances[at].closed {
                self.drain()?;
                self.kill_and_restart(at)?;
            }
        }
        for _ in 0..3 {
            for at in wholes(self) {
                self.apply(at, Action::Changed)?;
            }
            self.drain()?;
            self.time += 31_000;
            for at in wholes(self) {
                self.apply(at, Action::Online)?;
                let at = self.caller(at)?;
                let id = self.call();
                self.apply(at, Action::Need { id, once: false, force: false, min_validity_ms: 0 })?;
                self.drain()?;
            }
        }
        self.at_rest()
    }

    fn drain(&mut self) -> Result<(), String> {
        for turn in 0..20_000 {
            let due = |job: &Job, time| !matches!(job, Job::Wake(when) if *when > time);
            let free = self.lock.is_none();
            let ready = |at: &usize| {
                let instance = &self.instances[*at];
                let can = |job: &Job| due(job, self.time) && (free || !matches!(job, Job::Lock));
                let item = instance.items.iter().position(|item| item.done.is_some() || can(&item.job));
                item.or((instance.notices > 0).then_some(instance.items.len()))
                    .map(|position| (*at, position))
            };
            let ready: Vec<(usize, usize)> = (0..self.instances.len()).filter_map(|at| ready(&at)).collect();
            if let Some(&(at, position)) = ready.get(turn % ready.len().max(1)) {
                self.time += 1;
                self.work_on(at, position)?;
            } else if self.instances.iter().all(|instance| instance.items.is_empty()) {
                return Ok(());
            } else {
                self.time += 50;
            }
        }
        Err("I20: it never comes to rest".to_owned())
    }

    /// One of all schedules: calls at once that need a token, in instances whose token has expired or which were never
    /// signed in, with every order of what follows, and at most one mishap in it. The chooser decides each time among all
    /// that can happen.
    pub(crate) fn explore(&mut self, scene: &Scene<'_>) -> Result<(), String> {
        let Scene { callers, signed_in, mishaps } = *scene;
        let forks = self.plan.forks;
        for at in 0..if forks { 1 } else { callers } {
            self.apply(at, Action::New)?;
        }
        if signed_in {
            let at = self.caller(0)?;
            self.apply(at, Action::Login)?;
            self.drain()?;
            self.time += self.plan.lifetime_s * 1_000;
        }
        for at in 0..callers {
            let at = self.caller(if forks { 0 } else { at })?;
            let id = self.call();
            self.apply(at, Action::Need { id, once: false, force: false, min_validity_ms: 0 })?;
        }
        let (mut spoilt, mut waits) = (false, 0);
        loop {
            let mut open: Vec<(usize, usize, Option<Mishap>)> = Vec::new();
            for at in 0..self.instances.len() {
                // One thing at a time: the oldest. Nothing that an instance asks for at once depends on the order.
                let Some(item) = self.instances[at].items.first() else {
                    continue;
                };
                let waiting = matches!(item.job, Job::Wake(_));
                let locked = matches!(item.job, Job::Lock) && self.lock.is_some();
                if locked || (waiting && waits >= 2) {
                    continue;
                }
                open.push((at, 0, None));
                for mishap in mishaps.iter().filter(|_| !spoilt) {
                    let applies = match mishap {
                        Mishap::Kill => true,
                        Mishap::Logout => item.done.is_none(),
                        Mishap::Lost => matches!(item.job, Job::Send(..)) && item.done.is_none(),
                        Mishap::LateSave => {
                            self.adrift.is_empty() && matches!(item.job, Job::Save(..)) && item.done.is_none()
                        }
                        Mishap::StoreFails => {
                            matches!(item.job, Job::Load | Job::Save(..)) && item.done.is_none()
                        }
                    };
                    if applies {
                        open.push((at, 0, Some(*mishap)));
                    }
                }
            }
            if open.is_empty() {
                break;
            }
            let (at, position, mishap) = open[self.chooser.below(open.len())];
            spoilt |= mishap.is_some();
            self.time += 1;
            match mishap {
                None => {
                    if let Job::Wake(when) = self.instances[at].items[position].job {
                        waits += 1;
                        self.time = self.time.max(when);
                    }
                    let is_send = matches!(self.instances[at].items[position].job, Job::Send(..));
                    let before = self.instances[at].items.len();
                    self.work_on(at, position)?;
                    // Only what a server does is worth being done and told in two moments.
                    let told = self.instances[at].items.len() < before;
                    let done = self.instances[at].items.first().is_some_and(|item| item.done.is_some());
                    if !is_send && !told && done {
                        self.work_on(at, position)?;
                    }
                }
                Some(Mishap::Kill) => {
                    self.apply(at, Action::Kill)?;
                    self.apply(at, Action::New)?;
                }
                Some(Mishap::Logout) => {
                    let at = self.caller(at)?;
                    self.apply(at, Action::Logout)?;
                }
                Some(Mishap::LateSave) => {
                    self.apply(at, Action::Do { at: position, how: "save late".to_owned() })?;
                    spoilt = mishaps.iter().all(|mishap| *mishap != Mishap::Logout);
                }
                Some(Mishap::Lost) => {
                    self.apply(at, Action::Do { at: position, how: "send lost".to_owned() })?
                }
                Some(Mishap::StoreFails) => {
                    let name = if matches!(self.instances[at].items[position].job, Job::Load) {
                        "load"
                    } else {
                        "save"
                    };
                    self.apply(at, Action::Do { at: position, how: format!("{name} fail") })?;
                }
            }
        }
        self.settle()
    }
}

/// What may go wrong once in a schedule that is explored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mishap {
    Kill,
    /// A save that fails and lands at the end. A sign-out may follow.
    LateSave,
    Logout,
    Lost,
    StoreFails,
}

/// What is explored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    /// How many calls need a token at once, each in an instance or a fork of its own.
    pub(crate) callers: usize,
    /// Whether there was a token, which has expired.
    pub(crate) signed_in: bool,
    pub(crate) mishaps: &'a [Mishap],
}

/// Goes through all schedules there are; gives how many there were.
pub(crate) fn explore_all(
    plan: Plan,
    scene: &Scene<'_>,
    check: impl Fn(&World) -> Result<(), String>,
) -> Result<u64, (String, Box<World>)> {
    let mut count = 0;
    let mut list = Some(Vec::new());
    while let Some(given) = list {
        let mut world = World::new(plan, Chooser::listed(given));
        if let Err(error) = world.explore(scene).and_then(|()| check(&world)) {
            return Err((error, Box::new(world)));
        }
        count += 1;
        list = world.chooser.next_list();
    }
    Ok(count)
}
