// Verifiers: rules and keys that are compiled once, and the fetched keys and host engines that they need.

import { misuse, own, readable } from '../arguments.js';
import { rsaHolds, takesRsa } from '../boundary/engines.js';
import { Handle, disposable } from '../boundary/handle.js';
import { call, generation } from '../boundary/instance.js';
import { algorithm, answers, encode, number, parsed, put, range, text, trim } from '../boundary/memory.js';
import { refusal } from '../boundary/refusal.js';
import { moment, type Moment } from '../clock.js';
import { isTokenwardError, tokenwardError, type ErrorFields } from '../error.js';
import { nextTask } from '../runtime.js';
import type { Explanation, JoseHeader, Result, Rules, Verified, VerifiedJws } from '../types.js';
import { callbacksOf, checkRevocation, checkSchema, checkSync, wordOf, type Callbacks } from './callbacks.js';
import { adopt, exportOnce, readKeys, type KeyInput, type Keys } from './keys.js';
import { copied } from './memo.js';
import { NO_VERDICT, NO_VERDICT_YET, askHost, asked, type Question, type Verdict } from './question.js';

/**
 * The rules and keys of one issuer among several. See {@link VerifierOptions}.
 * @example
 * ```ts
 * import { type IssuerRules, KeySet } from 'tokenward';
 *
 * const partner: IssuerRules = {
 *   issuer: 'https://partner.example.org',
 *   audience: 'https://api.example.com',
 *   keys: KeySet.discover('https://partner.example.org'),
 * };
 * ```
 */
export interface IssuerRules extends Omit<Rules, 'issuer'> {
  /** Compared exactly with the token's `iss`, before a key is selected. */
  issuer: string;
  /** The keys of this issuer. They verify no token of another issuer. */
  keys: KeyInput;
}

/** The options that say what a token must have. @internal */
export const RULES: readonly (keyof Rules)[] = [
  'issuer',
  'audience',
  'algorithms',
  'subject',
  'typ',
  'scope',
  'claims',
  'requiredClaims',
  'requireExp',
  'maxTokenAge',
  'clockTolerance',
  'maxTokenLength',
  'now',
  'isRevoked',
  'schema',
];

/**
 * The rules and keys of a {@link Verifier}: of one issuer, or of several as `issuers`.
 * @example
 * ```ts
 * import { type VerifierOptions } from 'tokenward';
 *
 * const options: VerifierOptions = {
 *   issuer: 'https://login.example.com',
 *   audience: 'https://api.example.com',
 *   keys: jwks,
 *   cache: { maxEntries: 10_000 },
 * };
 * ```
 */
export type VerifierOptions = ((Rules & { keys: KeyInput }) | { issuers: readonly IssuerRules[] }) & {
  /**
   * Remembers results for tokens that come again: `maxEntries` of them (default 1,000), at most 16 MiB. Expiry, `isRevoked` and
   * `schema` are checked at every call, and every call gets its own payload. Default: false.
   */
  cache?: boolean | { maxEntries: number };
};

/**
 * Verifies tokens with rules and keys that are compiled once.
 * @example
 * ```ts
 * import { KeySet, Verifier } from 'tokenward';
 *
 * const verifier = new Verifier({
 *   issuer: 'https://login.example.com',
 *   audience: 'https://api.example.com',
 *   keys: KeySet.discover('https://login.example.com'),
 * });
 * const { payload } = await verifier.verify(token);
 * console.log(payload.sub);
 * ```
 */
export class Verifier<C extends object = {}> {
  readonly #verification: Verification<C>;

