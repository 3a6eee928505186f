//! The bounds of `montgomery`, on its own functions, with the overflow checks of a debug build.
//!
//! All numbers there are sums of products of limbs and quotient digits, and what is carried from them: none is negative, and
//! each grows with every limb and digit. So no run can have a larger one anywhere than a run in which every limb and every
//! quotient digit is as large as it can be.

use std::panic;

use super::montgomery::{Modulus, shape};

/// Multiplies and squares the largest numbers of so many limbs, with the largest quotient digits, modulo the largest number.
fn run((limb_bits, count): (u32, usize)) {
    let mask = (1 << limb_bits) - 1;
    let limbs = vec![mask; count];
    let modulus = Modulus::of_limbs(limbs.clone(), limb_bits, 0);
    let (mut work, mut out) = (modulus.workspace(), limbs.clone());
    work.product(&limbs, &limbs);
    modulus.reduce_with(&mut work, &mut out, |_| mask.into());
    work.square(&limbs);
    modulus.reduce_with(&mut work, &mut out, |_| mask.into());
    modulus.double(&mut out);
}

#[test]
fn no_column_overflows_for_any_size_of_a_modulus() {
    let mut shapes: Vec<_> = (2048..=8192).map(shape).collect();
    shapes.dedup();
    assert!(shapes.len() > 50, "{shapes:?}");
    shapes.into_iter().for_each(run);
}

/// Limbs get shorter where 28 bits would no longer do.
#[test]
fn a_column_of_too_many_limbs_is_noticed() {
    assert!(panic::catch_unwind(|| run((28, 132))).is_err());
}
