// Verification: the module judges, this file asks the host for what only the host can do.

import { isTokenwardError } from './error.js';
import { Held, disposable } from './held.js';
import { bounded, call, generation, trim } from './instance.js';
import { adopt, exportOnce, readKeys, type KeyInput, type Keys } from './keys.js';
import { guarded, message, number, put, range, refusal, text } from './memory.js';
import type { Remote } from './remote.js';
import type {
  Algorithm, Expiry, ExpiryOptions, Explanation, JoseHeader, JwsOptions, JwtClaims, Result, Rules, StandardSchema,
  TokenwardError, Verified, VerifiedJws,
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

/** A verifier inside the module, and what it needs of the host. */
class Compiled {
  readonly #keys: Keys;
  readonly #held: Held;

  constructor(keys: Keys, install: (keys: number) => number) {
    this.#keys = keys;
    this.#held = new Held('release_verifier', () => install(keys.held.handle), keys.held);
    guarded(() => this.#held.handle, 'argument', 'rules');
  }

  /** Gives the token to the module, and the answer to `read`. */
  sync<T>(token: string, ask: Ask, read: () => T): T {
    const { remote } = this.#keys;
    const { answer } = remote ? this.#fetched(remote, token, ask, read) : this.#step(token, ask, read);
    if (!answer) throw refusal('sync-key');
    return answer.value;
  }

  /** As `sync`; fetches keys, and asks the host about the signature where the key stays with it. */
  async async<T>(token: string, ask: Ask, read: () => T): Promise<T> {
    const { remote, cryptoKey } = this.#keys;
    if (remote) return this.#fetching(remote, token, ask, read);
    if (cryptoKey) await exportOnce(this.#keys);
    let { answer, question } = this.#step(token, ask, read);
    while (!answer) {
      const { hostKey } = question as Question;
      const valid = await askHost(question as Question, cryptoKey);
      ({ answer, question } = this.#step(token, ask, read, { hostKey, valid }));
    }
    return answer.value;
  }

  free(): void {
    this.#held.free();
  }

  /** Asks with a set that may have to be fetched, because it is old or because it lacks the token's key. */
  async #fetching<T>(remote: Remote, token: string, ask: Ask, read: () => T): Promise<T> {
    if (remote.version === 0) this.#judgeForm(token, ask, read);
    let since = remote.moment()[0];
    let missed = 0;
    let verdict: unknown;
    while (await remote.ready(since, missed)) {
      try {
        return (this.#step(token, ask, read).answer as { value: T }).value;
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
  #fetched<T>(remote: Remote, token: string, ask: Ask, read: () => T): Outcome<T> {
    const [now] = remote.moment();
    if (remote.version === 0) this.#judgeForm(token, ask, read);
    remote.readyNow(now);
    try {
      return this.#step(token, ask, read);
    } catch (error) {
      if (!isMiss(error) || !remote.readyNow(now, remote.version)) throw error;
    }
    return this.#step(token, ask, read);
  }

  /** What no key could make a good token is refused before anything is fetched for it. */
  #judgeForm<T>(token: string, ask: Ask, read: () => T): void {
    try {
      this.#step(token, ask, read);
    } catch (error) {
      if (!isMiss(error)) throw error;
    }
  }

  #step<T>(token: string, ask: Ask, read: () => T, verdict: Verdict = NO_VERDICT): Outcome<T> {
    adopt(this.#keys);
    const verifier = this.#held.handle;
    try {
      const status = ask(verifier, put(token, verifier), verdict);
      return status === CHECK_SIGNATURE ? { question: asked() } : { answer: { value: read() } };
    } finally {
      trim();
    }
  }
}

/** Verifies tokens with rules and keys that are compiled once. */
export class Verifier<C extends object = {}> {
  readonly #compiled: Compiled;
  readonly #rules: Pick<Rules, 'now' | 'isRevoked' | 'schema'>;
  #known: Pick<Verified, 'header' | 'key'> & { number: number; generation: number } | undefined;

  /** @throws ERR_INVALID_ARG for rules that check nothing, and what `importKey` throws. */
  constructor(options: VerifierOptions) {
    const rules = copied(options, 'rules');
    this.#rules = guarded(() => callbacks(rules), 'argument', 'schema');
    this.#compiled = new Compiled(readKeys(rules.keys), (keys) => call('verifier', rules, keys));
  }

  /** @throws (rejects with) the reason why the token is not accepted. */
  async verify(token: string): Promise<Verified<C>> {
    return this.#finish(await this.#compiled.async(token, this.#verify, this.#accepted));
  }

  /** @throws the reason why the token is not accepted; ERR_SYNC_UNAVAILABLE where the answer exists only asynchronously. */
  verifySync(token: string): Verified<C> {
    return this.#finishSync(this.#compiled.sync(token, this.#verify, this.#accepted));
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

  /**
   * Every check in order: passed, failed, or skipped because the rules do not ask for it or an earlier one failed.
   * There is no secret and nothing of the token's text in it. Claims that the rules require come as a second `claims`
   * after `time`, a schema as one at the end.
   * @throws (rejects) only where keys could not be fetched, or there is no clock.
   */
  async explain(token: string): Promise<Explanation> {
    // This fetches the keys that the explanation is about.
    const verified = await this.#compiled.async(token, this.#verify, this.#accepted).catch(() => undefined);
    const explanation = await this.#compiled.async(token, this.#explain, () => parsed<Explanation>('payload'));
    const { isRevoked, schema } = this.#rules;
    const reached = explanation.ok;
    const add = async (check: 'revocation' | 'claims', asks: boolean, judge: () => Promise<unknown>): Promise<void> => {
      if (!asks || !explanation.ok) {
        const detail = reached && !asks ? 'the rules do not ask for it' : 'not reached';
        explanation.steps.push({ check, outcome: 'skipped', detail });
        return;
      }
      try {
        await judge();
        explanation.steps.push({ check, outcome: 'passed', detail: 'as the rules ask' });
      } catch (error) {
        const { code, message: detail } = error as TokenwardError;
        explanation.steps.push({ check, outcome: 'failed', detail, code });
        explanation.ok = false;
      }
    };
    await add('revocation', isRevoked !== undefined, () => this.#revocation(verified as Verified<C>));
    if (schema) await add('claims', true, () => this.#schema(verified as Verified<C>));
    return explanation;
  }

  /** Clears the verifier from the module's memory. Without it, that happens when this object is collected. */
  free(): void {
    this.#compiled.free();
  }

  /** Made once: this is the path of every token. */
  readonly #verify: Ask = (verifier, length, { hostKey, valid }) => {
    const [now, given] = moment(this.#rules.now);
    return call('verify', verifier, length, now, given, hostKey, valid);
  };

  readonly #explain: Ask = (verifier, length, { hostKey, valid }) => {
    const [now, given] = moment(this.#rules.now);
    return call('explain', verifier, length, now, given, hostKey, valid);
  };

  /** Most tokens of an issuer have the same header: it is parsed once, and copied where a copy is as good. */
  readonly #accepted = (): Verified<C> => {
    const headerNumber = number('headerNumber');
    if (this.#known?.number !== headerNumber || this.#known.generation !== generation()) {
      const known = { header: parsed<JoseHeader>('header'), key: usedKey() };
      if (headerNumber === 0 || Object.values(known.header).some((value) => typeof value === 'object')) {
        return { header: known.header, payload: parsed('payload'), key: known.key };
      }
      this.#known = { ...known, number: headerNumber, generation: generation() };
    }
    const { header, key } = this.#known;
    return { header: { ...header }, payload: parsed('payload'), key: { ...key } };
  };

  #finishSync(verified: Verified<C>): Verified<C> {
    const { isRevoked, schema } = this.#rules;
    if (isRevoked) judgeRevocation(settled(() => isRevoked(verified.payload), 'revocation'));
    if (schema) judgeSchema(verified, settled(() => schema['~standard'].validate(verified.payload), 'schema'));
    return verified;
  }

  async #finish(verified: Verified<C>): Promise<Verified<C>> {
    await this.#revocation(verified);
    await this.#schema(verified);
    return verified;
  }

  async #revocation(verified: Verified<C>): Promise<void> {
    const { isRevoked } = this.#rules;
    if (isRevoked) judgeRevocation(await awaited(() => isRevoked(verified.payload), 'revocation'));
  }

  async #schema(verified: Verified<C>): Promise<void> {
    const { schema } = this.#rules;
    if (schema) judgeSchema(verified, await awaited(() => schema['~standard'].validate(verified.payload), 'schema'));
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
 * Verifies a compact JWS with any payload: format, algorithm, key and signature are judged, claims are not.
 * @throws (rejects with) the reason why the token is not accepted.
 */
export async function verifyJws(token: string, key: KeyInput, options: JwsOptions = {}): Promise<VerifiedJws> {
  const compiled = compiledJws(key, options);
  try {
    return await compiled.async(token, askJws, acceptedJws);
  } finally {
    compiled.free();
  }
}

/**
 * As `verifyJws`, at once.
 * @throws the reason why the token is not accepted; ERR_SYNC_UNAVAILABLE where the answer exists only asynchronously.
 */
export function verifyJwsSync(token: string, key: KeyInput, options: JwsOptions = {}): VerifiedJws {
  const compiled = compiledJws(key, options);
  try {
    return compiled.sync(token, askJws, acceptedJws);
  } finally {
    compiled.free();
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
  const { now: at, clockTolerance = 0 } = copied(options, 'options');
  const [now, given] = moment(at);
  if (typeof clockTolerance !== 'number') throw refusal('argument', 'clockTolerance');
  const claims = typeof token === 'object' && token !== null
    ? guarded(() => JSON.stringify({ exp: token.exp, nbf: token.nbf }), 'argument', 'token') : undefined;
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

interface Question { algorithm: Algorithm; hostKey: number; message: Uint8Array<ArrayBuffer>; signature: Uint8Array<ArrayBuffer> }
interface Verdict { hostKey: number; valid: boolean | undefined }
/** The answer that was read, or what the host has to be asked first. */
interface Outcome<T> { answer?: { value: T }; question?: Question }
/** Asks the module about the token in the scratch buffer: CHECK_SIGNATURE, or the answer is there to be read. */
type Ask = (verifier: number, length: number, verdict: Verdict) => number;

const NO_VERDICT: Verdict = { hostKey: 0, valid: undefined };

const askJws: Ask = (verifier, length, { hostKey, valid }) => call('verify_jws', verifier, length, hostKey, valid);

function compiledJws(key: KeyInput, options: JwsOptions): Compiled {
  const given = copied(options, 'options');
  return new Compiled(readKeys(key), (keys) => call('jws_verifier', given, keys));
}

let algorithms: Algorithm[] | undefined;

function algorithm(): Algorithm {
  algorithms ??= JSON.parse(call('algorithms')) as Algorithm[];
  return algorithms[number('algorithm')] as Algorithm;
}

function once<C extends object>(keys: KeyInput, rules: Rules): Verifier<C> {
  return new Verifier<C>({ ...copied(rules, 'rules'), keys });
}

/** What the caller does with the options later changes nothing; a getter among them is asked once. */
function copied<T extends object>(options: T, name: string): T {
  if (typeof options !== 'object' || options === null) throw refusal('argument', name);
  try {
    return { ...options };
  } catch {
    throw refusal('argument', name);
  }
}

function parsed<T>(name: 'header' | 'payload'): T {
  return JSON.parse(text(name) ?? '') as T;
}

function acceptedJws(): VerifiedJws {
  return { header: parsed('header'), payload: range('payload'), key: usedKey() };
}

function usedKey(): Verified['key'] {
  const kid = text('kid');
  return { ...(kid !== undefined && { kid }), alg: algorithm() };
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

/** Seconds, and whether they are the caller's word rather than the host clock's. What is neither number nor Date is NaN, which is refused. */
function moment(now: Rules['now']): [seconds: number, given: boolean] {
  if (now === undefined) return [Date.now() / 1000, false];
  try {
    const value: unknown = typeof now === 'function' ? now() : now;
    if (typeof value === 'number') return [value, true];
    return [typeof now === 'function' ? NaN : Date.prototype.getTime.call(value) / 1000, true];
  } catch {
    return [NaN, true];
  }
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
  if (guarded(() => typeof (answer as PromiseLike<unknown> | null | undefined)?.then === 'function', failure, 'schema')) {
    Promise.resolve(answer).catch(() => {});
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
  verified.payload = guarded(() => {
    const { issues, value } = (answer ?? {}) as { issues?: readonly { path?: readonly unknown[] }[]; value?: unknown };
    if (!issues && typeof value === 'object' && value !== null) return value as JwtClaims & C;
    const first: unknown = issues?.[0]?.path?.[0];
    const name = typeof first === 'object' && first !== null ? (first as { key?: unknown }).key : first;
    throw refusal('schema', typeof name === 'string' ? name : 'schema');
  }, 'schema', 'schema');
}

function isMiss(error: unknown): boolean {
  return isTokenwardError(error) && error.code === 'ERR_JWKS_NO_MATCHING_KEY';
}

function refused<C extends object>(error: unknown): Result<C> {
  if (isTokenwardError(error)) return { ok: false, error };
  throw error;
}
