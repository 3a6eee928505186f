//! Points of edwards25519 (RFC 8032 §5.1): `-x^2 + y^2 = 1 + d x^2 y^2`.
//!
//! The formulas of Hisil, Wong, Carter and Dawson for `a = -1` are complete on this curve: they need no special cases.

use super::{
    field::{Field, ed25519::Element},
    multiples::Group,
    weierstrass::hex,
};

/// `d = -121665/121666`, big endian.
const D: &[u8] = &hex::<32>("52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3");
/// A square root of -1, big endian.
const ROOT: &[u8] = &hex::<32>("2b8324804fc1df0b2b4d00993dfbd7a72f431806ad2fe478c4ee1b274a0ea0b0");
/// `(p - 5) / 8`, big endian.
pub(crate) const ROOT_EXPONENT: &[u8] =
    &hex::<32>("0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffd");

/// A point as `(X / Z, Y / Z)`, with `T = X Y / Z`. All are products.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extended<F> {
    pub(crate) x: F,
    pub(crate) y: F,
    pub(crate) z: F,
    pub(crate) t: F,
}

/// A point to be added, as `y + x`, `y - x` and `2 d x y`. All have been carried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<F> {
    pub(crate) sum: F,
    pub(crate) difference: F,
    pub(crate) product: F,
}

impl<F: Field> Entry<F> {
    /// The opposite point.
    pub(crate) fn negate(&self) -> Self {
        Self { sum: self.difference, difference: self.sum, product: F::ZERO.sub(&self.product) }
    }
}

impl<F: Field> Extended<F> {
    pub(crate) const IDENTITY: Self = Self { x: F::ZERO, y: F::ONE, z: F::ONE, t: F::ZERO };

    /// The point with this encoding (RFC 8032 §5.1.3). Only canonical encodings have one.
    pub(crate) fn decode(bytes: &[u8; 32]) -> Option<Self> {
        let mut big_endian = *bytes;
        big_endian.reverse();
        let negative = big_endian[0] >> 7 == 1;
        big_endian[0] &= 0x7f;
        let y = F::from_bytes(&big_endian)?;
        Self::with_y(&y, negative, &F::from_bytes(D)?, &F::from_bytes(ROOT)?, ROOT_EXPONENT)
    }

    /// The point with this `y` and an `x` that is odd if `negative`, given a square root of -1 and `(p - 5) / 8`. All elements
    /// are products.
    pub(crate) fn with_y(y: &F, negative: bool, d: &F, root: &F, root_exponent: &[u8]) -> Option<Self> {
        let y_squared = y.sqr();
        let u = y_squared.sub(&F::ONE).carry();
        let v = y_squared.mul(d).add(&F::ONE).carry();
        let v_cubed = v.sqr().mul(&v);
        let u_v_7 = v_cubed.sqr().mul(&v).mul(&u);
        let mut x = u_v_7.power(root_exponent).mul(&v_cubed).mul(&u);
        let v_x_squared = x.sqr().mul(&v);
        if !v_x_squared.equals(&u) {
            if !v_x_squared.add(&u).mul(&F::ONE).is_zero() {
                return None;
            }
            x = x.mul(root);
        }
        let odd = x.canonical().first().is_some_and(|lowest| lowest & 1 == 1);
        if negative && x.is_zero() {
            return None;
        }
        if odd != negative {
            // A product again: times 1.
            x = F::ZERO.sub(&x).mul(&F::ONE);
        }
        Some(Self { x, y: *y, z: F::ONE, t: x.mul(y) })
    }

    /// The encoding (RFC 8032 §5.1.2). `None` if `Z` is 0, which it is of no point.
    pub(crate) fn encode(&self) -> Option<[u8; 32]> {
        let inverse = self.z.invert()?;
        let (x, y) = (self.x.mul(&inverse).canonical(), self.y.mul(&inverse).canonical());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&super::field::to_bytes(&y, F::LIMB_BITS, 32));
        if x.first().is_some_and(|lowest| lowest & 1 == 1) {
            bytes[0] |= 0x80;
        }
        bytes.reverse();
        Some(bytes)
    }

    /// Whether eight times the point is the identity, which is the only one with `y = 1`.
    pub(crate) fn has_small_order(&self) -> bool {
        let Self { y, z, .. } = self.double().double().double();
        y.equals(&z)
    }

    /// Twice the point.
    pub(crate) fn double(&self) -> Self {
        let Self { x, y, z, .. } = self;
        let (x_squared, y_squared, z_squared, x_y) = (x.sqr(), y.sqr(), z.sqr(), x.mul(y));
        let e = x_y.add(&x_y).carry();
        let g = y_squared.sub(&x_squared);
        let f = g.sub(&z_squared).sub(&z_squared).carry();
        let h = F::ZERO.sub(&x_squared).sub(&y_squared);
        Self { x: e.mul(&f), y: g.mul(&h), z: f.mul(&g), t: e.mul(&h) }
    }

    /// The sum with a point.
    pub(crate) fn add(&self, other: &Entry<F>) -> Self {
        let Self { x, y, z, t } = self;
        let a = y.sub(x).mul(&other.difference);
        let b = y.add(x).mul(&other.sum);
        let c = t.mul(&other.product);
        let z_2 = z.add(z);
        let (e, f, g, h) = (b.sub(&a), z_2.sub(&c), z_2.add(&c).carry(), b.add(&a));
        Self { x: e.mul(&f), y: g.mul(&h), z: f.mul(&g), t: e.mul(&h) }
    }

    /// Points to be added: one inversion for all. `None` if a `Z` is 0, which it is of no point.
    pub(crate) fn to_entries(points: &[Self]) -> Option<Vec<Entry<F>>> {
        let d = F::from_bytes(D)?;
        Self::to_entries_with(points, &d.add(&d))
    }

    /// The same, given `2 d`.
    pub(crate) fn to_entries_with(points: &[Self], d_2: &F) -> Option<Vec<Entry<F>>> {
        let mut product = F::ONE;
        let mut before = Vec::with_capacity(points.len());
        for point in points {
            before.push(product);
            product = product.mul(&point.z);
        }
        let mut inverse = product.invert()?;
        let mut entries: Vec<_> = points
            .iter()
            .zip(before)
            .rev()
            .map(|(point, before)| {
                let z = inverse.mul(&before);
                inverse = inverse.mul(&point.z);
                let (x, y) = (point.x.mul(&z), point.y.mul(&z));
                Entry {
                    sum: y.add(&x).carry(),
                    difference: y.sub(&x).carry(),
                    product: x.mul(&y).mul(d_2).carry(),
                }
            })
            .collect();
        entries.reverse();
        Some(entries)
    }
}

/// The group that edwards25519 is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edwards25519;

impl Group for Edwards25519 {
    type Point = Extended<Element>;
    type Entry = Entry<Element>;
    const IDENTITY: Self::Point = Extended::IDENTITY;

    fn double(point: &Self::Point) -> Self::Point {
        point.double()
    }

    fn add(point: &Self::Point, entry: &Self::Entry) -> Self::Point {
        point.add(entry)
    }

    fn negate(entry: &Self::Entry) -> Self::Entry {
        entry.negate()
    }

    fn to_entries(points: &[Self::Point]) -> Option<Vec<Self::Entry>> {
        Extended::to_entries(points)
    }
}
