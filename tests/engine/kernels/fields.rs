//! The fields of the curves: that no limb can overflow, and that it calculates
//! right.

use std::cell::Cell;

use super::edwards::{Entry, Extended, ROOT_EXPONENT};
use super::field::{self, Field};
use super::generate::{Interval, SPECS, Spec};
use super::multiples::ROUNDS;
use super::weierstrass::{Affine, Curve, Jacobian};
use proptest::prelude::*;

thread_local! {
    /// What `is_zero` answers next, lowest bit first: so that every branch of a formula is run.
    static ANSWERS: Cell<u32> = const { Cell::new(0) };
}

/// An element of which only the bounds of its limbs are known. Operations assert that nothing overflows.
#[derive(Clone, Copy, Debug)]
struct Bounds<const SPEC: usize>([Interval; 19]);

impl<const SPEC: usize> Bounds<SPEC> {
    const SPEC: &'static Spec = &SPECS[SPEC];

    fn new(limbs: &[Interval]) -> Self {
        let mut all = [Interval::ZERO; 19];
        all[..limbs.len()].copy_from_slice(limbs);
        Self(all)
    }

    fn known(&self) -> &[Interval] {
        &self.0[..Self::SPEC.n]
    }

    fn pairwise(&self, other: &Self, operation: fn(Interval, Interval) -> Interval) -> Self {
        let limbs: Vec<_> =
            self.known().iter().zip(other.known()).map(|(&a, &b)| operation(a, b).fits(32)).collect();
        Self::new(&limbs)
    }

    /// A product, as `is_zero` needs it: limbs of `W` bits, and the highest such that the number lies between `-p` and
    /// `2 p`.
    fn product() -> Self {
        let spec = Self::SPEC;
        let p = spec.limbs(&spec.prime());
        let top = i128::from(p[spec.n - 1]);
        let mut limbs = vec![Interval::of(0, (1 << spec.w) - 1); spec.n];
        // From -top: then the number is at least -top 2^(W (N - 1)), which is above -p. To 2 top - 1: then it is below
        // 2 top 2^(W (N - 1)), which is at most 2 p.
        limbs[spec.n - 1] = Interval::of(-top, 2 * top - 1);
        Self::new(&limbs)
    }

    /// A coordinate that is a product: between `-5/8 p` and `13/8 p`.
    fn coordinate() -> Self {
        let mut product = Self::product();
        let top = -product.0[Self::SPEC.n - 1].low;
        product.0[Self::SPEC.n - 1] = Interval::of(-5 * top / 8, 13 * top / 8);
        product
    }

    /// A carried coordinate: between `-5 p` and `4 p`.
    fn carried() -> Self {
        let spec = Self::SPEC;
        let half = 1 << (spec.w - 1);
        let top = i128::from(spec.limbs(&spec.prime())[spec.n - 1]);
        let mut limbs = vec![Interval::of(-half, half - 1); spec.n];
        limbs[spec.n - 1] = Interval::of(-5 * top, 4 * top);
        Self::new(&limbs)
    }

    fn within(&self, other: &Self) -> bool {
        self.known().iter().zip(other.known()).all(|(a, b)| a.within(*b))
    }
}

impl<const SPEC: usize> Field for Bounds<SPEC> {
    const LIMB_BITS: u32 = Self::SPEC.w;
    const BYTES: usize = Self::SPEC.bytes;
    const PRIME: &'static [i32] = &[];
    const ZERO: Self = Self([Interval::ZERO; 19]);
    /// Any number below `p`.
    const ONE: Self = {
        let mut limbs = [Interval::ZERO; 19];
        let mut i = 0;
        while i < Self::SPEC.n {
            limbs[i] = Interval { low: 0, high: (1 << Self::SPEC.w) - 1 };
            i += 1;
        }
        let highest = match SPEC {
            0 => 0xff_ffff,
            1 => 0xf_ffff,
            2 => 0x1_ffff,
            3 => 0xff_ffff,
            _ => 0x7f_ffff,
        };
        limbs[Self::SPEC.n - 1] = Interval { low: 0, high: highest };
        Self(limbs)
    };
    const R_SQUARED: Self = Self::ONE;

    fn limbs(&self) -> &[i32] {
        panic!("unknown")
    }

    fn from_limbs(_: &[i32]) -> Self {
        Self::ONE
    }

    fn add(&self, other: &Self) -> Self {
        self.pairwise(other, Interval::add)
    }

    fn sub(&self, other: &Self) -> Self {
        self.pairwise(other, Interval::sub)
    }

    fn carry(&self) -> Self {
        Self::new(&Self::SPEC.carry_bounds(self.known()))
    }

    fn mul(&self, other: &Self) -> Self {
        Self::new(&Self::SPEC.mul_bounds(self.known(), other.known()))
    }

    fn sqr(&self) -> Self {
        for limb in self.known() {
            limb.add(*limb).fits(64);
        }
        self.mul(self)
    }

    fn canonical(&self) -> Vec<i32> {
        let one = Self::new(&[Interval::of(1, 1)]);
        assert!(self.within(&Self::product()), "{self:?} is no product");
        assert!(self.mul(&one).within(&Self::product()));
        vec![0; Self::SPEC.n]
    }

