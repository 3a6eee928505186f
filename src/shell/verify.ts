// Verification: the module judges, this file asks the host for what only the host can do.

import { isTokenwardError } from './error.js';
import { Held, disposable } from './held.js';
import { call, generation, trim } from './instance.js';
import { adopt, exportOnce, readKeys, type KeyInput, type Keys } from './keys.js';
import { message, number, put, range, refusal, text } from './memory.js';
import type { Remote } from './remote.js';
import type {
  Algorithm, Expiry, ExpiryOptions, JoseHeader, JwtClaims, Result, Rules, StandardSchema, Verified,
} from './types.js';

/** What `verify` of src/wasm/jwt.rs answers where the host's engine is needed; otherwise the token is accepted. */
const CHECK_SIGNATURE = 1;

/** How `crypto.subtle` names what it is asked to do, for the CryptoKeys that stay with the host. */
const SUBTLE: Record<string, AlgorithmIdentifier | RsaPssParams | EcdsaParams> = {
  HS256: 'HMAC', HS384: 'HMAC', HS512: 'HMAC',
  RS256: 'RSASSA-PKCS1-v1_5', RS384: 'RSASSA-PKCS1-v1_5', RS512: 'RSASSA-PKCS1-v1_5',
  PS256: { name: 'RSA-PSS', saltLength: 32 }, PS384: { name: 'RSA-PSS', saltLength: 48 }, PS512: { name: 'RSA-PSS', saltLength: 64 },
  ES256: { name: 'ECDSA', hash: 'SHA-256' }, ES384: { name: 'ECDSA', hash: 'SHA-384' }, ES512: { name: 'ECDSA', hash: 'SHA-512' },
  EdDSA: 'Ed25519', Ed25519: 'Ed25519',
};

/** Rules and keys of a `Verifier`. */
export type VerifierOptions = Rules & { keys: KeyInput };

/** Verifies tokens with rules and keys that are compiled once. */
export class Verifier<C extends object = {}> {
  readonly #keys: Keys;
  readonly #held: Held;
  readonly #rules: Pick<Rules, 'now' | 'isRevoked' | 'schema'>;
  #known: Pick<Verified, 'header' | 'key'> & { number: number; generation: number } | undefined;

  /** @throws ERR_INVALID_ARG for rules that check nothing, and what `importKey` throws. */
  constructor(options: VerifierOptions) {
    if (typeof options !== 'object' || options === null) throw refusal('argument', 'rules');
    const rules = { ...options };
    this.#rules = callbacks(rules);
    const keys = this.#keys = readKeys(rules.keys);
    this.#held = new Held('release_verifier', () => call('verifier', rules, keys.held.handle), keys.held);
    void this.#held.handle;
  }

  /** @throws (rejects with) the reason why the token is not accepted. */
  async verify(token: string): Promise<Verified<C>> {
    const { remote, cryptoKey } = this.#keys;
    if (remote) return this.#finish(await this.#fetching(remote, token));
    if (cryptoKey) await exportOnce(this.#keys);
    let { verified, question } = this.#step(token);
    while (question) {
      const valid = await askHost(question, cryptoKey);
      ({ verified, question } = this.#step(token, { hostKey: question.hostKey, valid }));
    }
    return this.#finish(verified as Verified<C>);
  }

  /** @throws the reason why the token is not accepted; ERR_SYNC_UNAVAILABLE where the answer exists only asynchronously. */
  verifySync(token: string): Verified<C> {
    const { remote } = this.#keys;
    const { verified } = remote ? this.#fetched(remote, token) : this.#step(token);
    if (!verified) throw refusal('sync-key');
    return this.#finishSync(verified);
  }

  /** As `verify`, with the reason in the result. */
  async safeVerify(token: string): Promise<Result<C>> {
    try {
      return { ok: true, ...await this.verify(token) };
    } catch (error) {
      return refused(error);
    }
  }

  /** As `verifySync`, with the reason in the result. */
  safeVerifySync(token: string): Result<C> {
    try {
      return { ok: true, ...this.verifySync(token) };
    } catch (error) {
      return refused(error);
    }
  }

  /** Clears the verifier from the module's memory. Without it, that happens when this object is collected. */
  free(): void {
    this.#held.free();
  }

  /** Verifies with a set that may have to be fetched, because it is old or because it lacks the token's key. */
  async #fetching(remote: Remote, token: string): Promise<Verified<C>> {
    if (remote.version === 0) this.#judgeForm(token);
    let since = remote.moment()[0];
    let missed = 0;
    let verdict: unknown;
    while (await remote.ready(since, missed)) {
      try {
        return this.#step(token).verified as Verified<C>;
      } catch (error) {
        if (!isMiss(error)) throw error;
        verdict = error;
        if (missed === 0) since = remote.moment()[0];
        missed = remote.version;
      }
    }
    throw verdict;
  }

  /** As `#fetching`, with the set as it is. */
  #fetched(remote: Remote, token: string): { verified?: Verified<C> } {
    const [now] = remote.moment();
    if (remote.version === 0) this.#judgeForm(token);
    remote.readyNow(now);
    try {
      return this.#step(token);
    } catch (error) {
      if (!isMiss(error) || !remote.readyNow(now, remote.version)) throw error;
    }
    return this.#step(token);
  }

