// The same adversarial tokens, given to tokenward and to libraries that people use, each configured as strictly as it
// can be. One line a token, one column a library: what it accepted, and whether that is what the specifications ask for.
//
// It describes the behaviour of the versions named, on the day it is run. An acceptance that differs is no claim of a
// vulnerability: several are choices, and some are documented as such.

import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { importFromUser, root } from '../js/installed.mjs';

const require = createRequire(join(root, 'tests/'));
const versionOf = (name) => JSON.parse(readFileSync(join(root, 'tests/node_modules', name, 'package.json'), 'utf8')).version;

const ISSUER = 'https://issuer.test';
const AUDIENCE = 'https://api.test';
const now = Math.floor(Date.now() / 1000);

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256', use: 'sig' };
const pem = publicKey.export({ format: 'pem', type: 'spki' });

const b64 = (data) => Buffer.from(data).toString('base64url');
const text = (value) => (typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value));
const claims = (more = {}) => ({ iss: ISSUER, aud: AUDIENCE, sub: 'ada', iat: now - 10, exp: now + 600, ...more });
const without = (name) => {
  const { [name]: _, ...rest } = claims();
  return rest;
};
const HEADER = { alg: 'RS256', kid: 'k', typ: 'JWT' };

function signed(segments, key = privateKey) {
  const input = segments.join('.');
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}
const token = (payload = claims(), header = HEADER, key) => signed([b64(text(header)), b64(text(payload))], key);
const raw = (more) => JSON.stringify(claims()).replace('{', `{${more},`);
const exp = (json) => JSON.stringify(without('exp')).replace('{', `{"exp":${json},`);

const good = token();
const [head, body, signature] = good.split('.');
const stray = (segment) => {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return segment.slice(0, -1) + digits[digits.indexOf(segment.at(-1)) + 1];
};
const attacker = generateKeyPairSync('rsa', { modulusLength: 2048 });
const nested = `${'['.repeat(5000)}${']'.repeat(5000)}`;

