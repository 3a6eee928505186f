//! The guard's decision over raw header strings. The input is one field of the request to a line, in the order of
//! [`FIELDS`], and after them the claims of its token.
//!
//! What must hold: a token is taken only where the whole `Authorization` is one Bearer token, no answer holds anything
//! of the request's but what RFC 9110's `token` allows, and nobody passes without the scopes.
#![allow(clippy::unwrap_used, reason = "a target fails by panicking")]

use tokenward::guard::{Answer, Grants, Guard, Origins, Refusal, Request, Scopes, Settings};
use tokenward::json::{Object, Value};
use tokenward::session::parse_challenges;

const APP: &str = "https://app.example";
/// `Authorization`, URL, method, `Origin`, `Access-Control-Request-Method` and `-Headers`, an error's code
/// and after a space its claim.
const FIELDS: usize = 7;
/// What a guard may say in a body or a challenge, and nothing else.
const SENTENCES: [&str; 10] = [
    "You must specify a Bearer token in the Authorization header to access this resource",
    "the Authorization header is not one Bearer token",
    "the access token cannot be checked now; try again later",
    "the access token has been revoked",
    "the access token has expired",
    "the access token is bound to a key and is not accepted as a Bearer token",
    "the access token is in the Authorization header and in the query",
    "the access token is not valid",
    "the access token is not valid yet",
    "the access token lacks a scope that this resource needs",
];

pub(crate) fn guard(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lines: Vec<&str> = text.splitn(FIELDS + 1, '\n').collect();
    let [authorization, url, method, origin, request_method, request_headers, code, claims] = lines[..]
    else {
        return;
    };
    let request = Request {
        method,
        url,
        authorization: present(authorization),
        origin: present(origin),
        request_method: present(request_method),
        request_headers: present(request_headers),
    };
    let claims = Object::parse(claims.as_bytes()).ok();
    for cors in [None, Some(Origins::any()), Some(Origins::list([APP]).unwrap())] {
        let scopes = Scopes::new(["read"]).unwrap();
        let guard = Guard::new(Settings { cors: cors.clone(), scopes, ..Settings::default() }).unwrap();
        match guard.credentials(&request) {
            Ok(token) => is_the_token(token, authorization),
            Err(answer) => is_an_answer(&answer, &request, cors.as_ref()),
        }
        let need = Scopes::new(["write"]).unwrap();
        let refusals = [
            Refusal::Expired,
            Refusal::Invalid,
            Refusal::NotYetValid,
            Refusal::Revoked,
            Refusal::Scope,
            Refusal::Unavailable,
        ];
        let refusal = refusals[code.len() % refusals.len()];
        let refused = guard.judge(&request, Err(refusal), &need).unwrap_err();
        is_an_answer(&refused, &request, cors.as_ref());
        assert_eq!(refusal.challenge().is_none(), refused.kind.status() == 503);
        let Some(claims) = &claims else { continue };
        match guard.judge(&request, Ok(&Grants::from_claims(claims)), &need) {
            Ok(_) => {
                assert!(claims.get("cnf").is_none());
                assert!(["read", "write"].iter().all(|scope| grants(claims, scope)));
            }
            Err(answer) => is_an_answer(&answer, &request, cors.as_ref()),
        }
    }
}

fn present(field: &str) -> Option<&str> {
    Some(field).filter(|field| !field.is_empty())
}

/// `Authorization` is the scheme, spaces and this token, whatever stands around them being white space.
fn is_the_token(token: &str, authorization: &str) {
    let value = authorization.trim_matches([' ', '\t']);
    let (scheme, rest) = value.split_once(' ').unwrap();
    assert!(scheme.eq_ignore_ascii_case("bearer"));
    assert_eq!(rest.trim_start_matches(' '), token);
    let digits = token.trim_end_matches('=');
    assert!(!digits.is_empty());
    assert!(digits.chars().all(|char| char.is_ascii_alphanumeric() || "-._~+/".contains(char)));
}

fn is_an_answer(answer: &Answer, request: &Request<'_>, cors: Option<&Origins>) {
    let is_token = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    };
    let preflight = answer.kind.status() == 204;
    assert!(!preflight || (request.method == "OPTIONS" && request.origin.is_some()));
    let mut challenged = false;
    for header in &answer.headers {
        let value = header.value.as_str();
        assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{}", header.name);
        match header.name {
            "Access-Control-Allow-Headers" => assert!(value.split(", ").all(is_token)),
            "Access-Control-Allow-Methods" => assert!(is_token(value)),
            "Access-Control-Allow-Origin" => match cors {
                Some(cors) if *cors == Origins::any() => assert_eq!(value, "*"),
                Some(_) => assert!(value == APP && request.origin == Some(APP)),
                None => panic!("CORS, which nobody asked for"),
            },
            "WWW-Authenticate" => {
                challenged = true;
                is_a_challenge(value, answer.kind.as_str());
            }
            "Access-Control-Expose-Headers" | "Access-Control-Max-Age" => assert!(cors.is_some()),
            "Cache-Control" | "Content-Type" | "Retry-After" | "Vary" => {}
            other => panic!("a header {other}"),
        }
    }
    assert_eq!(challenged, matches!(answer.kind.status(), 400..=403));
    if preflight {
        return assert!(answer.body.is_empty());
    }
    let body = Object::parse(answer.body.as_bytes()).unwrap();
    let message = body.get("message").and_then(Value::as_text).unwrap();
    assert!(SENTENCES.iter().any(|sentence| message.is(sentence)));
}

/// One Bearer challenge of the kind's, which our own reader of challenges reads.
fn is_a_challenge(value: &str, kind: &str) {
    let challenges = parse_challenges(value);
    let [challenge] = &challenges[..] else { panic!("{} challenges", challenges.len()) };
    assert!(challenge.is_bearer());
    assert_eq!(challenge.param("realm"), Some("api"));
    match challenge.param("error") {
        None => assert!(kind == "missing" && challenge.params.len() == 1),
        Some(error) => assert_eq!(error, kind),
    }
    let description = challenge.param("error_description");
    assert!(description.is_none_or(|text| SENTENCES.contains(&text)));
    assert!(
        challenge.param("scope").is_none_or(|scope| scope == "read write" && kind == "insufficient_scope")
    );
}

/// Whether the claims name this scope, read another way than the guard reads them.
fn grants(claims: &Object<'_>, scope: &str) -> bool {
    let says = |value: Value<'_>| {
        value.as_text().is_some_and(|text| text.to_cow().split(' ').any(|word| word == scope))
    };
    match (claims.get("scope"), claims.get("scp")) {
        (Some(scope), _) => says(scope),
        (None, Some(Value::Array(list))) => list.elements().into_iter().any(says),
        (None, Some(scp)) => says(scp),
        (None, None) => false,
    }
}
