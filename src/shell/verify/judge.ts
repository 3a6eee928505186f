// A verifier with the caller's own checks: the module judges the token, then `isRevoked` and `schema` are asked.

import { Compiled, Refused, type Asking, type Moment } from './compiled.js';
import { isTokenwardError } from '../error.js';
import { call, generation } from '../boundary/instance.js';
import { checkFunctions, guarded, member, misuse, own, readable } from '../arguments.js';
import type { Keys } from './keys.js';
import { algorithm, number, refusal, text } from '../boundary/memory.js';
import type { Explanation, JoseHeader, JwtClaims, Rules, StandardSchema, TokenwardError, Verified } from '../types.js';

/** The rules that only the host can apply. */
type Callbacks = Pick<Rules, 'now' | 'isRevoked' | 'schema'>;
/** A token that the module accepts, and the place of its issuer. */
interface Accepted<C extends object> { verified: Verified<C>; place: number }

/** Rules and keys, of one issuer or of several. */
export class Judge<C extends object = {}> {
  readonly #compiled: Compiled;
  /** Of each issuer. */
  readonly #callbacks: readonly Callbacks[];
  readonly #oneClock: boolean;
  #known: Pick<Verified, 'header' | 'key'> & { number: number; generation: number } | undefined;

  constructor(rules: readonly Callbacks[], keys: readonly Keys[], install: (keys: Uint32Array) => number) {
    this.#callbacks = rules.map((each) => readable(() => callbacks(each), 'schema'));
    this.#oneClock = this.#callbacks.every(({ now }) => now === this.#callbacks[0]?.now);
    this.#compiled = new Compiled(keys, install);
  }

  sync(token: string): Verified<C> {
    const { verified, place } = this.#compiled.sync(token, this.#verify);
    const { isRevoked, schema } = this.#callbacks[place] as Callbacks;
    if (isRevoked) judgeRevocation(settled(() => isRevoked(verified.payload), 'revocation'));
    if (schema) judgeSchema(verified, settled(() => schema['~standard'].validate(verified.payload), 'schema'));
    return verified;
  }

  async async(token: string): Promise<Verified<C>> {
    return this.#finish(await this.#compiled.async(token, this.#verify));
  }

  /** As `async` for each token, in one crossing. */
  many(tokens: readonly unknown[]): Promise<Verified<C>>[] {
    const clocks = this.#oneClock ? this.#callbacks.slice(0, 1) : this.#callbacks;
    const moments = Float64Array.from(clocks.flatMap(({ now }) => moment(now).map(Number)));
    return this.#compiled.many(tokens, moments, this.#verify).map(async (result) => {
      if (result instanceof Refused) throw result.error;
      return this.#finish(await result);
    });
  }

  async explain(token: unknown): Promise<Explanation> {
    let code = '';
    // This fetches the keys that the explanation is about.
    const accepted = await this.#compiled.async(token as string, this.#verify).catch((error: unknown) => {
      code = isTokenwardError(error) ? error.code : '';
      return undefined;
    });
    // What is no token, or too long for one, has an explanation too.
    const shown = typeof token === 'string' ? token.slice(0, this.#compiled.enough) : '';
    const place = this.#placeOf(shown);
    const { isRevoked, schema } = this.#callbacks[place] ?? {};
    // What they say of a token that the module refuses is never reached.
    const revocation = isRevoked && await word(accepted && (() => this.#revocation(accepted)), ({ code }) =>
      (code === 'ERR_JWT_REVOKED' ? 'revoked' : 'revocation'));
    const refused = schema && await word(accepted && revocation ? undefined : () => this.#schema(accepted as Accepted<C>), ({ claim }) => claim);
    const explain: Asking<Explanation> = {
      moment: this.#moment,
      ask: (verifier, length, { hostKey, valid }, [now, given]) =>
        call('explain', verifier, length, now, given, hostKey, valid, revocation, refused, code),
      read: () => parsed('payload'),
    };
    return this.#compiled.async(shown, explain);
  }

  free(): void {
    this.#compiled.free();
  }

  linger(): void {
    this.#compiled.linger();
  }

  /** Most tokens of an issuer have the same header: it is parsed once, and copied where a copy is as good. */
  readonly #accepted = (): Accepted<C> => {
    const place = number('issuer') - 1;
    const headerNumber = number('headerNumber');
    if (this.#known?.number !== headerNumber || this.#known.generation !== generation()) {
      const known = { header: parsed<JoseHeader>('header'), key: usedKey() };
      if (headerNumber === 0 || Object.values(known.header).some((value) => typeof value === 'object')) {
        return { place, verified: { header: known.header, payload: parsed('payload'), key: known.key } };
      }
      this.#known = { ...known, number: headerNumber, generation: generation() };
    }
    const { header, key } = this.#known;
    return { place, verified: { header: { ...header }, payload: parsed('payload'), key: { ...key } } };
  };

  readonly #moment = (token: string): Moment => moment(this.#callbacks[this.#oneClock ? 0 : this.#placeOf(token)]?.now);

  /** Made once: this is the path of every token. */
  readonly #verify: Asking<Accepted<C>> = {
    moment: this.#moment,
    ask: (verifier, length, { hostKey, valid, takesRsa }, [now, given]) =>
      call('verify', verifier, length, now, given, hostKey, valid, takesRsa),
    read: this.#accepted,
  };

  /** The place of the issuer that the token names; none where verification will refuse it for that. */
  #placeOf(token: string): number {
    if (this.#callbacks.length === 1) return 0;
    try {
      return this.#compiled.put(token, (verifier, length) => call('issuer_of', verifier, length));
    } catch {
      return -1;
    }
  }

  /** Every function that is waited for takes a little, and most rules have no callbacks. */
  #finish(accepted: Accepted<C>): Verified<C> | Promise<Verified<C>> {
    const { isRevoked, schema } = this.#callbacks[accepted.place] as Callbacks;
    return isRevoked || schema ? this.#called(accepted) : accepted.verified;
  }

  async #called(accepted: Accepted<C>): Promise<Verified<C>> {
    await this.#revocation(accepted);
    await this.#schema(accepted);
    return accepted.verified;
  }

  async #revocation({ verified, place }: Accepted<C>): Promise<void> {
    const { isRevoked } = this.#callbacks[place] as Callbacks;
    if (isRevoked) judgeRevocation(await awaited(() => isRevoked(verified.payload), 'revocation'));
  }

  async #schema({ verified, place }: Accepted<C>): Promise<void> {
    const { schema } = this.#callbacks[place] as Callbacks;
    if (schema) judgeSchema(verified, await awaited(() => schema['~standard'].validate(verified.payload), 'schema'));
  }
}

