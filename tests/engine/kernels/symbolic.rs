//! That the generated fields compute what they should, for all limbs: their text is run on symbols instead of numbers, and
//! what comes out is compared as a polynomial in the limbs. With the bounds that `fields.rs` proves, which say that no
//! operation wraps, this is a proof that `mul` and `sqr` give `a b / R` modulo `p` and that `carry` changes no value.

use std::collections::{BTreeMap, HashMap};
use std::fs;

use super::field::{self, Field};
use super::generate::{SPECS, Spec};
use num_bigint::{BigInt, Sign};

/// A polynomial in the symbols, divided by a power of two.
#[derive(Clone, Debug, Default)]
struct Polynomial {
    /// By the numbers of the symbols in a product, in order; none is zero.
    terms: BTreeMap<Vec<usize>, BigInt>,
    /// The exponent of what it is divided by.
    halvings: u32,
}

impl Polynomial {
    fn constant(value: impl Into<BigInt>) -> Self {
        Self::term(Vec::new(), value.into())
    }

    fn symbol(index: usize) -> Self {
        Self::term(vec![index], BigInt::from(1))
    }

    fn term(product: Vec<usize>, factor: BigInt) -> Self {
        let terms =
            Some((product, factor)).filter(|(_, factor)| *factor != BigInt::ZERO).into_iter().collect();
        Self { terms, halvings: 0 }
    }

    fn plus(&self, other: &Self, times: &BigInt) -> Self {
        let halvings = self.halvings.max(other.halvings);
        let mut sum = Self { terms: BTreeMap::new(), halvings };
        let one = BigInt::from(1);
        for (terms, halved, times) in
            [(&self.terms, self.halvings, &one), (&other.terms, other.halvings, times)]
        {
            for (product, factor) in terms {
                *sum.terms.entry(product.clone()).or_default() += (factor * times) << (halvings - halved);
            }
        }
        sum.terms.retain(|_, factor| *factor != BigInt::ZERO);
        sum
    }

    fn add(&self, other: &Self) -> Self {
        self.plus(other, &BigInt::from(1))
    }

    fn sub(&self, other: &Self) -> Self {
        self.plus(other, &BigInt::from(-1))
    }

    fn mul(&self, other: &Self) -> Self {
        let mut product = Self { terms: BTreeMap::new(), halvings: self.halvings + other.halvings };
        for (a, a_factor) in &self.terms {
            for (b, b_factor) in &other.terms {
                let mut symbols = [&a[..], b].concat();
                symbols.sort_unstable();
                *product.terms.entry(symbols).or_default() += a_factor * b_factor;
            }
        }
        product.terms.retain(|_, factor| *factor != BigInt::ZERO);
        product
    }

    fn times_power_of_two(&self, exponent: u32) -> Self {
        self.mul(&Self::constant(BigInt::from(1) << exponent))
    }

    fn divided_by_power_of_two(&self, exponent: u32) -> Self {
        Self { terms: self.terms.clone(), halvings: self.halvings + exponent }
    }

    fn is_zero(&self) -> bool {
        self.terms.is_empty()
    }

    fn as_constant(&self) -> BigInt {
        assert!(self.halvings == 0 && self.terms.keys().all(Vec::is_empty), "{self:?} is no constant");
        self.terms.values().next().cloned().unwrap_or_default()
    }
}

/// The low bits of `of * factor`, of which nothing else is known.
struct Digit {
    symbol: usize,
    of: Polynomial,
    factor: BigInt,
}

/// Runs the body of a generated function.
struct Run {
    /// Bits of a limb.
    w: u32,
    names: HashMap<String, Polynomial>,
    symbols: usize,
    digits: Vec<Digit>,
    /// What the function gives.
    result: Vec<Polynomial>,
}

impl Run {
    fn new(spec: &Spec) -> Self {
        let names =
            [("MASK", (1 << spec.w) - 1), ("LOW", (1 << spec.w) - 1), ("HALF", 1_i64 << (spec.w - 1))];
        let names = names.map(|(name, value)| (name.to_owned(), Polynomial::constant(value)));
        Self { w: spec.w, names: names.into(), symbols: 0, digits: Vec::new(), result: Vec::new() }
    }

    fn fresh(&mut self) -> usize {
        self.symbols += 1;
        self.symbols - 1
    }

