//! Whatever the strict reader accepts, `JSON.parse` reads to the same value: claims are judged here and used there.
//!
//! Documents are generated and half of them mutated; what is accepted goes to Node with the value that was read, until
//! `SECOND_MEANING` documents (ten thousand) have been compared. `SECOND_MEANING_SEED` sets which.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use tokenward::json::{Object, Value};

const DOCUMENTS: u64 = 10_000;
/// Of `src/ground/json`.
const MAX_DEPTH: usize = 64;

/// xorshift64*: the same documents for the same seed, everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % limit
    }

    fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

const SPACES: [&str; 8] = ["", "", "", "", " ", "\t", "\n", "\r\n "];
const TEXTS: [&str; 26] = [
    "",
    "a",
    "exp",
    "alg",
    "__proto__",
    "constructor",
    "toString",
    "0",
    "10",
    "2",
    "é",
    "😀",
    "\u{7f}",
    "\u{2028}",
    "\u{feff}",
    r"\u0000",
    r"\n",
    r#"\""#,
    r"\\",
    r"\/",
    r"\ud83d\ude00",
    r"\uD834\udd1e",
    r"a\u006cg",
    r"\u00e9",
    r"\ufeff",
    r"\uffff",
];
const NUMBERS: [&str; 22] = [
    "0",
    "-0",
    "1",
    "-1",
    "1.5",
    "1e3",
    "1E+3",
    "1e-3",
    "-0.0",
    "0e0",
    "9007199254740993",
    "1.7976931348623157e308",
    "5e-324",
    "2.5e-324",
    "1e-400",
    "123456789012345678901234567890",
    "0.1",
    "0.30000000000000004",
    "1e400",
    "01",
    "1.",
    "4.35",
];
/// What mutations insert.
const PIECES: [&[u8]; 30] = [
    b"\"",
    b"\\",
    b"\\u",
    b"\\ud800",
    b"\\udc00",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"0",
    b"-",
    b"+",
    b".",
    b"e",
    b"E",
    b"null",
    b"true",
    b"NaN",
    b"\0",
    b"\x1f",
    b"\x7f",
    b"\xff",
    b"\xc2",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xc2\xa0",
    b"/**/",
    b"'",
];

fn value(random: &mut Random, depth: usize, text: &mut String) {
    text.push_str(random.pick(&SPACES));
    match random.below(if depth == 0 { 5 } else { 8 }) {
        0 => text.push_str("null"),
        1 => text.push_str(random.pick(&["true", "false"])),
        2 => text.push_str(random.pick(&NUMBERS)),
        3 => write!(text, "{}", f64::from_bits(random.next())).unwrap(),
        4 => string(random, text),
        5 if random.below(16) == 0 => nested(random, text),
        5 | 6 => object(random, depth - 1, text),
        _ => {
            text.push('[');
            for at in 0..random.below(4) {
                if at > 0 {
                    text.push(',');
                }
                value(random, depth - 1, text);
            }
            text.push(']');
        }
    }
    text.push_str(random.pick(&SPACES));
}

fn string(random: &mut Random, text: &mut String) {
    text.push('"');
    for _ in 0..random.below(4) {
        match random.below(4) {
            0 => text.push(char::from_u32(u32::try_from(random.below(0x11_0000)).unwrap()).unwrap_or('x')),
            1 => write!(text, "\\u{:04x}", random.below(0x1_0000)).unwrap(),
            _ => text.push_str(random.pick(&TEXTS)),
        }
    }
    text.push('"');
}

fn object(random: &mut Random, depth: usize, text: &mut String) {
    text.push('{');
    for at in 0..random.below(6) {
        if at > 0 {
            text.push(',');
        }
        text.push_str(random.pick(&SPACES));
        string(random, text);
        text.push_str(random.pick(&SPACES));
        text.push(':');
        value(random, depth, text);
    }
    text.push('}');
}