/** What must be accepted: true; refused: false. */
const CASES = [
  ['a good token', true, good],
  ['typ "at+jwt" (RFC 9068)', true, token(claims(), { ...HEADER, typ: 'at+jwt' })],
  ['typ "application/at+jwt"', true, token(claims(), { ...HEADER, typ: 'application/at+jwt' })],
  ['exp with a fraction', true, token(claims({ exp: now + 600.5 }))],
  ['an empty fourth segment', false, `${good}.`],
  ['a fourth segment', false, `${good}.x`],
  ['signature padded with "="', false, `${good}==`],
  ['a newline inside the signature', false, `${head}.${body}.${signature.slice(0, 20)}\n${signature.slice(20)}`],
  ['a newline behind the token', false, `${good}\n`],
  ['a space before the token', false, ` ${good}`],
  ['stray bits in the signature', false, `${head}.${body}.${stray(signature)}`],
  ['signature in the other base64 alphabet', false, `${head}.${body}.${signature.replaceAll('-', '+').replaceAll('_', '/')}`],
  ['"*" inside the signature', false, `${head}.${body}.${signature.slice(0, 20)}*${signature.slice(20)}`],
  ['stray bits in the header, signed', false, signed([stray(b64('{"alg":"RS256","kid":"k","typ":"JWT"} ')), body])],
  ['payload padded with "=", signed', false, signed([head, Buffer.from(`${JSON.stringify(claims())} `.padEnd(200)).toString('base64')])],
  ['alg twice in the header', false, token(claims(), '{"alg":"none","alg":"RS256","kid":"k","typ":"JWT"}')],
  ['sub twice in the payload', false, token(raw('"sub":"eve"'))],
  ['bad UTF-8 in the payload', false, token(Buffer.from(raw('"x":"\u00e9"'), 'latin1'))],
  ['half a surrogate pair', false, token(raw('"x":"\\ud800"'))],
  ['a byte order mark', false, token(`\ufeff${JSON.stringify(claims())}`)],
  ['payload a list', false, token([])],
  ['payload a string', false, token('"x"')],
  ['payload null', false, token('null')],
  ['payload no JSON', false, token('x')],
  ['header a list', false, token(claims(), '[]')],
  ['crit with an unknown name, present', false, token(claims(), { ...HEADER, crit: ['x'], x: 1 })],
  ['crit with an unknown name, absent', false, token(claims(), { ...HEADER, crit: ['x'] })],
  ['crit empty', false, token(claims(), { ...HEADER, crit: [] })],
  ['crit null', false, token(claims(), { ...HEADER, crit: null })],
  ['crit a string', false, token(claims(), { ...HEADER, crit: 'exp' })],
  ['crit naming alg', false, token(claims(), { ...HEADER, crit: ['alg'] })],
  ['b64 false with crit', false, token(claims(), { ...HEADER, crit: ['b64'], b64: false })],
  ['b64 false without crit', false, token(claims(), { ...HEADER, b64: false })],
  ['alg none, no signature', false, `${b64('{"alg":"none","kid":"k","typ":"JWT"}')}.${body}.`],
  ['no signature', false, `${head}.${body}.`],
  ['alg in a list', false, token(claims(), { ...HEADER, alg: ['RS256'] })],
  ['alg in lower case', false, token(claims(), { ...HEADER, alg: 'rs256' })],
  ['no alg', false, token(claims(), { kid: 'k', typ: 'JWT' })],
  ['no exp', false, token(without('exp'))],
  ['exp null', false, token(exp('null'))],
  ['exp 0', false, token(exp('0'))],
  ['exp a string', false, token(exp('"9999999999"'))],
  ['exp true', false, token(exp('true'))],
  ['exp a list', false, token(exp('[9999999999]'))],
  ['exp 1e400', false, token(exp('1e400'))],
  ['exp 1e20, no date', false, token(exp('1e20'))],
  ['exp negative', false, token(exp('-1'))],
  ['exp a second ago', false, token(claims({ exp: now - 1 }))],
  ['nbf a string', false, token(claims({ nbf: '9999999999' }))],
  ['nbf null', false, token(claims({ nbf: null }))],
  ['nbf 1e400', false, token(raw('"nbf":1e400'))],
  ['nbf in the future', false, token(claims({ nbf: now + 300 }))],
  ['iat a string', false, token(claims({ iat: 'yesterday' }))],
  ['iss a list', false, token(claims({ iss: [ISSUER] }))],
  ['iss a list with another', false, token(claims({ iss: [ISSUER, 'https://evil.test'] }))],
  ['no iss', false, token(without('iss'))],
  ['iss with a suffix', false, token(claims({ iss: `${ISSUER}.evil.test` }))],
  ['no aud', false, token(without('aud'))],
  ['aud an empty list', false, token(claims({ aud: [] }))],
  ['aud a list with a number', false, token(claims({ aud: [AUDIENCE, 1] }))],
  ['aud an object', false, token(claims({ aud: { 0: AUDIENCE } }))],
  ['aud a list of lists', false, token(claims({ aud: [[AUDIENCE]] }))],
  ['sub a number', false, token(claims({ sub: 1 }))],
  [
    'a key of the attacker in the header',
    false,
    token(claims(), { ...HEADER, jwk: attacker.publicKey.export({ format: 'jwk' }) }, attacker.privateKey),
  ],
  [
    'HS256 with the public key as secret',
    false,
    (() => {
      const input = `${b64('{"alg":"HS256","kid":"k","typ":"JWT"}')}.${body}`;
      return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
    })(),
  ],
  ['a megabyte of claims', false, token(claims({ x: 'x'.repeat(1 << 20) }))],
  ['a list five thousand deep', false, token(raw(`"x":${nested}`))],
];

