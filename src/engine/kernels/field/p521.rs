//! P-521: p = 2^521 - 1, 19 limbs of 28 bits.
//!
//! Written by `generate.rs`, which also proves its bounds; changes belong there.

use super::Field;

/// An element in Montgomery form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element([i32; 19]);

const MASK: i64 = (1 << 28) - 1;

#[rustfmt::skip]
impl Field for Element {
const LIMB_BITS: u32 = 28;
const BYTES: usize = 66;
const PRIME: &'static [i32] = &[268435455, 268435455, 268435455, 268435455, 268435455, 268435455, 268435455, 268435455, 268435455, 268435455, 268435455, 268435455, 268435455, 268435455, 268435455, 268435455, 268435455, 268435455, 131071];
const ZERO: Self = Self([0; 19]);
const ONE: Self = Self([2048, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const R_SQUARED: Self = Self([4194304, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

fn limbs(&self) -> &[i32] { &self.0 }

fn from_limbs(limbs: &[i32]) -> Self {
let mut element = [0; 19];
for (limb, &from) in element.iter_mut().zip(limbs) { *limb = from; }
Self(element) }

#[inline(always)]
fn add(&self, other: &Self) -> Self {
let ([a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18], [b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, b14, b15, b16, b17, b18]) = (self.0, other.0);
Self([a0 + b0, a1 + b1, a2 + b2, a3 + b3, a4 + b4, a5 + b5, a6 + b6, a7 + b7, a8 + b8, a9 + b9, a10 + b10, a11 + b11, a12 + b12, a13 + b13, a14 + b14, a15 + b15, a16 + b16, a17 + b17, a18 + b18]) }

#[inline(always)]
fn sub(&self, other: &Self) -> Self {
let ([a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18], [b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, b14, b15, b16, b17, b18]) = (self.0, other.0);
Self([a0 - b0, a1 - b1, a2 - b2, a3 - b3, a4 - b4, a5 - b5, a6 - b6, a7 - b7, a8 - b8, a9 - b9, a10 - b10, a11 - b11, a12 - b12, a13 - b13, a14 - b14, a15 - b15, a16 - b16, a17 - b17, a18 - b18]) }

fn carry(&self) -> Self {
let [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18] = self.0;
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
let a13 = a13 + (a12 >> 28) + HALF;
let a14 = a14 + (a13 >> 28) + HALF;
let a15 = a15 + (a14 >> 28) + HALF;
let a16 = a16 + (a15 >> 28) + HALF;
let a17 = a17 + (a16 >> 28) + HALF;
let a18 = a18 + (a17 >> 28);
Self([(a0 & LOW) - HALF, (a1 & LOW) - HALF, (a2 & LOW) - HALF, (a3 & LOW) - HALF, (a4 & LOW) - HALF, (a5 & LOW) - HALF, (a6 & LOW) - HALF, (a7 & LOW) - HALF, (a8 & LOW) - HALF, (a9 & LOW) - HALF, (a10 & LOW) - HALF, (a11 & LOW) - HALF, (a12 & LOW) - HALF, (a13 & LOW) - HALF, (a14 & LOW) - HALF, (a15 & LOW) - HALF, (a16 & LOW) - HALF, (a17 & LOW) - HALF, a18]) }

#[inline(never)]
fn mul(&self, other: &Self) -> Self {
let [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18] = self.0;
let (a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18) = (i64::from(a0), i64::from(a1), i64::from(a2), i64::from(a3), i64::from(a4), i64::from(a5), i64::from(a6), i64::from(a7), i64::from(a8), i64::from(a9), i64::from(a10), i64::from(a11), i64::from(a12), i64::from(a13), i64::from(a14), i64::from(a15), i64::from(a16), i64::from(a17), i64::from(a18));
let [b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, b14, b15, b16, b17, b18] = other.0;
let (b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, b14, b15, b16, b17, b18) = (i64::from(b0), i64::from(b1), i64::from(b2), i64::from(b3), i64::from(b4), i64::from(b5), i64::from(b6), i64::from(b7), i64::from(b8), i64::from(b9), i64::from(b10), i64::from(b11), i64::from(b12), i64::from(b13), i64::from(b14), i64::from(b15), i64::from(b16), i64::from(b17), i64::from(b18));
let c = 0;
let c = c + a0 * b0;
let q0 = c & MASK;
let c = c >> 28;
let c = c + a0 * b1 + a1 * b0;
let q1 = c & MASK;
let c = c >> 28;
let c = c + a0 * b2 + a1 * b1 + a2 * b0;
let q2 = c & MASK;
let c = c >> 28;
let c = c + a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0;
let q3 = c & MASK;
let c = c >> 28;
let c = c + a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0;
let q4 = c & MASK;
let c = c >> 28;
let c = c + a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1 + a5 * b0;
let q5 = c & MASK;
let c = c >> 28;
let c = c + a0 * b6 + a1 * b5 + a2 * b4 + a3 * b3 + a4 * b2 + a5 * b1 + a6 * b0;
let q6 = c & MASK;
let c = c >> 28;
let c = c + a0 * b7 + a1 * b6 + a2 * b5 + a3 * b4 + a4 * b3 + a5 * b2 + a6 * b1 + a7 * b0;
let q7 = c & MASK;
let c = c >> 28;
let c = c + a0 * b8 + a1 * b7 + a2 * b6 + a3 * b5 + a4 * b4 + a5 * b3 + a6 * b2 + a7 * b1 + a8 * b0;
let q8 = c & MASK;
let c = c >> 28;
let c = c + a0 * b9 + a1 * b8 + a2 * b7 + a3 * b6 + a4 * b5 + a5 * b4 + a6 * b3 + a7 * b2 + a8 * b1 + a9 * b0;
let q9 = c & MASK;
let c = c >> 28;
let c = c + a0 * b10 + a1 * b9 + a2 * b8 + a3 * b7 + a4 * b6 + a5 * b5 + a6 * b4 + a7 * b3 + a8 * b2 + a9 * b1 + a10 * b0;
let q10 = c & MASK;
let c = c >> 28;
let c = c + a0 * b11 + a1 * b10 + a2 * b9 + a3 * b8 + a4 * b7 + a5 * b6 + a6 * b5 + a7 * b4 + a8 * b3 + a9 * b2 + a10 * b1 + a11 * b0;
let q11 = c & MASK;
let c = c >> 28;
let c = c + a0 * b12 + a1 * b11 + a2 * b10 + a3 * b9 + a4 * b8 + a5 * b7 + a6 * b6 + a7 * b5 + a8 * b4 + a9 * b3 + a10 * b2 + a11 * b1 + a12 * b0;
let q12 = c & MASK;
let c = c >> 28;
let c = c + a0 * b13 + a1 * b12 + a2 * b11 + a3 * b10 + a4 * b9 + a5 * b8 + a6 * b7 + a7 * b6 + a8 * b5 + a9 * b4 + a10 * b3 + a11 * b2 + a12 * b1 + a13 * b0;
let q13 = c & MASK;
let c = c >> 28;
let c = c + a0 * b14 + a1 * b13 + a2 * b12 + a3 * b11 + a4 * b10 + a5 * b9 + a6 * b8 + a7 * b7 + a8 * b6 + a9 * b5 + a10 * b4 + a11 * b3 + a12 * b2 + a13 * b1 + a14 * b0;
let q14 = c & MASK;
let c = c >> 28;
let c = c + a0 * b15 + a1 * b14 + a2 * b13 + a3 * b12 + a4 * b11 + a5 * b10 + a6 * b9 + a7 * b8 + a8 * b7 + a9 * b6 + a10 * b5 + a11 * b4 + a12 * b3 + a13 * b2 + a14 * b1 + a15 * b0;
let q15 = c & MASK;
let c = c >> 28;
let c = c + a0 * b16 + a1 * b15 + a2 * b14 + a3 * b13 + a4 * b12 + a5 * b11 + a6 * b10 + a7 * b9 + a8 * b8 + a9 * b7 + a10 * b6 + a11 * b5 + a12 * b4 + a13 * b3 + a14 * b2 + a15 * b1 + a16 * b0;
let q16 = c & MASK;
let c = c >> 28;
let c = c + a0 * b17 + a1 * b16 + a2 * b15 + a3 * b14 + a4 * b13 + a5 * b12 + a6 * b11 + a7 * b10 + a8 * b9 + a9 * b8 + a10 * b7 + a11 * b6 + a12 * b5 + a13 * b4 + a14 * b3 + a15 * b2 + a16 * b1 + a17 * b0;
let q17 = c & MASK;
let c = c >> 28;
let c = c + a0 * b18 + a1 * b17 + a2 * b16 + a3 * b15 + a4 * b14 + a5 * b13 + a6 * b12 + a7 * b11 + a8 * b10 + a9 * b9 + a10 * b8 + a11 * b7 + a12 * b6 + a13 * b5 + a14 * b4 + a15 * b3 + a16 * b2 + a17 * b1 + a18 * b0 + (q0 << 17);
let q18 = c & MASK;
let c = c >> 28;
let c = c + a1 * b18 + a2 * b17 + a3 * b16 + a4 * b15 + a5 * b14 + a6 * b13 + a7 * b12 + a8 * b11 + a9 * b10 + a10 * b9 + a11 * b8 + a12 * b7 + a13 * b6 + a14 * b5 + a15 * b4 + a16 * b3 + a17 * b2 + a18 * b1 + (q1 << 17);
let r0 = c & MASK;
let c = c >> 28;
let c = c + a2 * b18 + a3 * b17 + a4 * b16 + a5 * b15 + a6 * b14 + a7 * b13 + a8 * b12 + a9 * b11 + a10 * b10 + a11 * b9 + a12 * b8 + a13 * b7 + a14 * b6 + a15 * b5 + a16 * b4 + a17 * b3 + a18 * b2 + (q2 << 17);
let r1 = c & MASK;
let c = c >> 28;
let c = c + a3 * b18 + a4 * b17 + a5 * b16 + a6 * b15 + a7 * b14 + a8 * b13 + a9 * b12 + a10 * b11 + a11 * b10 + a12 * b9 + a13 * b8 + a14 * b7 + a15 * b6 + a16 * b5 + a17 * b4 + a18 * b3 + (q3 << 17);
let r2 = c & MASK;
let c = c >> 28;
let c = c + a4 * b18 + a5 * b17 + a6 * b16 + a7 * b15 + a8 * b14 + a9 * b13 + a10 * b12 + a11 * b11 + a12 * b10 + a13 * b9 + a14 * b8 + a15 * b7 + a16 * b6 + a17 * b5 + a18 * b4 + (q4 << 17);
let r3 = c & MASK;
let c = c >> 28;
let c = c + a5 * b18 + a6 * b17 + a7 * b16 + a8 * b15 + a9 * b14 + a10 * b13 + a11 * b12 + a12 * b11 + a13 * b10 + a14 * b9 + a15 * b8 + a16 * b7 + a17 * b6 + a18 * b5 + (q5 << 17);
let r4 = c & MASK;
let c = c >> 28;
let c = c + a6 * b18 + a7 * b17 + a8 * b16 + a9 * b15 + a10 * b14 + a11 * b13 + a12 * b12 + a13 * b11 + a14 * b10 + a15 * b9 + a16 * b8 + a17 * b7 + a18 * b6 + (q6 << 17);
let r5 = c & MASK;
let c = c >> 28;
let c = c + a7 * b18 + a8 * b17 + a9 * b16 + a10 * b15 + a11 * b14 + a12 * b13 + a13 * b12 + a14 * b11 + a15 * b10 + a16 * b9 + a17 * b8 + a18 * b7 + (q7 << 17);
let r6 = c & MASK;
let c = c >> 28;
let c = c + a8 * b18 + a9 * b17 + a10 * b16 + a11 * b15 + a12 * b14 + a13 * b13 + a14 * b12 + a15 * b11 + a16 * b10 + a17 * b9 + a18 * b8 + (q8 << 17);
let r7 = c & MASK;
let c = c >> 28;
let c = c + a9 * b18 + a10 * b17 + a11 * b16 + a12 * b15 + a13 * b14 + a14 * b13 + a15 * b12 + a16 * b11 + a17 * b10 + a18 * b9 + (q9 << 17);
let r8 = c & MASK;
let c = c >> 28;
let c = c + a10 * b18 + a11 * b17 + a12 * b16 + a13 * b15 + a14 * b14 + a15 * b13 + a16 * b12 + a17 * b11 + a18 * b10 + (q10 << 17);
let r9 = c & MASK;
let c = c >> 28;
let c = c + a11 * b18 + a12 * b17 + a13 * b16 + a14 * b15 + a15 * b14 + a16 * b13 + a17 * b12 + a18 * b11 + (q11 << 17);
let r10 = c & MASK;
let c = c >> 28;
let c = c + a12 * b18 + a13 * b17 + a14 * b16 + a15 * b15 + a16 * b14 + a17 * b13 + a18 * b12 + (q12 << 17);
let r11 = c & MASK;
let c = c >> 28;
let c = c + a13 * b18 + a14 * b17 + a15 * b16 + a16 * b15 + a17 * b14 + a18 * b13 + (q13 << 17);
let r12 = c & MASK;
let c = c >> 28;
let c = c + a14 * b18 + a15 * b17 + a16 * b16 + a17 * b15 + a18 * b14 + (q14 << 17);
let r13 = c & MASK;
let c = c >> 28;
let c = c + a15 * b18 + a16 * b17 + a17 * b16 + a18 * b15 + (q15 << 17);
let r14 = c & MASK;
let c = c >> 28;
let c = c + a16 * b18 + a17 * b17 + a18 * b16 + (q16 << 17);
let r15 = c & MASK;
let c = c >> 28;
let c = c + a17 * b18 + a18 * b17 + (q17 << 17);
let r16 = c & MASK;
let c = c >> 28;
let c = c + a18 * b18 + (q18 << 17);
let r17 = c & MASK;
let c = c >> 28;
let r18 = c;
Self([r0 as i32, r1 as i32, r2 as i32, r3 as i32, r4 as i32, r5 as i32, r6 as i32, r7 as i32, r8 as i32, r9 as i32, r10 as i32, r11 as i32, r12 as i32, r13 as i32, r14 as i32, r15 as i32, r16 as i32, r17 as i32, r18 as i32]) }

#[inline(never)]
fn sqr(&self) -> Self {
let [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18] = self.0;
let (a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18) = (i64::from(a0), i64::from(a1), i64::from(a2), i64::from(a3), i64::from(a4), i64::from(a5), i64::from(a6), i64::from(a7), i64::from(a8), i64::from(a9), i64::from(a10), i64::from(a11), i64::from(a12), i64::from(a13), i64::from(a14), i64::from(a15), i64::from(a16), i64::from(a17), i64::from(a18));
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
let b14 = a14 * 2;
let b15 = a15 * 2;
let b16 = a16 * 2;
let b17 = a17 * 2;
let b18 = a18 * 2;
let c = 0;
let c = c + a0 * a0;
let q0 = c & MASK;
let c = c >> 28;
let c = c + a0 * b1;
let q1 = c & MASK;
let c = c >> 28;
let c = c + a0 * b2 + a1 * a1;
let q2 = c & MASK;
let c = c >> 28;
let c = c + a0 * b3 + a1 * b2;
let q3 = c & MASK;
let c = c >> 28;
let c = c + a0 * b4 + a1 * b3 + a2 * a2;
let q4 = c & MASK;
let c = c >> 28;
let c = c + a0 * b5 + a1 * b4 + a2 * b3;
let q5 = c & MASK;
let c = c >> 28;
let c = c + a0 * b6 + a1 * b5 + a2 * b4 + a3 * a3;
let q6 = c & MASK;
let c = c >> 28;
let c = c + a0 * b7 + a1 * b6 + a2 * b5 + a3 * b4;
let q7 = c & MASK;
let c = c >> 28;
let c = c + a0 * b8 + a1 * b7 + a2 * b6 + a3 * b5 + a4 * a4;
let q8 = c & MASK;
let c = c >> 28;
let c = c + a0 * b9 + a1 * b8 + a2 * b7 + a3 * b6 + a4 * b5;
let q9 = c & MASK;
let c = c >> 28;
let c = c + a0 * b10 + a1 * b9 + a2 * b8 + a3 * b7 + a4 * b6 + a5 * a5;
let q10 = c & MASK;
let c = c >> 28;
let c = c + a0 * b11 + a1 * b10 + a2 * b9 + a3 * b8 + a4 * b7 + a5 * b6;
let q11 = c & MASK;
let c = c >> 28;
let c = c + a0 * b12 + a1 * b11 + a2 * b10 + a3 * b9 + a4 * b8 + a5 * b7 + a6 * a6;
let q12 = c & MASK;
let c = c >> 28;
let c = c + a0 * b13 + a1 * b12 + a2 * b11 + a3 * b10 + a4 * b9 + a5 * b8 + a6 * b7;
let q13 = c & MASK;
let c = c >> 28;
let c = c + a0 * b14 + a1 * b13 + a2 * b12 + a3 * b11 + a4 * b10 + a5 * b9 + a6 * b8 + a7 * a7;
let q14 = c & MASK;
let c = c >> 28;
let c = c + a0 * b15 + a1 * b14 + a2 * b13 + a3 * b12 + a4 * b11 + a5 * b10 + a6 * b9 + a7 * b8;
let q15 = c & MASK;
let c = c >> 28;
let c = c + a0 * b16 + a1 * b15 + a2 * b14 + a3 * b13 + a4 * b12 + a5 * b11 + a6 * b10 + a7 * b9 + a8 * a8;
let q16 = c & MASK;
let c = c >> 28;
let c = c + a0 * b17 + a1 * b16 + a2 * b15 + a3 * b14 + a4 * b13 + a5 * b12 + a6 * b11 + a7 * b10 + a8 * b9;
let q17 = c & MASK;
let c = c >> 28;
let c = c + a0 * b18 + a1 * b17 + a2 * b16 + a3 * b15 + a4 * b14 + a5 * b13 + a6 * b12 + a7 * b11 + a8 * b10 + a9 * a9 + (q0 << 17);
let q18 = c & MASK;
let c = c >> 28;
let c = c + a1 * b18 + a2 * b17 + a3 * b16 + a4 * b15 + a5 * b14 + a6 * b13 + a7 * b12 + a8 * b11 + a9 * b10 + (q1 << 17);
let r0 = c & MASK;
let c = c >> 28;
let c = c + a2 * b18 + a3 * b17 + a4 * b16 + a5 * b15 + a6 * b14 + a7 * b13 + a8 * b12 + a9 * b11 + a10 * a10 + (q2 << 17);
let r1 = c & MASK;
let c = c >> 28;
let c = c + a3 * b18 + a4 * b17 + a5 * b16 + a6 * b15 + a7 * b14 + a8 * b13 + a9 * b12 + a10 * b11 + (q3 << 17);
let r2 = c & MASK;
let c = c >> 28;
let c = c + a4 * b18 + a5 * b17 + a6 * b16 + a7 * b15 + a8 * b14 + a9 * b13 + a10 * b12 + a11 * a11 + (q4 << 17);
let r3 = c & MASK;
let c = c >> 28;
let c = c + a5 * b18 + a6 * b17 + a7 * b16 + a8 * b15 + a9 * b14 + a10 * b13 + a11 * b12 + (q5 << 17);
let r4 = c & MASK;
let c = c >> 28;
let c = c + a6 * b18 + a7 * b17 + a8 * b16 + a9 * b15 + a10 * b14 + a11 * b13 + a12 * a12 + (q6 << 17);
let r5 = c & MASK;
let c = c >> 28;
let c = c + a7 * b18 + a8 * b17 + a9 * b16 + a10 * b15 + a11 * b14 + a12 * b13 + (q7 << 17);
let r6 = c & MASK;
let c = c >> 28;
let c = c + a8 * b18 + a9 * b17 + a10 * b16 + a11 * b15 + a12 * b14 + a13 * a13 + (q8 << 17);
let r7 = c & MASK;
let c = c >> 28;
let c = c + a9 * b18 + a10 * b17 + a11 * b16 + a12 * b15 + a13 * b14 + (q9 << 17);
let r8 = c & MASK;
let c = c >> 28;
let c = c + a10 * b18 + a11 * b17 + a12 * b16 + a13 * b15 + a14 * a14 + (q10 << 17);
let r9 = c & MASK;
let c = c >> 28;
let c = c + a11 * b18 + a12 * b17 + a13 * b16 + a14 * b15 + (q11 << 17);
let r10 = c & MASK;
let c = c >> 28;
let c = c + a12 * b18 + a13 * b17 + a14 * b16 + a15 * a15 + (q12 << 17);
let r11 = c & MASK;
let c = c >> 28;
let c = c + a13 * b18 + a14 * b17 + a15 * b16 + (q13 << 17);
let r12 = c & MASK;
let c = c >> 28;
let c = c + a14 * b18 + a15 * b17 + a16 * a16 + (q14 << 17);
let r13 = c & MASK;
let c = c >> 28;
let c = c + a15 * b18 + a16 * b17 + (q15 << 17);
let r14 = c & MASK;
let c = c >> 28;
let c = c + a16 * b18 + a17 * a17 + (q16 << 17);
let r15 = c & MASK;
let c = c >> 28;
let c = c + a17 * b18 + (q17 << 17);
let r16 = c & MASK;
let c = c >> 28;
let c = c + a18 * a18 + (q18 << 17);
let r17 = c & MASK;
let c = c >> 28;
let r18 = c;
Self([r0 as i32, r1 as i32, r2 as i32, r3 as i32, r4 as i32, r5 as i32, r6 as i32, r7 as i32, r8 as i32, r9 as i32, r10 as i32, r11 as i32, r12 as i32, r13 as i32, r14 as i32, r15 as i32, r16 as i32, r17 as i32, r18 as i32]) }

}
