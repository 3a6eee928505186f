//! The whole group law, on curves so small that every case can be tried: `weierstrass.rs`, `edwards.rs` and `multiples.rs` as
//! they stand, over primes below 64, compared with the addition of the textbook.
//!
//! Here everything that is rare on the real curves happens all the time: equal points, opposite points, infinity, a zero in
//! either of its forms. The field is reduced as lazily as the real ones are, and asserts what they rely on.

use std::fmt::Debug;

use super::edwards::{Entry, Extended};
use super::field::Field;
use super::multiples::{Builder, Built, Group, Layout, Multiples, sum};
use super::samples::Random;
use super::scalar::signed_digits;
use super::weierstrass::{Affine, Curve, Jacobian};

/// An element of a small prime field, in Montgomery form, in one signed limb.
#[derive(Clone, Copy, Debug)]
struct Small<const P: i32>(i32);

/// `R`: about 32 times the largest prime, as for P-256.
const R: i32 = 1 << 11;

impl<const P: i32> Small<P> {
    /// `-1 / p` modulo `R`.
    const NEGATIVE_INVERSE: i32 = {
        let mut inverse = 1;
        while (inverse * P + 1) % R != 0 {
            inverse += 2;
        }
        inverse
    };

    fn new(number: i64) -> Self {
        Self(i32::try_from(number).unwrap()).mul(&Self::R_SQUARED)
    }

    /// The number itself.
    fn number(&self) -> i64 {
        self.canonical()[0].into()
    }
}

impl<const P: i32> Field for Small<P> {
    const LIMB_BITS: u32 = 11;
    const BYTES: usize = 1;
    const PRIME: &'static [i32] = &[P];
    const ZERO: Self = Self(0);
    const ONE: Self = Self(R % P);
    const R_SQUARED: Self = Self(R % P * (R % P) % P);

    fn limbs(&self) -> &[i32] {
        std::slice::from_ref(&self.0)
    }

    fn from_limbs(limbs: &[i32]) -> Self {
        Self(limbs[0])
    }

    fn add(&self, other: &Self) -> Self {
        Self(self.0 + other.0)
    }

    fn sub(&self, other: &Self) -> Self {
        Self(self.0 - other.0)
    }

    fn carry(&self) -> Self {
        *self
    }

    fn mul(&self, other: &Self) -> Self {
        let product = self.0 * other.0;
        let quotient = product.rem_euclid(R) * Self::NEGATIVE_INVERSE % R;
        let reduced = (product + quotient * P) / R;
        assert!(-P < reduced && reduced < 2 * P, "{self:?} {other:?}");
        Self(reduced)
    }

    fn sqr(&self) -> Self {
        self.mul(self)
    }

    fn is_zero(&self) -> bool {
        assert!(-P < self.0 && self.0 < 2 * P, "{self:?} is no product");
        self.0 == 0 || self.0 == P
    }
}

/// The tables there are: a row for all digits, and every layout that the engine builds, and then some.
const LAYOUTS: [(usize, usize); 12] =
    [(5, 0), (5, 1), (5, 2), (5, 3), (5, 4), (6, 1), (6, 2), (6, 3), (6, 4), (7, 1), (7, 2), (7, 3)];

/// A table of a point of this order; `None` if a multiple in it is infinity where that can be no entry.
fn table<G: Group>(entry: &G::Entry, (window, stride): (usize, usize), bits: usize) -> Option<Multiples<G>> {
    if stride == 0 {
        return Multiples::one_row(entry, bits);
    }
    let mut builder = Builder::new(entry, Layout { window, stride, bits });
    loop {
        match builder.step() {
            Built::Whole(table) => return Some(table),
            Built::Part(unfinished) => builder = unfinished,
            Built::Impossible => return None,
        }
    }
}

