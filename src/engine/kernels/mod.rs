//! Our own arithmetic, which can only verify.
//!
//! Verification knows nothing secret: not the key, not the signature, not the message. So everything here takes
//! variable time, lets limbs grow as far as is proved to be safe, and remembers multiples of the points it meets.

mod digits;
mod ecdsa;
mod eddsa;
mod edwards;
mod field;
mod inverse;
mod montgomery;
mod multiples;
mod rsa;
mod scalar;
mod tables;
mod weierstrass;

pub use self::{
    ecdsa::EcKey,
    eddsa::Ed25519Key,
    rsa::RsaKey,
    tables::{set_table_budget, table_memory},
};
