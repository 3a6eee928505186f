// A verifier inside the module, and what it needs of the host: keys that are fetched, and keys that stay with the host.

import { readable } from '../arguments.js';
import { isTokenwardError, tokenwardError, type ErrorFields } from '../error.js';
import { RSA, rsaHolds, takesRsa } from '../boundary/engines.js';
import { Held } from '../boundary/handle.js';
import { call, generation } from '../boundary/instance.js';
import { adopt, exportOnce, type Keys } from './keys.js';
import { algorithm, answers, encode, message, number, put, range, refusal, text, trim } from '../boundary/memory.js';
import type { Algorithm } from '../types.js';

/** What `verify` of src/wasm/jwt.rs answers where the host's engine is needed. */
const CHECK_SIGNATURE = 1;
/** What stands in one of many answers where the token is refused. */
const REFUSED = 2;

/** The bytes of tokens that cross into the module at once, at the most: what a call takes does not grow with its input. */
const MAX_BATCH = 4 * 1024 * 1024;

/** How `crypto.subtle` names what it is asked to do. */
const SUBTLE: Record<string, AlgorithmIdentifier | RsaPssParams | EcdsaParams> = {
  HS256: 'HMAC', HS384: 'HMAC', HS512: 'HMAC', ...RSA,
  ES256: { name: 'ECDSA', hash: 'SHA-256' }, ES384: { name: 'ECDSA', hash: 'SHA-384' }, ES512: { name: 'ECDSA', hash: 'SHA-512' },
  EdDSA: 'Ed25519', Ed25519: 'Ed25519', 'ML-DSA-44': 'ML-DSA-44', 'ML-DSA-65': 'ML-DSA-65', 'ML-DSA-87': 'ML-DSA-87',
};

/** `rsa` is the key as a JWK, where it is not one that stays with the host. */
interface Question {
  algorithm: Algorithm; hostKey: number; generation: number; rsa: string | undefined; message: Uint8Array<ArrayBuffer>; signature: Uint8Array<ArrayBuffer>;
}
/** What the host has said, of which key in which instance, and whether it can be asked about RSA keys of ours too. */
interface Verdict { hostKey: number; valid: boolean | undefined; generation: number; takesRsa: boolean }
/** What came of asking the module about a token. `issuer` says whose keys had a say, counted from 1; 0 where no key was looked for. */
type Attempt<T> = { issuer: number; value: T } | { issuer: number; question: Question | undefined } | { issuer: number; error: unknown };
/** Seconds, and whether they are the caller's word rather than the host clock's. */
export type Moment = readonly [seconds: number, given: boolean];
/** What is asked of the module about a token, and how its answer is read. */
export interface Asking<T> {
  /** The moment to judge at. It is the caller's function, which may call back in here: it is asked before the token goes in. */
  readonly moment?: (token: string) => Moment;
  /** Asks about the token in the scratch buffer: CHECK_SIGNATURE, or the answer is there to be read. */
  readonly ask: (verifier: number, length: number, verdict: Verdict, moment: Moment) => number;
  readonly read: () => T;
}

const NO_VERDICT: Verdict = { hostKey: 0, valid: undefined, generation: 0, takesRsa: false };
const NO_VERDICT_YET: Verdict = { ...NO_VERDICT, takesRsa: true };
const NO_MOMENT: Moment = [NaN, true];

/** Rules and keys inside the module. */
export class Compiled {
  /** The keys of each issuer. */
  readonly #keys: readonly Keys[];
  readonly #held: Held;
  /** How often the keys of each issuer had been installed when the verifier got them. */
  #installs: number[] = [];