/// The digits of the first so many scalars, in windows of 5, 6 and 7 bits.
fn digits(scalars: impl Iterator<Item = u64> + Clone, bits: usize) -> [Vec<Vec<i32>>; 3] {
    [5, 6, 7].map(|window| {
        scalars
            .clone()
            .map(|scalar| {
                let scalar = [scalar as u32, (scalar >> 32) as u32, 0, 0, 0];
                signed_digits::<5>(&scalar, bits, window)
            })
            .collect()
    })
}

/// How much is tried of a curve.
#[derive(Clone, Copy, PartialEq)]
enum Extent {
    /// Every point.
    Whole,
    /// Every sixteenth point.
    Part,
}

/// A group that is known whole: its points in some order, infinity first.
trait Known {
    type Group: Group;

    /// How many points there are.
    fn order(&self) -> usize;

    fn entry(&self, point: usize) -> <Self::Group as Group>::Entry;

    /// The point that is the sum of two, by the textbook.
    fn plus(&self, a: usize, b: usize) -> usize;

    /// Whether what was computed is this point.
    fn is(&self, computed: &<Self::Group as Group>::Point, point: usize) -> bool;

    /// The multiples of a point from 0 on, as many as there are points.
    fn multiples(&self, point: usize) -> Vec<usize> {
        (0..self.order()).scan(0, |sum, _| Some(std::mem::replace(sum, self.plus(*sum, point)))).collect()
    }
}

/// `u G + v Q` for the generator `G`, every pair of scalars below the order, and every point `Q` that can be an entry, with
/// tables of every layout.
fn every_pair_of_scalars<K: Known>(known: &K, generator: usize, first: usize, extent: Extent) {
    let order = known.order();
    let bits = (order as u32).ilog2() as usize + 1;
    // As they are, and with the order added so often that they have 40 bits: the same multiples, of long scalars.
    let mut random = Random(order as u64);
    let long: Vec<u64> = (0..order as u64)
        .map(|scalar| {
            scalar + order as u64 * (random.next() >> 24).div_euclid(order as u64).saturating_sub(1)
        })
        .collect();
    let exact = digits(0..order as u64, bits);
    let long = digits(long.into_iter(), 40);
    let of_generator = known.multiples(generator);
    for (digits, bits) in [(&exact, bits), (&long, 40)] {
        let tables =
            |point: usize| LAYOUTS.map(|layout| table::<K::Group>(&known.entry(point), layout, bits));
        let generator_tables = tables(generator);
        let points = (first..order).step_by(if extent == Extent::Whole { 1 } else { 16 });
        for (round, point) in points.enumerate() {
            // Long scalars with a few points: a sum of many digits takes longer.
            if bits == 40 && round % 16 != 0 {
                continue;
            }
            let (point_tables, of_point) = (tables(point), known.multiples(point));
            for (index, of_g) in generator_tables.iter().enumerate() {
                // Every pair of layouts comes round.
                let of_q = &point_tables[(index + round) % LAYOUTS.len()];
                let (Some(of_g), Some(of_q)) = (of_g, of_q) else { continue };
                let [g_digits, q_digits] = [of_g, of_q].map(|table| &digits[table.layout.window - 5]);
                for (u, u_digits) in g_digits.iter().enumerate() {
                    for (v, v_digits) in q_digits.iter().enumerate() {
                        let computed = sum([(of_g, u_digits), (of_q, v_digits)]);
                        let expected = known.plus(of_generator[u], of_point[v]);
                        assert!(
                            known.is(&computed, expected),
                            "{u} G + {v} Q{point}, {:?}, {:?}",
                            of_g.layout,
                            of_q.layout
                        );
                    }
                }
            }
        }
    }
}

/// `y^2 = x^3 + a x + b` with `a` -3 or 0.
#[derive(Clone, Copy, Debug)]
struct Short<const P: i32, const A_IS_MINUS_3: bool, const B: u8>;

impl<const P: i32, const A_IS_MINUS_3: bool, const B: u8> Curve for Short<P, A_IS_MINUS_3, B> {
    type Field = Small<P>;
    const A_IS_MINUS_3: bool = A_IS_MINUS_3;
    const B: &'static [u8] = &[B];
    const X: &'static [u8] = &[];
    const Y: &'static [u8] = &[];
}