    /// The low bits of `of * factor`.
    fn digit(&mut self, of: Polynomial, factor: BigInt) -> Polynomial {
        let known = self.digits.iter().find(|digit| digit.of.sub(&of).is_zero() && digit.factor == factor);
        if let Some(digit) = known {
            return Polynomial::symbol(digit.symbol);
        }
        let symbol = self.fresh();
        self.digits.push(Digit { symbol, of, factor });
        Polynomial::symbol(symbol)
    }

    /// `value >> w`. If `value` is some `x` less `m` times the digit of `x * factor`, and `m * factor` is 1 modulo `2^w`, its
    /// low bits are zeros. Otherwise they are a digit, which is taken away.
    fn shifted(&mut self, value: &Polynomial) -> Polynomial {
        for Digit { symbol, of, factor } in &self.digits {
            let taken = of.sub(value);
            let times = taken.terms.get(&vec![*symbol]).cloned().unwrap_or_default() >> taken.halvings;
            let digit = Polynomial::term(vec![*symbol], times.clone());
            let low_bits_are_zeros = (times * factor - 1_i32) % (BigInt::from(1) << self.w) == BigInt::ZERO;
            if low_bits_are_zeros && taken.sub(&digit).is_zero() {
                return value.divided_by_power_of_two(self.w);
            }
        }
        let low = self.digit(value.clone(), BigInt::from(1));
        value.sub(&low).divided_by_power_of_two(self.w)
    }

    /// Runs statements, one on a line.
    fn run(&mut self, body: &str) {
        for line in body.lines() {
            let tokens = tokens(line);
            let mut parser = Parser { run: self, rest: &tokens };
            parser.statement();
            assert!(parser.rest.is_empty(), "{line}: {:?} is left", parser.rest);
        }
    }
}

fn tokens(line: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = line.trim();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if first.is_ascii_alphanumeric() => {
                rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())
            }
            _ if ["<<", ">>", "::"].iter().any(|pair| rest.starts_with(pair)) => 2,
            _ => 1,
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

/// Reads what the generator writes, with the precedence of Rust, and runs it.
struct Parser<'a, 'r> {
    run: &'r mut Run,
    rest: &'a [&'a str],
}

