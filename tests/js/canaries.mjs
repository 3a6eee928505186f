// What the leak suites share: a word that must come out nowhere, every way in which it could, and the codes of errors.

import { base64url } from './kit.mjs';

/** It stands in every token, claim, key, secret, password and thrown text of the leak suites. */
export const CANARY = 'kanarienvogel';

/**
 * Every code of the contract and where it is reached: `jwt` in suite/leaks.mjs, `session` in suite/leaks-session.mjs,
 * or the reason why neither reaches it.
 */
export const CODES = {
  ERR_JWT_MALFORMED: 'jwt',
  ERR_JWE_NOT_SUPPORTED: 'jwt',
  ERR_JOSE_ALG_NOT_ALLOWED: 'jwt',
  ERR_JOSE_NOT_SUPPORTED: 'jwt',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'jwt',
  ERR_JWT_EXPIRED: 'jwt',
  ERR_JWT_NOT_YET_VALID: 'jwt',
  ERR_JWT_CLAIM_VALIDATION_FAILED: 'jwt',
  ERR_JWT_REVOKED: 'jwt',
  ERR_REVOCATION_UNAVAILABLE: 'jwt',
  ERR_JWK_INVALID: 'jwt',
  ERR_KEY_WEAK: 'jwt',
  ERR_KEY_UNUSABLE: 'jwt',
  ERR_JWKS_INVALID: 'jwt',
  ERR_JWKS_NO_MATCHING_KEY: 'jwt',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'jwt',
  ERR_JWKS_FETCH_FAILED: 'jwt',
  ERR_JWKS_TIMEOUT: 'jwt',
  ERR_SYNC_UNAVAILABLE: 'jwt',
  ERR_CLOCK_UNAVAILABLE: 'jwt',
  ERR_WASM_UNAVAILABLE: 'jwt',
  ERR_SESSION_SIGNED_OUT: 'session',
  ERR_SESSION_CHANGED: 'session',
  ERR_SESSION_CLOSED: 'session',
  ERR_TOKEN_REFRESH_REJECTED: 'session',
  ERR_TOKEN_REFRESH_UNAVAILABLE: 'session',
  ERR_LOGIN_REJECTED: 'session',
  ERR_TOKEN_ENDPOINT_MISCONFIGURED: 'session',
  ERR_TOKEN_RESPONSE_INVALID: 'session',
  ERR_TOKEN_ENDPOINT_REDIRECTED: 'session',
  ERR_TOKEN_TIMEOUT: 'session',
  ERR_TOKEN_STORE_UNAVAILABLE: 'session',
  ERR_INSECURE_URL: 'session',
  ERR_FOREIGN_URL: 'session',
  ERR_BODY_NOT_REPLAYABLE: 'session',
  ERR_INVALID_ARG: 'session',
};

const join = (bytes, radix, width, separator) => [...bytes].map((byte) => byte.toString(radix).padStart(width, '0')).join(separator);

/** A text as it could be written by somebody who prints it, logs its bytes, or encodes what it stands in. */
function disguises(text) {
  const bytes = new TextEncoder().encode(text);
  // At each of the three places in a group of base64; the digits at both ends depend on the neighbours.
  const aligned = [0, 1, 2].map((offset) =>
    base64url(new Uint8Array([...new Uint8Array(offset), ...bytes])).slice(offset === 0 ? 0 : offset + 1, -4),
  );
  return [
    text,
    [...text].reverse().join(''),
    ...aligned,
    ...aligned.map((digits) => digits.replaceAll('-', '+').replaceAll('_', '/')),
    join(bytes, 16, 2, '%').replace(/^/, '%'),
    join(bytes, 16, 2, ''),
    join(bytes, 16, 2, ' '),
    join(bytes, 16, 2, ':'),
    join(bytes, 16, 4, '\\u').replace(/^/, '\\u'),
    join(bytes, 10, 1, ','),
    join(bytes, 10, 1, ', '),
    join(bytes, 10, 1, ' '),
    // As JSON.stringify and util.inspect write typed arrays and the like.
    [...bytes].map((byte, at) => `"${at}":${byte}`).join(','),
    [...bytes].map((byte) => `${byte},`).join('\n'),
  ].map((disguise) => disguise.toLowerCase());
}

