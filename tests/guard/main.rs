//! The bearer guard, over raw header strings: RFC 6750, RFC 7800 section 3.1, RFC 9110 section 11, RFC 9449 section 7.2 and
//! the Fetch standard's CORS protocol.
#![cfg(all(feature = "jwt", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use proptest::prelude::*;
use tokenward::guard::{
    Answer, Grants, Guard, Header, Kind, MISSING_MESSAGE, Origins, Refusal, Request, Scopes, Settings,
};
use tokenward::{Error, Lack, Reason, json};

const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.e30.c2ln";

fn guard() -> Guard {
    Guard::new(Settings::default()).unwrap()
}

fn guard_with_cors() -> Guard {
    let cors = Origins::list(["https://app.example", "http://localhost:5173"]).unwrap();
    Guard::new(Settings { cors: Some(cors), ..Settings::default() }).unwrap()
}

fn get(authorization: &str) -> Request<'_> {
    Request {
        method: "GET",
        url: "https://api.example/things?page=2",
        authorization: Some(authorization),
        ..Request::default()
    }
}

fn from_origin(origin: &str) -> Request<'_> {
    Request { origin: Some(origin), authorization: None, ..get("") }
}

fn preflight<'r>(origin: &'r str, headers: Option<&'r str>) -> Request<'r> {
    Request {
        method: "OPTIONS",
        request_method: Some("PATCH"),
        request_headers: headers,
        ..from_origin(origin)
    }
}

fn grants(claims: &str) -> Grants {
    Grants::from_claims(&json::Object::parse(claims.as_bytes()).unwrap())
}

fn value<'h>(headers: &'h [Header], name: &str) -> Option<&'h str> {
    let mut values = headers.iter().filter(|header| header.name == name);
    let value = values.next().map(|header| header.value.as_str());
    assert!(values.next().is_none(), "{name} occurs twice");
    value
}

fn challenge(answer: &Answer) -> Option<&str> {
    value(&answer.headers, "WWW-Authenticate")
}

fn refused(guard: &Guard, refusal: Refusal) -> Answer {
    guard.judge(&get(""), Err(refusal), &Scopes::default()).unwrap_err()
}

#[test]
fn g1_no_credentials_are_challenged_without_an_error_code() {
    let nothing = Request { authorization: None, ..get("") };
    for request in [
        nothing,
        get(""),
        get("   "),
        get("Basic dXNlcjpwYXNz"),
        get("Digest username=\"bearer\", realm=\"x\""),
        get("DPoP eyJ.e30.c2ln"),
        get("Bearers abc"),
        get("Bearer1 abc"),
        get("Be arer abc"),
        get("abc"),
        get(TOKEN),
        get(","),
        get("\u{2028}"),
    ] {
        let answer = guard().credentials(&request).unwrap_err();
        assert_eq!((answer.kind, answer.kind.status()), (Kind::Missing, 401), "{request:?}");
        assert_eq!(challenge(&answer), Some("Bearer realm=\"api\""));
        assert_eq!(answer.body, format!("{{\"message\":\"{MISSING_MESSAGE}\"}}"));
        assert_eq!(value(&answer.headers, "Content-Type"), Some("application/json"));
    }
}

#[test]
fn g2_exactly_one_token_follows_a_scheme_in_any_case() {
    for accepted in ["Bearer abc", "bearer abc", "BEARER abc", "bEaReR   abc", " Bearer abc\t", "Bearer abc "]
    {
        assert_eq!(guard().credentials(&get(accepted)), Ok("abc"), "{accepted:?}");
    }
    for token in ["a", "-._~+/", "A9==", TOKEN] {
        assert_eq!(guard().credentials(&get(&format!("Bearer {token}"))), Ok(token));
    }
    for garbled in [
        "Bearer",
        "Bearer ",
        "bearer\tabc",
        "Bearer \tabc",
        "Bearer abc def",
        "Bearer =",
        "Bearer a=b",
        "Bearer \"abc\"",
        "Bearer abc;",
        "Bearer token=abc",
        "Bearer: abc",
        "Bearer,abc",
        "Bearer=abc",
        "Bearer abc\u{a0}",
        "Bearer ab\u{e9}",
        "Bearer a\r\nX: y",
        "Bearer a\0",
        "Bearer [object Object]",
    ] {
        let answer = guard().credentials(&get(garbled)).unwrap_err();
        assert_eq!((answer.kind, answer.kind.status()), (Kind::InvalidRequest, 400), "{garbled:?}");
        assert_eq!(
            challenge(&answer),
            Some(
                "Bearer realm=\"api\", error=\"invalid_request\", \
                 error_description=\"the Authorization header is not one Bearer token\""
            )
        );
        assert!(answer.body.starts_with("{\"error\":\"invalid_request\",\"message\":\""), "{}", answer.body);
    }
}