  /**
   * Compiles rules and keys.
   * @throws ERR_INVALID_ARG for invalid rules, and the errors of {@link importKey} and {@link KeySet}.
   */
  constructor(options: VerifierOptions) {
    disposable(Verifier);
    const given = readOptions(options);
    const several = 'issuers' in given;
    const list = (several ? listed(given.issuers) : [given]) as (Rules & { keys: KeyInput })[];
    const read = several ? own({ ...given, issuers: list }) : given;
    this.#verification = new Verification<C>(
      list.map(({ keys }) => readKeys(keys)),
      list,
      (keys) => call('verifier', read, keys),
    );
  }

  /**
   * Verifies a token: its signature and its claims. Fetches keys if they are needed.
   * @throws (rejects with) a {@link TokenwardError} that says why the token is rejected.
   */
  verify(token: string): Promise<Verified<C>> {
    return this.#verification.verify(token);
  }

  /**
   * Verifies a token synchronously.
   * @throws a {@link TokenwardError} that says why the token is rejected; ERR_SYNC_UNAVAILABLE if the result exists only
   * asynchronously: the keys are not fetched yet, only the host can use the key, or `isRevoked` or `schema` returned a promise.
   */
  verifySync(token: string): Verified<C> {
    return this.#verification.verifySync(token);
  }

  /**
   * Verifies a token like {@link Verifier.verify}, but resolves with `{ ok: false, error }` if it is rejected.
   * @example
   * ```ts
   * const result = await verifier.safeVerify(token);
   * console.log(result.ok ? result.payload.sub : result.error.code);
   * ```
   */
  async safeVerify(token: string): Promise<Result<C>> {
    return safely(this.#verification.verify(token));
  }

  /** Verifies a token like {@link Verifier.verifySync}, but returns `{ ok: false, error }` if it is rejected. */
  safeVerifySync(token: string): Result<C> {
    try {
      return { ok: true, ...this.#verification.verifySync(token) };
    } catch (error) {
      return rejected(error);
    }
  }

  /**
   * Verifies many tokens with few calls into the module: each takes up to 1,000 tokens, or a million characters, and other work
   * runs in between. The results are those of {@link Verifier.safeVerify}, in the order of the tokens.
   * @example
   * ```ts
   * const results = await verifier.verifyMany([token, 'not a token']);
   * console.log(results.map(({ ok }) => ok)); // [true, false]
   * ```
   */
  async verifyMany(tokens: readonly string[]): Promise<Result<C>[]> {
    const list = readable(() => (Array.isArray(tokens) ? [...tokens] : undefined), 'tokens');
    if (!list) throw misuse('tokens', 'a list of strings', tokens);
    return this.#verification.verifyMany(list, safely);
  }

  /**
   * Lists every check in order: passed, failed, or skipped because the rules do not include it or an earlier check failed.
   * Contains no secret and no text of the token. Required and exact claims are a second `claims` step after `time`; a schema is
   * a last `claims` step.
   * @throws (rejects) only if keys could not be fetched, or there is no clock.
   * @example
   * ```ts
   * const { ok, steps } = await verifier.explain(token);
   * for (const { check, outcome, detail } of steps) console.log(check, outcome, detail);
   * console.log(ok ? 'accepted' : 'rejected');
   * ```
   */
  explain(token: string): Promise<Explanation> {
    return this.#verification.explain(token);
  }

  /** Releases the verifier's memory in the module. Otherwise that happens when this object is garbage-collected. */
  free(): void {
    this.#verification.free();
  }
}

/** What stands in an answer if the host's engine is needed (src/wasm/boundary/reply.rs). */
const CHECK_SIGNATURE = 1;
/** What stands in one of many answers if the token is rejected. */
const REFUSED = 2;
// The most tokens that cross into the module at once: neither the time nor the memory of one crossing grows with its input.
const MAX_BATCH_TOKENS = 1_000;
const MAX_BATCH_CHARACTERS = 1024 * 1024;
/** How often the module is asked about one token. It takes a few times; more means that the keys change without end. */
const MAX_ATTEMPTS = 16;
/** That of src/jwt/verifier.rs. */
const MAX_ISSUERS = 10_000;
const NO_MOMENT: Moment = [NaN, true];

/** A token that the module accepts, and the index of its issuer. */
interface Accepted<C extends object> {
  verified: Verified<C>;
  issuer: number;
}
/** The module's answer about a token. `issuer` says whose keys were looked at, counted from 1, or 0 for none; `version` is that of those keys. */
type Attempt<T> = { issuer: number; version: number } & ({ value: T } | { question: Question | undefined } | { error: unknown });
/** Asks about the token in the scratch buffer: CHECK_SIGNATURE, or the answer is there to be read. */
type Ask = (verifier: number, length: number, verdict: Verdict, moment: Moment) => number;

const VERIFY: Ask = (verifier, length, { hostKey, rsa, valid, takesRsa }, [now, given]) =>
  call('verify', verifier, length, now, given, hostKey, rsa, valid, takesRsa);

/** Rules and keys inside the module, of one issuer or of several, with the caller's own checks. */
export class Verification<C extends object = {}> extends Handle {
  /** The keys of each issuer. */
  readonly #keys: readonly Keys[];
  /** The checks of each issuer; none if only signatures are verified. */
  readonly #callbacks: readonly Callbacks[];
  readonly #oneClock: boolean;
  /** The version of each issuer's keys that the module has. */
  readonly #versions: number[];
  #known: (Pick<Verified, 'header' | 'key'> & { number: number; generation: number }) | undefined;

  constructor(keys: readonly Keys[], rules: readonly Callbacks[], install: (keys: Uint32Array) => number) {
    const versions: number[] = [];
    super('release_verifier', () => {
      for (const [at, { held }] of keys.entries()) versions[at] = held.version;
      return install(Uint32Array.from(keys, ({ held }) => held.handle));
    });
    this.#keys = keys;
    this.#versions = versions;
    this.#callbacks = rules.map(callbacksOf);
    this.#oneClock = this.#callbacks.every(({ now }) => now === this.#callbacks[0]?.now);
    readable(() => this.handle, 'rules');
  }

  verifySync(token: string): Verified<C> {
    const { verified, issuer } = this.#sync(token, this.#accepted);
    checkSync(this.#callbacks[issuer] as Callbacks, verified);
    return verified;
  }

  async verify(token: string): Promise<Verified<C>> {
    return this.#checked(await this.#async(token, this.#accepted));
  }

  /** The signature alone, of any payload. */
  jwsSync(token: string): VerifiedJws {
    return this.#sync(token, jws);
  }

  jws(token: string): Promise<VerifiedJws> {
    return this.#async(token, jws);
  }

  /**
   * As `verify` for each token, a batch in each crossing; other work of the host runs between batches. `conclude` gets each
   * promise, in order. A verdict that does not stand yet is asked for again, alone.
   */
  async verifyMany<R>(tokens: readonly unknown[], conclude: (verified: Promise<Verified<C>>) => Promise<R>): Promise<R[]> {
    const clocks = this.#oneClock ? this.#callbacks.slice(0, 1) : this.#callbacks;
    const results: R[] = [];
    for (const batch of this.#batches(tokens)) {
      if (results.length > 0) await nextTask();
      const usable = new Map<Keys, boolean>();
      const stands = (attempt: Attempt<unknown>) => {
        const keys = this.#keys[attempt.issuer - 1];
        if (isQuestion(attempt)) return false;
        if (!keys?.remote) return true;
        if (isMiss(attempt) || this.#renew(attempt, keys)) return false;
        let ready = usable.get(keys);
        if (ready === undefined) usable.set(keys, (ready = keys.remote.isReady));
        return ready;
      };
      const moments = Float64Array.from(clocks.flatMap(({ now }) => moment(now).map(Number)));
      const answered = this.#attempts(batch, moments).map((attempt, at) =>
        conclude(this.#finished(stands(attempt) ? attempt : this.#async(tokens[results.length + at] as string, this.#accepted))),
      );
      for (const result of await Promise.all(answered)) results.push(result);
    }
    return results;
  }

  async #finished(answer: Attempt<Accepted<C>> | Promise<Accepted<C>>): Promise<Verified<C>> {
    return this.#checked(answer instanceof Promise ? await answer : settled(answer));
  }

  async explain(token: unknown): Promise<Explanation> {
    let code = '';
    // This fetches the keys that the explanation is about.
    const accepted = await this.#async(token as string, this.#accepted).catch((error: unknown) => {
      code = isTokenwardError(error) ? error.code : '';
      return undefined;
    });
    // What is no token, or too long for one, has an explanation too.
    const shown = typeof token === 'string' ? token.slice(0, this.#enough) : '';
    const callbacks = this.#callbacks[this.#issuerOf(shown)] ?? own<Callbacks>({});
    // What the checks say of a token that the module rejects is never reached.
    const revocation =
      callbacks.isRevoked
      && (await wordOf(accepted && (() => checkRevocation(callbacks, accepted.verified)), ({ code }) =>
        code === 'ERR_JWT_REVOKED' ? 'revoked' : 'revocation',
      ));
    const refused =
      callbacks.schema
      && (await wordOf(accepted && !revocation ? () => checkSchema(callbacks, accepted.verified) : undefined, ({ claim }) => claim));
    const explain: Ask = (verifier, length, { hostKey, valid }, [now, given]) =>
      call('explain', verifier, length, now, given, hostKey, valid, revocation, refused, code);
    return this.#async(shown, () => parsed('payload'), explain);
  }

  /** Most tokens of an issuer have the same header: it is parsed once, and copied if a copy is as good. */
  readonly #accepted = (): Accepted<C> => {
    const issuer = number('issuer') - 1;
    const headerNumber = number('headerNumber');
    if (this.#known?.number !== headerNumber || this.#known.generation !== generation()) {
      const known = { header: parsed<JoseHeader>('header'), key: usedKey() };
      if (headerNumber === 0 || Object.values(known.header).some((value) => typeof value === 'object')) {
        return { issuer, verified: { header: known.header, payload: parsed('payload'), key: known.key } };
      }
      this.#known = { ...known, number: headerNumber, generation: generation() };
    }
    const { header, key } = this.#known;
    return { issuer, verified: { header: { ...header }, payload: parsed('payload'), key: { ...key } } };
  };

  /** Every function that is waited for takes a little, and most rules have no callbacks. */
  #checked({ verified, issuer }: Accepted<C>): Verified<C> | Promise<Verified<C>> {
    const callbacks = this.#callbacks[issuer] as Callbacks;
    if (!callbacks.isRevoked && !callbacks.schema) return verified;
    return checkRevocation(callbacks, verified)
      .then(() => checkSchema(callbacks, verified))
      .then(() => verified);
  }

  /** Gives the token to the module, and the answer to `read`. */
  #sync<T>(token: string, read: () => T): T {
    for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts++) {
      const attempt = this.#attempt(token, read, VERIFY, NO_VERDICT);
      const keys = this.#keys[attempt.issuer - 1];
      if (keys?.remote) {
        if (this.#renew(attempt, keys)) continue;
        const missed = isMiss(attempt) ? keys.remote.version : 0;
        if (keys.remote.readyNow(keys.remote.moment()[0], missed) && missed > 0) continue;
      }
      if (!isQuestion(attempt)) return settled(attempt);
      if (!keys || !this.#adopt(attempt, keys)) throw refusal('sync-key');
    }
    throw refusal('sync-keys');
  }

  /**
   * As `#sync`; fetches keys, and asks the host about the signature if the key stays with it. What the module says
   * stands if the set it was said with may be used as it is: otherwise there is another set, and it is asked again.
   */
  async #async<T>(token: string, read: () => T, ask = VERIFY): Promise<T> {
    let verdict = takesRsa() ? NO_VERDICT_YET : NO_VERDICT;
    let since: number | undefined;
    let missed = 0;
    for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts++) {
      const attempt = this.#attempt(token, read, ask, verdict);
      const keys = this.#keys[attempt.issuer - 1];
      if (keys?.remote) {
        const { remote } = keys;
        if (this.#renew(attempt, keys)) continue;
        const [now] = remote.moment();
        // A caller's clock that goes back would make every fetch look older than the need for it.
        if (since === undefined || now < since || (isMiss(attempt) && missed === 0)) since = now;
        missed = isMiss(attempt) ? remote.version : 0;
        const ready = remote.ready(since, missed);
        // After a wait, the set is another one or time has passed.
        if (ready === true ? missed > 0 : ready !== false && (await ready)) continue;
      }
      if (!isQuestion(attempt)) return settled(attempt);
      const question = attempt.question as Question;
      const { hostKey, rsa } = question;
      if (rsa !== undefined) {
        const valid = await rsaHolds(question.algorithm, rsa, question.signature, question.message);
        // If the host cannot say, the module does.
        verdict = valid === undefined ? NO_VERDICT : { hostKey, rsa, valid, takesRsa: true };
        continue;
      }
      if (keys) await exportOnce(keys);
      if (keys && this.#adopt(attempt, keys)) continue;
      // Only the key that the question names may answer it.
      if (keys?.number !== hostKey) throw refusal('key-engine');
      verdict = { ...verdict, hostKey, rsa, valid: await askHost(question, keys.cryptoKey) };
    }
    throw refusal('key-engine');
  }

  #attempt<T>(token: string, read: () => T, ask: Ask, verdict: Verdict): Attempt<T> {
    // The clock is the caller's function, which may call back in here: it is asked before the token goes in.
    const now = this.#moment(token);
    const verifier = this.handle;
    // The version is read before `trim`, which may drop the instance: the next one gets the keys of then.
    try {
      const status = ask(verifier, put(token, verifier), verdict, now);
      const [issuer, version] = this.#lookedAt();
      return status === CHECK_SIGNATURE ? { issuer, version, question: asked() } : { issuer, version, value: read() };
    } catch (error) {
      const [issuer, version] = this.#lookedAt();
      return { issuer, version, error };
    } finally {
      trim();
    }
  }

  /** The issuer whose keys were looked at for the last answer, and the version of those keys. */
  #lookedAt(): [issuer: number, version: number] {
    const issuer = number('issuer');
    return [issuer, this.#versions[issuer - 1] ?? 0];
  }

  #moment(token: string): Moment {
    if (this.#callbacks.length === 0) return NO_MOMENT;
    return moment(this.#callbacks[this.#oneClock ? 0 : this.#issuerOf(token)]?.now);
  }

  /** The index of the issuer that the token names; -1 if verification will reject it for that. */
  #issuerOf(token: string): number {
    if (this.#callbacks.length === 1) return 0;
    try {
      const verifier = this.handle;
      return call('issuer_of', verifier, put(token, verifier));
    } catch {
      return -1;
    } finally {
      trim();
    }
  }

  /** Whether the issuer has other keys by now than those that were looked at. The module then has them. */
  #renew({ issuer, version }: Attempt<unknown>, { held }: Keys): boolean {
    this.#update(issuer - 1, held);
    return version !== held.version;
  }

  /** Gives the module an issuer's keys if they have changed since it got them. */
  #update(issuer: number, held: Handle): void {
    const verifier = this.handle;
    if (this.#versions[issuer] === held.version) return;
    call('replace_keys', verifier, issuer, held.handle);
    this.#versions[issuer] = held.version;
  }

  #adopt(attempt: Attempt<unknown>, keys: Keys): boolean {
    adopt(keys);
    return this.#renew(attempt, keys);
  }

  /** How many characters of a token the module needs to see that it is too long. */
  get #enough(): number {
    return call('max_token_length', this.handle) + 1;
  }

  /** The tokens in parts of bounded size. */
  *#batches(tokens: readonly unknown[]): Generator<unknown[]> {
    const enough = this.#enough;
    let batch: unknown[] = [];
    let size = 0;
    for (const token of tokens) {
      const part = typeof token === 'string' ? token.slice(0, enough) : undefined;
      size += part?.length ?? 0;
      if (batch.length === MAX_BATCH_TOKENS || (size > MAX_BATCH_CHARACTERS && batch.length > 0)) {
        yield batch;
        [batch, size] = [[], part?.length ?? 0];
      }
      batch.push(part);
    }
    if (batch.length > 0) yield batch;
  }

  #attempts(batch: unknown[], moments: Float64Array): Attempt<Accepted<C>>[] {
    const verifier = this.handle;
    // Before all of them: a set that has come since is the set for each.
    for (const [at, { held }] of this.#keys.entries()) this.#update(at, held);
    const texts = batch.map((token) => (typeof token === 'string' ? token : ''));
    try {
      const [bytes, lengths] = encode(texts);
      const select = answers(call('verify_many', verifier, bytes, lengths, moments));
      return batch.map((token, at) => {
        if (token === undefined) return { issuer: 0, version: 0, error: refusal('token-kind') };
        select(at);
        const [issuer, version] = this.#lookedAt();
        switch (number('status')) {
          case CHECK_SIGNATURE:
            return { issuer, version, question: undefined };
          case REFUSED:
            return { issuer, version, error: tokenwardError(JSON.parse(text('error') ?? '') as ErrorFields) };
          default:
            return { issuer, version, value: this.#accepted() };
        }
      });
    } finally {
      trim();
    }
  }
}

