//! Multiples of points: `u P + v Q` from tables of small multiples.
//!
//! A scalar is written in signed digits of `window` bits. Row `t` of a table holds the multiples 1 to `2^(window - 1)`
//! of `2^(window stride t) P`, so that `stride` rounds, with `window` doublings between them, add up all digits: one
//! digit of every row in each round. A table of one row is the plain method of fixed windows; a row per digit needs no
//! doublings at all; a row for every second or fourth digit needs a few, and half or a quarter of the memory.

use std::fmt::Debug;

/// A group of points.
pub(crate) trait Group: Copy + Debug + Send + Sync + 'static {
    /// A point in the coordinates that are fast to add to.
    type Point: Copy + Send + Debug;
    /// A point in the coordinates of tables.
    type Entry: Copy + Send + Sync + Debug;
    /// The neutral element.
    const IDENTITY: Self::Point;

    fn double(point: &Self::Point) -> Self::Point;

    fn add(point: &Self::Point, entry: &Self::Entry) -> Self::Point;

    /// The opposite point.
    fn negate(entry: &Self::Entry) -> Self::Entry;

    /// Replaces neighbours in each list by their sum, where the group has a way to add many pairs at once that is cheaper
    /// than adding entries one by one; `false` where it has none for these.
    fn add_neighbours(_: &mut [Vec<Self::Entry>]) -> bool {
        false
    }

    /// Points as entries; `None` if one of them cannot be one, as infinity on a Weierstrass curve.
    fn to_entries(points: &[Self::Point]) -> Option<Vec<Self::Entry>>;
}

/// How a table is laid out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Bits of a digit.
    pub(crate) window: usize,
    /// Digits of a scalar to a row.
    pub(crate) stride: usize,
    /// Bits of a scalar.
    pub(crate) bits: usize,
}

impl Layout {
    /// One row for all digits.
    pub(crate) const fn one_row(bits: usize) -> Self {
        Self { window: 5, stride: bits / 5 + 1, bits }
    }

    const fn digits(self) -> usize {
        self.bits / self.window + 1
    }

    const fn rows(self) -> usize {
        self.digits().div_ceil(self.stride)
    }

    /// The memory of a table in bytes.
    pub(crate) const fn size<G: Group>(self) -> usize {
        (self.rows() * size_of::<G::Entry>()) << (self.window - 1)
    }
}

/// A table of multiples of one point.
#[derive(Debug)]
pub(crate) struct Multiples<G: Group> {
    pub(crate) layout: Layout,
    rows: Vec<Vec<G::Entry>>,
}

impl<G: Group> Multiples<G> {
    /// The table with one row; `None` if a multiple in it cannot be an entry.
    pub(crate) fn one_row(point: &G::Entry, bits: usize) -> Option<Self> {
        let mut builder = Builder::new(point, Layout::one_row(bits));
        builder.add_row()?;
        Some(builder.table)
    }
}

/// How far a table has come with one row more.
#[derive(Debug)]
pub(crate) enum Built<G: Group> {
    /// Rows are missing.
    Part(Builder<G>),
    /// The last row is built.
    Whole(Multiples<G>),
    /// A multiple in the row cannot be an entry. No point of the curves in use has such a multiple.
    Impossible,
}

/// A table being built, a row at a time.
#[derive(Debug)]
pub(crate) struct Builder<G: Group> {
    table: Multiples<G>,
    /// The point whose multiples the next row holds.
    base: G::Entry,
}

impl<G: Group> Builder<G> {
    /// Nothing built yet.
    pub(crate) fn new(point: &G::Entry, layout: Layout) -> Self {
        Self { table: Multiples { layout, rows: Vec::with_capacity(layout.rows()) }, base: *point }
    }

    /// Builds a row.
    pub(crate) fn step(mut self) -> Built<G> {
        match self.add_row() {
            None => Built::Impossible,
            Some(()) if self.table.rows.len() == self.table.layout.rows() => Built::Whole(self.table),
            Some(()) => Built::Part(self),
        }
    }

    fn add_row(&mut self) -> Option<()> {
        let Layout { window, stride, .. } = self.table.layout;
        let first = G::add(&G::IDENTITY, &self.base);
        let mut points = vec![first];
        let mut last = G::double(&first);
        for _ in 2..=1 << (window - 1) {
            points.push(last);
            last = G::add(&last, &self.base);
        }
        // The row's last point is 2^(window - 1) times its first.
        let mut base = points.last().copied().unwrap_or(first);
        for _ in window - 1..window * stride {
            base = G::double(&base);
        }
        points.push(base);
        let mut row = G::to_entries(&points)?;
        self.base = row.pop()?;
        self.table.rows.push(row);
        Some(())
    }
}

/// How many pairs there have to be to add them at once: the inversion that this takes costs as much as 50 to 70 products, and
/// a pair saves five.
const MANY_PAIRS: usize = 14;
/// How often that is done. The coordinates of a sum are larger than those of its summands, and there is room for so many.
pub(crate) const ROUNDS: usize = 2;

/// The sum of multiples: each table's point times the scalar whose digits, in the table's window, stand beside it.
pub(crate) fn sum<G: Group>(terms: [(&Multiples<G>, &[i32]); 2]) -> G::Point {
    let highest =
        terms.iter().map(|(table, _)| (table.layout.stride - 1) * table.layout.window).max().unwrap_or(0);
    // What is to be added before so many doublings.
    let mut lists: Vec<Vec<G::Entry>> = vec![Vec::new(); highest + 1];
    let rows = terms.iter().map(|(table, _)| table.rows.len()).sum();
    for (table, digits) in terms {
        let Layout { window, stride, .. } = table.layout;
        for list in lists.iter_mut().step_by(window).take(stride) {
            list.reserve(rows);
        }
        for (row, digits) in table.rows.iter().zip(digits.chunks(stride)) {
            for (digit, list) in digits.iter().zip(lists.iter_mut().step_by(window)) {
                let entry = (digit.unsigned_abs() as usize).checked_sub(1).and_then(|index| row.get(index));
                list.extend(entry.map(|entry| if digit.is_negative() { G::negate(entry) } else { *entry }));
            }
        }
    }
    for _ in 0..ROUNDS {
        let pairs: usize = lists.iter().map(|list| list.len() / 2).sum();
        if pairs < MANY_PAIRS || !G::add_neighbours(&mut lists) {
            break;
        }
    }
    lists.iter().rev().enumerate().fold(G::IDENTITY, |sum, (doublings, list)| {
        let sum = if doublings == 0 { sum } else { G::double(&sum) };
        list.iter().fold(sum, |sum, entry| G::add(&sum, entry))
    })
}
