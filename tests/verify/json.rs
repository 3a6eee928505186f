//! The strict JSON reader: what it accepts means one thing, and everything else has its fault.

use proptest::prelude::*;
use tokenward::json::{Fault, Object, Value, push_string};

fn fault(text: impl AsRef<[u8]>) -> Option<Fault> {
    Object::parse(text.as_ref()).err()
}

fn number(text: &str) -> f64 {
    let json = format!("{{\"n\":{text}}}");
    match Object::parse(json.as_bytes()).unwrap().get("n") {
        Some(Value::Number(number)) => number.to_f64(),
        _ => panic!("{text} is not read as a number"),
    }
}

fn text(literal: &str) -> String {
    let json = format!("{{\"t\":\"{literal}\"}}");
    match Object::parse(json.as_bytes()).unwrap().get("t") {
        Some(Value::String(text)) => text.to_cow().into_owned(),
        _ => panic!("{literal} is not read as a string"),
    }
}

#[test]
fn every_kind_of_value_is_read() {
    let json = r#" { "a":[1,"x",[],{}] , "b":true,"c":false,"d":null,"e":-1.5e-3,"f":{"g":"h"},"i":"j" } "#;
    let object = Object::parse(json.as_bytes()).unwrap();
    assert!(matches!(object.get("a"), Some(Value::Array(list)) if list.elements().len() == 4));
    assert!(matches!(object.get("b"), Some(Value::Bool(true))));
    assert!(matches!(object.get("c"), Some(Value::Bool(false))));
    assert!(matches!(object.get("d"), Some(Value::Null)));
    assert!(matches!(object.get("e"), Some(Value::Number(number)) if number.to_f64() == -0.0015));
    let Some(Value::Object(nested)) = object.get("f") else { panic!("f is not an object") };
    assert_eq!(nested.json(), r#"{"g":"h"}"#);
    assert!(nested.object().get("g").unwrap().as_text().unwrap().is("h"));
    assert!(object.get("i").unwrap().as_text().unwrap().is("j"));
    assert!(object.get("k").is_none());
}

#[test]
fn an_empty_object_is_an_object() {
    assert_eq!(fault("{}"), None);
    assert_eq!(fault(" \t\r\n{ \t\r\n} \t\r\n"), None);
}

#[test]
fn a_document_that_is_not_an_object_is_refused() {
    for text in ["[]", "\"x\"", "null", "1", "true", "[{}]"] {
        assert_eq!(fault(text), Some(Fault::NotObject), "{text}");
    }
}

#[test]
fn what_is_not_json_is_refused() {
    for text in [
        "",
        " ",
        "{",
        "}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":1 \"b\":2}",
        "{'a':1}",
        "{a:1}",
        "{\"a\":1}x",
        "{}{}",
        "{\"a\":[1,]}",
        "{\"a\":[1 2]}",
        "{\"a\":[}",
        "{\"a\":tru}",
        "{\"a\":True}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":-Infinity}",
        "{\"a\":undefined}",
        "{\"a\":\"}",
        "// {}",
        "{}//",
        "{\"a\":\u{a0}1}",
        "{\"a\":\u{2028}1}",
        "\u{b}{}",
        "\u{c}{}",
    ] {
        assert_eq!(fault(text), Some(Fault::Syntax), "{text:?}");
    }
}

#[test]
fn numbers_are_written_as_rfc_8259_writes_them() {
    for text in
        ["01", "+1", "1.", ".5", "1e", "1e+", "-", "--1", "0x10", "1_000", "1e1.5", "- 1", "00", "-01", "١"]
    {
        assert_eq!(fault(format!("{{\"a\":{text}}}")), Some(Fault::Syntax), "{text}");
    }
    assert_eq!(number("0"), 0.0);
    assert!(number("-0").is_sign_negative());
    assert_eq!(number("1E+2"), 100.0);
    assert_eq!(number("9007199254740993"), 9_007_199_254_740_992.0);
    assert_eq!(number("1e-400"), 0.0);
    assert_eq!(number("1.7976931348623157e308"), f64::MAX);
}

#[test]
fn a_number_between_two_doubles_becomes_the_nearest_and_on_a_tie_the_even_one() {
    let odd = num_bigint::BigUint::from(5_u8).pow(1075); // 2^-1075 is this and as many places behind the point
    for (text, expected) in [
        ("9007199254740993".into(), 9_007_199_254_740_992.0),
        ("9007199254740995".into(), 9_007_199_254_740_996.0),
        (format!("9007199254740993.{}1", "0".repeat(900)), 9_007_199_254_740_994.0),
        (format!("9007199254740993{}e-900", "0".repeat(900)), 9_007_199_254_740_992.0),
        (format!("0.{}1e1001", "0".repeat(1000)), 1.0),
        (format!("1{}e-1000", "0".repeat(1000)), 1.0),
        (format!("{odd}e-1075"), 0.0),
        (format!("{odd}0001e-1079"), f64::from_bits(1)),
        (format!("{}e-1075", odd * 3_u8), f64::from_bits(2)),
        ("2.2250738585072011e-308".into(), f64::from_bits((1 << 52) - 1)),
        ("0e999999999999999999999".into(), 0.0),
        ("1e-999999999999999999999".into(), 0.0),
    ] {
        assert_eq!(number(&text).to_bits(), f64::to_bits(expected), "{text}");
    }
}

