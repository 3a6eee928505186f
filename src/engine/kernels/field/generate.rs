//! Writes the arithmetic of the prime fields in this directory, and proves its bounds.
//!
//! This file is not a part of the library: `tests/engine/kernels/generated.rs` runs it, compares its output with the files
//! here, and writes them if `TOKENWARD_GENERATE` is set; `fields.rs` there runs the proof. Both come from the same [`Plan`]
//! of a multiplication.
//!
//! An element is `N` signed limbs of `W` bits and a little more, in Montgomery form with `R = 2^(N W)`. The primes are
//! short sums of powers of two whose lowest term is small, `p = c + sum of s 2^e` with `c` being -1, -19 or -977, so the
//! quotient digit of a column is the column divided by `-c`, and adding `q p` is a few shifts: Montgomery's reduction
//! without multiplications. A product is computed column by column, from the lowest, with one running carry.

use std::fmt::Write as _;

use num_bigint::BigUint;

/// A prime field.
pub(crate) struct Spec {
    pub(crate) file: &'static str,
    pub(crate) title: &'static str,
    /// Bits of a limb.
    pub(crate) w: u32,
    /// Limbs.
    pub(crate) n: usize,
    /// Bytes of an encoded element.
    pub(crate) bytes: usize,
    /// `p` as signed powers of two: exponent and sign, without the lowest term.
    pub(crate) terms: &'static [(u32, i64)],
    /// The lowest term of `p`.
    pub(crate) lowest: i64,
}

pub(crate) const SPECS: [Spec; 5] = [
    Spec {
        file: "p256",
        title: "P-256: p = 2^256 - 2^224 + 2^192 + 2^96 - 1",
        w: 29,
        n: 9,
        bytes: 32,
        terms: &[(256, 1), (224, -1), (192, 1), (96, 1)],
        lowest: -1,
    },
    Spec {
        file: "p384",
        title: "P-384: p = 2^384 - 2^128 - 2^96 + 2^32 - 1",
        w: 28,
        n: 14,
        bytes: 48,
        terms: &[(384, 1), (128, -1), (96, -1), (32, 1)],
        lowest: -1,
    },
    Spec {
        file: "p521",
        title: "P-521: p = 2^521 - 1",
        w: 28,
        n: 19,
        bytes: 66,
        terms: &[(521, 1)],
        lowest: -1,
    },
    Spec {
        file: "secp256k1",
        title: "secp256k1: p = 2^256 - 2^32 - 977",
        w: 29,
        n: 9,
        bytes: 32,
        terms: &[(256, 1), (32, -1)],
        lowest: -977,
    },
    Spec {
        file: "ed25519",
        title: "Ed25519: p = 2^255 - 19",
        w: 29,
        n: 9,
        bytes: 32,
        terms: &[(255, 1)],
        lowest: -19,
    },
];

/// One column of a product before its reduction: limb products `a_i b_j`, and multiples of earlier quotient digits.
pub(crate) struct Column {
    pub(crate) products: Vec<(usize, usize)>,
    /// Quotient digit, shift and sign.
    pub(crate) folds: Vec<(usize, u32, i64)>,
}

/// A multiplication, column by column.
pub(crate) struct Plan {
    pub(crate) columns: Vec<Column>,
}

impl Spec {
    pub(crate) fn prime(&self) -> BigUint {
        let (mut plus, mut minus) = (BigUint::ZERO, BigUint::from(self.lowest.unsigned_abs()));
        for &(exponent, sign) in self.terms {
            let power = BigUint::from(1_u32) << exponent;
            if sign > 0 { plus += power } else { minus += power }
        }
        plus - minus
    }

    pub(crate) fn plan(&self) -> Plan {
        let n = self.n;
        let columns = (0..2 * n)
            .map(|k| Column {
                products: (0..n).filter(|i| (i..=&k).contains(&i) && k - i < n).map(|i| (i, k - i)).collect(),
                folds: self
                    .terms
                    .iter()
                    .filter_map(|&(exponent, sign)| {
                        let (offset, shift) = ((exponent / self.w) as usize, exponent % self.w);
                        let digit = k.checked_sub(offset).filter(|&digit| digit < n)?;
                        Some((digit, shift, sign))
                    })
                    .collect(),
            })
            .collect();
        Plan { columns }
    }

    /// The limbs of a number below `2^(N W)`.
    pub(crate) fn limbs(&self, number: &BigUint) -> Vec<u32> {
        let mask = (BigUint::from(1_u32) << self.w) - 1_u32;
        (0..self.n)
            .map(|i| u32::try_from(&((number >> (self.w as usize * i)) & &mask)).expect("a limb"))
            .collect()
    }

