// Verification with rules and key for a single call.

import { own } from '../arguments.js';
import { call } from '../boundary/instance.js';
import type { JwsOptions, Rules, Verified, VerifiedJws } from '../types.js';
import type { KeyInput } from './keys.js';
import { Memo } from './memo.js';
import { Verification } from './verifier.js';

let jwts: Memo<Rules> | undefined;
let jwses: Memo<JwsOptions> | undefined;

const jwt = () => jwts ??= new Memo((rules, keys) => new Verification([keys], [rules], ([key = 0]) => call('rules_verifier', rules, key)));
const jws = () => jwses ??= new Memo((options, keys) => new Verification([keys], [], ([key = 0]) => call('jws_verifier', options, key)));
const ANY_JWS: JwsOptions = /* @__PURE__ */ own({});

/**
 * Verifies a token: signature and rules. Rules and key are compiled once, for as long as they say the same.
 * @throws (rejects with) the reason why the token is not accepted.
 */
export async function verify<C extends object = {}>(token: string, key: KeyInput, rules: Rules): Promise<Verified<C>> {
  return jwt().of(key, rules).verify(token) as Promise<Verified<C>>;
}

/**
 * As `verify`, at once.
 * @throws the reason why the token is not accepted; ERR_SYNC_UNAVAILABLE if the answer exists only asynchronously.
 */
export function verifySync<C extends object = {}>(token: string, key: KeyInput, rules: Rules): Verified<C> {
  return jwt().of(key, rules).verifySync(token) as Verified<C>;
}

/**
 * Verifies a compact JWS with any payload: format, algorithm, key and signature are judged, claims are not.
 * @throws (rejects with) the reason why the token is not accepted.
 */
export async function verifyJws(token: string, key: KeyInput, options: JwsOptions = ANY_JWS): Promise<VerifiedJws> {
  return jws().of(key, options).jws(token);
}

/**
 * As `verifyJws`, at once.
 * @throws the reason why the token is not accepted; ERR_SYNC_UNAVAILABLE if the answer exists only asynchronously.
 */
export function verifyJwsSync(token: string, key: KeyInput, options: JwsOptions = ANY_JWS): VerifiedJws {
  return jws().of(key, options).jwsSync(token);
}