#[test]
fn a_number_that_no_double_holds_is_refused() {
    for text in ["1e400", "-1e400", "1e309", "1.7976931348623159e308", &"9".repeat(310)] {
        assert_eq!(fault(format!("{{\"a\":{text}}}")), Some(Fault::Number), "{text}");
    }
}

#[test]
fn the_least_number_that_no_double_holds_is_found_to_the_last_digit() {
    let two = num_bigint::BigUint::from(2_u8);
    // The tie between the largest double and the next power of two, which is rounded to even.
    let least = two.pow(1024) - two.pow(970);
    let digits = |number: &num_bigint::BigUint| {
        let text = number.to_string();
        let split = |at| format!("{}.{}e{}", &text[..at], &text[at..], 309 - at);
        [
            text.clone(),
            format!("{text}.000"),
            format!("0.{text}E+309"),
            format!("{text}00e-2"),
            split(1),
            split(200),
        ]
    };
    for text in digits(&least).into_iter().chain([format!("{least}.5"), format!("{least}1e-1")]) {
        for text in [text.clone(), format!("-{text}")] {
            assert_eq!(fault(format!("{{\"a\":{text}}}")), Some(Fault::Number), "{text}");
        }
    }
    let below = least - 1_u8;
    for text in digits(&below).into_iter().chain([format!("{below}.999"), format!("{below}9e-1")]) {
        assert_eq!(number(&text), f64::MAX, "{text}");
        assert_eq!(number(&format!("-{text}")), -f64::MAX, "{text}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it measures what is done")]
fn a_list_of_numbers_near_the_largest_double_costs_no_more_than_a_list_of_others() {
    let cost = |number: &str| {
        let list = format!("{{\"a\":[{}]}}", vec![number; 4_000].join(","));
        let runs = (0..20).map(|_| {
            let start = std::time::Instant::now();
            assert_eq!(fault(list.clone()), None);
            start.elapsed()
        });
        runs.min().unwrap()
    };
    let usual = cost("123456789e300");
    for number in ["1e308", "1.7976931348623157e308", "1797693134862315e293", "17976931348623158079e289"] {
        let near = cost(number);
        assert!(near < usual * 6, "{number}: {near:?}, others {usual:?}");
    }
}

#[test]
fn a_name_that_occurs_twice_is_refused_at_every_depth() {
    for text in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"b":2,"a":3}"#,
        r#"{"x":{"a":1,"a":1}}"#,
        r#"{"x":[{"a":1,"a":1}]}"#,
        r#"{"alg":1,"a\u006cg":2}"#,
        r#"{"\u0061":1,"\u0061":2}"#,
        r#"{"":1,"":2}"#,
        r#"{"__proto__":1,"__proto__":2}"#,
    ] {
        assert_eq!(fault(text), Some(Fault::Duplicate), "{text}");
    }
}

#[test]
fn duplicates_are_found_among_many_names_too() {
    let names = |count: usize| (0..count).map(|n| format!("\"n{n}\":{n}")).collect::<Vec<_>>();
    for count in [7, 8, 9, 40] {
        let mut members = names(count);
        assert_eq!(fault(format!("{{{}}}", members.join(","))), None);
        members.push("\"n\\u0030\":0".into());
        assert_eq!(fault(format!("{{{}}}", members.join(","))), Some(Fault::Duplicate), "{count} names");
    }
}