/// Numbers modulo a small prime.
#[derive(Clone, Copy)]
struct Modulo(i64);

impl Modulo {
    fn of(self, number: i64) -> i64 {
        number.rem_euclid(self.0)
    }

    fn inverse(self, number: i64) -> i64 {
        (1..self.0).find(|inverse| self.of(number * inverse) == 1).expect("an inverse")
    }
}

/// A curve with all its points, and what the textbook says of them.
struct KnownShort<const P: i32, const A_IS_MINUS_3: bool, const B: u8> {
    /// Without infinity, which has the number 0.
    points: Vec<(i64, i64)>,
    sums: Vec<Vec<usize>>,
}

impl<const P: i32, const A_IS_MINUS_3: bool, const B: u8> KnownShort<P, A_IS_MINUS_3, B> {
    fn new() -> Self {
        let p = Modulo(P.into());
        let a = if A_IS_MINUS_3 { -3 } else { 0 };
        let holds = |x: i64, y: i64| p.of(y * y - x * x * x - a * x - i64::from(B)) == 0;
        let points: Vec<_> =
            (0..p.0).flat_map(|x| (0..p.0).map(move |y| (x, y))).filter(|&(x, y)| holds(x, y)).collect();
        let find = |point: (i64, i64)| 1 + points.iter().position(|&other| other == point).expect("a point");
        let plus = |i: usize, j: usize| {
            let (Some(&(x1, y1)), Some(&(x2, y2))) =
                (i.checked_sub(1).and_then(|i| points.get(i)), j.checked_sub(1).and_then(|j| points.get(j)))
            else {
                return i + j;
            };
            if x1 == x2 && p.of(y1 + y2) == 0 {
                return 0;
            }
            let slope =
                if x1 == x2 { (3 * x1 * x1 + a) * p.inverse(2 * y1) } else { (y2 - y1) * p.inverse(x2 - x1) };
            let x = p.of(p.of(slope).pow(2) - x1 - x2);
            find((x, p.of(p.of(slope) * (x1 - x) - y1)))
        };
        let sums = (0..=points.len()).map(|i| (0..=points.len()).map(|j| plus(i, j)).collect()).collect();
        Self { points, sums }
    }

    fn affine(&self, point: usize) -> Affine<Small<P>> {
        let (x, y) = self.points[point - 1];
        Affine { x: Small::new(x), y: Small::new(y) }
    }

    /// Every way to write a point, `Z` being anything but zero.
    fn jacobians(&self, point: usize) -> Vec<Jacobian<Small<P>>> {
        if point == 0 {
            let zeros = [Small::ZERO, Small(P)];
            return zeros
                .into_iter()
                .flat_map(|z| [Jacobian::INFINITY, Jacobian { x: Small(1), y: Small(1), z }])
                .collect();
        }
        let Affine { x, y } = self.affine(point);
        let of = |z: i64| {
            let z = Small::new(z);
            Jacobian { x: x.mul(&z.sqr()), y: y.mul(&z.sqr().mul(&z)), z }
        };
        (1..P.into()).map(of).collect()
    }

    fn check(extent: Extent) {
        let known = Self::new();
        let order = known.order();
        assert!((2..order).all(|divisor| order % divisor != 0), "{order} is no prime");
        known.check_the_law();
        // With a prime order every point but infinity is a generator.
        every_pair_of_scalars(&known, 1, 1, extent);
        // A table holds multiples up to 2^(window - 1), none of which may be infinity.
        for (window, stride) in LAYOUTS {
            let possible =
                table::<Short<P, A_IS_MINUS_3, B>>(&known.affine(1), (window, stride), 40).is_some();
            assert_eq!(possible, order > 1 << (window - 1), "window {window} for {order} points");
        }
    }

