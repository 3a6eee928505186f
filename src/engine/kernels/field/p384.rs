//! P-384: p = 2^384 - 2^128 - 2^96 + 2^32 - 1, 14 limbs of 28 bits.
//!
//! Written by `generate.rs`, which also proves its bounds; changes belong there.

use super::Field;

/// An element in Montgomery form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element([i32; 14]);

const MASK: i64 = (1 << 28) - 1;

#[rustfmt::skip]
impl Field for Element {
const LIMB_BITS: u32 = 28;
const BYTES: usize = 48;
const PRIME: &'static [i32] = &[268435455, 15, 0, 268431360, 268369919, 268435455, 268435455, 268435455, 268435455, 268435455, 268435455, 268435455, 268435455, 1048575];
const ZERO: Self = Self([0; 14]);
const ONE: Self = Self([256, 268431360, 268435455, 1048575, 16777216, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const R_SQUARED: Self = Self([65536, 266338304, 16777215, 0, 2, 0, 268434944, 4095, 131072, 1048576, 0, 0, 0, 0]);

fn limbs(&self) -> &[i32] { &self.0 }

fn from_limbs(limbs: &[i32]) -> Self {
let mut element = [0; 14];
for (limb, &from) in element.iter_mut().zip(limbs) { *limb = from; }
Self(element) }

#[inline(always)]
fn add(&self, other: &Self) -> Self {
let ([a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13], [b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13]) = (self.0, other.0);
Self([a0 + b0, a1 + b1, a2 + b2, a3 + b3, a4 + b4, a5 + b5, a6 + b6, a7 + b7, a8 + b8, a9 + b9, a10 + b10, a11 + b11, a12 + b12, a13 + b13]) }

#[inline(always)]
fn sub(&self, other: &Self) -> Self {
let ([a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13], [b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13]) = (self.0, other.0);
Self([a0 - b0, a1 - b1, a2 - b2, a3 - b3, a4 - b4, a5 - b5, a6 - b6, a7 - b7, a8 - b8, a9 - b9, a10 - b10, a11 - b11, a12 - b12, a13 - b13]) }

fn carry(&self) -> Self {
let [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13] = self.0;
const HALF: i32 = 1 << 27;
const LOW: i32 = MASK as i32;
let a0 = a0 + HALF;
let a1 = a1 + (a0 >> 28) + HALF;
let a2 = a2 + (a1 >> 28) + HALF;
let a3 = a3 + (a2 >> 28) + HALF;
let a4 = a4 + (a3 >> 28) + HALF;
let a5 = a5 + (a4 >> 28) + HALF;
let a6 = a6 + (a5 >> 28) + HALF;
let a7 = a7 + (a6 >> 28) + HALF;
let a8 = a8 + (a7 >> 28) + HALF;
let a9 = a9 + (a8 >> 28) + HALF;
let a10 = a10 + (a9 >> 28) + HALF;
let a11 = a11 + (a10 >> 28) + HALF;
let a12 = a12 + (a11 >> 28) + HALF;
let a13 = a13 + (a12 >> 28);
Self([(a0 & LOW) - HALF, (a1 & LOW) - HALF, (a2 & LOW) - HALF, (a3 & LOW) - HALF, (a4 & LOW) - HALF, (a5 & LOW) - HALF, (a6 & LOW) - HALF, (a7 & LOW) - HALF, (a8 & LOW) - HALF, (a9 & LOW) - HALF, (a10 & LOW) - HALF, (a11 & LOW) - HALF, (a12 & LOW) - HALF, a13]) }

#[inline(never)]
fn mul(&self, other: &Self) -> Self {
let [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13] = self.0;
let (a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13) = (i64::from(a0), i64::from(a1), i64::from(a2), i64::from(a3), i64::from(a4), i64::from(a5), i64::from(a6), i64::from(a7), i64::from(a8), i64::from(a9), i64::from(a10), i64::from(a11), i64::from(a12), i64::from(a13));
let [b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13] = other.0;
let (b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13) = (i64::from(b0), i64::from(b1), i64::from(b2), i64::from(b3), i64::from(b4), i64::from(b5), i64::from(b6), i64::from(b7), i64::from(b8), i64::from(b9), i64::from(b10), i64::from(b11), i64::from(b12), i64::from(b13));
let c = 0;
let c = c + a0 * b0;
let q0 = c & MASK;
let c = c >> 28;
let c = c + a0 * b1 + a1 * b0 + (q0 << 4);
let q1 = c & MASK;
let c = c >> 28;
let c = c + a0 * b2 + a1 * b1 + a2 * b0 + (q1 << 4);
let q2 = c & MASK;
let c = c >> 28;
let c = c + a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 - (q0 << 12) + (q2 << 4);
let q3 = c & MASK;
let c = c >> 28;
let c = c + a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0 - (q0 << 16) - (q1 << 12) + (q3 << 4);
let q4 = c & MASK;
let c = c >> 28;
let c = c + a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1 + a5 * b0 - (q1 << 16) - (q2 << 12) + (q4 << 4);
let q5 = c & MASK;
let c = c >> 28;
let c = c + a0 * b6 + a1 * b5 + a2 * b4 + a3 * b3 + a4 * b2 + a5 * b1 + a6 * b0 - (q2 << 16) - (q3 << 12) + (q5 << 4);
let q6 = c & MASK;
let c = c >> 28;
let c = c + a0 * b7 + a1 * b6 + a2 * b5 + a3 * b4 + a4 * b3 + a5 * b2 + a6 * b1 + a7 * b0 - (q3 << 16) - (q4 << 12) + (q6 << 4);
let q7 = c & MASK;
let c = c >> 28;
let c = c + a0 * b8 + a1 * b7 + a2 * b6 + a3 * b5 + a4 * b4 + a5 * b3 + a6 * b2 + a7 * b1 + a8 * b0 - (q4 << 16) - (q5 << 12) + (q7 << 4);
let q8 = c & MASK;
let c = c >> 28;
let c = c + a0 * b9 + a1 * b8 + a2 * b7 + a3 * b6 + a4 * b5 + a5 * b4 + a6 * b3 + a7 * b2 + a8 * b1 + a9 * b0 - (q5 << 16) - (q6 << 12) + (q8 << 4);
let q9 = c & MASK;
let c = c >> 28;
let c = c + a0 * b10 + a1 * b9 + a2 * b8 + a3 * b7 + a4 * b6 + a5 * b5 + a6 * b4 + a7 * b3 + a8 * b2 + a9 * b1 + a10 * b0 - (q6 << 16) - (q7 << 12) + (q9 << 4);
let q10 = c & MASK;
let c = c >> 28;
let c = c + a0 * b11 + a1 * b10 + a2 * b9 + a3 * b8 + a4 * b7 + a5 * b6 + a6 * b5 + a7 * b4 + a8 * b3 + a9 * b2 + a10 * b1 + a11 * b0 - (q7 << 16) - (q8 << 12) + (q10 << 4);
let q11 = c & MASK;
let c = c >> 28;
let c = c + a0 * b12 + a1 * b11 + a2 * b10 + a3 * b9 + a4 * b8 + a5 * b7 + a6 * b6 + a7 * b5 + a8 * b4 + a9 * b3 + a10 * b2 + a11 * b1 + a12 * b0 - (q8 << 16) - (q9 << 12) + (q11 << 4);
let q12 = c & MASK;
let c = c >> 28;
let c = c + a0 * b13 + a1 * b12 + a2 * b11 + a3 * b10 + a4 * b9 + a5 * b8 + a6 * b7 + a7 * b6 + a8 * b5 + a9 * b4 + a10 * b3 + a11 * b2 + a12 * b1 + a13 * b0 + (q0 << 20) - (q9 << 16) - (q10 << 12) + (q12 << 4);
let q13 = c & MASK;
let c = c >> 28;
let c = c + a1 * b13 + a2 * b12 + a3 * b11 + a4 * b10 + a5 * b9 + a6 * b8 + a7 * b7 + a8 * b6 + a9 * b5 + a10 * b4 + a11 * b3 + a12 * b2 + a13 * b1 + (q1 << 20) - (q10 << 16) - (q11 << 12) + (q13 << 4);
let r0 = c & MASK;
let c = c >> 28;
let c = c + a2 * b13 + a3 * b12 + a4 * b11 + a5 * b10 + a6 * b9 + a7 * b8 + a8 * b7 + a9 * b6 + a10 * b5 + a11 * b4 + a12 * b3 + a13 * b2 + (q2 << 20) - (q11 << 16) - (q12 << 12);
let r1 = c & MASK;
let c = c >> 28;
let c = c + a3 * b13 + a4 * b12 + a5 * b11 + a6 * b10 + a7 * b9 + a8 * b8 + a9 * b7 + a10 * b6 + a11 * b5 + a12 * b4 + a13 * b3 + (q3 << 20) - (q12 << 16) - (q13 << 12);
let r2 = c & MASK;
let c = c >> 28;
let c = c + a4 * b13 + a5 * b12 + a6 * b11 + a7 * b10 + a8 * b9 + a9 * b8 + a10 * b7 + a11 * b6 + a12 * b5 + a13 * b4 + (q4 << 20) - (q13 << 16);
let r3 = c & MASK;
let c = c >> 28;
let c = c + a5 * b13 + a6 * b12 + a7 * b11 + a8 * b10 + a9 * b9 + a10 * b8 + a11 * b7 + a12 * b6 + a13 * b5 + (q5 << 20);
let r4 = c & MASK;
let c = c >> 28;
let c = c + a6 * b13 + a7 * b12 + a8 * b11 + a9 * b10 + a10 * b9 + a11 * b8 + a12 * b7 + a13 * b6 + (q6 << 20);
let r5 = c & MASK;
let c = c >> 28;
let c = c + a7 * b13 + a8 * b12 + a9 * b11 + a10 * b10 + a11 * b9 + a12 * b8 + a13 * b7 + (q7 << 20);
let r6 = c & MASK;
let c = c >> 28;
let c = c + a8 * b13 + a9 * b12 + a10 * b11 + a11 * b10 + a12 * b9 + a13 * b8 + (q8 << 20);
let r7 = c & MASK;
let c = c >> 28;
let c = c + a9 * b13 + a10 * b12 + a11 * b11 + a12 * b10 + a13 * b9 + (q9 << 20);
let r8 = c & MASK;
let c = c >> 28;
let c = c + a10 * b13 + a11 * b12 + a12 * b11 + a13 * b10 + (q10 << 20);
let r9 = c & MASK;
let c = c >> 28;
let c = c + a11 * b13 + a12 * b12 + a13 * b11 + (q11 << 20);
let r10 = c & MASK;
let c = c >> 28;
let c = c + a12 * b13 + a13 * b12 + (q12 << 20);
let r11 = c & MASK;
let c = c >> 28;
let c = c + a13 * b13 + (q13 << 20);
let r12 = c & MASK;
let c = c >> 28;
let r13 = c;
Self([r0 as i32, r1 as i32, r2 as i32, r3 as i32, r4 as i32, r5 as i32, r6 as i32, r7 as i32, r8 as i32, r9 as i32, r10 as i32, r11 as i32, r12 as i32, r13 as i32]) }

#[inline(never)]
fn sqr(&self) -> Self {
let [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13] = self.0;
let (a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13) = (i64::from(a0), i64::from(a1), i64::from(a2), i64::from(a3), i64::from(a4), i64::from(a5), i64::from(a6), i64::from(a7), i64::from(a8), i64::from(a9), i64::from(a10), i64::from(a11), i64::from(a12), i64::from(a13));
let b1 = a1 * 2;
let b2 = a2 * 2;
let b3 = a3 * 2;
let b4 = a4 * 2;
let b5 = a5 * 2;
let b6 = a6 * 2;
let b7 = a7 * 2;
let b8 = a8 * 2;
let b9 = a9 * 2;
let b10 = a10 * 2;
let b11 = a11 * 2;
let b12 = a12 * 2;
let b13 = a13 * 2;
let c = 0;
let c = c + a0 * a0;
let q0 = c & MASK;
let c = c >> 28;
let c = c + a0 * b1 + (q0 << 4);
let q1 = c & MASK;
let c = c >> 28;
let c = c + a0 * b2 + a1 * a1 + (q1 << 4);
let q2 = c & MASK;
let c = c >> 28;
let c = c + a0 * b3 + a1 * b2 - (q0 << 12) + (q2 << 4);
let q3 = c & MASK;
let c = c >> 28;
let c = c + a0 * b4 + a1 * b3 + a2 * a2 - (q0 << 16) - (q1 << 12) + (q3 << 4);
let q4 = c & MASK;
let c = c >> 28;
let c = c + a0 * b5 + a1 * b4 + a2 * b3 - (q1 << 16) - (q2 << 12) + (q4 << 4);
let q5 = c & MASK;
let c = c >> 28;
let c = c + a0 * b6 + a1 * b5 + a2 * b4 + a3 * a3 - (q2 << 16) - (q3 << 12) + (q5 << 4);
let q6 = c & MASK;
let c = c >> 28;
let c = c + a0 * b7 + a1 * b6 + a2 * b5 + a3 * b4 - (q3 << 16) - (q4 << 12) + (q6 << 4);
let q7 = c & MASK;
let c = c >> 28;
let c = c + a0 * b8 + a1 * b7 + a2 * b6 + a3 * b5 + a4 * a4 - (q4 << 16) - (q5 << 12) + (q7 << 4);
let q8 = c & MASK;
let c = c >> 28;
let c = c + a0 * b9 + a1 * b8 + a2 * b7 + a3 * b6 + a4 * b5 - (q5 << 16) - (q6 << 12) + (q8 << 4);
let q9 = c & MASK;
let c = c >> 28;
let c = c + a0 * b10 + a1 * b9 + a2 * b8 + a3 * b7 + a4 * b6 + a5 * a5 - (q6 << 16) - (q7 << 12) + (q9 << 4);
let q10 = c & MASK;
let c = c >> 28;
let c = c + a0 * b11 + a1 * b10 + a2 * b9 + a3 * b8 + a4 * b7 + a5 * b6 - (q7 << 16) - (q8 << 12) + (q10 << 4);
let q11 = c & MASK;
let c = c >> 28;
let c = c + a0 * b12 + a1 * b11 + a2 * b10 + a3 * b9 + a4 * b8 + a5 * b7 + a6 * a6 - (q8 << 16) - (q9 << 12) + (q11 << 4);
let q12 = c & MASK;
let c = c >> 28;
let c = c + a0 * b13 + a1 * b12 + a2 * b11 + a3 * b10 + a4 * b9 + a5 * b8 + a6 * b7 + (q0 << 20) - (q9 << 16) - (q10 << 12) + (q12 << 4);
let q13 = c & MASK;
let c = c >> 28;
let c = c + a1 * b13 + a2 * b12 + a3 * b11 + a4 * b10 + a5 * b9 + a6 * b8 + a7 * a7 + (q1 << 20) - (q10 << 16) - (q11 << 12) + (q13 << 4);
let r0 = c & MASK;
let c = c >> 28;
let c = c + a2 * b13 + a3 * b12 + a4 * b11 + a5 * b10 + a6 * b9 + a7 * b8 + (q2 << 20) - (q11 << 16) - (q12 << 12);
let r1 = c & MASK;
let c = c >> 28;
let c = c + a3 * b13 + a4 * b12 + a5 * b11 + a6 * b10 + a7 * b9 + a8 * a8 + (q3 << 20) - (q12 << 16) - (q13 << 12);
let r2 = c & MASK;
let c = c >> 28;
let c = c + a4 * b13 + a5 * b12 + a6 * b11 + a7 * b10 + a8 * b9 + (q4 << 20) - (q13 << 16);
let r3 = c & MASK;
let c = c >> 28;
let c = c + a5 * b13 + a6 * b12 + a7 * b11 + a8 * b10 + a9 * a9 + (q5 << 20);
let r4 = c & MASK;
let c = c >> 28;
let c = c + a6 * b13 + a7 * b12 + a8 * b11 + a9 * b10 + (q6 << 20);
let r5 = c & MASK;
let c = c >> 28;
let c = c + a7 * b13 + a8 * b12 + a9 * b11 + a10 * a10 + (q7 << 20);
let r6 = c & MASK;
let c = c >> 28;
let c = c + a8 * b13 + a9 * b12 + a10 * b11 + (q8 << 20);
let r7 = c & MASK;
let c = c >> 28;
let c = c + a9 * b13 + a10 * b12 + a11 * a11 + (q9 << 20);
let r8 = c & MASK;
let c = c >> 28;
let c = c + a10 * b13 + a11 * b12 + (q10 << 20);
let r9 = c & MASK;
let c = c >> 28;
let c = c + a11 * b13 + a12 * a12 + (q11 << 20);
let r10 = c & MASK;
let c = c >> 28;
let c = c + a12 * b13 + (q12 << 20);
let r11 = c & MASK;
let c = c >> 28;
let c = c + a13 * a13 + (q13 << 20);
let r12 = c & MASK;
let c = c >> 28;
let r13 = c;
Self([r0 as i32, r1 as i32, r2 as i32, r3 as i32, r4 as i32, r5 as i32, r6 as i32, r7 as i32, r8 as i32, r9 as i32, r10 as i32, r11 as i32, r12 as i32, r13 as i32]) }

}
