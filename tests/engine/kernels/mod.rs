//! The arithmetic by itself: compiled from its sources, so that tests reach what the crate keeps private.
//!
//! The file needs nothing of the crate: `make mutants` builds it without the rest, as the root of a test binary.

#[path = "../../../src/engine/kernels/digits.rs"]
mod digits;
#[path = "../../../src/engine/kernels/edwards.rs"]
mod edwards;
#[path = "../../../src/engine/kernels/field/mod.rs"]
mod field;
#[path = "../../../src/engine/kernels/field/generate.rs"]
mod generate;
#[path = "../../../src/engine/kernels/inverse.rs"]
mod inverse;
#[path = "../../../src/engine/kernels/montgomery/mod.rs"]
mod montgomery;
#[path = "../../../src/engine/kernels/multiples.rs"]
mod multiples;
#[path = "../../../src/engine/kernels/scalar.rs"]
mod scalar;
#[path = "../../../src/engine/kernels/weierstrass.rs"]
mod weierstrass;

mod fiat;
mod fields;
mod generated;
mod inverse_bounds;
mod inverses;
mod points;
mod power_bounds;
mod powers;
mod samples;
mod scalars;
mod small_curves;
mod symbolic;