#[test]
fn g3_two_fields_joined_are_refused_and_neither_token_is_verified() {
    for twice in [
        "Bearer a, Bearer b",
        "Bearer a,Bearer b",
        "Bearer a,",
        "Bearer a, a",
        "Basic dXNlcjpwYXNz, Bearer a",
        "Basic dXNlcjpwYXNz,bearer a",
        "Bearer a, Basic dXNlcjpwYXNz",
    ] {
        let answer = guard().credentials(&get(twice)).unwrap_err();
        assert_eq!(answer.kind, Kind::InvalidRequest, "{twice:?}");
    }
}

#[test]
fn g4_a_token_in_the_query_is_never_taken() {
    let urls = [
        "https://api.example/?access_token=abc",
        "/things?page=2&access_token=abc",
        "/things?access_token",
        "/things?access%5Ftoken=abc",
        "/things?%61ccess_toke%6E=abc#top",
    ];
    for url in urls {
        let in_query = Request { url, authorization: None, ..get("") };
        assert_eq!(guard().credentials(&in_query).unwrap_err().kind, Kind::Missing, "{url}");
        let in_both = Request { url, ..get("Bearer abc") };
        assert_eq!(guard().credentials(&in_both).unwrap_err().kind, Kind::InvalidRequest, "{url}");
    }
    for url in [
        "/?my_access_token=a",
        "/?q=access_token",
        "/access_token=a",
        "/#?access_token=a",
        "/?access%5token=%",
    ] {
        assert_eq!(guard().credentials(&Request { url, ..get("Bearer abc") }), Ok("abc"), "{url}");
    }
}

#[test]
fn g5_a_token_that_fails_verification_is_invalid_and_the_reason_comes_from_a_fixed_list() {
    let cases = [
        (Error::Expired { claim: "exp" }, "the access token has expired"),
        (Error::Expired { claim: "iat" }, "the access token has expired"),
        (Error::NotYetValid, "the access token is not valid yet"),
        (Error::Revoked, "the access token has been revoked"),
        (Error::SignatureInvalid, "the access token is not valid"),
        (Error::JweNotSupported, "the access token is not valid"),
        (Error::MultipleMatchingKeys, "the access token is not valid"),
        (Error::NoMatchingKey { kid: Some("secret\"\r\nkid".into()) }, "the access token is not valid"),
        (Error::AlgorithmNotAllowed { alg: Some("HS256") }, "the access token is not valid"),
        (Error::NotSupported { parameter: "crit" }, "the access token is not valid"),
    ];
    for (error, description) in cases {
        let answer = refused(&guard(), Refusal::from(&error));
        assert_eq!((answer.kind, answer.kind.status()), (Kind::InvalidToken, 401), "{error:?}");
        let expected =
            format!("Bearer realm=\"api\", error=\"invalid_token\", error_description=\"{description}\"");
        assert_eq!(challenge(&answer), Some(expected.as_str()));
        assert_eq!(answer.body, format!("{{\"error\":\"invalid_token\",\"message\":\"{description}\"}}"));
    }
}

