// What the command line says, as the package takes it.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import process from 'node:process';
import { KeySet, Verifier, importKey, type Algorithm, type Jwk, type KeyInput, type Rules } from '../index.js';

/** A command that cannot be carried out as it was given. */
export class Usage extends Error {}

const text = { type: 'string' } as const;
const many = { type: 'string', multiple: true } as const;
const flag = { type: 'boolean' } as const;
const OPTIONS = {
  key: text,
  jwks: text,
  secret: text,
  'secret-env': text,
  encoding: text,
  'allow-short-secret': flag,
  issuer: many,
  'any-issuer': flag,
  audience: many,
  'any-audience': flag,
  algorithm: many,
  subject: text,
  typ: text,
  scope: many,
  claim: many,
  require: many,
  'max-age': text,
  tolerance: text,
  'max-length': text,
  'no-exp': flag,
  now: text,
  json: flag,
  help: { ...flag, short: 'h' },
  version: flag,
};
/** What only makes sense where a token is judged. */
const PLAIN = ['json', 'help', 'version'];
const KEYS = ['key', 'jwks', 'secret', 'secret-env'];

/** The arguments, read. */
export class Arguments {
  readonly command: string | undefined;
  readonly token: string | undefined;
  readonly #values: Record<string, string | boolean | string[] | undefined>;

  constructor(args: string[]) {
    try {
      const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
      this.#values = values;
      [this.command, this.token] = positionals;
      if (positionals.length > 2) throw new Usage('more than one token; put nothing but options after it');
    } catch (error) {
      throw error instanceof Usage ? error : new Usage((error as Error).message);
    }
  }

  has(name: keyof typeof OPTIONS): boolean {
    return this.#values[name] === true;
  }

  /** A verifier of these keys and rules. */
  verifier(): Verifier {
    return new Verifier({ ...this.#rules(), keys: this.#keys() });
  }

  /** Refuses options that would be ignored. */
  onlyPlain(): void {
    const idle = Object.keys(this.#values).find((name) => !PLAIN.includes(name));
    if (idle) throw new Usage(`decode judges nothing, so --${idle} has no use`);
  }

  #text(name: keyof typeof OPTIONS): string | undefined {
    return this.#values[name] as string | undefined;
  }

  #list(name: keyof typeof OPTIONS): string[] | undefined {
    return this.#values[name] as string[] | undefined;
  }

  #number(name: keyof typeof OPTIONS): number | undefined {
    const value = this.#text(name);
    if (value === undefined) return undefined;
    if (value.trim() === '' || Number.isNaN(Number(value))) throw new Usage(`--${name} takes a number`);
    return Number(value);
  }

