// Verification, as it is called: with rules compiled once, or with rules and key for a single call.

import { Compiled, type Asking } from './compiled.js';
import { isTokenwardError } from '../error.js';
import { disposable } from '../boundary/handle.js';
import { bounded, call } from '../boundary/instance.js';
import { Judge, moment, parsed, usedKey } from './judge.js';
import { readKeys, type KeyInput } from './keys.js';
import { put, range, trim } from '../boundary/memory.js';
import { member, misuse, optionsOf, own, readable } from '../arguments.js';
import { copied, remembering } from './memo.js';
import type {
  Expiry, ExpiryOptions, Explanation, JoseHeader, JwsOptions, JwtClaims, Result, Rules, Verified, VerifiedJws,
} from '../types.js';

/** The rules and keys of one issuer among several. */
export interface IssuerRules extends Omit<Rules, 'issuer'> {
  /** Compared with the token's `iss` letter for letter, before any key is looked for. */
  issuer: string;
  /** Its keys, and nobody else's. */
  keys: KeyInput;
}

/** Rules and keys of a `Verifier`. */
export type VerifierOptions = ((Rules & { keys: KeyInput }) | { issuers: readonly IssuerRules[] }) & {
  /**
   * Remembers verdicts on tokens that come again: 1,000 of them for `true`, 16 MiB at the most. Off by default. Times,
   * `isRevoked` and `schema` are judged at every call, and every call gets a payload of its own.
   */
  cache?: boolean | { maxEntries: number };
};

/** Verifies tokens with rules and keys that are compiled once. */
export class Verifier<C extends object = {}> {
  readonly #judge: Judge<C>;

  /** @throws ERR_INVALID_ARG for rules that check nothing, and what `importKey` throws. */
  constructor(options: VerifierOptions) {
    const given = copied(options, 'rules');
    const several = 'issuers' in given;
    const list = (several ? listed(given.issuers) : [given]) as (Rules & { keys: KeyInput })[];
    const read = several ? own({ ...given, issuers: list }) : given;
    this.#judge = new Judge<C>(list, list.map(({ keys }) => readKeys(keys)), (keys) => call('verifier', read, keys));
  }

  /** @throws (rejects with) the reason why the token is not accepted. */
  verify(token: string): Promise<Verified<C>> {
    return this.#judge.async(token);
  }

  /** @throws the reason why the token is not accepted; ERR_SYNC_UNAVAILABLE where the answer exists only asynchronously. */
  verifySync(token: string): Verified<C> {
    return this.#judge.sync(token);
  }

