// Keys in every form that JavaScript has for them. What a value is decides how it is read; nothing is guessed from
// what a string or bytes contain.

import { Handle, disposable } from '../boundary/handle.js';
import { bounded, call } from '../boundary/instance.js';
import { refusal } from '../boundary/refusal.js';
import { checkSignal, guarded, member, misuse, optionsOf, own } from '../arguments.js';
import { made, madeElsewhere } from '../made-by.js';
import { Remote } from './remote.js';
import type { Algorithm, ImportOptions, Jwk, KeySetState, RemoteOptions } from '../types.js';

/**
 * A key or a key set, in any form that JavaScript has: a CryptoKey (public or secret, with usage `verify`), a JWK, a JWK Set, PEM
 * text (SPKI, PKCS #1 public key, X.509 certificate), or the bytes of a shared secret. Node's KeyObject is accepted too. A string is
 * always PEM: a shared secret is bytes or an `oct` JWK.
 */
export type KeyInput = CryptoKey | Jwk | { keys: Jwk[] } | string | Uint8Array | ArrayBuffer | KeySet | VerificationKey;

/** Keys that can be put into an instance of the module, and the CryptoKey among them that stays with the host. */
export interface Keys {
  readonly held: Handle;
  readonly cryptoKey?: CryptoKey;
  /** The number of that CryptoKey, which the module asks for it by. */
  readonly number?: number;
  /** Whether what is installed is the JWK that the host exported. */
  exported?: boolean;
  /** The key that this is, but for fewer algorithms. */
  readonly of?: Keys;
  /** What fetches them. */
  readonly remote?: Remote;
  /** The JWK Set they are from, as JSON text. */
  readonly jwks?: string;
}

const keysOf = new WeakMap<VerificationKey | KeySet, Keys>();
/** What was read from an object last, and what it said then: the caller may have changed it since. */
const lastRead = new WeakMap<object, { keys: Keys; said: string | Uint8Array | undefined }>();
const exportedJwk = new WeakMap<CryptoKey, string>();
const cryptoKeyNumbers = new WeakMap<CryptoKey, number>();
let cryptoKeys = 0;
const NO_OPTIONS: ImportOptions = own({});

/** A validated key for verifying signatures. Made by {@link importKey}. */
export class VerificationKey {
  /** The algorithms that the key allows by itself. `Rules.algorithms` may add to them for an RSA key without `alg`, and must for a secret. */
  readonly algorithms: Algorithm[];
  /** The key ID of the JWK, if it has one. */
  declare readonly kid?: string;
  /** `secret` for HMAC, `public` for everything else. */
  readonly type: 'secret' | 'public';

  private constructor(keys: Keys) {
    disposable(VerificationKey);
    const facts = own(JSON.parse(call('key_facts', keys.held.handle)) as Pick<VerificationKey, 'algorithms' | 'kid' | 'type'>);
    this.algorithms = facts.algorithms;
    if (facts.kid !== undefined) this.kid = facts.kid;
    this.type = facts.type;
    keysOf.set(made(this), keys);
  }

  /** @internal */
  static of(keys: Keys): VerificationKey {
    return new VerificationKey(keys);
  }

  /** Releases the key's memory in the module. Otherwise that happens when this object is garbage-collected. */
  free(): void {
    keysOf.get(this)?.held.free();
  }
}

/**
 * A JWK Set (RFC 7517 §5), given or fetched. Unusable members are skipped. A token with `kid` uses the key with that ID; a token
 * without uses the one key that fits.
 * @example
 * ```ts
 * import { KeySet } from 'tokenward';
 *
 * const keys = KeySet.fromUrl('https://login.example.com/.well-known/jwks.json', { maxAge: 300 });
 * await keys.refresh(); // optional: fetch now, so that verifySync works at once
 * console.log(keys.size, keys.state.freshness);
 * ```
 */
export class KeySet {
  private constructor() {
    disposable(KeySet);
    made(this);
  }

  /**
   * A JWK Set that you have.
   * @throws ERR_JWKS_INVALID if it is not a set, or mixes shared secrets and public keys.
   * @example
   * ```ts
   * import { KeySet } from 'tokenward';
   *
   * const keys = KeySet.fromJwks({ keys: [jwk] });
   * ```
   */
  static fromJwks(jwks: { keys: Jwk[] }): KeySet {
    const set = new KeySet();
    keysOf.set(
      set,
      bounded(() => installed(() => readSet(json(jwks)))),
    );
    return set;
  }

  /**
   * The JWK Set at a URL. It is fetched when it is first needed, and again before it expires or if a token has an unknown key.
   * @throws ERR_INSECURE_URL, ERR_INVALID_ARG; ERR_JWKS_INVALID for a snapshot of another set.
   */
  static fromUrl(url: string | URL, options?: RemoteOptions): KeySet {
    return KeySet.#remote(new Remote(url, false, options));
  }