/// As deep as is accepted, give or take a few.
fn nested(random: &mut Random, text: &mut String) {
    let closing: Vec<&str> = (0..MAX_DEPTH - 8 + random.below(12))
        .map(|_| {
            let (open, close) = if random.below(2) == 0 { ("[", "]") } else { ("{\"__proto__\":", "}") };
            text.push_str(open);
            close
        })
        .collect();
    text.push_str(random.pick(&NUMBERS));
    text.extend(closing.into_iter().rev());
}

fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len() + 1);
        match random.below(4) {
            0 => drop(bytes.splice(at..at, random.pick(&PIECES).iter().copied())),
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            _ => {
                let to = (at + random.below(12)).min(bytes.len());
                let copy = bytes[at..to].to_vec();
                drop(bytes.splice(at..at, copy));
            }
        }
    }
}

fn hex(bytes: impl AsRef<[u8]>, out: &mut String) {
    for byte in bytes.as_ref() {
        write!(out, "{byte:02x}").unwrap();
    }
}

/// The value, written so that two are equal exactly where their texts are.
fn canonical(value: Value<'_>, out: &mut String) {
    match value {
        Value::Null => out.push('n'),
        Value::Bool(flag) => out.push(if flag { 't' } else { 'f' }),
        Value::Number(number) => {
            out.push('#');
            hex(number.to_f64().to_be_bytes(), out);
        }
        Value::String(text) => {
            out.push('"');
            hex(&*text.to_cow(), out);
        }
        Value::Array(list) => {
            out.push('[');
            for element in list.elements() {
                canonical(element, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(nested) => canonical_object(&nested.object(), out),
    }
}

fn canonical_object(object: &Object<'_>, out: &mut String) {
    let mut members: Vec<(String, Value<'_>)> = object
        .members()
        .map(|(name, value)| {
            let mut text = String::new();
            hex(&*name.to_cow(), &mut text);
            (text, value)
        })
        .collect();
    members.sort_by(|a, b| a.0.cmp(&b.0));
    out.push('{');
    for (name, value) in members {
        out.push_str(&name);
        out.push(':');
        canonical(value, out);
        out.push(',');
    }
    out.push('}');
}

/// How deep a document that was accepted is nested.
fn depth(document: &[u8]) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0, 0, false, false);
    for byte in document {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !quoted => depth -= 1,
            _ => {}
        }
    }
    deepest
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn what_is_accepted_here_is_the_same_value_in_v8() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/js/second-meaning.mjs");
    let node = Command::new("node").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut node) = node else {
        eprintln!("SKIPPED: there is no node to compare with");
        return;
    };
    let documents = setting("SECOND_MEANING", DOCUMENTS);
    let mut random = Random(setting("SECOND_MEANING_SEED", 0x5eed) | 1);
    let mut to_node = std::io::BufWriter::new(node.stdin.take().unwrap());
    let (mut generated, mut accepted, mut deepest) = (0_u64, 0_u64, 0);
    while accepted < documents {
        assert!(generated <= 20 * (accepted + 100), "{accepted} of {generated} accepted");
        generated += 1;
        let mut text = String::new();
        object(&mut random, 4, &mut text);
        let mut bytes = text.into_bytes();
        if random.below(2) == 0 {
            mutate(&mut random, &mut bytes);
        }
        let Ok(object) = Object::parse(&bytes) else { continue };
        accepted += 1;
        deepest = deepest.max(depth(&bytes));
        let mut line = String::new();
        hex(&bytes, &mut line);
        line.push(' ');
        canonical_object(&object, &mut line);
        line.push('\n');
        to_node.write_all(line.as_bytes()).unwrap();
    }
    drop(to_node);
    let mut report = String::new();
    node.stdout.take().unwrap().read_to_string(&mut report).unwrap();
    assert!(node.wait().unwrap().success(), "{report}");
    assert_eq!(report.trim(), format!("{accepted} documents mean the same"));
    eprintln!("{accepted} documents of {generated} accepted, and they mean the same");
    assert!(generated > accepted, "none of them was wrong");
    assert!(documents < DOCUMENTS || deepest == MAX_DEPTH, "nested {deepest} deep");
}