const { tokenward } = await importFromUser('compare.mjs', "export * as tokenward from 'tokenward';\n");
const jose = await import(require.resolve('jose'));
const jsonwebtoken = require('jsonwebtoken');
const { createVerifier } = require('fast-jwt');
const { JwtVerifier } = require('aws-jwt-verify');
const hono = await import(require.resolve('hono/jwt'));
const tsndr = (await import(require.resolve('@tsndr/cloudflare-worker-jwt'))).default;

const josePublic = await jose.importJWK(jwk, 'RS256');
const fast = createVerifier({
  key: pem,
  algorithms: ['RS256'],
  allowedIss: ISSUER,
  allowedAud: AUDIENCE,
  requiredClaims: ['iss', 'aud', 'exp'],
});
const aws = JwtVerifier.create({ issuer: ISSUER, audience: AUDIENCE, jwksUri: 'https://issuer.test/jwks' });
aws.cacheJwks({ keys: [jwk] });
const ours = new tokenward.Verifier({ issuer: ISSUER, audience: AUDIENCE, algorithms: ['RS256'], keys: { keys: [jwk] } });

/** Each verifies with the key given, issuer, audience and algorithm demanded, and exp demanded where it can be. */
const LIBRARIES = {
  tokenward: [tokenward.version, (text) => ours.verify(text)],
  jose: [
    versionOf('jose'),
    (text) => jose.jwtVerify(text, josePublic, { issuer: ISSUER, audience: AUDIENCE, algorithms: ['RS256'], requiredClaims: ['exp'] }),
  ],
  jsonwebtoken: [
    versionOf('jsonwebtoken'),
    (text) => jsonwebtoken.verify(text, pem, { issuer: ISSUER, audience: AUDIENCE, algorithms: ['RS256'] }),
  ],
  'fast-jwt': [versionOf('fast-jwt'), (text) => fast(text)],
  'aws-jwt-verify': [versionOf('aws-jwt-verify'), (text) => aws.verify(text)],
  'hono/jwt': [versionOf('hono'), (text) => hono.verify(text, jwk, { alg: 'RS256', iss: ISSUER, aud: AUDIENCE })],
  tsndr: [
    versionOf('@tsndr/cloudflare-worker-jwt'),
    async (text) => (await tsndr.verify(text, jwk, { algorithm: 'RS256', throwError: true })) || Promise.reject(new Error()),
  ],
};

const names = Object.keys(LIBRARIES);
const width = Math.max(...CASES.map(([name]) => name.length));
const column = (text, at) => text.padEnd(Math.max(names[at].length, 9) + 1);
const totals = names.map(() => 0);
console.log(`${''.padEnd(width)}  ${names.map((name, at) => column(name, at)).join('')}`);
console.log(`${''.padEnd(width)}  ${names.map((name, at) => column(LIBRARIES[name][0], at)).join('')}`);
for (const [name, expected, text] of CASES) {
  const cells = [];
  for (const [at, library] of names.entries()) {
    const accepted = await Promise.resolve()
      .then(() => LIBRARIES[library][1](text))
      .then(
        () => true,
        () => false,
      );
    totals[at] += accepted === expected ? 0 : 1;
    cells.push(column(accepted === expected ? '·' : accepted ? 'accepts' : 'refuses', at));
  }
  console.log(`${name.padEnd(width)}  ${cells.join('')}`);
}
console.log(`${`differs in, of ${CASES.length}`.padEnd(width)}  ${totals.map((total, at) => column(String(total), at)).join('')}`);
console.log('\n"accepts" and "refuses" mark where a library does otherwise than RFC 7515, 7519 and 8725 ask, than the rules it was');
console.log('given, or than a bound on cost (the last two lines); "·" where it does not. A library without an option for a rule is');
console.log('judged all the same, and an acceptance is no claim of a vulnerability.');
process.exitCode = totals[0] === 0 ? 0 : 1;