/** Finds what must not be in a text: the canary, and the other secrets in full or in their longer parts. */
export function watchFor(...secrets) {
  const wanted = [CANARY, ...secrets.map((secret) => secret.slice(0, 24))].flatMap(disguises);
  return (text) => {
    const low = text.toLowerCase();
    return [...new Set(wanted.filter((disguise) => disguise.length > 5 && low.includes(disguise)))];
  };
}

/** How Node shows a value to whoever looks closest; nothing elsewhere. */
export function inspected(value) {
  const inspect = globalThis.process?.getBuiltinModule?.('node:util')?.inspect;
  return inspect
    ? inspect(value, { depth: Infinity, showHidden: true, maxArrayLength: Infinity, maxStringLength: Infinity, getters: true })
    : '';
}

const attempt = (run) => {
  try {
    return String(run());
  } catch {
    return '';
  }
};

/** Everything that a thrown value, or one that was handed out, says to anybody who looks. */
export function everything(value, depth = 0) {
  const shown = [
    attempt(() => value),
    attempt(() => `${value}`),
    attempt(() => JSON.stringify(value)),
    attempt(() => JSON.stringify(value?.toJSON?.())),
    attempt(() => inspected(value)),
    attempt(() => value?.toString?.()),
    attempt(() => value?.toLocaleString?.()),
  ];
  if (typeof value !== 'object' || value === null || depth > 6) return shown.join('\n');
  for (let holder = value; holder && holder !== Object.prototype; holder = Object.getPrototypeOf(holder)) {
    for (const name of Reflect.ownKeys(holder)) {
      shown.push(attempt(() => name.toString()));
      const inner = (() => {
        try {
          return value[name];
        } catch {
          return undefined;
        }
      })();
      if (typeof inner !== 'function') shown.push(typeof inner === 'object' ? everything(inner, depth + 1) : attempt(() => inner));
    }
  }
  return shown.join('\n');
}

/** Takes down what is written to the console meanwhile. */
export async function overheard(run) {
  const spoken = [];
  const original = {};
  for (const name of Object.keys(console).filter((name) => typeof console[name] === 'function')) {
    original[name] = console[name];
    console[name] = (...words) => void spoken.push(words.map((word) => everything(word)).join(' '));
  }
  try {
    await run();
  } finally {
    Object.assign(console, original);
  }
  return spoken;
}

const TIME_LIMIT_MS = 2_000;

/** Drives paths that must fail, { name: function }, and answers the errors by name. */
export async function driven(paths) {
  const errors = [];
  for (const [name, path] of Object.entries(paths)) {
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, TIME_LIMIT_MS, 'did not end');
    });
    try {
      const value = await Promise.race([(async () => path())(), late]);
      errors.push([name, `it did not fail: ${attempt(() => value)}`]);
    } catch (error) {
      errors.push([name, error]);
    } finally {
      clearTimeout(timer);
    }
  }
  return errors;
}

/** What is wrong with errors: one that leaks, and one that the contract does not know. */
export function faults(errors, leaked) {
  const found = [];
  for (const [name, error] of errors) {
    const leaks = leaked(everything(error));
    if (leaks.length > 0) found.push(`${name} (${error?.code}) leaks ${leaks.join(', ')}`);
    if (!(error?.code in CODES)) found.push(`${name}: ${leaks.length > 0 ? 'not a documented error' : error}`);
  }
  return found;
}

/** The codes of one half that no error had. */
export function unreached(half, errors) {
  const reached = new Set(errors.map(([, error]) => error?.code));
  return Object.entries(CODES)
    .filter(([code, where]) => where === half && !reached.has(code))
    .map(([code]) => code);
}