#[test]
fn g6_a_missing_scope_is_named_with_all_that_are_needed() {
    let settings = Settings { scopes: Scopes::new(["read"]).unwrap(), ..Settings::default() };
    let guard = Guard::new(settings).unwrap();
    let need = Scopes::new(["write", "read"]).unwrap();
    for lacking in [
        "{}",
        r#"{"scope":""}"#,
        r#"{"scope":"read"}"#,
        r#"{"scope":"write"}"#,
        r#"{"scope":"READ WRITE"}"#,
        r#"{"scope":"read,write"}"#,
        r#"{"scope":"readwrite"}"#,
        r#"{"scope":["read",{"write":true},7]}"#,
        r#"{"scp":"write"}"#,
        r#"{"scopes":"read write"}"#,
        r#"{"scope":"read","scp":["write"]}"#,
    ] {
        let answer = guard.judge(&get(""), Ok(&grants(lacking)), &need).unwrap_err();
        assert_eq!((answer.kind, answer.kind.status()), (Kind::InsufficientScope, 403), "{lacking}");
        assert_eq!(
            challenge(&answer),
            Some(
                "Bearer realm=\"api\", error=\"insufficient_scope\", \
                 error_description=\"the access token lacks a scope that this resource needs\", scope=\"read write\""
            )
        );
    }
    for sufficient in [
        r#"{"scope":"read write"}"#,
        r#"{"scope":"write  other read "}"#,
        r#"{"scp":["read","write"]}"#,
        r#"{"scp":"read write"}"#,
        r#"{"scope":"\u0072ead write","scp":7}"#,
    ] {
        assert_eq!(guard.judge(&get(""), Ok(&grants(sufficient)), &need), Ok(Vec::new()), "{sufficient}");
    }
}

#[test]
fn g6_a_scope_that_the_verifier_s_rules_need_is_a_lack_of_scope_and_not_a_bad_token() {
    let lacking = Error::ClaimInvalid { claim: "scope".into(), reason: Reason::Mismatch };
    let answer = refused(&guard(), Refusal::from(&lacking));
    assert_eq!((answer.kind, answer.kind.status()), (Kind::InsufficientScope, 403));
    assert_eq!(
        challenge(&answer),
        Some(
            "Bearer realm=\"api\", error=\"insufficient_scope\", \
             error_description=\"the access token lacks a scope that this resource needs\""
        )
    );
    let other = Error::ClaimInvalid { claim: "aud".into(), reason: Reason::Mismatch };
    assert_eq!(refused(&guard(), Refusal::from(&other)).kind, Kind::InvalidToken);
}

#[test]
fn an_error_about_the_token_has_its_challenge_ready_and_an_outage_has_none() {
    let expired = Refusal::from(&Error::Expired { claim: "exp" });
    let ready = "Bearer error=\"invalid_token\", error_description=\"the access token has expired\"";
    assert_eq!(expired.challenge().as_deref(), Some(ready));
    let lacking = Error::ClaimInvalid { claim: "scope".into(), reason: Reason::Missing };
    assert!(Refusal::from(&lacking).challenge().unwrap().starts_with("Bearer error=\"insufficient_scope\","));
    for outage in [Error::KeySetTimeout, Error::ClockUnavailable, Error::RevocationUnavailable] {
        assert_eq!(Refusal::from(&outage).challenge(), None, "{outage:?}");
    }
}