function jws(): VerifiedJws {
  return { header: parsed('header'), payload: range('payload'), key: usedKey() };
}

/** The key that the last answer names. */
function usedKey(): Verified['key'] {
  const kid = text('kid');
  return { ...(kid !== undefined && { kid }), alg: algorithm() };
}

// Own members alone: an accepted token must not become a rejected one through `Object.prototype`, nor the reverse.

function isQuestion<T>(attempt: Attempt<T>): attempt is Extract<Attempt<T>, { question: unknown }> {
  return Object.hasOwn(attempt, 'question');
}

function isFailure<T>(attempt: Attempt<T>): attempt is Extract<Attempt<T>, { error: unknown }> {
  return Object.hasOwn(attempt, 'error');
}

function settled<T>(attempt: Attempt<T>): T {
  if (isFailure(attempt)) throw attempt.error;
  return (attempt as { value: T }).value;
}

function isMiss(attempt: Attempt<unknown>): boolean {
  return isFailure(attempt) && isTokenwardError(attempt.error) && attempt.error.code === 'ERR_JWKS_NO_MATCHING_KEY';
}

/** The rules of each issuer. */
function listed(issuers: readonly IssuerRules[]): IssuerRules[] {
  if (!Array.isArray(issuers)) throw misuse('issuers', 'a list of rules, each with one issuer of its own', issuers);
  // Before their keys are read: each takes time.
  if (issuers.length > MAX_ISSUERS) throw misuse('issuers', 'a list of at most 10,000', issuers.length);
  return issuers.map((rules: IssuerRules, at) => copied(rules, [...RULES, 'keys'], `issuers[${at}]`));
}

function readOptions(options: VerifierOptions): VerifierOptions {
  const given = copied(options, [...RULES, 'keys', 'issuers', 'cache'] as never);
  const rule = 'issuers' in given ? Object.keys(given).find((name) => name !== 'issuers' && name !== 'cache') : undefined;
  if (rule !== undefined) throw misuse(rule, 'given for each of the issuers, not beside them');
  return given;
}

async function safely<C extends object>(verified: Promise<Verified<C>>): Promise<Result<C>> {
  try {
    return { ok: true, ...(await verified) };
  } catch (error) {
    return rejected(error);
  }
}

function rejected<C extends object>(error: unknown): Result<C> {
  if (isTokenwardError(error)) return { ok: false, error };
  throw error;
}