impl<'a> Parser<'a, '_> {
    fn next(&mut self) -> &'a str {
        let (first, rest) = self.rest.split_first().expect("a token");
        self.rest = rest;
        first
    }

    fn takes(&mut self, token: &str) -> bool {
        let found = self.rest.first() == Some(&token);
        if found {
            self.next();
        }
        found
    }

    fn expect(&mut self, tokens: &[&str]) {
        for token in tokens {
            assert_eq!(self.next(), *token, "before {:?}", self.rest);
        }
    }

    fn statement(&mut self) {
        match self.next() {
            "let" => {
                let names = self.names();
                self.expect(&["="]);
                let values = self.values();
                assert_eq!(names.len(), values.len());
                self.run.names.extend(names.into_iter().map(str::to_owned).zip(values));
                self.expect(&[";"]);
            }
            "const" => {
                let name = self.next();
                self.expect(&[":"]);
                self.next();
                self.expect(&["="]);
                let value = self.masked();
                assert!(self.run.names[name].sub(&value).is_zero(), "{name} has another value");
                self.expect(&[";"]);
            }
            "Self" => {
                self.expect(&["(", "["]);
                self.run.result = self.list("]");
                self.expect(&[")", "}"]);
            }
            other => panic!("{other}: no statement"),
        }
    }

    /// A name, or names in parentheses or brackets, or two such lists in parentheses.
    fn names(&mut self) -> Vec<&'a str> {
        let name = self.next();
        if name != "(" && name != "[" {
            return vec![name];
        }
        let mut names = Vec::new();
        while !self.takes(")") && !self.takes("]") {
            names.extend(self.names());
            self.takes(",");
        }
        names
    }

    /// What is assigned to names: an expression, a tuple of expressions, the limbs of an operand, or those of both.
    fn values(&mut self) -> Vec<Polynomial> {
        let operands: &[&str] = match *self.rest {
            ["self", ".", "0", ..] => &["a"],
            ["other", ".", "0", ..] => &["b"],
            ["(", "self", ".", "0", ",", ..] => &["a", "b"],
            ["(", "i64", ..] => {
                self.next();
                return self.list(")");
            }
            _ => return vec![self.masked()],
        };
        while self.rest.first() != Some(&";") {
            self.next();
        }
        operands.iter().flat_map(|operand| self.operand(operand)).collect()
    }

    /// The limbs of an operand: a symbol each.
    fn operand(&mut self, operand: &str) -> Vec<Polynomial> {
        let count = self.run.names["N"].as_constant();
        let count = usize::try_from(count).expect("a small number");
        (0..count).map(|index| self.run.names[&format!("{operand}[{index}]")].clone()).collect()
    }

    fn list(&mut self, end: &str) -> Vec<Polynomial> {
        let mut values = Vec::new();
        while !self.takes(end) {
            values.push(self.masked());
            self.takes(",");
        }
        values
    }

    fn masked(&mut self) -> Polynomial {
        let value = self.shifted();
        if !self.takes("&") {
            return value.0;
        }
        let mask = self.shifted().0.as_constant();
        assert_eq!(mask, (BigInt::from(1) << self.run.w) - 1);
        self.run.digit(value.0, value.1)
    }

    /// An operand of `&`, and what it is multiplied with, wrapping.
    fn shifted(&mut self) -> (Polynomial, BigInt) {
        let (mut value, factor) = self.sum();
        loop {
            let left = match self.rest.first() {
                Some(&"<<") => true,
                Some(&">>") => false,
                _ => return (value, factor),
            };
            self.next();
            let bits = u32::try_from(self.sum().0.as_constant()).expect("a small number");
            value = if left {
                value.times_power_of_two(bits)
            } else {
                assert_eq!(bits, self.run.w);
                self.run.shifted(&value)
            };
        }
    }

    fn sum(&mut self) -> (Polynomial, BigInt) {
        let (mut value, factor) = self.product();
        loop {
            if self.takes("+") {
                value = value.add(&self.product().0);
            } else if self.takes("-") {
                value = value.sub(&self.product().0);
            } else {
                return (value, factor);
            }
        }
    }

    fn product(&mut self) -> (Polynomial, BigInt) {
        let (mut value, factor) = self.atom();
        while self.takes("*") {
            value = value.mul(&self.atom().0);
        }
        (value, factor)
    }

    /// A number, a name, an expression in parentheses; conversions change no value.
    fn atom(&mut self) -> (Polynomial, BigInt) {
        let one = BigInt::from(1);
        let token = self.next();
        let value = if token == "(" {
            let value = self.masked();
            self.expect(&[")"]);
            value
        } else if token == "i64" {
            self.expect(&["::", "from", "("]);
            let value = self.masked();
            self.expect(&[")"]);
            value
        } else if let Ok(number) = token.parse::<i64>() {
            Polynomial::constant(number)
        } else {
            self.run.names.get(token).unwrap_or_else(|| panic!("{token}: no such name")).clone()
        };
        if self.takes("as") {
            assert!(["i32", "i64"].contains(&self.next()));
        }
        if self.takes(".") {
            self.expect(&["wrapping_mul", "("]);
            let factor = self.masked().as_constant();
            self.expect(&[")"]);
            return (value, factor);
        }
        (value, one)
    }
}

/// The number with these limbs.
fn number(limbs: &[Polynomial], w: u32) -> Polynomial {
    limbs.iter().rev().fold(Polynomial::default(), |sum, limb| sum.times_power_of_two(w).add(limb))
}

/// The body of a function in the text of a field.
fn body<'a>(source: &'a str, function: &str) -> &'a str {
    let (_, after) = source.split_once(&format!("fn {function}(&self")).expect("the function is there");
    let (_, body) = after.split_once("{\n").expect("a body");
    &body[..body.find('}').expect("an end") + 1]
}

/// What a function makes of operands whose limbs are symbols: the run, and the operands.
fn symbolic(spec: &Spec, source: &str, function: &str) -> (Run, [Polynomial; 2]) {
    let mut run = Run::new(spec);
    run.names.insert("N".to_owned(), Polynomial::constant(spec.n));
    let operands = ["a", "b"].map(|operand| {
        let limbs: Vec<_> = (0..spec.n).map(|_| Polynomial::symbol(run.fresh())).collect();
        let names = (0..spec.n).map(|index| format!("{operand}[{index}]"));
        run.names.extend(names.zip(limbs.clone()));
        number(&limbs, spec.w)
    });
    run.run(body(source, function));
    assert_eq!(run.result.len(), spec.n);
    (run, operands)
}