  constructor(keys: readonly Keys[], install: (keys: Uint32Array) => number) {
    this.#keys = keys;
    this.#held = new Held('release_verifier', () => {
      this.#installs = keys.map(({ held }) => held.installs);
      return install(Uint32Array.from(keys, ({ held }) => held.handle));
    });
    readable(() => this.#held.handle, 'rules');
  }

  /** Gives the token to the module, to be asked about. */
  put<T>(token: string, ask: (verifier: number, length: number) => T): T {
    const verifier = this.#held.handle;
    return ask(verifier, put(token, verifier));
  }

  /** Gives the token to the module, and the answer to `read`. */
  sync<T>(token: string, asking: Asking<T>): T {
    for (;;) {
      const attempt = this.#attempt(token, asking);
      const keys = this.#keys[attempt.issuer - 1];
      if (keys?.remote) {
        if (this.#renew(attempt.issuer, keys)) continue;
        const missed = isMiss(attempt) ? keys.remote.version : 0;
        if (keys.remote.readyNow(keys.remote.moment()[0], missed) && missed > 0) continue;
      }
      if (!isQuestion(attempt)) return settled(attempt);
      if (!keys || !this.#adopt(attempt.issuer, keys)) throw refusal('sync-key');
    }
  }

  /**
   * As `sync`; fetches keys, and asks the host about the signature where the key stays with it. What the module says
   * stands where the set it was said with may be used as it is: otherwise there is another set, and it is asked again.
   */
  async async<T>(token: string, asking: Asking<T>): Promise<T> {
    let verdict = takesRsa() ? NO_VERDICT_YET : NO_VERDICT;
    let since: number | undefined;
    let missed = 0;
    for (;;) {
      const attempt = this.#attempt(token, asking, verdict);
      const keys = this.#keys[attempt.issuer - 1];
      if (keys?.remote) {
        const { remote } = keys;
        if (this.#renew(attempt.issuer, keys)) continue;
        if (since === undefined || (isMiss(attempt) && missed === 0)) [since] = remote.moment();
        missed = isMiss(attempt) ? remote.version : 0;
        const ready = remote.ready(since, missed);
        // Where it was waited for, the set is another one or time has passed.
        if (ready === true ? missed > 0 : ready !== false && await ready) continue;
      }
      if (!isQuestion(attempt)) return settled(attempt);
      const question = attempt.question as Question;
      const { generation: of } = question;
      if (question.rsa !== undefined) {
        const valid = await rsaHolds(question.algorithm, question.rsa, question.signature, question.message);
        // Where the host cannot say, the module does.
        verdict = valid === undefined ? NO_VERDICT : { hostKey: question.hostKey, valid, generation: of, takesRsa: true };
        continue;
      }
      if (keys) await exportOnce(keys);
      if (keys && this.#adopt(attempt.issuer, keys)) continue;
      verdict = { ...verdict, hostKey: question.hostKey, valid: await askHost(question, keys?.cryptoKey), generation: of };
    }
  }

  /**
   * Asks about many tokens in one crossing. A verdict that does not stand yet is asked for again by `async`.
   * `moments` is what `verify_many` of src/wasm/jwt.rs takes.
   */
  many<T>(tokens: readonly unknown[], moments: Float64Array, asking: Asking<T>): (T | Promise<T> | Refused)[] {
    const usable = new Map<Keys, boolean>();
    const stands = (attempt: Attempt<T>): attempt is Exclude<Attempt<T>, { question: unknown }> => {
      const keys = this.#keys[attempt.issuer - 1];
      if (isQuestion(attempt)) return false;
      if (!keys?.remote) return true;
      if (isMiss(attempt) || this.#renew(attempt.issuer, keys)) return false;
      let ready = usable.get(keys);
      if (ready === undefined) usable.set(keys, ready = keys.remote.isReady);
      return ready;
    };
    const results: (T | Promise<T> | Refused)[] = [];
    for (const batch of this.#batches(tokens)) {
      for (const attempt of this.#attempts(batch, moments, asking.read)) {
        const token = tokens[results.length] as string;
        if (!stands(attempt)) results.push(this.async(token, asking));
        else results.push(isFailure(attempt) ? new Refused(attempt.error) : attempt.value);
      }
    }
    return results;
  }

  free(): void {
    this.#held.free();
  }

  linger(): void {
    this.#held.linger();
  }

  /** Gives the verifier an issuer's keys where there are others by now. */
  #renew(issuer: number, { held }: Keys): boolean {
    const verifier = this.#held.handle;
    if (this.#installs[issuer - 1] === held.installs) return false;
    call('replace_keys', verifier, issuer - 1, held.handle);
    this.#installs[issuer - 1] = held.installs;
    return true;
  }

  #adopt(issuer: number, keys: Keys): boolean {
    adopt(keys);
    return this.#renew(issuer, keys);
  }

  #attempt<T>(token: string, { moment, ask, read }: Asking<T>, verdict: Verdict = NO_VERDICT): Attempt<T> {
    const now = moment?.(token) ?? NO_MOMENT;
    const verifier = this.#held.handle;
    // Another instance counts its keys anew.
    const known = verdict.valid === undefined || verdict.generation === generation() ? verdict : { ...verdict, valid: undefined };
    try {
      const status = ask(verifier, put(token, verifier), known, now);
      const issuer = number('issuer');
      return status === CHECK_SIGNATURE ? { issuer, question: asked() } : { issuer, value: read() };
    } catch (error) {
      return { issuer: number('issuer'), error };
    } finally {
      trim();
    }
  }

  /** How much of a token the module needs to see that it is too long. */
  get enough(): number {
    return call('max_token_length', this.#held.handle) + 1;
  }

  /** The tokens in parts of bounded size. */
  *#batches(tokens: readonly unknown[]): Generator<unknown[]> {
    const { enough } = this;
    let batch: unknown[] = [];
    let size = 0;
    for (const token of tokens) {
      const part = typeof token === 'string' ? token.slice(0, enough) : undefined;
      size += part?.length ?? 0;
      if (size > MAX_BATCH && batch.length > 0) {
        yield batch;
        [batch, size] = [[], part?.length ?? 0];
      }
      batch.push(part);
    }
    if (batch.length > 0) yield batch;
  }

  #attempts<T>(batch: unknown[], moments: Float64Array, read: () => T): Attempt<T>[] {
    const verifier = this.#held.handle;
    // Before all of them: a set that has come since is the set for each.
    for (const [at, keys] of this.#keys.entries()) this.#renew(at + 1, keys);
    const texts = batch.map((token) => (typeof token === 'string' ? token : ''));
    try {
      const [bytes, lengths] = encode(texts);
      const select = answers(call('verify_many', verifier, bytes, lengths, moments));
      return batch.map((token, at) => {
        if (token === undefined) return { issuer: 0, error: refusal('token-kind') };
        select(at);
        const issuer = number('issuer');
        switch (number('status')) {
          case CHECK_SIGNATURE: return { issuer, question: undefined };
          case REFUSED: return { issuer, error: tokenwardError(JSON.parse(text('error') ?? '') as ErrorFields) };
          default: return { issuer, value: read() };
        }
      });
    } finally {
      trim();
    }
  }
}

/** A token of many that is refused. */
export class Refused {
  constructor(readonly error: unknown) {}
}

// Own members alone: an accepted token must not become a refused one through `Object.prototype`, nor the reverse.

function isQuestion<T>(attempt: Attempt<T>): attempt is Extract<Attempt<T>, { question: unknown }> {
  return Object.hasOwn(attempt, 'question');
}

function isFailure<T>(attempt: Attempt<T>): attempt is Extract<Attempt<T>, { error: unknown }> {
  return Object.hasOwn(attempt, 'error');
}

function settled<T>(attempt: Exclude<Attempt<T>, { question: unknown }>): T {
  if (isFailure(attempt)) throw attempt.error;
  return attempt.value;
}

function asked(): Question {
  return { algorithm: algorithm(), hostKey: number('hostKey'), generation: generation(), rsa: text('payload'), message: message(), signature: range('signature') };
}

async function askHost({ algorithm, message, signature }: Question, key: CryptoKey | undefined): Promise<boolean> {
  try {
    return await crypto.subtle.verify(SUBTLE[algorithm] as AlgorithmIdentifier, key as CryptoKey, signature, message);
  } catch {
    throw refusal('key-engine');
  }
}

function isMiss(attempt: Attempt<unknown>): boolean {
  return isFailure(attempt) && isTokenwardError(attempt.error) && attempt.error.code === 'ERR_JWKS_NO_MATCHING_KEY';
}