#[test]
fn g7_nothing_unsafe_is_accepted_into_a_header() {
    for realm in ["", "a\r\nSet-Cookie: b", "caf\u{e9}", "tab\t", "\u{7f}"] {
        let error = Guard::new(Settings { realm: Some(realm.into()), ..Settings::default() }).unwrap_err();
        assert_eq!(error.code(), "ERR_INVALID_ARG", "{realm:?}");
    }
    let quoted =
        Guard::new(Settings { realm: Some(r#"the "best" \ api"#.into()), ..Settings::default() }).unwrap();
    let answer = quoted.credentials(&Request { authorization: None, ..get("") }).unwrap_err();
    assert_eq!(challenge(&answer), Some(r#"Bearer realm="the \"best\" \\ api""#));

    for scope in ["", "read write", "re\"ad", "re\\ad", "re\nad", "l\u{e4}sen", "a\u{7f}"] {
        assert_eq!(Scopes::new([scope]).unwrap_err().code(), "ERR_INVALID_ARG", "{scope:?}");
    }
    assert!(Scopes::new(["https://example.com/read", "urn:x:y", "!#[]~"]).is_ok());
    assert!(Scopes::new(vec!["read"; 1_000]).is_ok());
    let many = Scopes::new(vec!["read"; 1_001]).unwrap_err();
    assert_eq!(many.to_string(), "\"scopes\" must be a list of at most 1,000");
    assert!(Origins::list(vec!["https://app.example"; 1_000]).is_ok());
    let many = Origins::list(vec!["https://app.example"; 1_001]).unwrap_err();
    assert_eq!(many.to_string(), "\"cors.origins\" must be a list of at most 1,000");

    for origin in [
        "",
        "*",
        "null",
        "app.example",
        "https://",
        "https://app.example/",
        "https://app.example/path",
        "https://App.example",
        "HTTPS://app.example",
        "https://app.example:443",
        "http://app.example:80",
        "https://app.example:",
        "https://app.example:0",
        "https://app.example:99999",
        "https://user@app.example",
        "https://*.example",
        "https://app.example\r\nX: y",
        "https://\u{e4}.example",
    ] {
        assert_eq!(Origins::list([origin]).unwrap_err().code(), "ERR_INVALID_ARG", "{origin:?}");
    }
    assert!(Origins::list(Vec::<String>::new()).is_err(), "an empty list is not a list");
    for origin in [
        "https://app.example",
        "http://localhost:5173",
        "https://[::1]:8443",
        "chrome-extension://abcd",
        "http://10.0.0.1",
    ] {
        assert!(Origins::list([origin]).is_ok(), "{origin}");
    }

    let silent = Settings { missing_message: Some(String::new()), ..Settings::default() };
    assert_eq!(Guard::new(silent).unwrap_err().code(), "ERR_INVALID_ARG");
    let own = Settings { missing_message: Some("Bitte \"anmelden\"\n\u{fc}".into()), ..Settings::default() };
    let answer = Guard::new(own).unwrap().credentials(&get("")).unwrap_err();
    assert_eq!(answer.body, "{\"message\":\"Bitte \\\"anmelden\\\"\\u000a\u{fc}\"}");
}

#[test]
fn g8_an_outage_on_this_side_is_never_put_on_the_token() {
    let ours = [
        Error::KeySetFetchFailed { status: Some(500) },
        Error::KeySetTimeout,
        Error::RevocationUnavailable,
        Error::ClockUnavailable,
        Error::SyncUnavailable { lack: Lack::Keys },
        Error::InvalidArg { name: "now".into(), expected: "a number".into(), given: None },
    ];
    for error in ours {
        let answer = refused(&guard(), Refusal::from(&error));
        assert_eq!((answer.kind, answer.kind.status()), (Kind::Unavailable, 503), "{error:?}");
        assert_eq!(challenge(&answer), None);
        assert_eq!(value(&answer.headers, "Retry-After"), Some("5"));
        assert!(answer.body.starts_with("{\"error\":\"unavailable\""), "{}", answer.body);
    }
}

#[test]
fn g9_no_answer_is_stored() {
    let guard = guard_with_cors();
    let answers = [
        guard.credentials(&from_origin("https://app.example")).unwrap_err(),
        guard.credentials(&get("Bearer")).unwrap_err(),
        guard.credentials(&preflight("https://app.example", None)).unwrap_err(),
        refused(&guard, Refusal::Expired),
        refused(&guard, Refusal::Unavailable),
    ];
    for answer in answers {
        assert_eq!(value(&answer.headers, "Cache-Control"), Some("no-store"), "{:?}", answer.kind);
    }
}

#[test]
fn g10_a_preflight_is_answered_and_only_a_preflight_goes_unchallenged() {
    let answer = guard().credentials(&preflight("https://app.example", Some("authorization"))).unwrap_err();
    assert_eq!((answer.kind, answer.kind.status(), answer.body.as_str()), (Kind::Preflight, 204, ""));
    assert!(
        answer.headers.iter().all(|header| header.name == "Cache-Control"),
        "no leave without cors settings"
    );

    // Not even a token changes what a preflight is.
    let with_token = Request { authorization: Some("Bearer abc"), ..preflight("https://app.example", None) };
    assert_eq!(guard().credentials(&with_token).unwrap_err().kind, Kind::Preflight);

    let whole = preflight("https://app.example", None);
    for partial in [
        Request { origin: None, ..whole },
        Request { request_method: None, ..whole },
        Request { method: "GET", ..whole },
    ] {
        assert_eq!(guard().credentials(&partial).unwrap_err().kind, Kind::Missing, "{partial:?}");
    }
}

#[test]
fn g11_pages_of_listed_origins_can_read_every_answer() {
    let guard = guard_with_cors();
    let origin = from_origin("https://app.example");
    let judged = |refusal| guard.judge(&origin, Err(refusal), &Scopes::default()).unwrap_err();
    let passed = guard.judge(&origin, Ok(&grants("{}")), &Scopes::default()).unwrap();
    let lists = [
        guard.credentials(&origin).unwrap_err().headers,
        guard.credentials(&Request { authorization: Some("Bearer"), ..origin }).unwrap_err().headers,
        judged(Refusal::Expired).headers,
        guard.judge(&origin, Ok(&grants("{}")), &Scopes::new(["x"]).unwrap()).unwrap_err().headers,
        passed.clone(),
    ];
    for headers in lists {
        assert_eq!(value(&headers, "Access-Control-Allow-Origin"), Some("https://app.example"));
        assert_eq!(value(&headers, "Access-Control-Expose-Headers"), Some("WWW-Authenticate"));
        assert_eq!(value(&headers, "Vary"), Some("Origin"));
    }
    // A handler may vary by, and expose, other things besides.
    let joined: Vec<_> = passed.iter().filter(|header| header.appends).map(|header| header.name).collect();
    assert_eq!(joined, ["Vary", "Access-Control-Expose-Headers"]);

    let exposed: Vec<_> = judged(Refusal::Unavailable)
        .headers
        .into_iter()
        .filter(|header| header.name == "Access-Control-Expose-Headers")
        .map(|header| header.value)
        .collect();
    assert_eq!(exposed, ["WWW-Authenticate", "Retry-After"]);

    for stranger in
        ["https://evil.example", "https://app.example.evil.example", "https://app.example:8443", "null", ""]
    {
        let answer = guard.credentials(&from_origin(stranger)).unwrap_err();
        assert_eq!(value(&answer.headers, "Access-Control-Allow-Origin"), None, "{stranger}");
        assert_eq!(value(&answer.headers, "Vary"), Some("Origin"));
    }
}

#[test]
fn g11_a_preflight_lists_authorization_by_name() {
    let guard = guard_with_cors();
    let answer = |request: &Request<'_>| guard.credentials(request).unwrap_err().headers;
    let headers = answer(&preflight("http://localhost:5173", Some("authorization,content-type, x-trace")));
    assert_eq!(value(&headers, "Access-Control-Allow-Origin"), Some("http://localhost:5173"));
    assert_eq!(value(&headers, "Access-Control-Allow-Methods"), Some("PATCH"));
    assert_eq!(value(&headers, "Access-Control-Allow-Headers"), Some("Authorization, content-type, x-trace"));
    assert_eq!(value(&headers, "Access-Control-Max-Age"), Some("7200"));
    assert_eq!(
        value(&headers, "Vary"),
        Some("Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
    );
    for odd in [None, Some(""), Some("a b"), Some("x\r\ny"), Some("x,,y"), Some("*, \u{e9}")] {
        let headers = answer(&preflight("https://app.example", odd));
        assert_eq!(value(&headers, "Access-Control-Allow-Headers"), Some("Authorization"), "{odd:?}");
    }
    let injected = Request { request_method: Some("GET\r\nX: y"), ..preflight("https://app.example", None) };
    assert_eq!(value(&answer(&injected), "Access-Control-Allow-Methods"), None);

    let stranger = answer(&preflight("https://evil.example", Some("authorization")));
    assert!(!stranger.iter().any(|header| header.name.starts_with("Access-Control-")), "{stranger:?}");

    let anyone = Guard::new(Settings { cors: Some(Origins::any()), ..Settings::default() }).unwrap();
    let headers = anyone.credentials(&from_origin("https://elsewhere.example")).unwrap_err().headers;
    assert_eq!(value(&headers, "Access-Control-Allow-Origin"), Some("*"));
    assert_eq!(value(&headers, "Vary"), None);
}

#[test]
fn g12_a_token_bound_to_a_key_is_not_a_bearer_token() {
    for bound in [
        r#"{"cnf":{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}"#,
        r#"{"cnf":{"x5t#S256":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}}"#,
        r#"{"cnf":{"jwk":{}}}"#,
        r#"{"cnf":{}}"#,
        r#"{"cnf":null}"#,
        r#"{"scope":"read","c\u006ef":{"jkt":"x"}}"#,
    ] {
        let answer = guard().judge(&get(""), Ok(&grants(bound)), &Scopes::default()).unwrap_err();
        assert_eq!(answer.kind, Kind::InvalidToken, "{bound}");
        assert_eq!(
            challenge(&answer),
            Some(
                "Bearer realm=\"api\", error=\"invalid_token\", \
                 error_description=\"the access token is bound to a key and is not accepted as a Bearer token\""
            )
        );
    }
    // A member of that name elsewhere binds nothing.
    let elsewhere = grants(r#"{"act":{"cnf":{"jkt":"x"}}}"#);
    assert!(guard().judge(&get(""), Ok(&elsewhere), &Scopes::default()).is_ok());
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "(?i)bearer[ \t,=]{0,3}[ -~\r\n]{0,12}",
        "[a-zA-Z0-9, \r\n\t\"\\\\:/]{0,24}",
        "[\\x00-\\x7f\u{80}-\u{ff}]{0,24}",
    ]
}

fn any_refusal() -> impl Strategy<Value = Refusal> {
    let each = [
        Refusal::Expired,
        Refusal::Invalid,
        Refusal::NotYetValid,
        Refusal::Revoked,
        Refusal::Scope,
        Refusal::Unavailable,
    ];
    prop::sample::select(each.to_vec())
}

proptest! {
    /// Whatever a request and a token hold and whatever the settings are, as far as they are accepted: a header
    /// value is printable ASCII, a body is JSON, and a token handed on for verification is a b64token.
    #[test]
    fn no_input_reaches_a_header_unchecked(
        (realm, scope, message) in (any_text(), any_text(), any_text()),
        (method, url, authorization) in (prop_oneof![Just("OPTIONS".to_owned()), any_text()], any_text(), any_text()),
        (origin, request_method, request_headers) in (any_text(), any_text(), any_text()),
        any_origin in any::<bool>(),
        refusal in any_refusal(),
        scopes in any_text(),
    ) {
        let realm_is_accepted =
            Guard::new(Settings { realm: Some(realm.clone()), ..Settings::default() }).is_ok();
        let listed = if any_origin { Ok(Origins::any()) } else { Origins::list([origin.clone()]) };
        let guard = Guard::new(Settings {
            realm: realm_is_accepted.then_some(realm),
            scopes: Scopes::new([scope]).unwrap_or_default(),
            cors: listed.ok(),
            missing_message: (!message.is_empty()).then_some(message),
        }).unwrap();
        let request = Request {
            method: &method,
            url: &url,
            authorization: Some(&authorization),
            origin: Some(&origin),
            request_method: Some(&request_method),
            request_headers: Some(&request_headers),
        };
        let mut claims = "{\"scope\":".to_owned();
        json::push_string(&mut claims, &scopes);
        claims.push('}');
        let need = Scopes::new([scopes]).unwrap_or_default();

        let credentials = guard.credentials(&request);
        if let Ok(token) = credentials {
            let digits = token.trim_end_matches('=');
            prop_assert!(!digits.is_empty());
            prop_assert!(digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte)));
        }
        for result in [
            credentials.map(|_| Vec::new()),
            guard.judge(&request, Err(refusal), &need),
            guard.judge(&request, Ok(&grants(&claims)), &need),
        ] {
            let headers = result.unwrap_or_else(|answer| {
                let is_json = serde_json::from_str::<serde_json::Value>(&answer.body).is_ok();
                assert!(is_json || answer.body.is_empty(), "{}", answer.body);
                answer.headers
            });
            for header in headers {
                prop_assert!(header.value.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{header:?}");
            }
        }
    }
}
