// Samples, minted in this page with keys that are made for them and forgotten with it.

const ISSUER = 'https://login.example.com';
const AUDIENCE = 'https://api.example.com';
const RULES = { issuer: ISSUER, audience: AUDIENCE, requireExp: true };
const encoder = new TextEncoder();

/** [name, what it shows, how it is made]. What is made: the token, the key's kind and text, the rules. */
export const SAMPLES = [
  ['valid', 'Everything holds.', () => signed({})],
  ['ends soon', 'It holds for 20 seconds more. Watch it end.', () => signed({ exp: now() + 20 })],
  ['expired', 'It was good until a while ago.', () => signed({ iat: now() - 900, nbf: now() - 900, exp: now() - 600 })],
  ['not yet valid', 'It starts in a minute.', () => signed({ nbf: now() + 60, exp: now() + 360 })],
  ['forged', 'A claim was changed after it was signed.', forged],
  ['alg: none', 'It says that it needs no signature.', none],
  ['key confusion', 'Signed with the public key, as if that were a secret.', confused],
  ['foreign key', 'Signed with a key that is not in the set.', foreign],
  ['wrong audience', 'Meant for another API.', () => signed({ aud: 'https://billing.example.com' })],
  ['narrow scope', 'It lacks a scope that the rules ask for.', () => signed({ scope: 'read' }, { scope: 'read write' })],
  ['two subjects', 'A claim is there twice, so readers may disagree.', twoSubjects],
  ['unknown crit', 'Its header demands an extension.', () => signed({}, {}, { crit: ['urn:example:tier'], 'urn:example:tier': 1 })],
  ['shared secret', 'HS256, where both sides know the secret.', secret],
];

const now = () => Math.floor(Date.now() / 1000);

function claims(changes) {
  const at = now();
  return {
    iss: ISSUER,
    sub: 'ada',
    aud: AUDIENCE,
    iat: at,
    nbf: at,
    exp: at + 300,
    jti: crypto.randomUUID(),
    scope: 'read write',
    name: 'Ada Lovelace',
    roles: ['analyst', 'engineer'],
    ...changes,
  };
}

let pair;

/** The samples' own key, made when it is first needed. */
function ownKey() {
  return (pair ??= ecKey());
}

async function ecKey() {
  const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey);
  return { privateKey, jwk: { kty, crv, x, y, kid: `sample-${x.slice(0, 6)}`, alg: 'ES256', use: 'sig' } };
}

async function signed(changes, rules = {}, header = {}) {
  const { privateKey, jwk } = await ownKey();
  const input = inputOf({ alg: 'ES256', kid: jwk.kid, typ: 'JWT', ...header }, claims(changes));
  return sample(await es256(input, privateKey), 'jwks', { keys: [jwk] }, rules);
}

async function forged() {
  const made = await signed({});
  const [header, , signature] = made.token.split('.');
  return { ...made, token: [header, encoded(JSON.stringify(claims({ sub: 'root', roles: ['admin'] }))), signature].join('.') };
}

async function none() {
  const { jwk } = await ownKey();
  return sample(`${inputOf({ alg: 'none', typ: 'JWT' }, claims({}))}.`, 'jwk', jwk);
}

async function confused() {
  const { publicKey } = await crypto.subtle.generateKey(
    { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
    true,
    ['sign', 'verify'],
  );
  const base64 = btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.exportKey('spki', publicKey))));
  const pem = `-----BEGIN PUBLIC KEY-----\n${base64.replace(/.{64}(?=.)/g, '$&\n')}\n-----END PUBLIC KEY-----\n`;
  return { ...(await hs256(encoder.encode(pem), claims({}))), kind: 'pem', key: pem };
}

async function foreign() {
  const { privateKey, jwk } = await ecKey();
  const input = inputOf({ alg: 'ES256', kid: jwk.kid, typ: 'JWT' }, claims({}));
  return sample(await es256(input, privateKey), 'jwks', { keys: [(await ownKey()).jwk] });
}

async function twoSubjects() {
  const { privateKey, jwk } = await ownKey();
  const payload = JSON.stringify(claims({})).replace('"sub":"ada"', '"sub":"ada","sub":"root"');
  return sample(await es256(inputOf({ alg: 'ES256', kid: jwk.kid, typ: 'JWT' }, payload), privateKey), 'jwks', { keys: [jwk] });
}

async function secret() {
  const text = 'an example of a secret that is long enough';
  return { ...(await hs256(encoder.encode(text), claims({}))), kind: 'secret', key: text };
}

async function hs256(bytes, payload) {
  const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const input = inputOf({ alg: 'HS256', typ: 'JWT' }, payload);
  return { token: `${input}.${encoded(await crypto.subtle.sign('HMAC', key, encoder.encode(input)))}`, rules: RULES };
}

async function es256(input, privateKey) {
  return `${input}.${encoded(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, encoder.encode(input)))}`;
}

function sample(token, kind, key, rules = {}) {
  return { token, kind, key: JSON.stringify(key, null, 2), rules: { ...RULES, ...rules } };
}

function inputOf(header, payload) {
  return `${encoded(JSON.stringify(header))}.${encoded(typeof payload === 'string' ? payload : JSON.stringify(payload))}`;
}

function encoded(data) {
  const bytes = typeof data === 'string' ? encoder.encode(data) : new Uint8Array(data);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
