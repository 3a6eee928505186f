//! P-256: p = 2^256 - 2^224 + 2^192 + 2^96 - 1, 9 limbs of 29 bits.
//!
//! Written by `generate.rs`, which also proves its bounds; changes belong there.

use super::Field;

/// An element in Montgomery form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element([i32; 9]);

const MASK: i64 = (1 << 29) - 1;

#[rustfmt::skip]
impl Field for Element {
const LIMB_BITS: u32 = 29;
const BYTES: usize = 32;
const PRIME: &'static [i32] = &[536870911, 536870911, 536870911, 511, 0, 0, 262144, 534773760, 16777215];
const ZERO: Self = Self([0; 9]);
const ONE: Self = Self([32, 0, 0, 536854528, 536870911, 536870911, 528482303, 67108863, 0]);
const R_SQUARED: Self = Self([3072, 0, 536805376, 534773759, 532676607, 536870911, 536870911, 536870910, 19]);

fn limbs(&self) -> &[i32] { &self.0 }

fn from_limbs(limbs: &[i32]) -> Self {
let mut element = [0; 9];
for (limb, &from) in element.iter_mut().zip(limbs) { *limb = from; }
Self(element) }

#[inline(always)]
fn add(&self, other: &Self) -> Self {
let ([a0, a1, a2, a3, a4, a5, a6, a7, a8], [b0, b1, b2, b3, b4, b5, b6, b7, b8]) = (self.0, other.0);
Self([a0 + b0, a1 + b1, a2 + b2, a3 + b3, a4 + b4, a5 + b5, a6 + b6, a7 + b7, a8 + b8]) }

#[inline(always)]
fn sub(&self, other: &Self) -> Self {
let ([a0, a1, a2, a3, a4, a5, a6, a7, a8], [b0, b1, b2, b3, b4, b5, b6, b7, b8]) = (self.0, other.0);
Self([a0 - b0, a1 - b1, a2 - b2, a3 - b3, a4 - b4, a5 - b5, a6 - b6, a7 - b7, a8 - b8]) }

fn carry(&self) -> Self {
let [a0, a1, a2, a3, a4, a5, a6, a7, a8] = self.0;
const HALF: i32 = 1 << 28;
const LOW: i32 = MASK as i32;
let a0 = a0 + HALF;
let a1 = a1 + (a0 >> 29) + HALF;
let a2 = a2 + (a1 >> 29) + HALF;
let a3 = a3 + (a2 >> 29) + HALF;
let a4 = a4 + (a3 >> 29) + HALF;
let a5 = a5 + (a4 >> 29) + HALF;
let a6 = a6 + (a5 >> 29) + HALF;
let a7 = a7 + (a6 >> 29) + HALF;
let a8 = a8 + (a7 >> 29);
Self([(a0 & LOW) - HALF, (a1 & LOW) - HALF, (a2 & LOW) - HALF, (a3 & LOW) - HALF, (a4 & LOW) - HALF, (a5 & LOW) - HALF, (a6 & LOW) - HALF, (a7 & LOW) - HALF, a8]) }

#[inline(never)]
fn mul(&self, other: &Self) -> Self {
let [a0, a1, a2, a3, a4, a5, a6, a7, a8] = self.0;
let (a0, a1, a2, a3, a4, a5, a6, a7, a8) = (i64::from(a0), i64::from(a1), i64::from(a2), i64::from(a3), i64::from(a4), i64::from(a5), i64::from(a6), i64::from(a7), i64::from(a8));
let [b0, b1, b2, b3, b4, b5, b6, b7, b8] = other.0;
let (b0, b1, b2, b3, b4, b5, b6, b7, b8) = (i64::from(b0), i64::from(b1), i64::from(b2), i64::from(b3), i64::from(b4), i64::from(b5), i64::from(b6), i64::from(b7), i64::from(b8));
let c = 0;
let c = c + a0 * b0;
let q0 = c & MASK;
let c = c >> 29;
let c = c + a0 * b1 + a1 * b0;
let q1 = c & MASK;
let c = c >> 29;
let c = c + a0 * b2 + a1 * b1 + a2 * b0;
let q2 = c & MASK;
let c = c >> 29;
let c = c + a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 + (q0 << 9);
let q3 = c & MASK;
let c = c >> 29;
let c = c + a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0 + (q1 << 9);
let q4 = c & MASK;
let c = c >> 29;
let c = c + a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1 + a5 * b0 + (q2 << 9);
let q5 = c & MASK;
let c = c >> 29;
let c = c + a0 * b6 + a1 * b5 + a2 * b4 + a3 * b3 + a4 * b2 + a5 * b1 + a6 * b0 + (q0 << 18) + (q3 << 9);
let q6 = c & MASK;
let c = c >> 29;
let c = c + a0 * b7 + a1 * b6 + a2 * b5 + a3 * b4 + a4 * b3 + a5 * b2 + a6 * b1 + a7 * b0 - (q0 << 21) + (q1 << 18) + (q4 << 9);
let q7 = c & MASK;
let c = c >> 29;
let c = c + a0 * b8 + a1 * b7 + a2 * b6 + a3 * b5 + a4 * b4 + a5 * b3 + a6 * b2 + a7 * b1 + a8 * b0 + (q0 << 24) - (q1 << 21) + (q2 << 18) + (q5 << 9);
let q8 = c & MASK;
let c = c >> 29;
let c = c + a1 * b8 + a2 * b7 + a3 * b6 + a4 * b5 + a5 * b4 + a6 * b3 + a7 * b2 + a8 * b1 + (q1 << 24) - (q2 << 21) + (q3 << 18) + (q6 << 9);
let r0 = c & MASK;
let c = c >> 29;
let c = c + a2 * b8 + a3 * b7 + a4 * b6 + a5 * b5 + a6 * b4 + a7 * b3 + a8 * b2 + (q2 << 24) - (q3 << 21) + (q4 << 18) + (q7 << 9);
let r1 = c & MASK;
let c = c >> 29;
let c = c + a3 * b8 + a4 * b7 + a5 * b6 + a6 * b5 + a7 * b4 + a8 * b3 + (q3 << 24) - (q4 << 21) + (q5 << 18) + (q8 << 9);
let r2 = c & MASK;
let c = c >> 29;
let c = c + a4 * b8 + a5 * b7 + a6 * b6 + a7 * b5 + a8 * b4 + (q4 << 24) - (q5 << 21) + (q6 << 18);
let r3 = c & MASK;
let c = c >> 29;
let c = c + a5 * b8 + a6 * b7 + a7 * b6 + a8 * b5 + (q5 << 24) - (q6 << 21) + (q7 << 18);
let r4 = c & MASK;
let c = c >> 29;
let c = c + a6 * b8 + a7 * b7 + a8 * b6 + (q6 << 24) - (q7 << 21) + (q8 << 18);
let r5 = c & MASK;
let c = c >> 29;
let c = c + a7 * b8 + a8 * b7 + (q7 << 24) - (q8 << 21);
let r6 = c & MASK;
let c = c >> 29;
let c = c + a8 * b8 + (q8 << 24);
let r7 = c & MASK;
let c = c >> 29;
let r8 = c;
Self([r0 as i32, r1 as i32, r2 as i32, r3 as i32, r4 as i32, r5 as i32, r6 as i32, r7 as i32, r8 as i32]) }

#[inline(never)]
fn sqr(&self) -> Self {
let [a0, a1, a2, a3, a4, a5, a6, a7, a8] = self.0;
let (a0, a1, a2, a3, a4, a5, a6, a7, a8) = (i64::from(a0), i64::from(a1), i64::from(a2), i64::from(a3), i64::from(a4), i64::from(a5), i64::from(a6), i64::from(a7), i64::from(a8));
let b1 = a1 * 2;
let b2 = a2 * 2;
let b3 = a3 * 2;
let b4 = a4 * 2;
let b5 = a5 * 2;
let b6 = a6 * 2;
let b7 = a7 * 2;
let b8 = a8 * 2;
let c = 0;
let c = c + a0 * a0;
let q0 = c & MASK;
let c = c >> 29;
let c = c + a0 * b1;
let q1 = c & MASK;
let c = c >> 29;
let c = c + a0 * b2 + a1 * a1;
let q2 = c & MASK;
let c = c >> 29;
let c = c + a0 * b3 + a1 * b2 + (q0 << 9);
let q3 = c & MASK;
let c = c >> 29;
let c = c + a0 * b4 + a1 * b3 + a2 * a2 + (q1 << 9);
let q4 = c & MASK;
let c = c >> 29;
let c = c + a0 * b5 + a1 * b4 + a2 * b3 + (q2 << 9);
let q5 = c & MASK;
let c = c >> 29;
let c = c + a0 * b6 + a1 * b5 + a2 * b4 + a3 * a3 + (q0 << 18) + (q3 << 9);
let q6 = c & MASK;
let c = c >> 29;
let c = c + a0 * b7 + a1 * b6 + a2 * b5 + a3 * b4 - (q0 << 21) + (q1 << 18) + (q4 << 9);
let q7 = c & MASK;
let c = c >> 29;
let c = c + a0 * b8 + a1 * b7 + a2 * b6 + a3 * b5 + a4 * a4 + (q0 << 24) - (q1 << 21) + (q2 << 18) + (q5 << 9);
let q8 = c & MASK;
let c = c >> 29;
let c = c + a1 * b8 + a2 * b7 + a3 * b6 + a4 * b5 + (q1 << 24) - (q2 << 21) + (q3 << 18) + (q6 << 9);
let r0 = c & MASK;
let c = c >> 29;
let c = c + a2 * b8 + a3 * b7 + a4 * b6 + a5 * a5 + (q2 << 24) - (q3 << 21) + (q4 << 18) + (q7 << 9);
let r1 = c & MASK;
let c = c >> 29;
let c = c + a3 * b8 + a4 * b7 + a5 * b6 + (q3 << 24) - (q4 << 21) + (q5 << 18) + (q8 << 9);
let r2 = c & MASK;
let c = c >> 29;
let c = c + a4 * b8 + a5 * b7 + a6 * a6 + (q4 << 24) - (q5 << 21) + (q6 << 18);
let r3 = c & MASK;
let c = c >> 29;
let c = c + a5 * b8 + a6 * b7 + (q5 << 24) - (q6 << 21) + (q7 << 18);
let r4 = c & MASK;
let c = c >> 29;
let c = c + a6 * b8 + a7 * a7 + (q6 << 24) - (q7 << 21) + (q8 << 18);
let r5 = c & MASK;
let c = c >> 29;
let c = c + a7 * b8 + (q7 << 24) - (q8 << 21);
let r6 = c & MASK;
let c = c >> 29;
let c = c + a8 * a8 + (q8 << 24);
let r7 = c & MASK;
let c = c >> 29;
let r8 = c;
Self([r0 as i32, r1 as i32, r2 as i32, r3 as i32, r4 as i32, r5 as i32, r6 as i32, r7 as i32, r8 as i32]) }

}
