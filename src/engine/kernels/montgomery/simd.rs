//! Four rows of a product in one pass, two columns at a time (WebAssembly `simd128`).

use core::{
    arch::wasm32::{
        i64x2_add, u32x4, u32x4_shuffle, u32x4_splat, u64x2, u64x2_extmul_high_u32x4, u64x2_extmul_low_u32x4,
        u64x2_extract_lane, v128,
    },
    hint::black_box,
};

const ZERO: v128 = u64x2(0, 0);

/// The columns of a product, in blocks of four.
pub(super) struct Columns(Box<[[v128; 2]]>);

/// The limbs of a factor in blocks of four, and a block of zeros: as they are, and moved up by one, two and three
/// limbs.
#[derive(Clone, Debug)]
pub(super) struct Rows(Box<[[v128; 4]]>);

/// A block of four rows: `limbs`, and `limbs` with the last ones of the block before moved in.
fn moved_up(before: v128, limbs: v128) -> [v128; 4] {
    [
        limbs,
        u32x4_shuffle::<3, 4, 5, 6>(before, limbs),
        u32x4_shuffle::<2, 3, 4, 5>(before, limbs),
        u32x4_shuffle::<1, 2, 3, 4>(before, limbs),
    ]
}

impl Rows {
    /// Zeros.
    pub(super) fn new(blocks: usize) -> Self {
        Self(vec![[ZERO; 4]; blocks + 1].into_boxed_slice())
    }

    /// Takes over the limbs of a factor.
    pub(super) fn set(&mut self, limbs: &[u32]) {
        let mut before = ZERO;
        let blocks = limbs.as_chunks().0.iter().map(|&[a, b, c, d]| u32x4(a, b, c, d));
        for (block, limbs) in self.0.iter_mut().zip(blocks.chain([ZERO])) {
            *block = moved_up(before, limbs);
            before = limbs;
        }
    }
}

impl Columns {
    /// Zeros.
    pub(super) fn new(blocks: usize) -> Self {
        Self(vec![[ZERO; 2]; blocks].into_boxed_slice())
    }

    pub(super) fn clear(&mut self) {
        self.0.fill([ZERO; 2]);
    }

    #[inline(always)]
    pub(super) fn get(&self, block: usize) -> [u64; 4] {
        let [low, high] = self.0[block];
        [
            u64x2_extract_lane::<0>(low),
            u64x2_extract_lane::<1>(low),
            u64x2_extract_lane::<0>(high),
            u64x2_extract_lane::<1>(high),
        ]
    }

    #[inline(always)]
    pub(super) fn add(&mut self, block: usize, [a, b, c, d]: [u64; 4]) {
        let [low, high] = &mut self.0[block];
        *low = i64x2_add(*low, u64x2(a, b));
        *high = i64x2_add(*high, u64x2(c, d));
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
        let q = [u32x4_splat(q[0]), u32x4_splat(q[1]), u32x4_splat(q[2]), u32x4_splat(q[3])];
        if !CONTINUES {
            add_block(&mut self.0[block], &moved_up(ZERO, rows.0[first][0]), &q);
        }
        let done = usize::from(!CONTINUES);
        let columns = &mut self.0[block + done..];
        let rows = &rows.0[first + done..];
        for (columns, rows) in columns.iter_mut().zip(rows) {
            // What LLVM can see not to change it widens once, outside the loop, and then multiplies 64 by 64 bits. It
            // cannot see through the box, and takes the instruction that multiplies 32 by 32.
            add_block(columns, rows, black_box(&q));
        }
    }
}

#[inline(always)]
fn add_block([low, high]: &mut [v128; 2], [r0, r1, r2, r3]: &[v128; 4], [q0, q1, q2, q3]: &[v128; 4]) {
    // Written out: optimised for size, a loop would stay one.
    let (mut l, mut h) = (*low, *high);
    l = i64x2_add(l, u64x2_extmul_low_u32x4(*r0, *q0));
    h = i64x2_add(h, u64x2_extmul_high_u32x4(*r0, *q0));
    l = i64x2_add(l, u64x2_extmul_low_u32x4(*r1, *q1));
    h = i64x2_add(h, u64x2_extmul_high_u32x4(*r1, *q1));
    l = i64x2_add(l, u64x2_extmul_low_u32x4(*r2, *q2));
    h = i64x2_add(h, u64x2_extmul_high_u32x4(*r2, *q2));
    l = i64x2_add(l, u64x2_extmul_low_u32x4(*r3, *q3));
    h = i64x2_add(h, u64x2_extmul_high_u32x4(*r3, *q3));
    (*low, *high) = (l, h);
}
