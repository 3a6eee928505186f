import { misuse, optionsOf } from '../arguments.js';
import type { Algorithm, Jwk } from '../types.js';
import { createKey, type TestKey } from './key.js';
import { answered, json, serve, type ServedRequest, type TestService } from './service.js';
import { wrong, type WrongToken } from './wrong.js';

/** Claims to be merged over those of a token. */
export type Claims = Readonly<Record<string, unknown>>;

/** What an issuer is like. */
export interface IssuerOptions {
  /** Its URL, and `iss` in its tokens. Default: `https://issuer.test`. */
  issuer?: string;
  /** `aud` in its tokens. Default: `https://api.test`. */
  audience?: string | readonly string[];
  /** It has a key for each. Default: ES256 alone. Secrets of HMACs are never published. */
  algorithms?: readonly Algorithm[];
  /** Seconds for which a token is good. Default: 300. */
  lifetime?: number;
  /** Its clock, in Unix milliseconds. Default: the host's. */
  now?: () => number;
}

/** How a token is made. */
export interface TokenOptions {
  /** The algorithm, which must be one of the issuer's. Default: the first of them. */
  alg?: Algorithm;
  /** Merged over `alg` and `kid`; a member that is undefined is left out. */
  header?: Readonly<Record<string, unknown>>;
}

/** Issues tokens and publishes its keys. `fetch` serves its metadata (OpenID Connect Discovery, RFC 8414) and its JWK Set. */
export interface TestIssuer extends TestService {
  /** Its URL, and `iss` in its tokens. */
  readonly issuer: string;
  /** `aud` in its tokens. */
  readonly audience: string | string[];
  /** Where its JWK Set is. */
  readonly jwksUrl: string;
  /** The keys that it signs with, one for each algorithm, and then those that it signs with no more but still publishes. */
  readonly keys: readonly TestKey[];
  /** The rules that accept its tokens, by its clock. */
  readonly rules: { readonly issuer: string; readonly audience: string | string[]; readonly now: () => number };
  /** Members to add to its metadata, or to replace. */
  readonly metadata: Record<string, unknown>;
  /** What it publishes: its public keys. */
  jwks(): { keys: Jwk[] };
  /**
   * A token. The claims are merged over `iss`, `aud`, `sub`, `iat` and `exp`; one that is undefined is left out.
   * @throws ERR_INVALID_ARG
   */
  token(claims?: Claims, options?: TokenOptions): Promise<string>;
  /**
   * What `token` gives, but for one flaw. `wrongTokens` lists them.
   * @throws ERR_INVALID_ARG
   */
  wrong(kind: WrongToken, claims?: Claims, options?: { alg?: Algorithm }): Promise<string>;
  /** Signs with new keys from now on. The ones before stay published, unless `withdraw` is true. */
  rotate(options?: { withdraw?: boolean }): Promise<void>;
}

/**
 * Makes an issuer, with keys that nobody else has.
 * @throws ERR_INVALID_ARG
 */
export async function createIssuer(options: IssuerOptions = {}): Promise<TestIssuer> {
  const {
    issuer = 'https://issuer.test',
    audience = 'https://api.test',
    algorithms = ['ES256'],
    lifetime = 300,
    now = Date.now,
  } = optionsOf(options, ['issuer', 'audience', 'algorithms', 'lifetime', 'now']);
  if (algorithms.length === 0) throw misuse('algorithms', 'a list with at least one algorithm');
  const seconds = () => now() / 1000;
  const meant = typeof audience === 'string' ? audience : [...audience];
  const { origin, pathname } = absolute(issuer);
  const path = pathname.replace(/\/$/, '');
  const jwksPath = `${path}/.well-known/jwks.json`;
  const documents = [`${path}/.well-known/openid-configuration`, `/.well-known/oauth-authorization-server${path}`];
  const makeKeys = () => Promise.all(algorithms.map((alg) => createKey(alg)));
  const keys = await makeKeys();

  const keyFor = (alg: Algorithm | undefined) => {
    const key = keys.find((each) => alg === undefined || each.alg === alg);
    if (!key) throw misuse('alg', 'one of the algorithms of the issuer');
    return key;
  };
  const claimsOf = (claims: Claims = {}): Claims => {
    const at = Math.floor(seconds());
    return { iss: issuer, aud: meant, sub: 'ada', iat: at, exp: at + lifetime, ...claims };
  };
  const self: TestIssuer = Object.assign(serve(answer), {
    issuer,
    audience: meant,
    jwksUrl: `${origin}${jwksPath}`,
    keys,
    rules: { issuer, audience: meant, now: seconds },
    metadata: {},
    jwks: () => ({ keys: keys.filter(({ jwk }) => jwk.kty !== 'oct').map(({ jwk }) => jwk) }),
    async token(claims?: Claims, options: TokenOptions = {}) {
      const { alg, header } = optionsOf(options, ['alg', 'header']);
      return keyFor(alg).sign(claimsOf(claims), header);
    },
    async wrong(kind: WrongToken, claims?: Claims, options: { alg?: Algorithm } = {}) {
      const { alg } = optionsOf(options, ['alg']);
      return wrong(kind, keyFor(alg), claimsOf(claims), Math.floor(seconds()));
    },
    async rotate(options: { withdraw?: boolean } = {}) {
      const { withdraw = false } = optionsOf(options, ['withdraw']);
      keys.splice(0, withdraw ? keys.length : 0, ...(await makeKeys()));
    },
  });
  return self;

  function answer({ url }: ServedRequest): Response {
    const asked = new URL(url).pathname;
    if (asked === jwksPath) return json(JSON.stringify(self.jwks()));
    if (!documents.includes(asked)) return answered(null, 404);
    return json(
      JSON.stringify({
        issuer,
        jwks_uri: self.jwksUrl,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: algorithms,
        ...self.metadata,
      }),
    );
  }
}

function absolute(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw misuse('issuer', 'an absolute URL');
  }
}