  /** As `verify`, with the reason in the result. */
  async safeVerify(token: string): Promise<Result<C>> {
    return safely(this.#judge.async(token));
  }

  /** As `verifySync`, with the reason in the result. */
  safeVerifySync(token: string): Result<C> {
    try {
      return { ok: true, ...this.#judge.sync(token) };
    } catch (error) {
      return refused(error);
    }
  }

  /** As `safeVerify` for each token, in order and in one crossing into the module. */
  async verifyMany(tokens: readonly string[]): Promise<Result<C>[]> {
    const list = readable(() => (Array.isArray(tokens) ? [...tokens] : undefined), 'tokens');
    if (!list) throw misuse('tokens', 'a list of strings', tokens);
    return Promise.all(this.#judge.many(list).map(safely));
  }

  /**
   * Every check in order: passed, failed, or skipped because the rules do not ask for it or an earlier one failed.
   * There is no secret and nothing of the token's text in it. Claims that the rules require come as a second `claims`
   * after `time`, a schema as one at the end.
   * @throws (rejects) only where keys could not be fetched, or there is no clock.
   */
  explain(token: string): Promise<Explanation> {
    return this.#judge.explain(token);
  }

  /** Clears the verifier from the module's memory. Without it, that happens when this object is collected. */
  free(): void {
    this.#judge.free();
  }
}
disposable(Verifier);

const judgeOf = remembering((rules: Rules, keys) => new Judge([rules], [keys], ([key = 0]) => call('rules_verifier', rules, key)));

const jwsVerifierOf = remembering((options: JwsOptions, keys) =>
  new Compiled([keys], ([key = 0]) => call('jws_verifier', options, key)));

/**
 * Verifies a token: signature and rules. Rules and key are compiled once, for as long as they say the same.
 * @throws (rejects with) the reason why the token is not accepted.
 */
export async function verify<C extends object = {}>(token: string, key: KeyInput, rules: Rules): Promise<Verified<C>> {
  return judgeOf(key, rules).async(token) as Promise<Verified<C>>;
}

/**
 * As `verify`, at once.
 * @throws the reason why the token is not accepted; ERR_SYNC_UNAVAILABLE where the answer exists only asynchronously.
 */
export function verifySync<C extends object = {}>(token: string, key: KeyInput, rules: Rules): Verified<C> {
  return judgeOf(key, rules).sync(token) as Verified<C>;
}

/**
 * Verifies a compact JWS with any payload: format, algorithm, key and signature are judged, claims are not.
 * @throws (rejects with) the reason why the token is not accepted.
 */
export async function verifyJws(token: string, key: KeyInput, options: JwsOptions = ANY_JWS): Promise<VerifiedJws> {
  return jwsVerifierOf(key, options).async(token, aboutJws);
}

/**
 * As `verifyJws`, at once.
 * @throws the reason why the token is not accepted; ERR_SYNC_UNAVAILABLE where the answer exists only asynchronously.
 */
export function verifyJwsSync(token: string, key: KeyInput, options: JwsOptions = ANY_JWS): VerifiedJws {
  return jwsVerifierOf(key, options).sync(token, aboutJws);
}

/**
 * Header and claims of a JWT, **not verified**: anybody may have written them.
 * @throws ERR_JWT_MALFORMED
 */
export function decode<C extends object = {}>(token: string): { header: JoseHeader; payload: JwtClaims & C } {
  call('decode', put(token));
  try {
    return { header: parsed('header'), payload: parsed('payload') };
  } finally {
    trim();
  }
}

/**
 * When a token starts and ends, without verifying it. A token that never expires has `expiresAt: null`.
 * @throws ERR_JWT_MALFORMED; ERR_JWT_CLAIM_VALIDATION_FAILED where `exp` or `nbf` is not a date.
 */
export function checkExpiry(token: string | JwtClaims, options: ExpiryOptions = {}): Expiry {
  const { now: at, clockTolerance = 0 } = optionsOf(options, ['now', 'clockTolerance']);
  const [now, given] = moment(at);
  if (typeof clockTolerance !== 'number') throw misuse('clockTolerance', 'between 0 and 600 seconds', clockTolerance);
  const claims = typeof token === 'object' && token !== null
    ? readable(() => JSON.stringify({ exp: member(token, 'exp'), nbf: member(token, 'nbf') }), 'token') : undefined;
  const [expired, notYetValid, exp] = claims === undefined
    ? call('expiry_of_token', put(token), now, given, clockTolerance)
    : bounded(() => call('expiry_of_claims', claims, now, given, clockTolerance));
  trim();
  const expiresAt = exp === undefined || Number.isNaN(exp) ? null : exp;
  return { expired: expired === 1, notYetValid: notYetValid === 1, expiresAt, expiresIn: expiresAt === null ? null : expiresAt - now };
}

/**
 * Whether a token has expired, without verifying it.
 * @throws as `checkExpiry`
 */
export function isExpired(token: string | JwtClaims, options?: ExpiryOptions): boolean {
  return checkExpiry(token, options).expired;
}

const ANY_JWS: JwsOptions = own({});

const aboutJws: Asking<VerifiedJws> = own<Asking<VerifiedJws>>({
  ask: (verifier, length, { hostKey, valid, takesRsa }) => call('verify_jws', verifier, length, hostKey, valid, takesRsa),
  read: () => ({ header: parsed('header'), payload: range('payload'), key: usedKey() }),
});

/** The rules of each issuer. */
function listed(issuers: readonly IssuerRules[]): IssuerRules[] {
  if (!Array.isArray(issuers)) throw misuse('issuers', 'a list of rules, each with one issuer of its own', issuers);
  return issuers.map((rules: IssuerRules, at) => copied(rules, `issuers[${at}]`));
}

async function safely<C extends object>(verified: Promise<Verified<C>>): Promise<Result<C>> {
  try {
    return { ok: true, ...await verified };
  } catch (error) {
    return refused(error);
  }
}

function refused<C extends object>(error: unknown): Result<C> {
  if (isTokenwardError(error)) return { ok: false, error };
  throw error;
}
