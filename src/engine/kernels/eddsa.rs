//! Ed25519 (RFC 8032 §5.1.7), strict: scalars and points are canonical, no point has small order, and the equation is
//! checked without the cofactor.

use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha512};

use super::{
    edwards::{Edwards25519, Entry, Extended},
    field::ed25519::Element,
    multiples::{Layout, sum},
    scalar::{Order, signed_digits},
    tables::Tables,
    weierstrass::hex,
};
use crate::{Error, JwkFault, Weakness};

/// The order of the generator.
static L: Order<8> = Order::new("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");

/// The generator's encoding.
const GENERATOR: [u8; 32] = {
    let mut bytes = [0x66; 32];
    bytes[0] = 0x58;
    bytes
};

const OF_GENERATOR: Layout = Layout { window: 7, stride: 2, bits: 253 };
const OF_KEY: Layout = Layout { window: 6, stride: 2, bits: 253 };

/// `y` of the eight points of small order, little endian: 0, 1, -1, and those of the points of order 8.
const SMALL_ORDERS: [[u8; 32]; 5] = [
    hex("0000000000000000000000000000000000000000000000000000000000000000"),
    hex("0100000000000000000000000000000000000000000000000000000000000000"),
    hex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    hex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
];

/// An Ed25519 public key (RFC 8032). Clones share its tables.
#[derive(Clone, Debug)]
pub struct Ed25519Key {
    encoded: [u8; 32],
    /// Of the opposite point.
    tables: Arc<Tables<Edwards25519>>,
}

impl Ed25519Key {
    /// The point in its encoding of 32 bytes.
    ///
    /// # Errors
    ///
    /// [`Error::JwkInvalid`]: another length, an encoding that is not canonical or not of a point.
    /// [`Error::KeyWeak`]: a point of small order, for which anyone can sign.
    pub fn new(point: &[u8]) -> Result<Self, Error> {
        let Ok(&encoded) = <&[u8; 32]>::try_from(point) else {
            return Err(Error::JwkInvalid { fault: JwkFault::Member("x") });
        };
        let Some(point) = Extended::<Element>::decode(&encoded) else {
            return Err(Error::JwkInvalid { fault: JwkFault::Point });
        };
        if point.has_small_order() {
            return Err(Error::KeyWeak { weakness: Weakness::SmallOrder });
        }
        let entries = Extended::to_entries(&[point]);
        match entries.as_deref().and_then(<[_]>::first).map(Entry::negate) {
            Some(entry) => Ok(Self { encoded, tables: Tables::new(entry, OF_KEY) }),
            None => Err(Error::JwkInvalid { fault: JwkFault::Point }),
        }
    }

    /// Whether `signature` is one of `message`: `R = S B - k A`, in the encoding of `R`, which is canonical therefore.
    pub(in crate::engine) fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let (r, s) = signature.split_at(32);
        let Some(s) = L.below(&reversed(s)) else { return false };
        let hash = Sha512::new().chain_update(r).chain_update(self.encoded).chain_update(message).finalize();
        let k = L.reduce_wide(&reversed(&hash));
        let Some(generator) = generator() else { return false };
        let (Some(of_generator), Some(of_key)) = (generator.best(), self.tables.best()) else { return false };
        let point = sum([
            (&*of_generator, &*signed_digits(&s, L.bits, of_generator.layout.window)),
            (&*of_key, &*signed_digits(&k, L.bits, of_key.layout.window)),
        ]);
        let holds = point.encode().is_some_and(|encoded| encoded == *r && !is_of_small_order(encoded));
        generator.grow();
        self.tables.grow();
        holds
    }
}

/// The generator; nothing only if its constants were wrong.
fn generator() -> Option<&'static Arc<Tables<Edwards25519>>> {
    static TABLES: OnceLock<Option<Arc<Tables<Edwards25519>>>> = OnceLock::new();
    let entry = || Extended::to_entries(&[Extended::decode(&GENERATOR)?])?.first().copied();
    TABLES.get_or_init(|| Some(Tables::new(entry()?, OF_GENERATOR))).as_ref()
}

/// Whether a point with this encoding, which is canonical, has small order. `y` decides: the opposite point has it too.
fn is_of_small_order(mut encoded: [u8; 32]) -> bool {
    encoded[31] &= 0x7f;
    SMALL_ORDERS.contains(&encoded)
}

/// Little endian bytes as big endian ones, and back.
fn reversed(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().rev().copied().collect()
}