/// Whether the function gives a number `r` such that `r R = factors + q p`, with `q` the number of its quotient digits.
fn is_reduced_product(spec: &Spec, source: &str, function: &str) -> bool {
    let (run, [a, b]) = symbolic(spec, source, function);
    let product = if function == "sqr" { a.mul(&a) } else { a.mul(&b) };
    let quotient: Vec<_> =
        run.digits[..spec.n].iter().map(|digit| Polynomial::symbol(digit.symbol)).collect();
    let p = Polynomial::constant(BigInt::from_biguint(Sign::Plus, spec.prime()));
    let expected = product.add(&number(&quotient, spec.w).mul(&p));
    let found =
        number(&run.result, spec.w).times_power_of_two(spec.w * u32::try_from(spec.n).expect("small"));
    found.sub(&expected).is_zero()
}

fn source(spec: &Spec) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/engine/kernels/field");
    fs::read_to_string(format!("{folder}/{}.rs", spec.file)).expect("the file is there")
}

#[test]
fn products_and_squares_are_those_of_the_factors_divided_by_r_modulo_p() {
    for spec in &SPECS {
        assert!(is_reduced_product(spec, &source(spec), "mul"), "{}", spec.file);
        assert!(is_reduced_product(spec, &source(spec), "sqr"), "{}", spec.file);
    }
}

#[test]
fn sums_differences_and_carries_are_exact() {
    for spec in &SPECS {
        let source = source(spec);
        for function in ["add", "sub", "carry"] {
            let (run, [a, b]) = symbolic(spec, &source, function);
            let expected = match function {
                "add" => a.add(&b),
                "sub" => a.sub(&b),
                _ => a,
            };
            assert!(number(&run.result, spec.w).sub(&expected).is_zero(), "{function} of {}", spec.file);
        }
    }
}

/// Each summand of a column, each shift and each digit matters.
#[test]
fn a_product_that_is_wrong_in_one_place_is_noticed() {
    let [p256, .., secp256k1, ed25519] = &SPECS;
    for (spec, right, wrong) in [
        (p256, "+ a1 * b0;", "+ a1 * b1;"),
        (p256, "- (q0 << 21)", "+ (q0 << 21)"),
        (p256, "(q1 << 18)", "(q1 << 17)"),
        (p256, " + a8 * b8", ""),
        (p256, "let q8 = c & MASK;\nlet c = c >> 29;", "let q8 = c & MASK;"),
        (secp256k1, "- 977 * q3", "- 976 * q3"),
        (secp256k1, "- 977 * q3", "- 977 * q2"),
        (ed25519, "- 19 * q0", "+ 19 * q0"),
        (ed25519, "(q8 << 23)", "(q7 << 23)"),
    ] {
        let source = source(spec);
        assert!(source.contains(right), "{right}");
        assert!(!is_reduced_product(spec, &source.replacen(right, wrong, 1), "mul"), "{wrong}");
    }
}

/// What else the files state: the prime, 1 and `R^2` in Montgomery form.
#[test]
fn constants_of_the_fields_are_right() {
    fn check<F: Field>(spec: &Spec) {
        let value =
            |limbs: &[i32]| limbs.iter().rev().fold(BigInt::ZERO, |sum, &limb| (sum << spec.w) + limb);
        let p = BigInt::from_biguint(Sign::Plus, spec.prime());
        let r = BigInt::from(1) << (spec.w as usize * spec.n);
        assert_eq!((value(F::PRIME), value(F::ZERO.limbs())), (p.clone(), BigInt::ZERO));
        assert_eq!(value(F::ONE.limbs()), &r % &p);
        assert_eq!(value(F::R_SQUARED.limbs()), &r * &r % &p);
    }
    let [p256, p384, p521, secp256k1, ed25519] = &SPECS;
    check::<field::p256::Element>(p256);
    check::<field::p384::Element>(p384);
    check::<field::p521::Element>(p521);
    check::<field::secp256k1::Element>(secp256k1);
    check::<field::ed25519::Element>(ed25519);
}
