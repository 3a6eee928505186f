//! Points of the curves `y^2 = x^3 + a x + b` with `a = -3` or `a = 0`: the NIST curves and secp256k1.
//!
//! All formulas are complete in effect: infinity, equal points and opposite points are recognised where they occur.
//! Their number of points is prime, so no point has `y = 0`.

use super::{field::Field, multiples::Group};

/// A curve.
pub(crate) trait Curve: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// The field of its coordinates.
    type Field: Field;
    /// Whether `a` is -3, otherwise it is 0.
    const A_IS_MINUS_3: bool;
    /// `b`, big endian.
    const B: &'static [u8];
    /// The generator's `x`, big endian.
    const X: &'static [u8];
    /// The generator's `y`, big endian.
    const Y: &'static [u8];
}

/// A point other than infinity. Its coordinates are products, or carried sums of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Affine<F> {
    pub(crate) x: F,
    pub(crate) y: F,
}

/// A point as `(X / Z^2, Y / Z^3)`, infinity where `Z` is zero.
///
/// `X` and `Y` have been carried; `Z` is a product.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jacobian<F> {
    pub(crate) x: F,
    pub(crate) y: F,
    pub(crate) z: F,
}

impl<F: Field> Affine<F> {
    /// The point with these coordinates, if it is on the curve.
    pub(crate) fn new<C: Curve<Field = F>>(x: &[u8], y: &[u8]) -> Option<Self> {
        Self::on_curve::<C>(F::from_bytes(x)?, F::from_bytes(y)?, &F::from_bytes(C::B)?)
    }

    /// The point with these coordinates, products all of them, if it is on the curve.
    pub(crate) fn on_curve<C: Curve<Field = F>>(x: F, y: F, b: &F) -> Option<Self> {
        let mut right = x.sqr().mul(&x).add(b);
        if C::A_IS_MINUS_3 {
            right = right.sub(&x).sub(&x).sub(&x);
        }
        y.sqr().equals(&right.carry()).then_some(Self { x, y })
    }

    /// The opposite point.
    pub(crate) fn negate(&self) -> Self {
        Self { x: self.x, y: F::ZERO.sub(&self.y) }
    }

    /// Replaces neighbours in each list by their sum: one inversion for all, and six products for each pair. `false`, and
    /// nothing is done, where neighbours are the same point or opposite ones.
    pub(crate) fn add_neighbours(lists: &mut [Vec<Self>]) -> bool {
        let mut product = F::ONE;
        let mut before = Vec::with_capacity(lists.iter().map(|list| list.len() / 2).sum());
        for [a, b] in lists.iter().flat_map(|list| list.as_chunks().0) {
            let run = b.x.sub(&a.x);
            before.push((product, run));
            product = product.mul(&run);
        }
        if product.is_zero() {
            return false;
        }
        let Some(mut inverse) = product.invert() else { return false };
        for list in lists.iter_mut().rev() {
            let (pairs, rest) = list.as_chunks();
            let mut sums = Vec::with_capacity(pairs.len() + rest.len());
            sums.extend_from_slice(rest);
            for ([a, b], (before, run)) in
                pairs.iter().rev().zip(before.drain(before.len() - pairs.len()..).rev())
            {
                let slope = b.y.sub(&a.y).mul(&inverse.mul(&before));
                inverse = inverse.mul(&run);
                let x = slope.sqr().sub(&a.x).sub(&b.x).carry();
                let y = slope.mul(&a.x.sub(&x)).sub(&a.y).carry();
                sums.push(Self { x, y });
            }
            *list = sums;
        }
        true
    }
}

impl<F: Field> From<Affine<F>> for Jacobian<F> {
    fn from(point: Affine<F>) -> Self {
        // As small as can be: the coordinates of sums are larger than those of points.
        let small = |coordinate: F| coordinate.mul(&F::ONE).carry();
        Self { x: small(point.x), y: small(point.y), z: F::ONE }
    }
}

impl<F: Field> Jacobian<F> {
    pub(crate) const INFINITY: Self = Self { x: F::ZERO, y: F::ZERO, z: F::ZERO };

    pub(crate) fn is_infinity(&self) -> bool {
        self.z.is_zero()
    }

    /// Twice the point.
    pub(crate) fn double<C: Curve<Field = F>>(&self) -> Self {
        let Self { x, y, z } = self;
        let two_y = y.add(y);
        let y_squared_2 = y.mul(&two_y);
        let s = x.mul(&y_squared_2.add(&y_squared_2));
        let m = if C::A_IS_MINUS_3 {
            let z_squared = z.sqr();
            x.sub(&z_squared).mul(&x.add(&z_squared))
        } else {
            x.sqr()
        };
        let slope = m.add(&m).add(&m).carry();
        let x3 = slope.sqr().sub(&s).sub(&s).carry();
        let y_fourth_4 = y_squared_2.sqr();
        let y3 = slope.mul(&s.sub(&x3)).sub(&y_fourth_4).sub(&y_fourth_4).carry();
        Self { x: x3, y: y3, z: two_y.mul(z) }
    }