    /// `1 / -c` modulo `2^W`.
    fn digit_factor(&self) -> u32 {
        let c = u32::try_from(-self.lowest).expect("small");
        let mut inverse = c;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2_u32.wrapping_sub(c.wrapping_mul(inverse)));
        }
        inverse & ((1 << self.w) - 1)
    }

    /// The file for this field.
    pub(crate) fn source(&self) -> String {
        let (n, w, p) = (self.n, self.w, self.prime());
        let r = (BigUint::from(1_u32) << (w as usize * n)) % &p;
        let array = |number: &BigUint| format!("{:?}", self.limbs(number));
        let names = |prefix: &str| (0..n).map(|i| format!("{prefix}{i}")).collect::<Vec<_>>().join(", ");
        let each = |f: &dyn Fn(usize) -> String| (0..n).map(f).collect::<Vec<_>>().join(", ");
        let mut out = String::new();
        let mut line = |text: &str| writeln!(out, "{text}").expect("a string");
        line(&format!("//! {}, {n} limbs of {w} bits.", self.title));
        line("//!");
        line("//! Written by `generate.rs`, which also proves its bounds; changes belong there.");
        line("");
        line("use super::Field;");
        line("");
        line("/// An element in Montgomery form.");
        line("#[derive(Clone, Copy, Debug)]");
        line(&format!("pub(crate) struct Element([i32; {n}]);"));
        line("");
        line(&format!("const MASK: i64 = (1 << {w}) - 1;"));
        line("");
        line("#[rustfmt::skip]");
        line("impl Field for Element {");
        line(&format!("const LIMB_BITS: u32 = {w};"));
        line(&format!("const BYTES: usize = {};", self.bytes));
        line(&format!("const PRIME: &'static [i32] = &{};", array(&p)));
        line(&format!("const ZERO: Self = Self([0; {n}]);"));
        line(&format!("const ONE: Self = Self({});", array(&r)));
        line(&format!("const R_SQUARED: Self = Self({});", array(&((&r * &r) % &p))));
        line("");
        line("fn limbs(&self) -> &[i32] { &self.0 }");
        line("");
        line("fn from_limbs(limbs: &[i32]) -> Self {");
        line(&format!("let mut element = [0; {n}];"));
        line("for (limb, &from) in element.iter_mut().zip(limbs) { *limb = from; }");
        line("Self(element) }");
        line("");
        for (name, sign) in [("add", "+"), ("sub", "-")] {
            line("#[inline(always)]");
            line(&format!("fn {name}(&self, other: &Self) -> Self {{"));
            line(&format!("let ([{}], [{}]) = (self.0, other.0);", names("a"), names("b")));
            line(&format!("Self([{}]) }}", each(&|i| format!("a{i} {sign} b{i}"))));
            line("");
        }
        line("fn carry(&self) -> Self {");
        line(&format!("let [{}] = self.0;", names("a")));
        line(&format!("const HALF: i32 = 1 << {};", w - 1));
        line("const LOW: i32 = MASK as i32;");
        for i in 0..n - 1 {
            let carry = if i == 0 { String::new() } else { format!(" + (a{} >> {w})", i - 1) };
            line(&format!("let a{i} = a{i}{carry} + HALF;"));
        }
        line(&format!("let a{} = a{} + (a{} >> {w});", n - 1, n - 1, n - 2));
        line(&format!(
            "Self([{}]) }}",
            each(&|i| if i < n - 1 { format!("(a{i} & LOW) - HALF") } else { format!("a{i}") })
        ));
        line("");
        let plan = self.plan();
        for square in [false, true] {
            line("#[inline(never)]");
            line(if square { "fn sqr(&self) -> Self {" } else { "fn mul(&self, other: &Self) -> Self {" });
            // Written out: optimised for size, a `map` would become a loop over memory.
            line(&format!("let [{}] = self.0;", names("a")));
            line(&format!("let ({}) = ({});", names("a"), each(&|i| format!("i64::from(a{i})"))));
            if square {
                (1..n).for_each(|i| line(&format!("let b{i} = a{i} * 2;")));
            } else {
                line(&format!("let [{}] = other.0;", names("b")));
                line(&format!("let ({}) = ({});", names("b"), each(&|i| format!("i64::from(b{i})"))));
            }
            line("let c = 0;");
            for (k, column) in plan.columns.iter().enumerate() {
                let mut sum = String::from("c");
                for &(i, j) in &column.products {
                    match (square, i.cmp(&j)) {
                        (true, std::cmp::Ordering::Greater) => {}
                        (true, std::cmp::Ordering::Equal) => write!(sum, " + a{i} * a{i}").expect("a string"),
                        _ => write!(sum, " + a{i} * b{j}").expect("a string"),
                    }
                }
                for &(digit, shift, sign) in &column.folds {
                    let sign = if sign < 0 { '-' } else { '+' };
                    write!(sum, " {sign} (q{digit} << {shift})").expect("a string");
                }
                if sum != "c" {
                    line(&format!("let c = {sum};"));
                }
                if k < n && self.lowest == -1 {
                    line(&format!("let q{k} = c & MASK;"));
                    line(&format!("let c = c >> {w};"));
                } else if k < n {
                    line(&format!("let q{k} = c.wrapping_mul({}) & MASK;", self.digit_factor()));
                    line(&format!("let c = (c - {} * q{k}) >> {w};", -self.lowest));
                } else if k < 2 * n - 1 {
                    line(&format!("let r{} = c & MASK;", k - n));
                    line(&format!("let c = c >> {w};"));
                } else {
                    line(&format!("let r{} = c;", k - n));
                }
            }
            line(&format!("Self([{}]) }}", each(&|i| format!("r{i} as i32"))));
            line("");
        }
        line("}");
        out
    }
}

