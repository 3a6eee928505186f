//! Which points have large tables: those that are used often, within a budget of memory.
//!
//! Every point that verifies has a small table from its first use on (one row: 16 multiples, 1 to 3 KB). From the
//! fourth use on its large table is built, a few rows with each further verification, after that verification's answer
//! is known: no call waits for a whole table. When the budget is used up, the table used least recently gives way, and
//! its point has to be used twice as often before it gets another, up to 64 times.

use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak,
    atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
};

use super::multiples::{Builder, Built, Group, Layout, Multiples};

/// The uses of a point before its large table is begun.
const PATIENCE: u32 = 4;
/// The most uses that a point has to have before it gets another table. To build one takes as much work as 8 to 20 uses, so
/// tables that are built and lost again and again cost less than a third of the work.
const MAX_PATIENCE: u32 = 64;
/// The memory that large tables may take unless told otherwise, in bytes.
const DEFAULT_BUDGET: usize = 1 << 20;

static BUDGET: AtomicUsize = AtomicUsize::new(DEFAULT_BUDGET);
/// Counts uses, to know which was the last.
static CLOCK: AtomicU64 = AtomicU64::new(0);
/// Who holds a large table.
static HOLDERS: Mutex<Vec<Weak<dyn Holder>>> = Mutex::new(Vec::new());

/// How much memory the large tables of all keys and curves may take together, in bytes: 1 MiB unless set. Without room
/// for a table, verification takes two to three times as long.
///
/// A key's table takes 99 KB (P-256), 76 KB (Ed25519), 47 KB (P-384), 66 KB (P-521) or 30 KB (secp256k1), and a curve's
/// own 80 to 170 KB. RSA keys have none. Besides, every point keeps a small table of up to 3 KB, which does not count.
pub fn set_table_budget(bytes: usize) {
    BUDGET.store(bytes, Relaxed);
    make_room(&mut lock(&HOLDERS), 0);
}

/// The memory that large tables take now, in bytes.
#[must_use]
pub fn table_memory() -> usize {
    lock(&HOLDERS).iter().filter_map(Weak::upgrade).map(|holder| holder.memory()).sum()
}

/// A point that may hold a large table.
trait Holder: Send + Sync {
    fn memory(&self) -> usize;
    fn last_used(&self) -> u64;
    fn give_way(&self);
}

/// A point and its tables.
#[derive(Debug)]
pub(super) struct Tables<G: Group> {
    point: G::Entry,
    layout: Layout,
    small: OnceLock<Option<Arc<Multiples<G>>>>,
    large: RwLock<Option<Arc<Multiples<G>>>>,
    growth: Mutex<Growth<G>>,
    last_used: AtomicU64,
}

/// How far a large table has come.
#[derive(Debug)]
struct Growth<G: Group> {
    uses: u32,
    patience: u32,
    builder: Option<Builder<G>>,
}

impl<G: Group> Tables<G> {
    /// No tables yet; a large one will have this layout.
    pub(super) fn new(point: G::Entry, layout: Layout) -> Arc<Self> {
        Arc::new(Self {
            point,
            layout,
            small: OnceLock::new(),
            large: RwLock::new(None),
            growth: Mutex::new(Growth { uses: 0, patience: PATIENCE, builder: None }),
            last_used: AtomicU64::new(0),
        })
    }

    /// The largest table there is. `None` only if the arithmetic failed, and then nothing verifies.
    pub(super) fn best(&self) -> Option<Arc<Multiples<G>>> {
        self.last_used.store(CLOCK.fetch_add(1, Relaxed), Relaxed);
        if let Some(table) = &*self.large.read().unwrap_or_else(PoisonError::into_inner) {
            return Some(Arc::clone(table));
        }
        let small = || Multiples::one_row(&self.point, self.layout.bits).map(Arc::new);
        self.small.get_or_init(small).clone()
    }

    /// Works on the large table once the point has been used enough. To be called when the answer is known.
    pub(super) fn grow(self: &Arc<Self>) {
        // Whoever holds the lock is growing it.
        let Ok(mut growth) = self.growth.try_lock() else { return };
        if self.large.read().unwrap_or_else(PoisonError::into_inner).is_some() {
            return;
        }
        growth.uses = growth.uses.saturating_add(1);
        let size = self.layout.size::<G>();
        if growth.uses < growth.patience || size > BUDGET.load(Relaxed) {
            return;
        }
        let mut builder = growth.builder.take().unwrap_or_else(|| Builder::new(&self.point, self.layout));
        for _ in 0..ROWS_PER_USE {
            builder = match builder.step() {
                Built::Part(unfinished) => unfinished,
                Built::Impossible => return,
                Built::Whole(table) => {
                    growth.uses = 0;
                    growth.patience = (2 * growth.patience).min(MAX_PATIENCE);
                    let mut holders = lock(&HOLDERS);
                    if make_room(&mut holders, size) {
                        *self.large.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(table));
                        let holder: Weak<Self> = Arc::downgrade(self);
                        holders.push(holder);
                    }
                    return;
                }
            };
        }
        growth.builder = Some(builder);
    }
}

/// The rows that one verification adds to a table: about as much work as itself without the table.
const ROWS_PER_USE: usize = 2;

impl<G: Group> Holder for Tables<G> {
    fn memory(&self) -> usize {
        match *self.large.read().unwrap_or_else(PoisonError::into_inner) {
            Some(_) => self.layout.size::<G>(),
            None => 0,
        }
    }

    fn last_used(&self) -> u64 {
        self.last_used.load(Relaxed)
    }

    fn give_way(&self) {
        *self.large.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Takes tables away, those used least recently first, until there is room for so many bytes more. Not if there cannot
/// be.
fn make_room(holders: &mut Vec<Weak<dyn Holder>>, bytes: usize) -> bool {
    let budget = BUDGET.load(Relaxed);
    if bytes > budget {
        return false;
    }
    let held = || holders.iter().filter_map(Weak::upgrade).filter(|holder| holder.memory() > 0);
    while held().map(|holder| holder.memory()).sum::<usize>() > budget - bytes {
        let Some(oldest) = held().min_by_key(|holder| holder.last_used()) else { break };
        oldest.give_way();
    }
    holders.retain(|holder| holder.upgrade().is_some_and(|holder| holder.memory() > 0));
    true
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