    /// Addition and doubling in every representation, and the points themselves.
    fn check_the_law(&self) {
        type C<const P: i32, const A_IS_MINUS_3: bool, const B: u8> = Short<P, A_IS_MINUS_3, B>;
        for (x, y) in (0..=u8::MAX).flat_map(|x| (0..=u8::MAX).map(move |y| (x, y))) {
            let found = Affine::new::<C<P, A_IS_MINUS_3, B>>(&[x], &[y]).is_some();
            assert_eq!(found, self.points.contains(&(x.into(), y.into())), "({x}, {y})");
        }
        for i in 0..self.order() {
            for jacobian in self.jacobians(i) {
                assert!(
                    self.is(&jacobian, i)
                        && self.is(&jacobian.double::<C<P, A_IS_MINUS_3, B>>(), self.plus(i, i))
                );
                assert_eq!(Jacobian::to_affine(&[jacobian]).is_none(), i == 0);
                for j in 1..self.order() {
                    let (entry, opposite) = (self.affine(j), self.affine(j).negate());
                    assert!(
                        self.is(&jacobian.add::<C<P, A_IS_MINUS_3, B>>(&entry), self.plus(i, j)),
                        "{i} + {j}"
                    );
                    let difference = (0..self.order()).find(|&k| self.plus(k, j) == i).unwrap();
                    assert!(
                        self.is(&jacobian.add::<C<P, A_IS_MINUS_3, B>>(&opposite), difference),
                        "{i} - {j}"
                    );
                }
            }
        }
        // Pairs of neighbours, with a third entry that stays.
        for (i, j) in (1..self.order()).flat_map(|i| (1..self.order()).map(move |j| (i, j))) {
            let mut lists = [vec![self.affine(i), self.affine(j), self.affine(1)], Vec::new()];
            let done = Affine::add_neighbours(&mut lists);
            assert_eq!(done, self.plus(i, j) != 0 && i != j, "{i} and {j}");
            let expected = if done { vec![1, self.plus(i, j)] } else { vec![i, j, 1] };
            let points: Vec<Jacobian<_>> = lists[0].iter().map(|&affine| affine.into()).collect();
            assert!(points.len() == expected.len() && lists[1].is_empty());
            assert!(
                points.iter().zip(expected).all(|(point, expected)| self.is(point, expected)),
                "{i} and {j}"
            );
        }
    }
}

impl<const P: i32, const A_IS_MINUS_3: bool, const B: u8> Known for KnownShort<P, A_IS_MINUS_3, B> {
    type Group = Short<P, A_IS_MINUS_3, B>;

    fn order(&self) -> usize {
        self.points.len() + 1
    }

    fn entry(&self, point: usize) -> Affine<Small<P>> {
        self.affine(point)
    }

    fn plus(&self, a: usize, b: usize) -> usize {
        self.sums[a][b]
    }

    fn is(&self, computed: &Jacobian<Small<P>>, point: usize) -> bool {
        if point == 0 {
            return computed.is_infinity() && (0..P.into()).all(|x| !computed.has_x(&Small::new(x)));
        }
        let Affine { x, y } = self.affine(point);
        let other = Small::new((self.points[point - 1].0 + 1) % i64::from(P));
        let z_cubed = computed.z.sqr().mul(&computed.z);
        computed.has_x(&x) && !computed.has_x(&other) && y.mul(&z_cubed).equals(&computed.y)
    }
}

/// `-x^2 + y^2 = 1 + d x^2 y^2`, with a `d` that is no square.
#[derive(Clone, Copy, Debug)]
struct Twisted<const P: i32, const D: i64>;

impl<const P: i32, const D: i64> Group for Twisted<P, D> {
    type Point = Extended<Small<P>>;
    type Entry = Entry<Small<P>>;
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
        Extended::to_entries_with(points, &Small::new(2 * D))
    }
}

struct KnownTwisted<const P: i32, const D: i64> {
    /// The identity first.
    points: Vec<(i64, i64)>,
    sums: Vec<Vec<usize>>,
}

