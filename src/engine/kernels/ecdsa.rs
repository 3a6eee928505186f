//! ECDSA (FIPS 186-5 §6.4) over P-256, P-384, P-521 and secp256k1.

use std::sync::{Arc, OnceLock};

use super::{
    field::Field,
    multiples::{Group, Layout, sum},
    scalar::{Order, signed_digits, to_bytes},
    tables::Tables,
    weierstrass::{self, Affine, Jacobian, P256, P384, P521, Secp256k1},
};
use crate::{
    Error, JwkFault,
    engine::{Curve, limits},
};

static N_P256: Order<9> = Order::new("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
static N_P384: Order<13> = Order::new(
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
);
static N_P521: Order<17> = Order::new(
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
);
static N_SECP256K1: Order<9> = Order::new("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");

/// An ECDSA public key: a point of one of the curves. Clones share it, and its tables.
#[derive(Clone, Debug)]
pub struct EcKey(Point);

#[derive(Clone, Debug)]
enum Point {
    P256(Arc<Tables<P256>>),
    P384(Arc<Tables<P384>>),
    P521(Arc<Tables<P521>>),
    Secp256k1(Arc<Tables<Secp256k1>>),
}

impl EcKey {
    /// The point (`x`, `y`) of `curve`, both big endian and exactly [`Curve::width`] bytes.
    ///
    /// # Errors
    ///
    /// [`Error::JwkInvalid`]: the member that has another width, or a point that is not on the curve.
    pub fn new(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, Error> {
        limits::coordinates(curve, x, y)?;
        match curve {
            Curve::P256 => tables(x, y).map(Point::P256),
            Curve::P384 => tables(x, y).map(Point::P384),
            Curve::P521 => tables(x, y).map(Point::P521),
            Curve::Secp256k1 => tables(x, y).map(Point::Secp256k1),
        }
        .map(Self)
        .ok_or(Error::JwkInvalid { fault: JwkFault::Point })
    }

    /// Whether `signature`, `r` and `s` in a row, is one of `digest`, on `curve`.
    pub(in crate::engine) fn verify(&self, curve: Curve, digest: &[u8], signature: &[u8]) -> bool {
        match (&self.0, curve) {
            (Point::P256(key), Curve::P256) => verify(key, &N_P256, digest, signature),
            (Point::P384(key), Curve::P384) => verify(key, &N_P384, digest, signature),
            (Point::P521(key), Curve::P521) => verify(key, &N_P521, digest, signature),
            (Point::Secp256k1(key), Curve::Secp256k1) => verify(key, &N_SECP256K1, digest, signature),
            _ => false,
        }
    }
}

/// A curve with the tables of its generator.
trait Generator: weierstrass::Curve + Group<Entry = Affine<Self::Field>, Point = Jacobian<Self::Field>> {
    /// How the table of a key is laid out.
    const KEY: Layout;

    /// The generator; nothing only if its constants were wrong.
    fn generator() -> Option<&'static Arc<Tables<Self>>>;
}

macro_rules! generator {
    ($curve:ty, $bits:literal, $window:literal / $stride:literal, key: $key_window:literal / $key_stride:literal) => {
        impl Generator for $curve {
            const KEY: Layout = Layout { window: $key_window, stride: $key_stride, bits: $bits };

            fn generator() -> Option<&'static Arc<Tables<Self>>> {
                static TABLES: OnceLock<Option<Arc<Tables<$curve>>>> = OnceLock::new();
                let layout = Layout { window: $window, stride: $stride, bits: $bits };
                let point =
                    || Affine::new::<Self>(<Self as weierstrass::Curve>::X, <Self as weierstrass::Curve>::Y);
                TABLES.get_or_init(|| Some(Tables::new(point()?, layout))).as_ref()
            }
        }
    };
}

generator!(P256, 256, 7 / 1, key: 6 / 1);
generator!(P384, 384, 6 / 3, key: 5 / 3);
generator!(P521, 521, 6 / 4, key: 5 / 4);
generator!(Secp256k1, 256, 7 / 2, key: 5 / 2);

fn tables<C: Generator>(x: &[u8], y: &[u8]) -> Option<Arc<Tables<C>>> {
    Some(Tables::new(Affine::new::<C>(x, y)?, C::KEY))
}

/// The digest is as long as `n`, or shorter by some bits (P-521), so none of it has to be cut off.
fn verify<C: Generator, const N: usize>(
    key: &Arc<Tables<C>>,
    n: &Order<N>,
    digest: &[u8],
    signature: &[u8],
) -> bool {
    let width = <C::Field as Field>::BYTES;
    let Some((r, s)) = signature.split_at_checked(width) else { return false };
    let (Some(r_scalar), Some(s)) = (n.nonzero(r), n.nonzero(s)) else { return false };
    let Some(inverse) = n.invert(&s) else { return false };
    let inverse = n.to_montgomery(&inverse);
    let u1 = n.multiply(&n.reduced_once(digest), &inverse);
    let u2 = n.multiply(&r_scalar, &inverse);
    let Some(generator) = C::generator() else { return false };
    let (Some(of_generator), Some(of_key)) = (generator.best(), key.best()) else { return false };
    let point = sum([
        (&*of_generator, &*signed_digits(&u1, n.bits, of_generator.layout.window)),
        (&*of_key, &*signed_digits(&u2, n.bits, of_key.layout.window)),
    ]);
    // r is x modulo n, and x below p: it is r, or r + n where that is below p.
    let holds = [to_bytes(&r_scalar, width), to_bytes(&n.plus_n(&r_scalar), width)]
        .into_iter()
        .flatten()
        .filter_map(|x| Field::from_bytes(&x))
        .any(|x| point.has_x(&x));
    generator.grow();
    key.grow();
    holds
}