/** How `explain` of src/wasm/jwt.rs is told what a check of the caller's said: nothing that is wrong is an empty text. */
async function word(check: (() => Promise<void>) | undefined, name: (error: TokenwardError) => string | undefined): Promise<string> {
  try {
    await check?.();
    return check ? '' : 'schema';
  } catch (error) {
    return name(error as TokenwardError) || 'schema';
  }
}

/** A range of the last answer, which the module knows to be JSON. */
export function parsed<T>(name: 'header' | 'payload'): T {
  return JSON.parse(text(name) ?? '') as T;
}

/** The key that the last answer names. */
export function usedKey(): Verified['key'] {
  const kid = text('kid');
  return { ...(kid !== undefined && { kid }), alg: algorithm() };
}

/** Seconds, and whether they are the caller's word rather than the host clock's. What is neither number nor Date is NaN, which is refused. */
export function moment(now: Rules['now']): Moment {
  if (now === undefined) return [Date.now() / 1000, false];
  try {
    const value: unknown = typeof now === 'function' ? now() : now;
    if (typeof value === 'number') return [value, true];
    return [typeof now === 'function' ? NaN : Date.prototype.getTime.call(value) / 1000, true];
  } catch {
    return [NaN, true];
  }
}

function callbacks({ now, isRevoked, schema }: Callbacks): Callbacks {
  checkFunctions({ isRevoked });
  if (schema !== undefined && typeof (schema as StandardSchema | null)?.['~standard']?.validate !== 'function') {
    throw misuse('schema', 'a Standard Schema: an object with "~standard".validate', schema);
  }
  return own({ ...(now !== undefined && { now }), ...(isRevoked && { isRevoked }), ...(schema && { schema }) });
}

function settled(ask: () => unknown, failure: 'revocation' | 'schema'): unknown {
  let answer: unknown;
  try {
    answer = ask();
  } catch {
    throw refusal(failure, 'schema');
  }
  if (guarded(() => typeof (answer as PromiseLike<unknown> | null | undefined)?.then === 'function', () => refusal(failure, 'schema'))) {
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
    const [issues, value] = [member(Object(answer), 'issues') as readonly { path?: readonly unknown[] }[] | undefined, member(Object(answer), 'value')];
    if (!issues && typeof value === 'object' && value !== null) return value as JwtClaims & C;
    const first: unknown = issues?.[0]?.path?.[0];
    const name = typeof first === 'object' && first !== null ? (first as { key?: unknown }).key : first;
    throw refusal('schema', typeof name === 'string' ? name : 'schema');
  }, () => refusal('schema', 'schema'));
}