#[test]
fn the_same_name_in_different_objects_is_fine() {
    assert_eq!(fault(r#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}"#), None);
}

#[test]
fn half_a_surrogate_pair_is_refused_and_a_whole_one_read() {
    for literal in
        [r"\ud800", r"\udc00", r"\ud800x", r"\ud800\ud800", r"\udc00\ud800", r"\ud83d\n", r"\ud83d\u0041"]
    {
        assert_eq!(fault(format!("{{\"t\":\"{literal}\"}}")), Some(Fault::Surrogate), "{literal}");
        assert_eq!(fault(format!("{{\"{literal}\":1}}")), Some(Fault::Surrogate), "{literal} as a name");
    }
    assert_eq!(text(r"\ud83d\ude00"), "😀");
    assert_eq!(text(r"\uD83D\uDE00x"), "😀x");
}

#[test]
fn escapes_are_resolved() {
    assert_eq!(text(r#"\"\\\/\b\f\n\r\t\u0041\u00e9\u0000"#), "\"\\/\u{8}\u{c}\n\r\tAé\0");
    for literal in [r"\a", r"\x41", r"\u00", r"\u00g0", r"\U0041", r"\'", "\\\n", r"\u+041"] {
        assert_eq!(fault(format!("{{\"t\":\"{literal}\"}}")), Some(Fault::Syntax), "{literal}");
    }
}

#[test]
fn control_characters_in_strings_are_refused() {
    for code in 0..0x20_u8 {
        assert_eq!(fault(format!("{{\"t\":\"{}\"}}", char::from(code))), Some(Fault::Syntax), "{code}");
    }
    assert_eq!(text("\u{7f}\u{80}\u{2028}\u{feff}"), "\u{7f}\u{80}\u{2028}\u{feff}");
}

#[test]
fn a_byte_order_mark_is_refused() {
    assert_eq!(fault("\u{feff}{}"), Some(Fault::Syntax));
}

#[test]
fn bytes_that_are_not_utf_8_are_refused() {
    for bad in [&b"\xff"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80"] {
        assert_eq!(fault([b"{\"a\":\"", bad, b"\"}"].concat()), Some(Fault::Utf8), "{bad:x?}");
    }
}

#[test]
fn nesting_ends_at_sixty_four_levels() {
    let lists = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    for document in [lists(64), objects(64)] {
        assert_eq!(fault(document), None);
    }
    for document in [lists(65), objects(65), lists(100_000), "{\"a\":".repeat(1_000_000)] {
        assert_eq!(fault(document), Some(Fault::Depth));
    }
}

#[test]
fn debug_shows_kinds_and_no_contents() {
    let object = Object::parse(br#"{"canary-name":"canary-text","n":42}"#).unwrap();
    assert_eq!(format!("{object:?}"), "[String, Number]");
}

/// Any JSON value that serde_json can write.
fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn equal(ours: Value<'_>, theirs: &serde_json::Value) -> bool {
    match (ours, theirs) {
        (Value::Null, serde_json::Value::Null) => true,
        (Value::Bool(ours), serde_json::Value::Bool(theirs)) => ours == *theirs,
        (Value::Number(ours), serde_json::Value::Number(theirs)) => Some(ours.to_f64()) == theirs.as_f64(),
        (Value::String(ours), serde_json::Value::String(theirs)) => {
            ours.is(theirs) && ours.to_cow() == *theirs
        }
        (Value::Array(ours), serde_json::Value::Array(theirs)) => {
            let ours = ours.elements();
            ours.len() == theirs.len()
                && ours.into_iter().zip(theirs).all(|(ours, theirs)| equal(ours, theirs))
        }
        (Value::Object(ours), serde_json::Value::Object(theirs)) => {
            let ours = ours.object();
            theirs.iter().all(|(name, theirs)| ours.get(name).is_some_and(|ours| equal(ours, theirs)))
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn a_number_is_the_double_that_another_reader_makes_of_it(
        whole in "0|[1-9][0-9]{0,25}", fraction in "([.][0-9]{1,40})?", exponent in -345_i32..330,
    ) {
        let text = format!("-{whole}{fraction}e{exponent}");
        let theirs: f64 = text.parse().unwrap();
        if theirs.is_finite() {
            prop_assert_eq!(number(&text).to_bits(), theirs.to_bits(), "{}", text);
        } else {
            prop_assert_eq!(fault(format!("{{\"a\":{text}}}")), Some(Fault::Number), "{}", text);
        }
    }

    #[test]
    fn a_double_is_read_back_from_its_shortest_text_and_from_all_its_digits(bits in any::<u64>()) {
        let double = f64::from_bits(bits);
        prop_assume!(double.is_finite());
        prop_assert_eq!(number(&format!("{double:e}")).to_bits(), bits);
        prop_assert_eq!(number(&format!("{double:.1080}")).to_bits(), bits);
    }

    #[test]
    fn what_another_writer_writes_is_read_as_it_was_meant(value in value()) {
        let document = serde_json::json!({ "v": value });
        let json = document.to_string();
        let object = Object::parse(json.as_bytes()).unwrap();
        prop_assert!(equal(object.get("v").unwrap(), &document["v"]), "{json}");
    }

    #[test]
    fn no_bytes_are_accepted_that_another_parser_refuses(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        if Object::parse(&bytes).is_ok() {
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());
        }
    }

    #[test]
    fn a_document_with_one_byte_changed_is_never_accepted_where_another_parser_refuses(
        value in value(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut json = serde_json::json!({ "v": value }).to_string().into_bytes();
        let at = at.index(json.len());
        json[at] = byte;
        if Object::parse(&json).is_ok() {
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok());
        }
    }

    #[test]
    fn a_string_that_is_written_is_read_back(text in any::<String>()) {
        let mut json = String::from("{\"t\":");
        push_string(&mut json, &text);
        json.push('}');
        prop_assert!(Object::parse(json.as_bytes()).unwrap().get("t").unwrap().as_text().unwrap().is(&text));
        let theirs: serde_json::Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(theirs["t"].as_str(), Some(text.as_str()));
    }
}