  /** What no key could make a good token is refused before anything is fetched for it. */
  #judgeForm(token: string): void {
    try {
      this.#step(token);
    } catch (error) {
      if (!isMiss(error)) throw error;
    }
  }

  #step(token: string, verdict?: Verdict): { verified?: Verified<C>; question?: Question } {
    const [now, given] = moment(this.#rules.now);
    adopt(this.#keys);
    const verifier = this.#held.handle;
    const length = put(token, verifier);
    const status = verdict
      ? call('verify_judged', verifier, length, now, given, verdict.hostKey, verdict.valid)
      : call('verify', verifier, length, now, given);
    const outcome = status === CHECK_SIGNATURE ? { question: asked() } : { verified: this.#accepted() };
    trim();
    return outcome;
  }

  /** Most tokens of an issuer have the same header: it is parsed once, and copied where a copy is as good. */
  #accepted(): Verified<C> {
    const headerNumber = number('headerNumber');
    if (this.#known?.number !== headerNumber || this.#known.generation !== generation()) {
      const kid = text('kid');
      const known = { header: parsed<JoseHeader>('header'), key: { ...(kid !== undefined && { kid }), alg: algorithm() } };
      if (headerNumber === 0 || Object.values(known.header).some((value) => typeof value === 'object')) {
        return { header: known.header, payload: parsed('payload'), key: known.key };
      }
      this.#known = { ...known, number: headerNumber, generation: generation() };
    }
    const { header, key } = this.#known;
    return { header: { ...header }, payload: parsed('payload'), key: { ...key } };
  }

  #finishSync(verified: Verified<C>): Verified<C> {
    const { isRevoked, schema } = this.#rules;
    if (isRevoked) judgeRevocation(settled(() => isRevoked(verified.payload), 'revocation'));
    if (schema) judgeSchema(verified, settled(() => schema['~standard'].validate(verified.payload), 'schema'));
    return verified;
  }

  async #finish(verified: Verified<C>): Promise<Verified<C>> {
    const { isRevoked, schema } = this.#rules;
    if (isRevoked) judgeRevocation(await awaited(() => isRevoked(verified.payload), 'revocation'));
    if (schema) judgeSchema(verified, await awaited(() => schema['~standard'].validate(verified.payload), 'schema'));
    return verified;
  }
}
disposable(Verifier);

/**
 * Verifies a token: signature and rules. For many tokens, make a `Verifier` once.
 * @throws (rejects with) the reason why the token is not accepted.
 */
export async function verify<C extends object = {}>(token: string, key: KeyInput, rules: Rules): Promise<Verified<C>> {
  const verifier = once<C>(key, rules);
  try {
    return await verifier.verify(token);
  } finally {
    verifier.free();
  }
}

/**
 * As `verify`, at once.
 * @throws the reason why the token is not accepted; ERR_SYNC_UNAVAILABLE where the answer exists only asynchronously.
 */