  /**
   * The JWK Set of an issuer. Its URL, `jwks_uri`, is read from the issuer's metadata (OpenID Connect Discovery 1.0, then RFC 8414),
   * whose `issuer` must equal this one exactly.
   * @throws the errors of {@link KeySet.fromUrl}.
   * @example
   * ```ts
   * import { KeySet } from 'tokenward';
   *
   * const keys = KeySet.discover('https://login.example.com');
   * ```
   */
  static discover(issuer: string, options?: RemoteOptions): KeySet {
    return KeySet.#remote(new Remote(issuer, true, options));
  }

  static #remote(remote: Remote): KeySet {
    const set = new KeySet();
    keysOf.set(set, remote.keys);
    return set;
  }

  /** The state of the set. A given set is always fresh. */
  get state(): KeySetState {
    return keysOf.get(this)?.remote?.state ?? { freshness: 'fresh', fetchedAt: null, coolingDown: false, lastError: null };
  }

  /**
   * Fetches the set now.
   * @throws (rejects with) ERR_JWKS_FETCH_FAILED or ERR_JWKS_TIMEOUT; the current set is kept.
   */
  async refresh(options: { signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = optionsOf(options, ['signal']);
    checkSignal(signal);
    await keysOf.get(this)?.remote?.refresh(signal);
  }

  /** A remote set as text, for {@link RemoteOptions.snapshot} in another process; for a given set, its JSON. */
  snapshot(): string {
    const keys = keysOf.get(this);
    return keys?.remote?.snapshot() ?? keys?.jwks ?? '';
  }

  /** The number of usable keys. */
  get size(): number {
    const keys = keysOf.get(this);
    return keys ? call('keys_size', keys.held.handle) : 0;
  }

  /** Releases the set's memory in the module. Otherwise that happens when this object is garbage-collected. */
  free(): void {
    const keys = keysOf.get(this);
    (keys?.remote ?? keys?.held)?.free();
  }
}

/**
 * Validates a key once, for use with many tokens.
 * @throws ERR_JWK_INVALID if it is malformed, ERR_KEY_WEAK if it is too weak, ERR_KEY_UNUSABLE if it is for another purpose.
 * @example
 * ```ts
 * import { importKey, verifySync } from 'tokenward';
 *
 * const key = importKey(pem, { alg: 'PS256' });
 * const { payload } = verifySync(token, key, { issuer: 'https://login.example.com', audience: 'https://api.example.com' });
 * ```
 */
export function importKey(input: Exclude<KeyInput, KeySet | { keys: Jwk[] }>, options: ImportOptions = {}): VerificationKey {
  return bounded(() => guarded(() => VerificationKey.of(readKey(input, optionsOf(options, ['alg', 'allowShortSecret']))), noKey));
}

/**
 * The thumbprint of a JWK: base64url of SHA-256 (RFC 7638).
 * @throws ERR_JWK_INVALID if a member that defines the key is missing.
 * @example
 * ```ts
 * import { thumbprint } from 'tokenward';
 *
 * console.log(thumbprint(jwk)); // 43 characters
 * ```
 */
export function thumbprint(jwk: Jwk): string {
  return bounded(() => guarded(() => call('thumbprint', json(jwk)), noKey));
}

/** The keys behind any key input: those that were read last, where it says the same as then. */
export function readKeys(input: unknown): Keys {
  if (typeof input !== 'object' || input === null) return bounded(() => guarded(() => readKey(input, NO_OPTIONS), noKey));
  return (
    keysOf.get(input as VerificationKey)
    ?? bounded(() =>
      installed(() => {
        const said = saidBy(input);
        const last = lastRead.get(input);
        if (last && isSame(last.said, said)) return last.keys;
        const isSet = Array.isArray(member(input, 'keys'));
        const keys = isSet && typeof said === 'string' ? readSet(said) : readKey(input, NO_OPTIONS, said);
        lastRead.set(input, { keys, said });
        return keys;
      }),
    )
  );
}

const noKey = (): unknown => refusal('key-kind');

/** Keys that the module has taken once, so that they are known to be sound. */
function installed(read: () => Keys): Keys {
  return guarded(() => {
    const keys = read();
    void keys.held.handle;
    return keys;
  }, noKey);
}

/** Whether somebody but this file holds the keys of this input, and may free them. */
export function isHeld(input: unknown): boolean {
  return keysOf.has(input as VerificationKey);
}

/** All that a key or set says: its bytes, or its JSON text. Nothing for an object of the host's, which cannot change. */
function saidBy(input: object): string | Uint8Array | undefined {
  const bytes = bytesOf(input);
  if (bytes) return bytes;
  return Array.isArray(input) || isCryptoKey(input) || isKeyObject(input) ? undefined : json(input);
}