    /// Any number below `p`, brought into Montgomery form.
    fn invert(&self) -> Option<Self> {
        self.canonical();
        Some(Self::ONE.mul(&Self::R_SQUARED))
    }

    fn is_zero(&self) -> bool {
        assert!(self.within(&Self::product()), "{self:?} has more zeros than 0 and p");
        let answers = ANSWERS.get();
        ANSWERS.set(answers >> 1);
        answers & 1 == 1
    }
}

/// Runs the formulas of edwards25519 on all points there can be.
#[test]
fn no_limb_overflows_on_edwards25519() {
    type F = Bounds<4>;
    let coordinate = F::coordinate();
    let check = |point: Extended<F>| {
        for coordinate in [point.x, point.y, point.z, point.t] {
            assert!(coordinate.within(&F::coordinate()), "{coordinate:?}");
        }
    };
    let check_entry = |entry: &Entry<F>| {
        for part in [entry.sum, entry.difference, entry.product] {
            assert!(part.within(&F::carried()), "{part:?}");
        }
    };
    let point = Extended { x: coordinate, y: coordinate, z: coordinate, t: coordinate };
    check(Extended::IDENTITY);
    check(point.double());
    let entry = Entry { sum: F::carried(), difference: F::carried(), product: F::carried() };
    for entry in [entry, entry.negate()] {
        check(point.add(&entry));
    }
    for entry in Extended::to_entries_with(&[point, point], &coordinate.add(&coordinate)).unwrap() {
        check_entry(&entry);
    }
    for answers in 0..16 {
        for negative in [false, true] {
            ANSWERS.set(answers);
            if let Some(point) =
                Extended::with_y(&coordinate, negative, &coordinate, &coordinate, ROOT_EXPONENT)
            {
                check(point);
            }
        }
        ANSWERS.set(answers);
        point.has_small_order();
    }
    point.encode().unwrap();
}

/// A curve of bounds.
#[derive(Clone, Copy, Debug)]
struct AnyCurve<const SPEC: usize, const A_IS_MINUS_3: bool>;

impl<const SPEC: usize, const A_IS_MINUS_3: bool> Curve for AnyCurve<SPEC, A_IS_MINUS_3> {
    type Field = Bounds<SPEC>;
    const A_IS_MINUS_3: bool = A_IS_MINUS_3;
    const B: &'static [u8] = &[];
    const X: &'static [u8] = &[];
    const Y: &'static [u8] = &[];
}

/// Runs the formulas on all points there can be, and finds that their results are again such points.
fn points_stay_within_bounds<const SPEC: usize, const A_IS_MINUS_3: bool>() {
    type F<const SPEC: usize> = Bounds<SPEC>;
    let check = |point: Jacobian<F<SPEC>>| {
        assert!(point.x.within(&Bounds::carried()), "{:?}", point.x);
        assert!(point.y.within(&Bounds::carried()), "{:?}", point.y);
        assert!(point.z.within(&Bounds::coordinate()), "{:?}", point.z);
    };
    let point = Jacobian { x: F::<SPEC>::carried(), y: F::carried(), z: F::coordinate() };
    check(Jacobian::INFINITY);
    assert!(F::<SPEC>::ONE.mul(&F::R_SQUARED).within(&F::coordinate()), "what is read is a coordinate");
    check(point.double::<AnyCurve<SPEC, A_IS_MINUS_3>>());
    let affine = Affine { x: F::<SPEC>::coordinate(), y: F::coordinate() };
    let mut entries = vec![affine, affine.negate()];
    for round in 0..=ROUNDS {
        for entry in &entries {
            for answers in 0..8 {
                ANSWERS.set(answers);
                check(point.add::<AnyCurve<SPEC, A_IS_MINUS_3>>(entry));
            }
        }
        if round < ROUNDS {
            let mut lists: Vec<_> =
                entries.iter().flat_map(|&a| entries.iter().map(move |&b| vec![a, b])).collect();
            ANSWERS.set(0);
            assert!(Affine::add_neighbours(&mut lists));
            // An entry without a neighbour stays what it was.
            entries.extend(lists.concat());
        }
    }
    for answers in 0..4 {
        ANSWERS.set(answers);
        point.has_x(&F::coordinate());
        ANSWERS.set(answers);
        let found = Affine::on_curve::<AnyCurve<SPEC, A_IS_MINUS_3>>(
            F::coordinate(),
            F::coordinate(),
            &F::coordinate(),
        );
        if let Some(found) = found {
            check(found.into());
        }
    }
    for affine in Jacobian::to_affine(&[point, point]).unwrap() {
        assert!(affine.x.within(&Bounds::coordinate()) && affine.y.within(&Bounds::coordinate()));
    }
}

#[test]
fn no_limb_overflows_on_p_256() {
    points_stay_within_bounds::<0, true>();
}

#[test]
fn no_limb_overflows_on_p_384() {
    points_stay_within_bounds::<1, true>();
}