export function verifySync<C extends object = {}>(token: string, key: KeyInput, rules: Rules): Verified<C> {
  const verifier = once<C>(key, rules);
  try {
    return verifier.verifySync(token);
  } finally {
    verifier.free();
  }
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
  const [now, given] = moment(options.now);
  const tolerance = options.clockTolerance ?? 0;
  const claims = typeof token === 'object' && token !== null;
  const [expired, notYetValid, exp] = claims
    ? call('expiry_of_claims', JSON.stringify({ exp: token.exp, nbf: token.nbf }), now, given, tolerance)
    : call('expiry_of_token', put(token), now, given, tolerance);
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

interface Question { algorithm: Algorithm; hostKey: number; message: Uint8Array<ArrayBuffer>; signature: Uint8Array<ArrayBuffer> }
interface Verdict { hostKey: number; valid: boolean }

let algorithms: Algorithm[] | undefined;

function algorithm(): Algorithm {
  algorithms ??= JSON.parse(call('algorithms')) as Algorithm[];
  return algorithms[number('algorithm')] as Algorithm;
}

function once<C extends object>(keys: KeyInput, rules: Rules): Verifier<C> {
  if (typeof rules !== 'object' || rules === null) throw refusal('argument', 'rules');
  return new Verifier<C>({ ...rules, keys });
}

function parsed<T>(name: 'header' | 'payload'): T {
  return JSON.parse(text(name) ?? '') as T;
}

function asked(): Question {
  return { algorithm: algorithm(), hostKey: number('hostKey'), message: message(), signature: range('signature') };
}

async function askHost({ algorithm, message, signature }: Question, key: CryptoKey | undefined): Promise<boolean> {
  try {
    return await crypto.subtle.verify(SUBTLE[algorithm] as AlgorithmIdentifier, key as CryptoKey, signature, message);
  } catch {
    throw refusal('key-engine');
  }
}

/** Seconds, and whether they are the caller's word rather than the host clock's. */
function moment(now: Rules['now']): [seconds: number, given: boolean] {
  if (now === undefined) return [Date.now() / 1000, false];
  if (typeof now === 'function') return [Number(now()), true];
  return [typeof now === 'number' ? now : Object.prototype.toString.call(now) === '[object Date]' ? now.getTime() / 1000 : NaN, true];
}

function callbacks({ now, isRevoked, schema }: Rules): Pick<Rules, 'now' | 'isRevoked' | 'schema'> {
  if (isRevoked !== undefined && typeof isRevoked !== 'function') throw refusal('argument', 'isRevoked');
  if (schema !== undefined && typeof (schema as StandardSchema | null)?.['~standard']?.validate !== 'function') {
    throw refusal('argument', 'schema');
  }
  return { ...(now !== undefined && { now }), ...(isRevoked && { isRevoked }), ...(schema && { schema }) };
}

function settled(ask: () => unknown, failure: 'revocation' | 'schema'): unknown {
  let answer: unknown;
  try {
    answer = ask();
  } catch {
    throw refusal(failure, 'schema');
  }
  if (typeof (answer as PromiseLike<unknown> | null | undefined)?.then === 'function') {
    (answer as Promise<unknown>).then(undefined, () => {});
    throw refusal('sync-callback');
  }
  return answer;
}

async function awaited(ask: () => unknown, failure: 'revocation' | 'schema'): Promise<unknown> {
  try {
    return await ask();
  } catch {
    throw refusal(failure, 'schema');
  }
}

/** Only a plain `false` lets the token pass. */
function judgeRevocation(answer: unknown): void {
  if (answer !== false) throw refusal(answer === true ? 'revoked' : 'revocation');
}

function judgeSchema<C extends object>(verified: Verified<C>, answer: unknown): void {
  const { issues, value } = (answer ?? {}) as { issues?: readonly { path?: readonly unknown[] }[]; value?: unknown };
  if (issues || typeof value !== 'object' || value === null) {
    const first: unknown = issues?.[0]?.path?.[0];
    const name = typeof first === 'object' && first !== null ? (first as { key?: unknown }).key : first;
    throw refusal('schema', typeof name === 'string' ? name : 'schema');
  }
  verified.payload = value as JwtClaims & C;
}

function isMiss(error: unknown): boolean {
  return isTokenwardError(error) && error.code === 'ERR_JWKS_NO_MATCHING_KEY';
}

function refused<C extends object>(error: unknown): Result<C> {
  if (isTokenwardError(error)) return { ok: false, error };
  throw error;
}