function isSame(a: string | Uint8Array | undefined, b: string | Uint8Array | undefined): boolean {
  if (!(a instanceof Uint8Array) || !(b instanceof Uint8Array)) return a === b;
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** Exports an extractable CryptoKey, so that from now on it verifies synchronously too. */
export async function exportOnce({ cryptoKey }: Keys): Promise<void> {
  if (!cryptoKey?.extractable || exportedJwk.has(cryptoKey)) return;
  try {
    exportedJwk.set(cryptoKey, JSON.stringify(await crypto.subtle.exportKey('jwk', cryptoKey)));
  } catch {
    // The host keeps it, and verifies with it.
  }
}

/** Takes an exported CryptoKey into the module in place of the one that stays with the host. */
export function adopt(keys: Keys): void {
  if (keys.of) adopt(keys.of);
  if (!keys.cryptoKey || keys.exported || !exportedJwk.has(keys.cryptoKey)) return;
  keys.exported = true;
  keys.held.free();
}

function readSet(jwks: string): Keys {
  return own({ held: new Handle('release_keys', () => call('keys_from_jwks', jwks)), jwks });
}

/** `said` is what `saidBy` says of the input, where that is known. */
function readKey(input: unknown, options: ImportOptions, said?: string | Uint8Array): Keys {
  const { alg } = options;
  const allowShortSecret = options.allowShortSecret === true;
  if (alg !== undefined && typeof alg !== 'string') throw misuse('alg', 'the name of an algorithm', alg);
  const held = (install: () => number): Keys => own({ held: new Handle('release_keys', install) });
  if (typeof input === 'string') return held(() => call('key_from_pem', input, alg));
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw refusal('key-kind');
  const known = keysOf.get(input as VerificationKey);
  if (known) return boundTo(known, alg);
  const elsewhere = madeElsewhere('key', input);
  if (elsewhere) throw elsewhere;
  if (isCryptoKey(input)) return fromCryptoKey(input, alg, allowShortSecret);
  const material = said ?? saidBy(input);
  if (material instanceof Uint8Array) return held(() => call('key_from_secret', material, alg, allowShortSecret));
  const jwk = (text: string): Keys => held(() => call('key_from_jwk', text, alg, allowShortSecret));
  if (material !== undefined) return jwk(material);
  const exported = fromKeyObject(input as KeyObject);
  return typeof exported === 'string' ? held(() => call('key_from_pem', exported, alg)) : jwk(json(exported));
}

/** Brands work across realms, where `instanceof` does not. */
function brand(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** workerd gives its own classes no brand before compatibility date 2024-09-26. */
function isCryptoKey(value: object): value is CryptoKey {
  return brand(value) === 'CryptoKey' || (typeof CryptoKey === 'function' && value instanceof CryptoKey);
}

/** A copy of the bytes: what the caller does with theirs later changes no key. */
function bytesOf(input: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength).slice();
  return brand(input) === 'ArrayBuffer' ? new Uint8Array(input as ArrayBuffer).slice() : undefined;
}

function json(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    throw refusal('key-kind');
  }
  if (text === undefined) throw refusal('key-kind');
  return text;
}

interface KeyObject {
  type: string;
  export(options: { format: 'jwk' } | { format: 'pem'; type: 'spki' }): unknown;
}

function isKeyObject(input: object): input is KeyObject {
  return brand(input) === 'KeyObject' || (typeof (input as KeyObject).export === 'function' && 'asymmetricKeyType' in input);
}

/** A JWK, or PEM for a public key of a type that Node (or a version of it) writes as no JWK. */
function fromKeyObject(key: KeyObject): unknown {
  try {
    return key.export({ format: 'jwk' });
  } catch {
    if (key.type !== 'public') throw refusal('key-engine');
  }
  try {
    return key.export({ format: 'pem', type: 'spki' });
  } catch {
    throw refusal('key-engine');
  }
}

/** A key that was imported before, for one algorithm alone where one is named. */
function boundTo(known: Keys, alg: Algorithm | undefined): Keys {
  const { held, cryptoKey, number, remote, jwks } = known;
  if (remote || jwks !== undefined) throw refusal('key-kind');
  if (alg === undefined) return known;
  return own({
    held: new Handle('release_keys', () => call('key_bound', held.handle, alg), held),
    ...(cryptoKey && { cryptoKey, number: number as number, of: known }),
  });
}

function fromCryptoKey(cryptoKey: CryptoKey, alg: Algorithm | undefined, allowShortSecret: boolean): Keys {
  let number = cryptoKeyNumbers.get(cryptoKey);
  if (number === undefined) cryptoKeyNumbers.set(cryptoKey, (number = ++cryptoKeys));
  const algorithm = cryptoKey.algorithm as KeyAlgorithm & Partial<RsaHashedKeyAlgorithm & EcKeyAlgorithm & HmacKeyAlgorithm>;
  const install = () =>
    call(
      'key_from_host',
      cryptoKey.type,
      algorithm.name,
      algorithm.hash?.name ?? '',
      algorithm.namedCurve ?? '',
      algorithm.modulusLength ?? algorithm.length ?? 0,
      algorithm.publicExponent ?? new Uint8Array(),
      cryptoKey.usages.includes('verify'),
      number,
      exportedJwk.get(cryptoKey),
      alg,
      allowShortSecret,
    );
  return own({ held: new Handle('release_keys', install), cryptoKey, number });
}
