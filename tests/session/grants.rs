//! What each grant sends, and what it does when that is refused.

use std::rc::Rc;

use crate::support::{Host, Reply, SharedStore, json_login, oauth_error, password, secret};
use tokenward::session::{
    Answer, AuthorizationRequest, AuthorizationResponse, CallId, ClientAuth, CookieRefresh, Credentials,
    Custom, EndReason, Event, Flow, Grant, Metadata, OAuth, Options, PendingAuthorizations, Snapshot,
};
use tokenward::{Error, Secret};

fn oauth(flow: Flow, client_auth: ClientAuth) -> OAuth {
    OAuth {
        token_endpoint: Some("https://as.example/token".to_owned()),
        revocation_endpoint: Some("https://as.example/revoke".to_owned()),
        has_issuer: false,
        client_id: "my client".to_owned(),
        client_secret: (client_auth != ClientAuth::None).then(|| secret("p:ss/w%rd")),
        client_auth,
        scope: Some("read write".to_owned()),
        flow,
    }
}

fn host(grant: Grant) -> Host {
    Host::with(grant, Options::default(), SharedStore::default(), 1)
}

/// RFC 6749 §5.1, to the letter.
fn bearer(access: &str, refresh: Option<&str>) -> Reply {
    let refresh = refresh.map(|text| format!(r#","refresh_token":"{text}""#)).unwrap_or_default();
    Reply::Json(
        200,
        format!(r#"{{"access_token":"{access}","token_type":"bearer","expires_in":60{refresh}}}"#),
    )
}

#[test]
fn client_credentials_sign_in_by_themselves_and_again_ahead_of_expiry() {
    let mut host = host(Grant::OAuth(oauth(Flow::ClientCredentials, ClientAuth::Basic)));
    host.reply(bearer("a1", None));
    host.need(1);
    assert_eq!(host.take(), ["use 1 a1"]);
    let (line, body) = host.requests[0].clone();
    // base64("my%20client:p%3Ass%2Fw%25rd")
    assert_eq!(line, "https://as.example/token Basic bXklMjBjbGllbnQ6cCUzQXNzJTJGdyUyNXJk");
    assert_eq!(body, "grant_type=client_credentials&scope=read%20write");
    host.pass(50_000);
    host.reply(bearer("a2", None));
    host.need(2);
    host.need(3);
    assert_eq!(host.take(), ["use 2 a1", "use 3 a2"]);
    assert!(matches!(host.snapshot(), Snapshot::Active { generation: 2, .. }));
}

#[test]
fn a_client_secret_can_go_into_the_body_and_a_public_client_has_none() {
    for (auth, end) in [
        (ClientAuth::Post, "&client_id=my%20client&client_secret=p%3Ass%2Fw%25rd"),
        (ClientAuth::None, "&client_id=my%20client"),
    ] {
        let mut host = host(Grant::OAuth(oauth(Flow::ClientCredentials, auth)));
        host.need(1);
        assert!(host.requests[0].1.ends_with(end), "{}", host.requests[0].1);
        assert!(!host.requests[0].0.contains("Basic"));
    }
}

#[test]
fn a_given_refresh_token_is_used_once_and_its_successors_after_it() {
    let flow = Flow::RefreshToken { refresh_token: Some(secret("r0")) };
    let mut host = host(Grant::OAuth(oauth(flow, ClientAuth::None)));
    host.reply(bearer("a1", Some("r1")));
    host.need(1);
    host.pass(60_000);
    host.reply(oauth_error(400, "invalid_grant"));
    host.need(2);
    assert_eq!(host.take(), ["use 1 a1", "fail 2 ERR_TOKEN_REFRESH_REJECTED"]);
    host.pass(600_000);
    host.need(3);
    assert_eq!(host.take(), ["fail 3 ERR_SESSION_SIGNED_OUT"], "the first one is not tried again");
    let sent: Vec<_> =
        host.requests.iter().map(|(_, body)| body.split('&').nth(1).unwrap_or_default()).collect();
    assert_eq!(sent, ["refresh_token=r0", "refresh_token=r1"]);
}

#[test]
fn oauth_revokes_the_refresh_token_and_then_the_access_token() {
    let flow = Flow::RefreshToken { refresh_token: Some(secret("r0")) };
    let mut host = host(Grant::OAuth(oauth(flow, ClientAuth::None)));
    host.reply(bearer("a1", Some("r1")));
    host.need(1);
    host.requests.clear();
    host.reply(Reply::Text(200, ""));
    host.reply(Reply::Text(200, ""));
    host.logout(2);
    assert_eq!(host.take(), ["use 1 a1", "signed out 2 revoked=true"]);
    let sent: Vec<_> = host.requests.iter().map(|(_, body)| body.as_str()).collect();
    assert_eq!(
        sent,
        [
            "token=r1&token_type_hint=refresh_token&client_id=my%20client",
            "token=a1&token_type_hint=access_token&client_id=my%20client",
        ]
    );
}

#[test]
fn what_is_not_given_stands_in_the_metadata_of_the_issuer_if_there_is_one() {
    for has_issuer in [false, true] {
        let given = oauth(Flow::ClientCredentials, ClientAuth::Basic);
        let mut host = host(Grant::OAuth(OAuth { revocation_endpoint: None, has_issuer, ..given }));
        host.reply(bearer("a1", None));
        host.need(1);
        host.reply(Reply::Text(200, ""));
        host.logout(2);
        assert_eq!(host.take(), ["use 1 a1".to_owned(), format!("signed out 2 revoked={has_issuer}")]);
        assert_eq!(host.requests.len(), 1 + usize::from(has_issuer));
    }
}

#[test]
fn oauth_answers_are_read_to_the_letter() {
    for (reply, code) in [
        (Reply::Json(200, r#"{"access_token":"a1"}"#.to_owned()), "ERR_TOKEN_RESPONSE_INVALID"),
        (
            Reply::Json(200, r#"{"access_token":"a1","token_type":"mac"}"#.to_owned()),
            "ERR_TOKEN_RESPONSE_INVALID",
        ),
        (
            Reply::Json(201, r#"{"access_token":"a1","token_type":"bearer"}"#.to_owned()),
            "ERR_TOKEN_RESPONSE_INVALID",
        ),
        (oauth_error(401, "invalid_client"), "ERR_TOKEN_ENDPOINT_MISCONFIGURED"),
    ] {
        let mut host = host(Grant::OAuth(oauth(Flow::ClientCredentials, ClientAuth::Basic)));
        host.reply(reply);
        host.need(1);
        assert_eq!(host.take(), [format!("fail 1 {code}")]);
    }
}

#[test]
fn a_code_is_exchanged_with_its_verifier() {
    let flow = Flow::AuthorizationCode { redirect_uri: "https://app.example/back".to_owned() };
    let mut host = host(Grant::OAuth(oauth(flow, ClientAuth::None)));
    host.need(1);
    host.step(Event::Login { id: CallId(2), credentials: None });
    assert_eq!(host.take(), ["fail 1 ERR_SESSION_SIGNED_OUT", "fail 2 ERR_INVALID_ARG"]);
    host.reply(bearer("a1", Some("r1")));
    let credentials = Some(Credentials::Code { code: secret("c0de"), verifier: secret("v") });
    host.step(Event::Login { id: CallId(3), credentials });
    assert_eq!(host.take(), ["signed in 3"]);
    let body = "grant_type=authorization_code&code=c0de&code_verifier=v\
                &redirect_uri=https%3A%2F%2Fapp.example%2Fback&client_id=my%20client";
    assert_eq!(host.requests[0].1, body);
}

#[test]
fn an_authorization_request_has_an_s256_challenge_and_a_state() {
    let request = AuthorizationRequest::new(
        "https://as.example/authorize",
        "c",
        "https://app.example/",
        Some("a b"),
        &[7; 64],
    );
    // SHA-256 of the verifier, in base64url.
    assert_eq!(request.verifier.reveal(), "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc");
    let query = request.url.strip_prefix("https://as.example/authorize?").expect("a query");
    assert_eq!(
        query,
        format!(
            "response_type=code&client_id=c&redirect_uri=https%3A%2F%2Fapp.example%2F&state={}&code_challenge={}\
             &code_challenge_method=S256&scope=a%20b",
            request.state, "3Ev4DHdHPRMPoN6GukAY_pi7IUAF5qWJHRK6kURvnoE"
        )
    );
    let with_query = AuthorizationRequest::new("https://as.example/?x=1", "c", "r", None, &[1; 64]);
    assert!(with_query.url.starts_with("https://as.example/?x=1&response_type=code&"));
}

#[test]
fn an_authorization_response_is_refused_where_the_issuer_or_the_server_says_so() {
    let code = || AuthorizationResponse { code: Some(secret("c")), ..Default::default() };
    let issuer = |name: &str| Some(name.to_owned());
    assert_eq!(code().into_code(Some("https://as.example"), false).expect("a code").reveal(), "c");
    let named = AuthorizationResponse { issuer: issuer("https://as.example"), ..code() };
    assert!(named.into_code(Some("https://as.example"), false).is_ok());
    let foreign = AuthorizationResponse { issuer: issuer("https://evil.example"), ..code() };
    let rejected = Error::LoginRejected { status: None, oauth_error: None };
    assert_eq!(foreign.into_code(Some("https://as.example"), false).expect_err("foreign"), rejected);
    let denied = AuthorizationResponse { error: issuer("access_denied"), ..code() };
    for name in [Some("https://evil.example"), None] {
        let foreign = AuthorizationResponse { issuer: name.map(str::to_owned), ..denied.clone() };
        let error = foreign.into_code(Some("https://as.example"), true).expect_err("foreign");
        assert_eq!(error, rejected, "an error of {name:?} is not the issuer's");
    }
    let denied = denied.into_code(None, false).expect_err("denied");
    assert_eq!(denied, Error::LoginRejected { status: None, oauth_error: Some("access_denied") });
    assert_eq!(
        AuthorizationResponse::default().into_code(None, false).expect_err("nothing").code(),
        "ERR_INVALID_ARG"
    );
}

#[test]
fn a_response_is_read_if_its_state_has_our_shape_and_nothing_is_there_twice() {
    let read = |query: &[(&str, &str)]| {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        AuthorizationResponse::read(query).map_err(|error| error.code())
    };
    let ours = AuthorizationRequest::new("https://as.example/", "c", "r", None, &[7; 64]).state;
    let response =
        read(&[("code", "c"), ("x", "1"), ("x", "2"), ("state", &ours), ("iss", "i")]).expect("ours");
    assert_eq!(response.state, ours);
    assert_eq!(response.issuer.as_deref(), Some("i"));
    let refused = Some("ERR_INVALID_ARG");
    let longer = format!("{ours}A");
    let unused_bits = format!("{}B", &ours[..42]);
    for state in [
        "",
        "billing",
        &ours[..42],
        &longer,
        &unused_bits,
        &format!("{}=", &ours[..42]),
        &format!("{}:", &ours[..42]),
    ] {
        assert_eq!(read(&[("code", "c"), ("state", state)]).err(), refused, "{state}");
    }
    assert_eq!(read(&[("code", "c")]).err(), refused);
    for name in ["state", "code", "error", "iss"] {
        assert_eq!(read(&[("state", &ours), (name, &ours), (name, &ours)]).err(), refused, "{name}");
    }
}

#[test]
fn the_newest_eight_authorization_requests_wait_and_none_for_more_than_an_hour() {
    const HOUR: u64 = PendingAuthorizations::LIFETIME_MS;
    let request = |at: u8| AuthorizationRequest::new("https://as.example/", "c", "r", None, &[at; 64]);
    let mut pending = PendingAuthorizations::default();
    for at in 0..20 {
        pending.add(&request(at), 1_000 + u64::from(at));
        let text = pending.to_text();
        pending = PendingAuthorizations::parse(text.reveal()).expect("its own text");
    }
    assert!(pending.clone().take(&request(11).state, 1_020).is_none());
    for at in 12..20 {
        let verifier = pending.take(&request(at).state, 1_020).expect("waits");
        assert_eq!(verifier.reveal(), request(at).verifier.reveal());
        assert!(pending.take(&request(at).state, 1_020).is_none(), "taken twice");
    }
    assert!(pending.is_empty());
    pending.add(&request(1), HOUR);
    let mut late = pending.clone();
    assert!(late.take(&request(1).state, 2 * HOUR + 1).is_none());
    assert!(late.is_empty());
    // A clock that was set back: the request is of the future, and does not stay for ever.
    assert!(pending.clone().take(&request(1).state, HOUR - 60_000).is_some());
    pending.add(&request(2), 0);
    assert!(pending.take(&request(1).state, 0).is_some());
    pending.add(&request(3), HOUR + 1);
    assert!(pending.take(&request(2).state, HOUR + 1).is_none());
}

#[test]
fn a_record_that_is_not_one_of_waiting_requests_is_not_read() {
    let mut pending = PendingAuthorizations::default();
    pending.add(&AuthorizationRequest::new("https://as.example/", "c", "r", None, &[7; 64]), 1);
    let text = pending.to_text().reveal().clone();
    assert!(PendingAuthorizations::parse(&text).is_some());
    let entry = &text[text.find("{\"at").expect("an entry")..text.len() - 2];
    for odd in [
        String::new(),
        "[]".to_owned(),
        "{}".to_owned(),
        r#"{"v":1,"epoch":5,"generation":1,"access":"a","sent":1}"#.to_owned(),
        text.replace("\"v\":1", "\"v\":2"),
        text.replace("\"at\":1", "\"at\":\"1\""),
        text.replace("\"verifier\":\"B", "\"verifier\":\"R E"),
        text.replace("\"state\":\"B", "\"state\":\""),
        format!(r#"{{"v":1,"pending":[{}]}}"#, [entry; 9].join(",")),
        format!(r#"{{"v":1,"pending":[{entry},7]}}"#),
    ] {
        assert!(PendingAuthorizations::parse(&odd).is_none(), "{odd}");
    }
}

#[test]
fn a_cookie_refresh_sends_no_token_and_signs_in_by_itself() {
    let header = ("x-requested-with".to_owned(), "tokenward".to_owned());
    let grant = Grant::CookieRefresh(CookieRefresh { url: "https://app.example/refresh".to_owned(), header });
    let mut host = host(grant);
    host.reply(bearer("a1", None));
    host.need(1);
    host.pass(60_000);
    host.reply(oauth_error(401, "invalid_grant"));
    host.need(2);
    assert_eq!(host.take(), ["use 1 a1", "fail 2 ERR_LOGIN_REJECTED"]);
    assert!(matches!(host.snapshot(), Snapshot::SignedOut { reason: EndReason::NoRefreshToken }));
    assert!(host.requests.iter().all(|(_, body)| body.is_empty()));
}

#[test]
fn what_a_session_does_unasked_is_refused_by_invalid_grant_and_by_nothing_on_the_way() {
    let custom = Grant::Custom(Custom { acquires: true, refreshes: true, revokes: false });
    let client = Grant::OAuth(oauth(Flow::ClientCredentials, ClientAuth::Basic));
    let given =
        Grant::OAuth(oauth(Flow::RefreshToken { refresh_token: Some(secret("r0")) }, ClientAuth::None));
    let header = ("x-requested-with".to_owned(), "tokenward".to_owned());
    let cookie =
        Grant::CookieRefresh(CookieRefresh { url: "https://app.example/refresh".to_owned(), header });
    let own = |status| Reply::Json(status, r#"{"message":"no"}"#.to_owned());
    for grant in [custom, client, given, cookie] {
        let is_cookie = matches!(grant, Grant::CookieRefresh(_));
        let (unavailable, wrong) = ("ERR_TOKEN_REFRESH_UNAVAILABLE", "ERR_TOKEN_ENDPOINT_MISCONFIGURED");
        let over = |code| if is_cookie { "ERR_LOGIN_REJECTED" } else { code };
        for (reply, code) in [
            (Reply::Text(401, "<!doctype html>"), over(unavailable)),
            (Reply::Text(403, "<!doctype html>"), unavailable),
            (Reply::Text(425, ""), unavailable),
            (own(401), over(wrong)),
            (own(400), wrong),
            (own(403), wrong),
            (own(422), wrong),
            (oauth_error(400, "access_denied"), wrong),
            (oauth_error(400, "invalid_grant"), "ERR_LOGIN_REJECTED"),
        ] {
            let mut host = host(grant.clone());
            host.reply(reply);
            host.need(1);
            assert_eq!(host.take(), [format!("fail 1 {code}")], "{grant:?}");
            // Nobody was signed out for it, so the next try, once its time has come, is made.
            host.pass(120_000);
            host.reply(bearer("a1", None));
            host.need(2);
            let once =
                code == "ERR_LOGIN_REJECTED" && matches!(grant, Grant::OAuth(_)) && host.requests.len() == 1;
            let ends = once && !host.requests[0].1.contains("client_credentials");
            assert_eq!(host.take(), [if ends { "fail 2 ERR_SESSION_SIGNED_OUT" } else { "use 2 a1" }]);
        }
    }
}

#[test]
fn a_firewall_signs_nobody_out_whose_token_has_expired() {
    for (reply, code) in [
        (Reply::Text(401, "<!doctype html>"), "ERR_TOKEN_REFRESH_UNAVAILABLE"),
        (Reply::Json(400, "{}".to_owned()), "ERR_TOKEN_ENDPOINT_MISCONFIGURED"),
    ] {
        let mut host = host(Grant::OAuth(oauth(Flow::ClientCredentials, ClientAuth::Basic)));
        host.reply(bearer("a1", None));
        host.need(1);
        host.pass(60_000);
        host.reply(reply);
        host.need(2);
        assert_eq!(host.take(), ["use 1 a1".to_owned(), format!("fail 2 {code}")]);
        assert!(matches!(host.snapshot(), Snapshot::Active { .. }));
    }
}

#[test]
fn a_sign_in_that_uses_something_up_is_saved_though_the_session_is_closed() {
    let header = ("x-requested-with".to_owned(), "tokenward".to_owned());
    let cookie =
        Grant::CookieRefresh(CookieRefresh { url: "https://app.example/refresh".to_owned(), header });
    let given =
        Grant::OAuth(oauth(Flow::RefreshToken { refresh_token: Some(secret("r0")) }, ClientAuth::None));
    let client = Grant::OAuth(oauth(Flow::ClientCredentials, ClientAuth::Basic));
    for (grant, goes_on) in [(cookie, true), (given, true), (client, false)] {
        let mut host = host(grant);
        host.need(1);
        host.step(Event::Close);
        assert_eq!(host.take(), ["fail 1 ERR_SESSION_CLOSED"]);
        assert_eq!(host.aborted.is_empty(), goes_on);
        host.release(bearer("a1", Some("r1")));
        assert!(host.take().is_empty());
        let saved = host.store.borrow().record.as_ref().is_some_and(|(record, _)| record.contains("a1"));
        assert_eq!(saved, goes_on);
    }
}

#[test]
fn a_custom_grant_calls_its_functions() {
    let custom = Custom { acquires: true, refreshes: true, revokes: true };
    let mut host = host(Grant::Custom(custom));
    host.reply(bearer("a1", Some("r1")));
    host.need(1);
    host.pass(60_000);
    host.reply(bearer("a2", None));
    host.need(2);
    host.reply(Reply::Json(200, "{}".to_owned()));
    host.logout(3);
    assert_eq!(host.take(), ["use 1 a1", "use 2 a2", "signed out 3 revoked=true"]);
    let lines: Vec<_> = host.requests.iter().map(|(line, body)| format!("{line} {body}")).collect();
    assert_eq!(lines, ["acquire ", "refresh r1", "revoke r1"]);
}

#[test]
fn a_custom_grant_without_refresh_acquires_again_whatever_it_was_given() {
    let store = SharedStore::default();
    let grant = || Grant::Custom(Custom { acquires: true, refreshes: false, revokes: true });
    let mut host = Host::with(grant(), Options::default(), Rc::clone(&store), 1);
    host.reply(bearer("a1", Some("r1")));
    host.need(1);
    host.pass(60_000);
    host.reply(bearer("a2", Some("r2")));
    host.need(2);
    assert_eq!(host.take(), ["use 1 a1", "use 2 a2"]);
    let now = host.now;
    let mut another = Host::with(grant(), Options::default(), store, 2);
    another.now = now;
    another.need(3);
    another.pass(60_000);
    another.reply(bearer("a3", None));
    another.need(4);
    another.reply(Reply::Json(200, "{}".to_owned()));
    another.logout(5);
    assert_eq!(another.take(), ["use 3 a2", "use 4 a3", "signed out 5 revoked=true"]);
    let lines: Vec<_> =
        host.requests.iter().chain(&another.requests).map(|(line, _)| line.as_str()).collect();
    assert_eq!(lines, ["acquire", "acquire", "acquire", "revoke"]);
}

#[test]
fn only_a_grant_that_takes_credentials_is_given_them_and_nothing_is_sent_for_a_sign_in_that_cannot_be() {
    let header = ("x-requested-with".to_owned(), "tokenward".to_owned());
    let cookie = CookieRefresh { url: "https://app.example/refresh".to_owned(), header };
    let custom = |acquires| Grant::Custom(Custom { acquires, refreshes: true, revokes: true });
    let flow = |flow| Grant::OAuth(oauth(flow, ClientAuth::None));
    let code = || Credentials::Code { code: secret("c"), verifier: secret("v") };
    let redirect_uri = "https://app.example/back".to_owned();
    for (grant, takes_none, takes_code) in [
        (json_login(true), true, false),
        (json_login(false), false, false),
        (Grant::CookieRefresh(cookie), true, false),
        (custom(true), true, false),
        (custom(false), false, false),
        (flow(Flow::AuthorizationCode { redirect_uri }), false, true),
        (flow(Flow::ClientCredentials), true, false),
        (flow(Flow::RefreshToken { refresh_token: Some(secret("r0")) }), true, false),
        (flow(Flow::RefreshToken { refresh_token: None }), false, false),
    ] {
        let takes_password = matches!(grant, Grant::JsonLogin(_));
        for (credentials, taken) in
            [(Some(password()), takes_password), (Some(code()), takes_code), (None, takes_none)]
        {
            let mut host = host(grant.clone());
            host.reply(bearer("a1", Some("r1")));
            host.step(Event::Login { id: CallId(1), credentials });
            let answer = if taken { "signed in 1" } else { "fail 1 ERR_INVALID_ARG" };
            assert_eq!((host.take(), host.requests.len()), (vec![answer.to_owned()], usize::from(taken)));
        }
    }
}

#[test]
fn metadata_is_read_of_exactly_the_issuer_that_was_asked() {
    let answer = |status, content_type: &str, body: &str| Answer {
        status,
        content_type: content_type.to_owned(),
        retry_after: None,
        body: Secret::new(body.to_owned()),
    };
    let read = |status, body: &str| {
        Metadata::read("https://as.example/t", &answer(status, "application/json", body))
    };
    assert_eq!(
        Metadata::urls("https://as.example/t").expect("an issuer"),
        [
            "https://as.example/t/.well-known/openid-configuration",
            "https://as.example/.well-known/oauth-authorization-server/t"
        ]
    );
    for no_issuer in ["", "as.example", "https://as.example/?a", "https://as.example/#a"] {
        assert_eq!(Metadata::urls(no_issuer).expect_err("no issuer").code(), "ERR_INVALID_ARG");
    }
    let found = read(
        200,
        r#"{"issuer":"https://as.example/t","token_endpoint":"https://as.example/token",
            "authorization_response_iss_parameter_supported":true}"#,
    );
    let found = found.expect("metadata").expect("here");
    assert_eq!(found.token_endpoint.as_deref(), Some("https://as.example/token"));
    assert_eq!(found.revocation_endpoint, None);
    assert!(found.responses_name_issuer);
    for elsewhere in [read(404, ""), read(301, ""), read(200, "<!doctype html>")] {
        assert_eq!(elsewhere, Ok(None));
    }
    let page = answer(200, "text/html", r#"{"issuer":"https://as.example/t"}"#);
    assert_eq!(Metadata::read("https://as.example/t", &page), Ok(None));
    for status in [408, 425, 429, 500, 503] {
        let later = read(status, "").expect_err("another time");
        assert_eq!(later, Error::RefreshUnavailable { status: Some(status), retry_after_ms: None });
    }
    for foreign in [r#"{"issuer":"https://as.example"}"#, r#"{"issuer":"https://as.example/t/"}"#, "{}"] {
        let error = read(200, foreign).expect_err("another issuer");
        assert_eq!(error.code(), "ERR_TOKEN_ENDPOINT_MISCONFIGURED");
    }
}

#[test]
fn a_response_without_issuer_is_refused_where_the_server_always_names_it() {
    let response = AuthorizationResponse { code: Some(Secret::new("c".to_owned())), ..Default::default() };
    assert!(response.clone().into_code(Some("https://as.example"), false).is_ok());
    let refused = response.into_code(Some("https://as.example"), true).expect_err("nobody's");
    assert_eq!(refused.code(), "ERR_LOGIN_REJECTED");
}