#[test]
fn no_limb_overflows_on_p_521() {
    points_stay_within_bounds::<2, true>();
}

#[test]
fn no_limb_overflows_on_secp256k1() {
    points_stay_within_bounds::<3, false>();
}

fn number(limbs: &[i32], w: u32) -> num_bigint::BigInt {
    limbs.iter().rev().fold(num_bigint::BigInt::ZERO, |sum, &limb| (sum << w) + limb)
}

/// Elements whose limbs are anything that may be multiplied, often extreme.
fn element(n: usize, w: u32, top: i32) -> impl Strategy<Value = Vec<i32>> {
    let half = 1 << (w - 1);
    let limb = prop_oneof![
        4 => -half..2 * half,
        1 => Just(2 * half - 1),
        1 => Just(-half),
        1 => Just(0),
        1 => Just(2 * half - 2),
        1 => Just(1)
    ];
    (
        prop::collection::vec(limb, n - 1),
        prop_oneof![4 => -top..2 * top, 1 => Just(2 * top - 1), 1 => Just(-top), 1 => Just(0)],
    )
        .prop_map(|(mut limbs, top)| {
            limbs.push(top);
            limbs
        })
}

/// Compares every operation with that of arbitrarily large integers.
fn calculates_right<F: Field>(spec: &Spec) {
    use num_bigint::{BigInt, Sign};
    let p = BigInt::from_biguint(Sign::Plus, spec.prime());
    let r = BigInt::from(1) << (spec.w as usize * spec.n);
    let modulo = |x: BigInt| ((x % &p) + &p) % &p;
    let top = i32::try_from(spec.limbs(&spec.prime())[spec.n - 1]).unwrap();
    let config = ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() };
    let strategy = (element(spec.n, spec.w, top), element(spec.n, spec.w, top));
    proptest!(config, |((a, b) in strategy)| {
        let (x, y) = (F::from_limbs(&a), F::from_limbs(&b));
        let (a, b) = (number(&a, spec.w), number(&b, spec.w));
        let value = |e: &F| number(e.limbs(), spec.w);
        prop_assert_eq!(value(&x.add(&y)), &a + &b);
        prop_assert_eq!(value(&x.sub(&y)), &a - &b);
        prop_assert_eq!(value(&x.carry()), a.clone());
        prop_assert_eq!(modulo(value(&x.mul(&y)) * &r), modulo(&a * &b));
        prop_assert_eq!(x.sqr().limbs().to_vec(), x.mul(&x).limbs().to_vec());
        prop_assert_eq!(modulo(number(&x.canonical(), spec.w) * &r), modulo(a.clone()));
        prop_assert!(number(&x.canonical(), spec.w) < p && number(&x.canonical(), spec.w) >= BigInt::ZERO);
        prop_assert_eq!(x.equals(&y), modulo(a.clone()) == modulo(b.clone()));
        prop_assert!(x.equals(&x));
        let product = x.mul(&y);
        prop_assert_eq!(product.is_zero(), modulo(value(&product)) == BigInt::ZERO);
        let unit = x.invert().map(|inverse| x.mul(&inverse).equals(&F::ONE));
        prop_assert_eq!(unit, (modulo(a.clone()) != BigInt::ZERO).then_some(true));
    });
    assert_eq!(F::BYTES, spec.bytes);
    let mut p_bytes = vec![0; spec.bytes];
    let digits = spec.prime().to_bytes_be();
    p_bytes[spec.bytes - digits.len()..].copy_from_slice(&digits);
    assert!(F::from_bytes(&p_bytes).is_none(), "p itself is not an element");
    let last = p_bytes.len() - 1;
    p_bytes[last] -= 1;
    let minus_one = F::from_bytes(&p_bytes).expect("p - 1 is one");
    assert!(minus_one.add(&F::ONE).equals(&F::ZERO));
    assert!(minus_one.sqr().equals(&F::ONE));
    assert!(F::from_bytes(&vec![0xff; spec.bytes]).is_none());
    assert!(F::ZERO.is_zero() && !F::ONE.is_zero());
    assert!(F::from_limbs(F::PRIME).is_zero(), "p is another zero");
    for zero in [F::ZERO, F::from_limbs(F::PRIME), F::ZERO.sub(&F::from_limbs(F::PRIME))] {
        assert_eq!(zero.canonical(), vec![0; F::PRIME.len()]);
        assert!(zero.invert().is_none());
    }
    assert!(F::from_limbs(F::PRIME).mul(&F::ONE).is_zero());
}

#[test]
fn p_256_calculates_right() {
    calculates_right::<field::p256::Element>(&SPECS[0]);
}

#[test]
fn p_384_calculates_right() {
    calculates_right::<field::p384::Element>(&SPECS[1]);
}

#[test]
fn p_521_calculates_right() {
    calculates_right::<field::p521::Element>(&SPECS[2]);
}

#[test]
fn secp256k1_calculates_right() {
    calculates_right::<field::secp256k1::Element>(&SPECS[3]);
}

#[test]
fn ed25519_calculates_right() {
    calculates_right::<field::ed25519::Element>(&SPECS[4]);
}