impl<const P: i32, const D: i64> KnownTwisted<P, D> {
    fn new() -> Self {
        let p = Modulo(P.into());
        let holds = |x: i64, y: i64| p.of(-x * x + y * y - 1 - p.of(D * x * x) * y * y) == 0;
        let mut points: Vec<_> =
            (0..p.0).flat_map(|x| (0..p.0).map(move |y| (x, y))).filter(|&(x, y)| holds(x, y)).collect();
        let identity = points.iter().position(|&point| point == (0, 1)).unwrap();
        points.swap(0, identity);
        let plus = |(x1, y1): (i64, i64), (x2, y2): (i64, i64)| {
            let product = p.of(p.of(D * x1 * x2) * p.of(y1 * y2));
            let x = p.of(p.of(x1 * y2 + y1 * x2) * p.inverse(1 + product));
            let y = p.of(p.of(y1 * y2 + x1 * x2) * p.inverse(1 - product));
            points.iter().position(|&point| point == (x, y)).expect("a point")
        };
        let sums = points.iter().map(|&a| points.iter().map(|&b| plus(a, b)).collect()).collect();
        Self { points, sums }
    }

    /// Every way to write a point.
    fn extended(&self, point: usize) -> Vec<Extended<Small<P>>> {
        let (x, y) = self.points[point];
        let of = |z: i64| {
            let (x, y, z) = (Small::new(x), Small::new(y), Small::new(z));
            Extended { x: x.mul(&z), y: y.mul(&z), z, t: x.mul(&y).mul(&z) }
        };
        (1..P.into()).map(of).collect()
    }

    fn check(extent: Extent) {
        let known = Self::new();
        known.check_the_law();
        known.check_encodings();
        // A point of the largest order there is.
        let order =
            |&point: &usize| known.multiples(point).iter().skip(1).position(|&multiple| multiple == 0);
        let generator = (1..known.order()).max_by_key(|point| order(point).unwrap_or(usize::MAX)).unwrap();
        every_pair_of_scalars(&known, generator, 0, extent);
    }

    fn check_the_law(&self) {
        for i in 0..self.order() {
            let eight_times = (0..3).fold(i, |point, _| self.plus(point, point));
            for extended in self.extended(i) {
                assert!(self.is(&extended, i) && self.is(&extended.double(), self.plus(i, i)));
                assert_eq!(extended.has_small_order(), eight_times == 0, "{i}");
                for j in 0..self.order() {
                    let (entry, opposite) = (self.entry(j), self.entry(j).negate());
                    assert!(self.is(&extended.add(&entry), self.plus(i, j)), "{i} + {j}");
                    let difference = (0..self.order()).find(|&k| self.plus(k, j) == i).unwrap();
                    assert!(self.is(&extended.add(&opposite), difference), "{i} - {j}");
                }
            }
        }
    }

    /// RFC 8032 §5.1.2 and §5.1.3: `y`, and the lowest bit of `x`; each point has one encoding.
    fn check_encodings(&self) {
        let p = Modulo(P.into());
        let root = (2..p.0).find(|root| p.of(root * root + 1) == 0).unwrap();
        let exponent = [u8::try_from((P - 5) / 8).unwrap()];
        for (y, negative) in (0..p.0).flat_map(|y| [false, true].map(|negative| (y, negative))) {
            let expected = self.points.iter().position(|&(x, other)| other == y && (x % 2 == 1) == negative);
            let decoded =
                Extended::with_y(&Small::new(y), negative, &Small::<P>::new(D), &Small::new(root), &exponent);
            assert_eq!(decoded.is_some(), expected.is_some(), "{y}, {negative}");
            if let (Some(decoded), Some(expected)) = (decoded, expected) {
                assert!(self.is(&decoded, expected));
            }
        }
        for (index, &(x, y)) in self.points.iter().enumerate() {
            let mut expected = [0; 32];
            expected[0] = u8::try_from(y).unwrap();
            expected[31] = if x % 2 == 1 { 0x80 } else { 0 };
            assert!(
                self.extended(index).iter().all(|extended| extended.encode() == Some(expected)),
                "{x}, {y}"
            );
        }
    }
}