  #rules(): Rules {
    const rules: Record<string, unknown> = {
      issuer: this.#named('issuer', 'any-issuer'),
      audience: this.#named('audience', 'any-audience'),
      algorithms: this.#list('algorithm'),
      subject: this.#text('subject'),
      typ: this.#text('typ'),
      scope: this.#list('scope'),
      claims: this.#claims(),
      requiredClaims: this.#list('require'),
      maxTokenAge: this.#number('max-age'),
      clockTolerance: this.#number('tolerance'),
      maxTokenLength: this.#number('max-length'),
      now: this.#moment(),
      requireExp: this.has('no-exp') ? false : undefined,
    };
    return Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined)) as unknown as Rules;
  }

  /** Not to check is possible, and has to be said. */
  #named(name: 'issuer' | 'audience', any: 'any-issuer' | 'any-audience'): string[] | null {
    const names = this.#list(name);
    if (names && this.has(any)) throw new Usage(`--${name} and --${any} contradict each other`);
    if (!names && !this.has(any)) throw new Usage(`say --${name} NAME, or --${any}`);
    return names ?? null;
  }

  #claims(): Rules['claims'] {
    const pairs = this.#list('claim')?.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new Usage('--claim takes NAME=VALUE');
      return [pair.slice(0, at), literalOf(pair.slice(at + 1))] as const;
    });
    return pairs && Object.fromEntries(pairs);
  }

  #moment(): number | undefined {
    const value = this.#text('now');
    if (value === undefined) return undefined;
    const seconds = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Date.parse(value) / 1000;
    if (Number.isNaN(seconds)) throw new Usage('--now takes seconds since 1970 or an ISO date');
    return seconds;
  }

  #keys(): KeyInput {
    const given = KEYS.filter((name) => name in this.#values);
    if (given.length > 1) throw new Usage(`--${given[0]} and --${given[1]} contradict each other`);
    if (this.#text('encoding') !== undefined && !given[0]?.startsWith('secret'))
      throw new Usage('--encoding is for --secret and --secret-env');
    const [key, jwks] = [this.#text('key'), this.#text('jwks')];
    const alg = this.#list('algorithm');
    if (key !== undefined) {
      const content = contentOf(key);
      return importKey(content.startsWith('{') ? (parsed(content, key) as Jwk) : content, {
        allowShortSecret: this.has('allow-short-secret'),
      });
    }
    if (jwks !== undefined)
      return /^https?:\/\//.test(jwks) ? KeySet.fromUrl(jwks) : KeySet.fromJwks(parsed(contentOf(jwks), jwks) as { keys: Jwk[] });
    const secret = this.#secret();
    if (secret)
      return importKey(secret, {
        ...(alg?.length === 1 && { alg: alg[0] as Algorithm }),
        allowShortSecret: this.has('allow-short-secret'),
      });
    const [issuer, second] = this.#list('issuer') ?? [];
    if (issuer === undefined || second !== undefined)
      throw new Usage('no key: give --key, --jwks, --secret, --secret-env, or one --issuer that publishes its keys');
    return KeySet.discover(issuer);
  }

  #secret(): Uint8Array<ArrayBuffer> | undefined {
    const [file, name] = [this.#text('secret'), this.#text('secret-env')];
    const encoding = this.#text('encoding') ?? 'utf8';
    let bytes: Uint8Array<ArrayBuffer>;
    if (file !== undefined) bytes = withoutLineBreak(bytesOf(file));
    else if (name !== undefined) {
      const value = process.env[name];
      if (value === undefined || value === '') throw new Usage(`the environment variable ${name} is not set`);
      bytes = new TextEncoder().encode(value);
    } else return undefined;
    return decoded(bytes, encoding);
  }
}

function literalOf(text: string): string | number | boolean {
  try {
    return JSON.parse(text) as string;
  } catch {
    return text;
  }
}

function bytesOf(file: string): Uint8Array<ArrayBuffer> {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Usage(`${file} cannot be read (${(error as { code?: string }).code ?? 'unknown reason'})`);
  }
}

function contentOf(file: string): string {
  return new TextDecoder().decode(bytesOf(file)).trim();
}

function parsed(json: string, file: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new Usage(`${file} is not JSON`);
  }
}

/** Editors end a file with a line break that is no part of the secret. */
function withoutLineBreak(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const crlf = bytes.at(-1) === 0x0a && bytes.at(-2) === 0x0d;
  return bytes.at(-1) === 0x0a ? bytes.subarray(0, crlf ? -2 : -1) : bytes;
}

function decoded(bytes: Uint8Array<ArrayBuffer>, encoding: string): Uint8Array<ArrayBuffer> {
  if (encoding === 'utf8') return bytes;
  const written = new TextDecoder().decode(bytes);
  if (encoding === 'hex' && /^([0-9a-f]{2})+$/i.test(written)) {
    return Uint8Array.from(written.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  }
  if (encoding === 'base64url' && /^[\w-]+$/.test(written)) {
    const base64 = written.replaceAll('-', '+').replaceAll('_', '/');
    try {
      return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    } catch {
      // Said below.
    }
  }
  throw new Usage(['hex', 'base64url'].includes(encoding) ? `the secret is not ${encoding}` : '--encoding is utf8, base64url or hex');
}
