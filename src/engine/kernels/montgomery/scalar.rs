//! Four rows of a product in one pass, in 64-bit integers.

/// The columns of a product, in blocks of four.
pub(super) struct Columns(Vec<[u64; 4]>);

/// The limbs of a factor in blocks of four, and a block of zeros.
#[derive(Clone, Debug)]
pub(super) struct Rows(Vec<[u32; 4]>);

impl Rows {
    /// Zeros.
    pub(super) fn new(blocks: usize) -> Self {
        Self(vec![[0; 4]; blocks + 1])
    }

    /// Takes over the limbs of a factor.
    pub(super) fn set(&mut self, limbs: &[u32]) {
        for (block, &limbs) in self.0.iter_mut().zip(limbs.as_chunks().0) {
            *block = limbs;
        }
    }
}

impl Columns {
    /// Zeros.
    pub(super) fn new(blocks: usize) -> Self {
        Self(vec![[0; 4]; blocks])
    }

    pub(super) fn clear(&mut self) {
        self.0.fill([0; 4]);
    }

    pub(super) fn get(&self, block: usize) -> [u64; 4] {
        self.0[block]
    }

    pub(super) fn add(&mut self, block: usize, columns: [u64; 4]) {
        let sums = &mut self.0[block];
        sums[0] += columns[0];
        sums[1] += columns[1];
        sums[2] += columns[2];
        sums[3] += columns[3];
    }

    /// Adds `q * rows`, the rows from block `first` on, to the columns from `block` on.
    ///
    /// Row `i` of the four lies `i` columns higher, so it still needs `i` limbs of the block before: those of the
    /// factor if it `CONTINUES`, zeros otherwise.
    pub(super) fn add_rows<const CONTINUES: bool>(
        &mut self,
        block: usize,
        rows: &Rows,
        first: usize,
        q: [u32; 4],
    ) {
        let [q0, q1, q2, q3] = q.map(u64::from);
        let [_, mut w3, mut w2, mut w1] = if CONTINUES { rows.0[first - 1].map(u64::from) } else { [0; 4] };
        for (columns, &limbs) in self.0[block..].iter_mut().zip(&rows.0[first..]) {
            let [b0, b1, b2, b3] = limbs;
            let (b0, b1, b2, b3) = (u64::from(b0), u64::from(b1), u64::from(b2), u64::from(b3));
            columns[0] += q0 * b0 + q1 * w1 + q2 * w2 + q3 * w3;
            columns[1] += q0 * b1 + q1 * b0 + q2 * w1 + q3 * w2;
            columns[2] += q0 * b2 + q1 * b1 + q2 * b0 + q3 * w1;
            columns[3] += q0 * b3 + q1 * b2 + q2 * b1 + q3 * b0;
            (w1, w2, w3) = (b3, b2, b1);
        }
    }
}