impl<const P: i32, const D: i64> Known for KnownTwisted<P, D> {
    type Group = Twisted<P, D>;

    fn order(&self) -> usize {
        self.points.len()
    }

    fn entry(&self, point: usize) -> Entry<Small<P>> {
        Twisted::<P, D>::to_entries(&self.extended(point)[..1]).unwrap()[0]
    }

    fn plus(&self, a: usize, b: usize) -> usize {
        self.sums[a][b]
    }

    fn is(&self, computed: &Extended<Small<P>>, point: usize) -> bool {
        let Extended { x, y, z, t } = computed;
        let (right_x, right_y) = self.points[point];
        let scaled = |coordinate: i64| Small::new(coordinate).mul(z).number();
        !z.is_zero()
            && (x.number(), y.number()) == (scaled(right_x), scaled(right_y))
            && t.mul(z).equals(&x.mul(y))
    }
}

/// Thirteen curves of prime order and five of Edwards, with 19 to 76 points. Those with fewer points than a row has multiples
/// have no such table.
fn every_curve(extent: Extent) {
    KnownShort::<13, false, 2>::check(extent);
    KnownShort::<29, true, 4>::check(extent);
    KnownShort::<31, false, 3>::check(extent);
    KnownShort::<43, false, 7>::check(extent);
    KnownShort::<43, true, 38>::check(extent);
    KnownShort::<47, true, 25>::check(extent);
    KnownShort::<59, true, 1>::check(extent);
    KnownShort::<59, true, 22>::check(extent);
    KnownShort::<61, true, 3>::check(extent);
    KnownShort::<61, true, 4>::check(extent);
    KnownShort::<61, true, 14>::check(extent);
    KnownShort::<61, true, 57>::check(extent);
    KnownShort::<61, true, 58>::check(extent);
    KnownTwisted::<29, 27>::check(extent);
    KnownTwisted::<37, 14>::check(extent);
    KnownTwisted::<53, 26>::check(extent);
    KnownTwisted::<61, 18>::check(extent);
    KnownTwisted::<61, 28>::check(extent);
}

#[test]
fn the_group_law_holds_for_some_points_of_small_curves() {
    every_curve(Extent::Part);
}

#[test]
#[ignore = "takes a minute; `make test-all` runs it"]
fn the_group_law_holds_for_every_point_of_small_curves() {
    every_curve(Extent::Whole);
}

/// Enough digits that neighbours are added at once: in so small a group that is often refused, and often not.
#[test]
fn many_digits_are_added_at_once_or_one_by_one() {
    let known = KnownShort::<61, true, 3>::new();
    let (order, bits) = (known.order() as u64, 160);
    let of_generator = known.multiples(1);
    let mut random = Random(5);
    for (point, (window, stride)) in
        (2..30).flat_map(|point| [(5, 1), (5, 2), (6, 1), (7, 1)].map(|layout| (point, layout)))
    {
        let tables = [1, point].map(|point| {
            table::<Short<61, true, 3>>(&known.affine(point), (window, stride), bits).expect("a table")
        });
        let of_point = known.multiples(point);
        for _ in 0..50 {
            let scalars = [(); 2].map(|()| std::array::from_fn::<u32, 5, _>(|_| random.next() as u32));
            let remainder = |scalar: &[u32; 5]| {
                scalar.iter().rev().fold(0, |rest, &limb| ((rest << 32) + u64::from(limb)) % order) as usize
            };
            let [u, v] = scalars.each_ref().map(remainder);
            let [u_digits, v_digits] = scalars.map(|scalar| signed_digits::<5>(&scalar, bits, window));
            let computed = sum([(&tables[0], &u_digits), (&tables[1], &v_digits)]);
            assert!(known.is(&computed, known.plus(of_generator[u], of_point[v])), "{scalars:?} {point}");
        }
    }
}
