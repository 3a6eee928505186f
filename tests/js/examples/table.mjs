// What every example answers: one table, whatever the framework.

import { request } from 'node:http';

export const ISSUER = 'https://login.example.com';
export const AUDIENCE = 'https://api.example.com';
const SENTENCE = 'You must specify a Bearer token in the Authorization header to access this resource';
const ORIGIN = 'https://app.example';
const CALLABLE = { 'access-control-allow-origin': ORIGIN, vary: /\bOrigin\b/i };

/** [what, method, path, header lines, what is answered]. A header that is null must not be there. */
export const rows = ({ good, admin, expired, forged }) => [
  [
    'no credentials are 401, with the sentence and no error code',
    'GET',
    '/hello',
    [],
    {
      status: 401,
      headers: { 'www-authenticate': 'Bearer realm="api"', 'cache-control': 'no-store' },
      body: { message: SENTENCE },
    },
  ],
  [
    'credentials of another scheme are none',
    'GET',
    '/hello',
    ['Authorization', 'Basic YTpi'],
    { status: 401, headers: { 'www-authenticate': 'Bearer realm="api"' } },
  ],
  [
    'malformed credentials are 400',
    'GET',
    '/hello',
    ['Authorization', 'Bearer a b'],
    {
      status: 400,
      headers: { 'www-authenticate': /error="invalid_request"/ },
      body: /"invalid_request"/,
    },
  ],
  [
    'two Authorization fields are 400',
    'GET',
    '/hello',
    ['Authorization', `Bearer ${good}`, 'Authorization', `Bearer ${good}`],
    {
      status: 400,
      headers: { 'www-authenticate': /error="invalid_request"/ },
    },
  ],
  [
    'a token in the query as well is 400',
    'GET',
    `/hello?access_token=${good}`,
    ['Authorization', `Bearer ${good}`],
    {
      status: 400,
      headers: { 'www-authenticate': /error="invalid_request"/ },
    },
  ],
  ['a token in the query alone is no credential', 'GET', `/hello?access_token=${good}`, [], { status: 401, body: { message: SENTENCE } }],
  [
    'a forged token is 401',
    'GET',
    '/hello',
    ['Authorization', `Bearer ${forged}`],
    {
      status: 401,
      headers: { 'www-authenticate': /error="invalid_token"/ },
      body: /"invalid_token"/,
    },
  ],
  [
    'an expired token is 401',
    'GET',
    '/hello',
    ['Authorization', `Bearer ${expired}`],
    {
      status: 401,
      headers: { 'www-authenticate': /error="invalid_token", error_description="the access token has expired"/ },
    },
  ],
  [
    'too narrow a scope is 403, and says which is needed',
    'GET',
    '/admin',
    ['Authorization', `Bearer ${good}`],
    {
      status: 403,
      headers: { 'www-authenticate': /error="insufficient_scope".*scope="admin"/ },
      body: /"insufficient_scope"/,
    },
  ],
  [
    'a good token passes',
    'GET',
    '/hello',
    ['Authorization', `Bearer ${good}`],
    {
      status: 200,
      headers: { 'www-authenticate': null, 'content-type': /application\/json/ },
      body: { hello: 'ada' },
    },
  ],
  ['the scheme is read in any case', 'GET', '/hello', ['authorization', `bEARER ${good}`], { status: 200, body: { hello: 'ada' } }],
  ['the scope that is needed passes', 'GET', '/admin', ['Authorization', `Bearer ${admin}`], { status: 200, body: { admin: true } }],
  [
    'a preflight is 204, and needs no token',
    'OPTIONS',
    '/admin',
    ['Origin', ORIGIN, 'Access-Control-Request-Method', 'GET', 'Access-Control-Request-Headers', 'authorization,x-trace'],
    {
      status: 204,
      headers: { ...CALLABLE, 'access-control-allow-headers': 'Authorization, x-trace', 'access-control-allow-methods': 'GET' },
      body: '',
    },
  ],
  [
    'a page of a listed origin can read the handler’s response',
    'GET',
    '/hello',
    ['Authorization', `Bearer ${good}`, 'Origin', ORIGIN],
    {
      status: 200,
      headers: { ...CALLABLE, 'access-control-expose-headers': /WWW-Authenticate/ },
      body: { hello: 'ada' },
    },
  ],
  [
    'it can read the challenge of a refusal too',
    'GET',
    '/hello',
    ['Origin', ORIGIN],
    {
      status: 401,
      headers: { ...CALLABLE, 'access-control-expose-headers': /WWW-Authenticate/ },
    },
  ],
  [
    'a page of another origin cannot',
    'GET',
    '/hello',
    ['Authorization', `Bearer ${good}`, 'Origin', 'https://evil.example'],
    {
      status: 200,
      headers: { 'access-control-allow-origin': null },
    },
  ],
];

/** What is answered while the keys cannot be fetched. */
export const outage = ({ good }) => [
  [
    'while keys cannot be had it is 503, without a challenge',
    'GET',
    '/hello',
    ['Authorization', `Bearer ${good}`],
    {
      status: 503,
      headers: { 'retry-after': '5', 'www-authenticate': null, 'cache-control': 'no-store' },
      body: /"unavailable"/,
    },
  ],
  ['even then no credentials are 401', 'GET', '/hello', [], { status: 401, body: { message: SENTENCE } }],
];

/** Sends a request with exactly these header lines, and holds the answer to what was expected. */
export async function hold(assert, origin, method, path, lines, { status, headers = {}, body }) {
  const answer = await send(origin, method, path, lines);
  assert.equal(answer.status, status, `${answer.body} status`);
  for (const [name, expected] of Object.entries(headers)) {
    const value = answer.headers[name] ?? null;
    if (expected instanceof RegExp) assert.ok(expected.test(value ?? ''), `${name}: ${value}, which does not match ${expected},`);
    else assert.equal(value, expected, name);
  }
  if (body instanceof RegExp) assert.ok(body.test(answer.body), answer.body);
  else if (typeof body === 'string') assert.equal(answer.body, body);
  else if (body) assert.same(JSON.parse(answer.body), body);
}

/** fetch would join header lines, and refuses some of them. */
function send(origin, method, path, lines) {
  const { host, hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const sent = request(
      { hostname, port, method, path, agent: false, headers: ['Host', host, 'Connection', 'close', ...lines] },
      (response) => {
        let body = '';
        response
          .setEncoding('utf8')
          .on('data', (chunk) => {
            body += chunk;
          })
          .on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
      },
    );
    sent.once('error', reject);
    sent.end();
  });
}