/// All the values that a limb or a column can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) low: i128,
    pub(crate) high: i128,
}

impl Interval {
    pub(crate) const ZERO: Self = Self { low: 0, high: 0 };

    pub(crate) fn of(low: i128, high: i128) -> Self {
        assert!(low <= high);
        Self { low, high }
    }

    pub(crate) fn add(self, other: Self) -> Self {
        Self::of(self.low + other.low, self.high + other.high)
    }

    pub(crate) fn sub(self, other: Self) -> Self {
        Self::of(self.low - other.high, self.high - other.low)
    }

    pub(crate) fn mul(self, other: Self) -> Self {
        let ends =
            [self.low * other.low, self.low * other.high, self.high * other.low, self.high * other.high];
        Self::of(*ends.iter().min().expect("four"), *ends.iter().max().expect("four"))
    }

    pub(crate) fn shift_right(self, bits: u32) -> Self {
        Self::of(self.low >> bits, self.high >> bits)
    }

    pub(crate) fn within(self, other: Self) -> bool {
        other.low <= self.low && self.high <= other.high
    }

    /// Asserts that it fits a signed integer of so many bits.
    pub(crate) fn fits(self, bits: u32) -> Self {
        let limit = 1_i128 << (bits - 1);
        assert!(self.within(Self::of(-limit, limit - 1)), "{self:?} overflows {bits} bits");
        self
    }
}

impl Spec {
    fn digit(&self) -> Interval {
        Interval::of(0, (1 << self.w) - 1)
    }

    /// The limbs of `a * b`, asserting that no sum overflows, in whatever order it is added up.
    pub(crate) fn mul_bounds(&self, a: &[Interval], b: &[Interval]) -> Vec<Interval> {
        let mut carry = Interval::ZERO;
        let mut limbs = Vec::new();
        for (k, column) in self.plan().columns.iter().enumerate() {
            let mut summands = vec![carry];
            // A square computes `a_i * (2 a_j)` once for two of these, so its sums are the same.
            summands.extend(column.products.iter().map(|&(i, j)| a[i].mul(b[j])));
            summands.extend(column.folds.iter().map(|&(_, shift, sign)| {
                self.digit().mul(Interval::of(i128::from(sign) << shift, i128::from(sign) << shift))
            }));
            let low = summands.iter().map(|s| s.low.min(0)).sum();
            let high = summands.iter().map(|s| s.high.max(0)).sum();
            Interval::of(low, high).fits(64);
            let sum = summands.into_iter().fold(Interval::ZERO, Interval::add);
            if k < self.n {
                // The multiple of the digit that makes the column divisible: a floor for c = -1.
                let c = Interval::of(i128::from(self.lowest), i128::from(self.lowest));
                carry = if self.lowest == -1 { sum } else { sum.add(self.digit().mul(c)).fits(64) };
                carry = carry.shift_right(self.w);
            } else if k < 2 * self.n - 1 {
                limbs.push(self.digit());
                carry = sum.shift_right(self.w);
            } else {
                limbs.push(sum.fits(32));
            }
        }
        limbs
    }

    /// The limbs of `a` after a pass of carries.
    pub(crate) fn carry_bounds(&self, a: &[Interval]) -> Vec<Interval> {
        let half = 1_i128 << (self.w - 1);
        let mut carry = Interval::ZERO;
        let mut limbs = Vec::new();
        for (i, limb) in a.iter().enumerate() {
            if i + 1 < self.n {
                let sum = limb.add(carry).fits(32).add(Interval::of(half, half)).fits(32);
                limbs.push(Interval::of(-half, half - 1));
                carry = sum.shift_right(self.w);
            } else {
                limbs.push(limb.add(carry).fits(32));
            }
        }
        limbs
    }
}