    /// The sum with a point, or with the opposite of one.
    pub(crate) fn add<C: Curve<Field = F>>(&self, other: &Affine<F>) -> Self {
        let Self { x, y, z } = self;
        let z_squared = z.sqr();
        let h = other.x.mul(&z_squared).sub(x);
        let r = other.y.mul(&z.mul(&z_squared)).sub(y);
        let z3 = z.mul(&h);
        if z3.is_zero() {
            return if z.is_zero() {
                (*other).into()
            } else if r.mul(&F::ONE).is_zero() {
                self.double::<C>()
            } else {
                Self::INFINITY
            };
        }
        let h_squared = h.sqr();
        let h_cubed = h_squared.mul(&h);
        let v = x.mul(&h_squared);
        let x3 = r.sqr().sub(&h_cubed).sub(&v).sub(&v).carry();
        let y3 = r.mul(&v.sub(&x3)).sub(&y.mul(&h_cubed)).carry();
        Self { x: x3, y: y3, z: z3 }
    }

    /// Points with their coordinates as products: one inversion for all. `None` if one of them is infinity.
    pub(crate) fn to_affine(points: &[Self]) -> Option<Vec<Affine<F>>> {
        let mut product = F::ONE;
        let mut before = Vec::with_capacity(points.len());
        for point in points {
            before.push(product);
            product = product.mul(&point.z);
        }
        let mut inverse = product.invert()?;
        let mut affine: Vec<_> = points
            .iter()
            .zip(before)
            .rev()
            .map(|(point, before)| {
                let z = inverse.mul(&before);
                inverse = inverse.mul(&point.z);
                let z_squared = z.sqr();
                Affine { x: point.x.mul(&z_squared), y: point.y.mul(&z_squared.mul(&z)) }
            })
            .collect();
        affine.reverse();
        Some(affine)
    }

    /// Whether the point's `x` is the given one. Infinity has none.
    pub(crate) fn has_x(&self, x: &F) -> bool {
        !self.is_infinity() && x.mul(&self.z.sqr()).equals(&self.x)
    }
}

impl<C: Curve> Group for C {
    type Point = Jacobian<C::Field>;
    type Entry = Affine<C::Field>;
    const IDENTITY: Self::Point = Jacobian::INFINITY;

    fn double(point: &Self::Point) -> Self::Point {
        point.double::<C>()
    }

    fn add(point: &Self::Point, entry: &Self::Entry) -> Self::Point {
        point.add::<C>(entry)
    }

    fn negate(entry: &Self::Entry) -> Self::Entry {
        entry.negate()
    }

    fn add_neighbours(lists: &mut [Vec<Self::Entry>]) -> bool {
        Affine::add_neighbours(lists)
    }

    fn to_entries(points: &[Self::Point]) -> Option<Vec<Self::Entry>> {
        Jacobian::to_affine(points)
    }
}

/// Declares a curve.
macro_rules! curve {
    ($(#[$doc:meta])* $name:ident, $field:ident, minus_3: $a:literal, $b:literal, $x:literal, $y:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name;

        impl Curve for $name {
            type Field = super::field::$field::Element;
            const A_IS_MINUS_3: bool = $a;
            const B: &'static [u8] = &hex::<{ $b.len() / 2 }>($b);
            const X: &'static [u8] = &hex::<{ $x.len() / 2 }>($x);
            const Y: &'static [u8] = &hex::<{ $y.len() / 2 }>($y);
        }
    };
}

/// The bytes that `text` writes in hexadecimal digits; checked by the compiler.
pub(crate) const fn hex<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let mut rest = text.as_bytes();
    let mut filled: &mut [u8] = &mut bytes;
    while let ([high, low, tail @ ..], [byte, more @ ..]) = (rest, filled) {
        *byte = 16 * digit(*high) + digit(*low);
        rest = tail;
        filled = more;
    }
    assert!(rest.is_empty());
    bytes
}

const fn digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit - b'a' + 10,
    }
}

curve! {
    /// NIST P-256 (SP 800-186 §3.2.1.3).
    P256, p256, minus_3: true,
    "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
}
curve! {
    /// NIST P-384 (SP 800-186 §3.2.1.4).
    P384, p384, minus_3: true,
    "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
    "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
    "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"
}
curve! {
    /// NIST P-521 (SP 800-186 §3.2.1.5).
    P521, p521, minus_3: true,
    "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
    "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
    "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650"
}
curve! {
    /// secp256k1 (SEC 2 §2.4.1).
    Secp256k1, secp256k1, minus_3: false,
    "0000000000000000000000000000000000000000000000000000000000000007",
    "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
    "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
}
