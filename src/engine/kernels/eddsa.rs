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
        let entry = Extended::to_entries(&[point]).first().map(Entry::negate);
        match entry {
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
        let (of_generator, of_key) = (generator.best(), self.tables.best());
        let point = sum([
            (&*of_generator, &*signed_digits(&s, L.bits, of_generator.layout.window)),
            (&*of_key, &*signed_digits(&k, L.bits, of_key.layout.window)),
        ]);
        let holds = point.encode() == *r && !point.has_small_order();
        generator.grow();
        self.tables.grow();
        holds
    }
}

/// The generator; nothing only if its constants were wrong.
fn generator() -> Option<&'static Arc<Tables<Edwards25519>>> {
    static TABLES: OnceLock<Option<Arc<Tables<Edwards25519>>>> = OnceLock::new();
    let entry = || Extended::to_entries(&[Extended::decode(&GENERATOR)?]).first().copied();
    TABLES.get_or_init(|| Some(Tables::new(entry()?, OF_GENERATOR))).as_ref()
}

/// Little endian bytes as big endian ones, and back.
fn reversed(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().rev().copied().collect()
}
