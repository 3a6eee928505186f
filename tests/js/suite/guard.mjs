// The bearer guard before a handler, with a real verifier.

const MESSAGE = 'You must specify a Bearer token in the Authorization header to access this resource';
const URL_ = 'https://api.example/things';
const secret = new Uint8Array(32).fill(7);
const rules = { issuer: 'https://issuer.example', audience: 'api', algorithms: ['HS256'] };

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '');
const segment = (value) => base64url(new TextEncoder().encode(JSON.stringify(value)));

async function sign(claims) {
  const now = Math.floor(Date.now() / 1000);
  const all = { iss: rules.issuer, aud: 'api', sub: 'ada', exp: now + 60, ...claims };
  const input = `${segment({ alg: 'HS256' })}.${segment(all)}`;
  const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return `${input}.${base64url(new Uint8Array(await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(input))))}`;
}

/** A request of which a page may also set what browsers reserve, such as Origin. */
function request(headers = {}, { method = 'GET', url = URL_ } = {}) {
  return { method, url, headers: { get: (name) => headers[name.toLowerCase()] ?? null } };
}
const bearing = (token, more) => request({ authorization: `Bearer ${token}`, ...more });

export default ({ test, assert, tokenward }) => {
  const { createBearerGuard, Verifier } = tokenward;
  const verifier = () => new Verifier({ ...rules, keys: secret });
  const guardWith = (options) => createBearerGuard({ verifier: verifier(), ...options });

  async function refused(guard, asked, status, error, need) {
    const result = await guard.check(asked, need);
    assert.same(Object.keys(result).sort(), ['error', 'ok', 'response', 'status']);
    assert.equal(result.ok, false);
    assert.equal(result.status, status);
    assert.equal(result.error, error);
    assert.equal(result.response.status, status);
    assert.equal(result.response.headers.get('cache-control'), 'no-store');
    return result.response;
  }

  test('a request without credentials is challenged without an error code and told what is missing', async () => {
    const response = await refused(guardWith({ realm: 'things' }), new Request(URL_), 401, 'missing');
    assert.equal(response.headers.get('www-authenticate'), 'Bearer realm="things"');
    assert.equal(response.headers.get('content-type'), 'application/json');
    assert.same(await response.json(), { message: MESSAGE });
    const own = await refused(guardWith({ missingMessage: 'Bitte anmelden: ü' }), new Request(URL_), 401, 'missing');
    assert.equal((await own.json()).message, 'Bitte anmelden: ü');
  });

  test('a good token passes, and the handler gets what was verified and whatever else the framework gives', async () => {
    const guard = guardWith({ scopes: ['read'] });
    const token = await sign({ scope: 'read write' });
    const asked = new Request(URL_, { headers: { authorization: `Bearer ${token}` } });
    const result = await guard.check(asked);
    assert.equal(result.ok, true);
    assert.same(Object.keys(result).sort(), ['header', 'key', 'ok', 'payload']);
    assert.equal(result.payload.sub, 'ada');

    const seen = [];
    const handler = guard.protect(
      (request, auth, ...rest) => {
        seen.push(request, auth.payload.sub, auth.key.alg, ...rest);
        return new Response('done', { status: 201 });
      },
      { scopes: ['write'] },
    );
    const response = await handler(asked, 'env', 'context');
    assert.equal(response.status, 201);
    assert.equal(await response.text(), 'done');
    assert.ok(seen[0] === asked);
    assert.same(seen.slice(1), ['ada', 'HS256', 'env', 'context']);
  });

  test('malformed, doubled and misplaced credentials are 400', async () => {
    const guard = guardWith();
    const token = await sign({});
    for (const value of ['Bearer', 'Bearer a b', `Bearer ${token}, Bearer ${token}`, `Basic eA==, Bearer ${token}`, 'Bearer é']) {
      const response = await refused(guard, request({ authorization: value }), 400, 'invalid_request');
      assert.ok(response.headers.get('www-authenticate').startsWith('Bearer realm="api", error="invalid_request"'));
    }
    const twice = request({ authorization: `Bearer ${token}` }, { url: `${URL_}?access_token=${token}` });
    await refused(guard, twice, 400, 'invalid_request');
    await refused(guard, request({}, { url: `${URL_}?access_token=${token}` }), 401, 'missing');
    const joined = new Headers([['authorization', `Bearer ${token}`]]);
    joined.append('authorization', `Bearer ${token}`);
    await refused(guard, new Request(URL_, { headers: joined }), 400, 'invalid_request');
  });

  test('a token that is not accepted is 401 and says only as much as RFC 6750 does', async () => {
    const guard = guardWith();
    const good = await sign({});
    const cases = [
      [await sign({ exp: 1 }), 'the access token has expired'],
      [await sign({ iss: 'https://other.example' }), 'the access token is not valid'],
      [`${good.slice(0, -2)}AA`, 'the access token is not valid'],
      ['abc', 'the access token is not valid'],
      [await sign({ cnf: { jkt: 'x' } }), 'the access token is bound to a key and is not accepted as a Bearer token'],
    ];
    for (const [token, description] of cases) {
      const response = await refused(guard, bearing(token), 401, 'invalid_token');
      assert.equal(
        response.headers.get('www-authenticate'),
        `Bearer realm="api", error="invalid_token", error_description="${description}"`,
      );
      assert.same(await response.json(), { error: 'invalid_token', message: description });
    }
  });

  test('a schema that drops claims does not make a bound token a plain one, nor lose its scopes', async () => {
    const schema = { '~standard': { version: 1, vendor: 'test', validate: ({ sub }) => ({ value: { sub } }) } };
    const guard = createBearerGuard({ verifier: new Verifier({ ...rules, keys: secret, schema }), scopes: ['read'] });
    await refused(guard, bearing(await sign({ scope: 'read', cnf: { jkt: 'x' } })), 401, 'invalid_token');
    const result = await guard.check(bearing(await sign({ scope: 'read' })));
    assert.same(result.payload, { sub: 'ada' });
  });

  test('a missing scope is 403 and names all that are needed', async () => {
    const guard = guardWith({ scopes: ['read'] });
    const response = await refused(guard, bearing(await sign({ scope: 'read' })), 403, 'insufficient_scope', { scopes: ['write'] });
    assert.ok(
      response.headers
        .get('www-authenticate')
        .endsWith(
          ', error="insufficient_scope", '
            + 'error_description="the access token lacks a scope that this resource needs", scope="read write"',
        ),
    );
    await refused(guard, bearing(await sign({})), 403, 'insufficient_scope');
  });

  test('an outage on this side is 503 with Retry-After and no challenge, never 401', async () => {
    const down = new Verifier({ ...rules, keys: secret, isRevoked: () => Promise.reject(new Error('down')) });
    const broken = { verify: () => Promise.reject(new TypeError('a bug')) };
    for (const verifier of [down, broken]) {
      const response = await refused(createBearerGuard({ verifier }), bearing(await sign({})), 503, 'unavailable');
      assert.ok(Number(response.headers.get('retry-after')) > 0);
      assert.equal(response.headers.get('www-authenticate'), null);
      assert.ok(!(await response.text()).includes('bug'));
    }
  });

  test('a scope that the verifier itself needs is a 403, and an error about a token has its challenge ready', async () => {
    const verifier = new Verifier({ ...rules, keys: secret, scope: 'orders:write' });
    const token = await sign({ scope: 'orders:read' });
    const response = await refused(createBearerGuard({ verifier }), bearing(token), 403, 'insufficient_scope');
    assert.ok(/^Bearer realm="api", error="insufficient_scope", /.test(response.headers.get('www-authenticate')));
    const lacking = await assert.rejects('ERR_JWT_CLAIM_VALIDATION_FAILED', verifier.verify(token));
    assert.ok(/^Bearer error="insufficient_scope", /.test(lacking.wwwAuthenticate));
    const bad = await assert.rejects('ERR_JWT_MALFORMED', verifier.verify('abc'));
    assert.equal(bad.wwwAuthenticate, 'Bearer error="invalid_token", error_description="the access token is not valid"');
    assert.equal(assert.throws('ERR_INVALID_ARG', () => createBearerGuard()).wwwAuthenticate, undefined);
  });

  test('a preflight is answered by the guard and never reaches the handler', async () => {
    const asked = (origin) =>
      request(
        {
          origin,
          'access-control-request-method': 'DELETE',
          'access-control-request-headers': 'authorization,x-trace',
        },
        { method: 'OPTIONS' },
      );
    const response = await refused(
      guardWith({ cors: { origins: ['https://app.example'] } }),
      asked('https://app.example'),
      204,
      'preflight',
    );
    assert.equal(response.headers.get('access-control-allow-origin'), 'https://app.example');
    assert.equal(response.headers.get('access-control-allow-methods'), 'DELETE');
    assert.equal(response.headers.get('access-control-allow-headers'), 'Authorization, x-trace');
    assert.equal(response.body, null);

    let reached = 0;
    const handler = guardWith().protect(() => new Response(String((reached += 1))));
    const plain = await handler(asked('https://app.example'));
    assert.equal(plain.status, 204);
    assert.equal(plain.headers.get('access-control-allow-origin'), null);
    assert.equal((await handler(request({ origin: 'https://app.example' }, { method: 'OPTIONS' }))).status, 401);
    assert.equal(reached, 0);
  });

  test("CORS headers are on refusals and on the handler's responses, joined with its own", async () => {
    const guard = guardWith({ cors: { origins: ['https://app.example'] } });
    const origin = { origin: 'https://app.example' };
    const refusal = await refused(guard, request(origin), 401, 'missing');
    const own = { vary: 'Accept', 'access-control-expose-headers': 'X-Total' };
    const sealed = Response.redirect('https://api.example/other', 302);
    const passed = await guard.protect(() => new Response('', { headers: own }))(bearing(await sign({}), origin));
    const copied = await guard.protect(() => sealed)(bearing(await sign({}), origin));
    for (const response of [refusal, passed, copied]) {
      assert.equal(response.headers.get('access-control-allow-origin'), 'https://app.example');
      assert.ok(/\bOrigin$/.test(response.headers.get('vary')));
      assert.ok(/\bWWW-Authenticate$/.test(response.headers.get('access-control-expose-headers')));
    }
    assert.equal(passed.headers.get('vary'), 'Accept, Origin');
    assert.equal(passed.headers.get('access-control-expose-headers'), 'X-Total, WWW-Authenticate');
    assert.equal(copied.status, 302);
    assert.equal(copied.headers.get('location'), 'https://api.example/other');
    const stranger = await refused(guard, request({ origin: 'https://evil.example' }), 401, 'missing');
    assert.equal(stranger.headers.get('access-control-allow-origin'), null);
    const anyone = await refused(guardWith({ cors: { origins: '*' } }), request(origin), 401, 'missing');
    assert.equal(anyone.headers.get('access-control-allow-origin'), '*');
  });

  test('a response that a handler gives again has the headers of the request at hand, each once', async () => {
    const guard = guardWith({ cors: { origins: ['https://app.example'] } });
    const shared = new Response(null, { status: 204 });
    const protect = guard.protect(() => shared);
    const token = await sign({});
    for (let round = 0; round < 3; round++) {
      const { headers, status } = await protect(bearing(token, { origin: 'https://app.example' }));
      assert.same([status, headers.get('vary'), headers.get('access-control-expose-headers')], [204, 'Origin', 'WWW-Authenticate']);
      assert.equal(headers.get('access-control-allow-origin'), 'https://app.example');
      assert.equal((await protect(bearing(token, { origin: 'https://evil.example' }))).headers.get('access-control-allow-origin'), null);
    }
    const kept = await guard.protect(() => new Response('', { headers: { vary: 'Accept, Origin' } }))(bearing(token));
    assert.equal(kept.headers.get('vary'), 'Accept, Origin');
  });

  test('a verifier that says nothing of its refusal lets nobody pass', async () => {
    for (const error of [
      { name: 'TokenwardError', code: '' },
      { name: 'TokenwardError', code: '', claim: 5 },
      { name: 'TokenwardError' },
      undefined,
    ]) {
      const guard = createBearerGuard({ verifier: { verify: () => Promise.reject(error) } });
      assert.equal((await guard.check(bearing(await sign({})))).ok, false);
    }
  });

  test('options that could not hold are refused when the guard is made', async () => {
    for (const options of [
      { verifier: undefined },
      { verifier: {} },
      { realm: '' },
      { realm: 'a\r\nb' },
      { realm: 7 },
      { realm: null },
      { scopes: [''] },
      { scopes: ['a b'] },
      { scopes: 'read' },
      { scopes: [1] },
      { missingMessage: '' },
      { cors: {} },
      { cors: { origins: [] } },
      { cors: { origins: 'https://app.example' } },
      { cors: { origins: ['https://app.example/'] } },
      { cors: { origins: ['*'] } },
      { cors: null },
      { scope: ['read'] },
      { scopes: undefined },
      { Scopes: ['read'] },
      { cors: { origins: '*', credentials: true } },
      { required: true },
    ]) {
      const error = assert.throws('ERR_INVALID_ARG', () => guardWith(options));
      assert.ok(error instanceof TypeError || tokenward.isTokenwardError(error));
    }
    for (const need of [{ scopes: ['a"b'] }, { scope: ['read'] }, { scopes: undefined }]) {
      assert.throws('ERR_INVALID_ARG', () => guardWith().protect(() => new Response(), need));
    }
    assert.ok(guardWith({ realm: undefined, cors: undefined, missingMessage: undefined }), 'what switches no check off may be undefined:');
    await assert.rejects('ERR_INVALID_ARG', guardWith().check(request(), { scopes: ['a\nb'] }));
    assert.throws('ERR_INVALID_ARG', () => createBearerGuard());
  });
};
