//! What comes from outside: challenges, token responses, URLs. All of it may be hostile.

use crate::support::{Host, Reply};
use proptest::prelude::*;
use tokenward::UrlParts;
use tokenward::session::{Challenge, Freshness, Redirect, Redirected, Resources, Snapshot, parse_challenges};

fn challenge(scheme: &str, token68: Option<&str>, params: &[(&str, &str)]) -> Challenge {
    let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Challenge { scheme: scheme.to_owned(), token68: token68.map(str::to_owned), params }
}

#[test]
fn challenges_are_read_as_rfc_9110_writes_them() {
    let cases = [
        ("", vec![]),
        (" , ,", vec![]),
        ("Basic", vec![challenge("Basic", None, &[])]),
        ("Basic, Negotiate", vec![challenge("Basic", None, &[]), challenge("Negotiate", None, &[])]),
        ("Negotiate YWJj==", vec![challenge("Negotiate", Some("YWJj=="), &[])]),
        (
            r#"Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"""#,
            vec![
                challenge("Basic", None, &[("realm", "simple")]),
                challenge(
                    "Newauth",
                    None,
                    &[("realm", "apps"), ("type", "1"), ("title", "Login to \"apps\"")],
                ),
            ],
        ),
        (
            r#"Bearer REALM = "a" , Scope="x y""#,
            vec![challenge("Bearer", None, &[("realm", "a"), ("scope", "x y")])],
        ),
        (
            r#"Bearer error="invalid_token", Negotiate abc, DPoP algs="ES256", error="use_dpop_nonce""#,
            vec![
                challenge("Bearer", None, &[("error", "invalid_token")]),
                challenge("Negotiate", Some("abc"), &[]),
                challenge("DPoP", None, &[("algs", "ES256"), ("error", "use_dpop_nonce")]),
            ],
        ),
        (
            r#"Basic realm="Bearer error=invalid_token""#,
            vec![challenge("Basic", None, &[("realm", "Bearer error=invalid_token")])],
        ),
        (r#"Bearer realm="no end, Basic"#, vec![challenge("Bearer", None, &[])]),
        ("realm=lonely, Basic", vec![challenge("Basic", None, &[])]),
        ("Bearer a=1, a=2", vec![challenge("Bearer", None, &[("a", "1")])]),
        ("@@@, Basic", vec![challenge("Basic", None, &[])]),
        (r#"Bearer realm="käse\x", x="#, vec![challenge("Bearer", None, &[("realm", "käsex")])]),
    ];
    for (value, expected) in cases {
        assert_eq!(parse_challenges(value), expected, "{value}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it measures what is done")]
fn a_challenge_costs_no_more_than_its_length() {
    let cost = |value: &str| {
        let runs = (0..10).map(|_| {
            let start = std::time::Instant::now();
            let _ = parse_challenges(value);
            start.elapsed()
        });
        runs.min().unwrap()
    };
    let params = |count: usize| (0..count).map(|at| format!("{at:x}=1")).collect::<Vec<_>>().join(",");
    let few = cost(&format!("Bearer {}", params(200)));
    let many = cost(&format!("Bearer {}", params(2_000)));
    assert!(many < few * 40, "{many:?} for ten times as many as {few:?}");
}

#[test]
fn of_a_challenge_that_is_too_long_the_first_part_is_read() {
    let field = |length: usize| {
        let field = (0..).map(|at| format!("p{at}=1")).scan("Bearer ".to_string(), |text, param| {
            text.push_str(&param);
            text.push(',');
            Some(text.clone())
        });
        field.take_while(|text| text.len() <= length).last().unwrap()
    };
    let read = |text: &str| parse_challenges(text).remove(0).params;
    let whole = field(16_384);
    let longer = field(1 << 16);
    assert_eq!(read(&longer), read(&whole));
    let quoted = format!("Bearer a=1, realm=\"{}\", Basic", "ä".repeat(10_000));
    assert_eq!(parse_challenges(&quoted), vec![challenge("Bearer", None, &[("a", "1")])]);
    // The part of a token68 is another token68.
    assert_eq!(parse_challenges(&format!("Negotiate {}", "A".repeat(20_000))), vec![]);
}

#[test]
fn of_many_parameters_of_one_name_the_first_counts() {
    let params = (0..3_000).map(|at| format!("{}={at}", ["b", "A", "c"][at % 3])).collect::<Vec<_>>();
    let expected = challenge("Bearer", None, &[("b", "0"), ("a", "1"), ("c", "2")]);
    assert_eq!(parse_challenges(&format!("Bearer {}", params.join(","))), vec![expected]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_challenge_panics(value in r#"[ -~\t"\\,=äö]{0,60}"#) {
        prop_assert!(parse_challenges(&value).iter().all(|challenge| !challenge.scheme.is_empty()));
    }

    #[test]
    fn what_is_written_is_read(
        scheme in "[A-Za-z]{1,8}",
        values in proptest::collection::vec(("[a-z]{1,6}[0-9]", r#"[ -~]{0,12}"#), 1..5),
    ) {
        let mut expected: Vec<(String, String)> = Vec::new();
        let mut text = format!("{scheme} ");
        for (at, (name, value)) in values.iter().enumerate() {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            text.push_str(&format!("{}{name}=\"{quoted}\"", if at > 0 { ", " } else { "" }));
            if !expected.iter().any(|(known, _)| known == name) {
                expected.push((name.clone(), value.clone()));
            }
        }
        prop_assert_eq!(parse_challenges(&text), vec![Challenge { scheme, token68: None, params: expected }]);
    }
}

/// The lifetime that a session gives a token, in seconds; `Err` with the code where the answer is refused.
fn lifetime(members: &str) -> Result<Option<f64>, String> {
    let mut host = Host::new(false);
    host.reply(Reply::Json(200, format!(r#"{{"token":"opaque"{members}}}"#)));
    host.login(1);
    match host.take().remove(0).strip_prefix("fail 1 ") {
        Some(code) => Err(code.to_owned()),
        None => match host.snapshot() {
            Snapshot::Active { expires_at_ms, .. } => {
                Ok(expires_at_ms.map(|at| (at - crate::support::T0) as f64 / 1000.0))
            }
            other => panic!("{other:?}"),
        },
    }
}

#[test]
fn expires_in_is_a_number_of_seconds_in_digits_or_nothing() {
    for (value, seconds) in
        [("3600", 3600.0), ("\"3600\"", 3600.0), ("0", 0.0), ("1.5", 1.5), ("1e300", 315_360_000.0)]
    {
        assert_eq!(lifetime(&format!(r#","expires_in":{value}"#)), Ok(Some(seconds)), "{value}");
    }
    assert_eq!(lifetime(""), Ok(None));
    assert_eq!(lifetime(r#","expires_in":null"#), Ok(None));
    for value in ["-1", "\"\"", "\"soon\"", "\"-1\"", "\"1e3\"", "true", "[]", "{}"] {
        let refused = Err("ERR_TOKEN_RESPONSE_INVALID".to_owned());
        assert_eq!(lifetime(&format!(r#","expires_in":{value}"#)), refused, "{value}");
    }
}

#[test]
fn without_expires_in_a_jwt_tells_its_own_lifetime_as_a_duration() {
    // {"iat":1000,"exp":1600,"sub":"ada"}, on whatever clock
    let mut host = Host::new(false);
    let token = "e30.eyJpYXQiOjEwMDAsImV4cCI6MTYwMCwic3ViIjoiYWRhIn0.x";
    host.reply(Reply::Json(200, format!(r#"{{"access_token":"{token}"}}"#)));
    host.login(1);
    let Snapshot::Active { expires_at_ms, subject, freshness, .. } = host.snapshot() else {
        panic!("not signed in")
    };
    assert_eq!(expires_at_ms, Some(crate::support::T0 + 600_000));
    assert_eq!((subject.as_deref(), freshness), (Some("ada"), Freshness::Fresh));
}

#[test]
fn a_token_response_that_cannot_be_used_is_refused() {
    let refused = |reply: Reply| {
        let mut host = Host::new(false);
        host.reply(reply);
        host.login(1);
        host.take()
    };
    let json = |text: &str| Reply::Json(200, text.to_owned());
    let long = format!(r#"{{"token":"{}"}}"#, "a".repeat(70_000));
    for reply in [
        json(""),
        json("[]"),
        json("{}"),
        json(r#"{"token":""}"#),
        json(r#"{"token":7}"#),
        json(r#"{"token":"a b"}"#),
        json(r#"{"token":"a\r\nx: y"}"#),
        json(r#"{"token":"ä"}"#),
        json(r#"{"token":"a","token":"b"}"#),
        json(r#"{"token":"a","refresh_token":7}"#),
        json(r#"{"token":"a","token_type":"mac"}"#),
        json(r#"{"token":"a","token_type":7}"#),
        json(&long),
        Reply::Text(200, r#"{"token":"a"}"#),
        Reply::Json(204, String::new()),
        Reply::Json(202, r#"{"token":"a"}"#.to_owned()),
    ] {
        assert_eq!(refused(reply), ["fail 1 ERR_TOKEN_RESPONSE_INVALID"]);
    }
    for text in
        [r#"{"token":"a","token_type":"bEaReR","refresh_token":null}"#, r#"{"access_token":"a|b~c=="}"#]
    {
        assert_eq!(refused(json(text)), ["signed in 1"], "{text}");
    }
}

/// Splits a URL whose parts are already as a platform would give them.
fn admit(resources: &Resources, url: &str) -> Result<bool, &'static str> {
    with_parts(url, |parts| resources.admit(parts).map_err(|error| error.code()))
}

fn with_parts<T>(url: &str, use_parts: impl FnOnce(&UrlParts<'_>) -> T) -> T {
    let (protocol, rest) = url.split_once("//").expect("a scheme");
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let (user, host) = authority.split_once('@').unwrap_or(("", authority));
    let (hostname, port) = match host.rsplit_once(':') {
        Some((hostname, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (hostname, port),
        _ => (host, ""),
    };
    let (pathname, search) = path.find('?').map_or((path, ""), |at| path.split_at(at));
    use_parts(&UrlParts { protocol, username: user, password: "", hostname, port, pathname, search })
}

fn resources(urls: &[&str], loopback: bool) -> Result<Resources, &'static str> {
    let mut resources = Resources::new(loopback);
    for url in urls {
        with_parts(url, |parts| resources.add(parts)).map_err(|error| error.code())?;
    }
    Ok(resources)
}

#[test]
fn the_token_goes_to_whole_segments_below_a_resource() {
    let places = resources(&["https://api.example/v1/", "https://second.example"], true).expect("resources");
    for inside in [
        "https://api.example/v1",
        "https://api.example/v1/",
        "https://api.example/v1/users?next=/../",
        "https://api.example/v1/group%2Fproject",
        "https://second.example/",
        "https://second.example/any/..%2f",
    ] {
        assert_eq!(admit(&places, inside), Ok(true), "{inside}");
    }
    for outside in [
        "https://api.example/",
        "https://api.example/v10",
        "https://api.example/V1",
        "https://api.example/v1%2fx",
        "https://api.example/%761",
        "https://api.example/v1/..%2fadmin",
        "https://api.example/v1/%2e%2e%2Fadmin",
        "https://api.example/v1/..%5cadmin",
        "https://api.example/v1/%252e%252e/admin",
        "https://api.example/v1/%25252e%25252e/admin",
        "https://api.example/v1/..;/admin",
        "https://api.example:8443/v1",
        "https://api.example./v1",
        "https://evil.example/v1",
        "https://api.example.evil.example/v1",
        "https://evil.example/@api.example/v1",
        "http://api.example/v1",
        "https://[::1]/v1",
        "https://xn--pi-7ka.example/v1",
        "wss://api.example/v1",
        "https://evil.example/\\api.example/v1",
    ] {
        assert_eq!(admit(&places, outside), Ok(false), "{outside}");
    }
    assert_eq!(admit(&places, "https://ada@api.example/v1"), Err("ERR_INSECURE_URL"));
}

#[test]
fn no_decoder_can_lead_the_token_out_of_its_path() {
    let places = resources(&["https://api.example/api/"], true).expect("resources");
    for segment in [
        "..%3b",
        "..%3bx=1",
        "..;x",
        ".;",
        ".%2e;",
        "%2e.;",
        "..%00",
        "..%00.json",
        ".%00.",
        "%00..",
        "..%20",
        "%20..",
        "..%09",
        "%09..",
        ".%09.",
        "..%0a",
        "..%0d",
        "..%0d%0a",
        ".%0a.",
        "..%0b",
        "..%0c",
        "..%7f",
        "..%1f",
        "..+",
        "..%2b",
        "..%23",
        "..%3f",
        "..%3fx",
        "..%3a",
        "..:$DATA",
        "..%2e",
        "...",
        "....",
        "..%20.",
        "%2e%2e%3b",
        "%252e%252e%253b",
        "..%253b",
        "..%2500",
        "..%2520",
        "..%2509",
        "%25252e%25252e%25253b",
        "x%2f..%3b",
        "x%5c..%3b",
        "x%2f..%2fy",
        "x%5c..",
        "..%5cx",
        "%5c..%5c",
        "..%2fx",
        "%2f..",
        "..%c0%afx",
        "..%e0%80%afx",
        "..%f0%80%80%afx",
        "..%c1%9cx",
        "%c0%ae%c0%ae",
        "%c0%2e%c0%2e",
        "%e0%80%ae%e0%80%ae",
        "%f0%80%80%ae%f0%80%80%ae",
        "%25c0%25ae%25c0%25ae",
        "%ef%bc%8e%ef%bc%8e",
        ".%ef%bc%8e",
        "%e2%80%a4%e2%80%a4",
        "%e2%80%a5",
        "%e2%80%a6",
        "%ef%b9%92.",
        "..%ef%bc%8fx",
        "..%e2%88%95x",
        "..%e2%81%84x",
        "..%ef%bc%bcx",
        "..%e2%88%96x",
        "%u002e%u002e",
        "%U002E.",
        "..%u002fx",
        "..%u005cx",
        "%uff0e%uff0e",
        "..%u2215x",
        "..%c2%a0",
        "%c2%a0..",
        "%ef%bb%bf..",
        "..%e2%80%8b",
        ".%e2%80%8b.",
        "..%ff",
        "..%",
        "..%zz",
        "..\u{e9}",
        "..%25",
    ] {
        for url in [
            format!("https://api.example/api/{segment}/admin"),
            format!("https://api.example/api/{segment}"),
            format!("https://api.example/api/x/{segment}/{segment}/admin"),
        ] {
            assert_eq!(admit(&places, &url), Ok(false), "{url}");
        }
        let odd = format!("https://api.example/api/{segment}");
        assert_eq!(resources(&[&odd], true).err(), Some("ERR_INVALID_ARG"), "{odd}");
    }
}

#[test]
fn names_with_dots_spaces_and_escapes_stay_inside_their_path() {
    let places = resources(&["https://api.example/api/"], true).expect("resources");
    for name in [
        ".well-known/x",
        ".env",
        "..draft",
        "...draft",
        ".-",
        "._x",
        ".~lock",
        ".@scope",
        "a.",
        "a..",
        "a..b",
        "a;v=1",
        "a;..",
        "a%20b",
        "%20a",
        "a%2e",
        "a%2f.b",
        "a%2fb",
        "a%5cb",
        "100%25",
        "%25",
        "%",
        "%zz",
        "%c3%a9.txt",
        "\u{e9}.txt",
        "a%00",
        "a%3b",
        "a?x=/../",
        "a%3f",
        "a+b",
        "%u00e9",
        "%E6%97%A5%E6%9C%AC",
        "2025.01.31",
        "v1.2/../v1.3",
        "%40x",
        ":id",
        "$batch",
        "a,b",
        "(x)",
        "",
        "/",
    ] {
        let url = format!("https://api.example/api/{}", name.replace("v1.2/../", ""));
        assert_eq!(admit(&places, &url), Ok(true), "{url}");
    }
}

#[test]
fn resources_are_secure_origins_with_plain_paths() {
    for fine in ["https://api.example", "http://localhost:8080/v1", "http://127.8.9.1", "http://[::1]"] {
        assert!(resources(&[fine], true).is_ok(), "{fine}");
    }
    for insecure in [
        "http://api.example",
        "http://127.0.0.1.evil.example",
        "http://127.0.0",
        "http://127.1.1.1000",
        "http://127.0.0.+1",
        "http://127.0.0.",
        "http://a.localhost",
        "http://localhost.",
        "http://localhost.evil.example",
        "http://[::2]",
        "http://[::ffff:7f00:1]",
        "https://ada@api.example",
        "ftp://api.example",
        "https:///v1",
    ] {
        assert_eq!(resources(&[insecure], true).err(), Some("ERR_INSECURE_URL"), "{insecure}");
    }
    assert_eq!(resources(&["http://localhost"], false).err(), Some("ERR_INSECURE_URL"));
    for odd in ["https://api.example/?x=1", "https://api.example/v1/..%2fx"] {
        assert_eq!(resources(&[odd], true).err(), Some("ERR_INVALID_ARG"), "{odd}");
    }
}

#[test]
fn metadata_name_loopback_only_if_the_issuer_is_on_loopback() {
    let check = |issuer: &str, named: &str, loopback| {
        with_parts(issuer, |issuer| {
            with_parts(named, |named| named.require_secure_for(issuer, loopback).is_ok())
        })
    };
    let inside = "http://127.0.0.1:8080/admin";
    assert!(check("http://localhost:3000", inside, true));
    assert!(!check("http://localhost:3000", inside, false));
    for issuer in ["https://as.example", "https://localhost", "https://127.0.0.1", "http://a.localhost"] {
        assert!(!check(issuer, inside, true), "{issuer}");
        assert!(check(issuer, "https://as.example/token", true), "{issuer}");
    }
    assert!(!check("http://localhost", "http://as.example/token", true));
}

/// A redirect of a signed request from `from`; `to` is `None` where `Location` is no URL.
fn redirected(status: u16, method: &str, from: &str, to: Option<&str>) -> Result<Redirect, &'static str> {
    redirect_of(status, method, from, to, false, true, 0)
}

fn redirect_of(
    status: u16,
    method: &str,
    from: &str,
    to: Option<&str>,
    once: bool,
    signed: bool,
    followed: u32,
) -> Result<Redirect, &'static str> {
    let places = resources(&["https://api.example/v1/", "https://second.example"], true).expect("resources");
    let origin = |url: &str| with_parts(url, |parts| parts.origin());
    Redirected {
        status,
        followed,
        method,
        once,
        signed,
        protocol: to.and_then(|to| to.find("//").map(|end| &to[..end])).unwrap_or_default(),
        crosses: to.is_some_and(|to| origin(from) != origin(to)),
        inside: to.is_some_and(|to| admit(&places, to) == Ok(true)),
    }
    .follow()
    .map_err(|error| error.code())
}

#[test]
fn the_token_follows_a_redirect_from_place_to_place_and_once_left_behind_stays_behind() {
    let from = "https://api.example/v1/a";
    for (to, stays) in [
        ("https://api.example/v1/b", true),
        ("https://second.example/", true),
        ("https://api.example/v2", false),
        ("https://api.example/v1/..%2fv2", false),
        ("https://api.example:8443/v1/b", false),
        ("http://api.example/v1/b", false),
        ("https://evil.example/v1/b", false),
        ("https://api.example.evil.example/v1/b", false),
    ] {
        for (was_signed, is_signed) in [(true, stays), (false, false)] {
            let Ok(Redirect::Follow { signed, .. }) =
                redirect_of(302, "GET", from, Some(to), false, was_signed, 3)
            else {
                panic!("{to} is not followed")
            };
            assert_eq!(signed, is_signed, "to {to}, signed {was_signed} before");
        }
    }
}

#[test]
fn a_redirect_makes_of_method_and_body_what_the_fetch_standard_says() {
    let becomes_get = |status, method| match redirected(
        status,
        method,
        "https://api.example/v1/a",
        Some("https://api.example/v1/b"),
    ) {
        Ok(Redirect::Follow { becomes_get, dropped, .. }) => {
            assert_eq!(dropped.contains(&"content-type"), becomes_get, "{status} {method}");
            becomes_get
        }
        other => panic!("{status} {method}: {other:?}"),
    };
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "QUERY"] {
        let (posts, reads) = (method == "POST", ["GET", "HEAD"].contains(&method));
        assert_eq!(becomes_get(301, method), posts, "301 {method}");
        assert_eq!(becomes_get(302, method), posts, "302 {method}");
        assert_eq!(becomes_get(303, method), !reads, "303 {method}");
        assert!(!becomes_get(307, method) && !becomes_get(308, method), "307 and 308 {method}");
    }
    // What can be sent once only is not sent again, and a GET that comes of it has no body.
    for status in [301, 302, 307, 308] {
        let once = redirect_of(
            status,
            "POST",
            "https://api.example/v1/a",
            Some("https://api.example/v1/b"),
            true,
            true,
            0,
        );
        assert_eq!(once, Err("ERR_BODY_NOT_REPLAYABLE"), "{status}");
    }
    let see_other =
        redirect_of(303, "POST", "https://api.example/v1/a", Some("https://api.example/v1/b"), true, true, 0);
    assert!(matches!(see_other, Ok(Redirect::Follow { becomes_get: true, .. })));
}

#[test]
fn another_origin_sees_neither_cookies_nor_the_credentials_of_a_proxy() {
    let from = "https://api.example/v1/a";
    for (to, crosses) in [
        ("https://api.example/v1/b", false),
        ("https://second.example/", true),
        ("https://evil.example/", true),
    ] {
        let Ok(Redirect::Follow { dropped, .. }) = redirected(307, "PUT", from, Some(to)) else {
            panic!("{to} is not followed")
        };
        let expected: &[&str] = if crosses { &["cookie", "host", "proxy-authorization"] } else { &[] };
        assert_eq!(dropped, expected, "{to}");
    }
}

#[test]
fn what_fetch_would_not_follow_is_not_followed() {
    let (from, to) = ("https://api.example/v1/a", Some("https://api.example/v1/b"));
    for status in [200, 201, 300, 304, 305, 306, 309, 401] {
        assert_eq!(redirected(status, "GET", from, to), Ok(Redirect::Final), "{status}");
    }
    for odd in [None, Some("ftp://api.example/v1/b"), Some("file:///etc/passwd")] {
        assert_eq!(redirected(302, "GET", from, odd), Ok(Redirect::Broken), "{odd:?}");
    }
    assert!(matches!(redirect_of(302, "GET", from, to, false, true, 19), Ok(Redirect::Follow { .. })));
    assert_eq!(redirect_of(302, "GET", from, to, false, true, 20), Ok(Redirect::Broken), "the twenty-first");
}
