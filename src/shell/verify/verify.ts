// Verification with rules and key for a single call.

import { own } from '../arguments.js';
import { call } from '../boundary/instance.js';
import type { JwsOptions, Rules, Verified, VerifiedJws } from '../types.js';
import type { KeyInput } from './keys.js';
import { Memo } from './memo.js';
import { RULES, Verification } from './verifier.js';

let jwts: Memo<Rules> | undefined;
let jwses: Memo<JwsOptions> | undefined;

const jwt = () =>
  (jwts ??= new Memo(
    RULES,
    'rules',
    (rules, keys) => new Verification([keys], [rules], ([key = 0]) => call('rules_verifier', rules, key)),
  ));
const jws = () =>
  (jwses ??= new Memo(
    ['algorithms', 'maxTokenLength'],
    'options',
    (options, keys) => new Verification([keys], [], ([key = 0]) => call('jws_verifier', options, key)),
  ));
const ANY_JWS: JwsOptions = /* @__PURE__ */ own({});

/**
 * Verifies a token: its signature and its claims. Rules and key are compiled at the first call and reused by later calls with
 * the same objects. For many tokens with the same rules, a {@link Verifier} is faster.
 * @param token The token, in compact serialization.
 * @param key The key or key set.
 * @param rules The {@link Rules} that the token must meet.
 * @returns The header, the claims and the key that verified the signature.
 * @throws (rejects with) a {@link TokenwardError} that says why the token is rejected; ERR_INVALID_ARG for invalid rules, and the
 * errors of {@link importKey}.
 * @example
 * ```ts
 * import { KeySet, verify } from 'tokenward';
 *
 * const keys = KeySet.fromUrl('https://login.example.com/.well-known/jwks.json');
 * const { payload } = await verify(token, keys, {
 *   issuer: 'https://login.example.com',
 *   audience: 'https://api.example.com',
 * });
 * console.log(payload.sub);
 * ```
 */
export async function verify<C extends object = {}>(token: string, key: KeyInput, rules: Rules): Promise<Verified<C>> {
  return jwt().of(key, rules).verify(token) as Promise<Verified<C>>;
}

/**
 * Verifies a token synchronously. See {@link verify}.
 * @throws a {@link TokenwardError} that says why the token is rejected; ERR_SYNC_UNAVAILABLE if the result exists only
 * asynchronously: the keys are not fetched yet, or only the host can use the key.
 * @example
 * ```ts
 * import { verifySync } from 'tokenward';
 *
 * const { payload } = verifySync(token, jwk, { issuer: 'https://login.example.com', audience: null });
 * console.log(payload.sub);
 * ```
 */
export function verifySync<C extends object = {}>(token: string, key: KeyInput, rules: Rules): Verified<C> {
  return jwt().of(key, rules).verifySync(token) as Verified<C>;
}

/**
 * Verifies a compact JWS with any payload (RFC 7515): format, algorithm, key and signature. Claims are not checked.
 * @throws (rejects with) a {@link TokenwardError} that says why the JWS is rejected.
 * @example
 * ```ts
 * import { verifyJws } from 'tokenward';
 *
 * const { payload } = await verifyJws(jws, jwk);
 * console.log(new TextDecoder().decode(payload));
 * ```
 */
export async function verifyJws(token: string, key: KeyInput, options: JwsOptions = ANY_JWS): Promise<VerifiedJws> {
  return jws().of(key, options).jws(token);
}

/**
 * Verifies a compact JWS synchronously. See {@link verifyJws}.
 * @throws a {@link TokenwardError} that says why the JWS is rejected; ERR_SYNC_UNAVAILABLE if the result exists only
 * asynchronously.
 * @example
 * ```ts
 * import { verifyJwsSync } from 'tokenward';
 *
 * const { payload, key } = verifyJwsSync(jws, pem, { algorithms: ['RS256'] });
 * console.log(payload.length, key.alg);
 * ```
 */
export function verifyJwsSync(token: string, key: KeyInput, options: JwsOptions = ANY_JWS): VerifiedJws {
  return jws().of(key, options).jwsSync(token);
}
