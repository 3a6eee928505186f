import { misuse, optionsOf, own } from '../arguments.js';
import { base64url, utf8 } from './encode.js';
import type { TestIssuer } from './issuer.js';
import { answered, json, serve, type ServedRequest, type TestService } from './service.js';

/** What a token endpoint is like. */
export interface TokenEndpointOptions {
  /**
   * Whose tokens it gives: the endpoint is under its URL, in its metadata, and serves what the issuer serves. Without one it
   * is at `https://login.test`, and its access tokens are `access-1`, `access-2`, …
   */
  issuer?: TestIssuer;
  /** Passwords by username. Without it any will do. */
  users?: Readonly<Record<string, string>>;
  /** Secrets by client. Without it any will do, and so does none. */
  clients?: Readonly<Record<string, string>>;
  /** Seconds for which an access token is good. Default: 3600. */
  lifetime?: number;
  /** Whether a refresh token is good once, and its reuse ends the sign-in. Default: true. */
  rotation?: boolean;
  /** Milliseconds in which a refresh token that was used is answered once more. Default: 0. */
  replayWindowMs?: number;
  /** Its clock, in Unix milliseconds. Default: the issuer's, or the host's. */
  now?: () => number;
}

/** A refresh token that was given out. */
export interface RefreshTokenUse {
  /** The number of the sign-in that it belongs to. */
  readonly signIn: number;
  /** When it was sent to the endpoint: Unix milliseconds, oldest first. */
  readonly sentAt: readonly number[];
}

/**
 * Gives tokens for passwords, client credentials, authorization codes (with PKCE) and refresh tokens, in the forms of
 * `jsonLogin` and of RFC 6749, and takes them back (RFC 7009, or a POST of `{refresh_token}`).
 */
export interface TestTokenEndpoint extends TestService {
  /** Where tokens are had. */
  readonly tokenUrl: string;
  /** Where they are given back. */
  readonly revokeUrl: string;
  /** Where an authorization code is had: it redirects back at once, nobody is asked. */
  readonly authorizeUrl: string;
  /** Seconds for which the next access tokens are good. */
  lifetime: number;
  /** Milliseconds in which a refresh token that was used is answered once more. */
  replayWindowMs: number;
  /** How often tokens were given out. */
  issued: number;
  /** How many sign-ins there were. */
  signIns: number;
  /** How often a refresh token came again after its time, which ended its sign-in. */
  reuses: number;
  /** How often a grant was refused. */
  refused: number;
  /** How often tokens were given back. */
  revocations: number;
  /** Every refresh token that was given out, and its use. */
  readonly refreshTokens: ReadonlyMap<string, RefreshTokenUse>;
  /** Whether an access token is good, or the Bearer token of a request: given out here, not over, its sign-in not ended. */
  accepts(token: string | Request): boolean;
  /** Ends every sign-in: no access token and no refresh token of it is good any more. */
  endSignIns(): void;
  /** Makes every access token bad that was given out, and leaves the sign-ins. */
  endAccessTokens(): void;
}

type Asked = Record<string, string | undefined>;
/** What is given out. `refresh`: true for a new refresh token, or the one that stays. */
interface Grant {
  signIn: number;
  subject?: string | undefined;
  scope?: string | undefined;
  refresh?: true | string;
}

/**
 * Makes a token endpoint.
 * @throws ERR_INVALID_ARG
 */
export function createTokenEndpoint(options: TokenEndpointOptions = {}): TestTokenEndpoint {
  const {
    issuer,
    users,
    clients,
    lifetime = 3600,
    rotation = true,
    replayWindowMs = 0,
    now: given,
  } = optionsOf(options, ['issuer', 'users', 'clients', 'lifetime', 'rotation', 'replayWindowMs', 'now']);
  const now = given ?? (issuer ? () => issuer.rules.now() * 1000 : Date.now);
  if (!(lifetime > 0)) throw misuse('lifetime', 'a number of seconds');
  const base = (issuer?.issuer ?? 'https://login.test').replace(/\/$/, '');
  const [tokenUrl, revokeUrl, authorizeUrl] = [`${base}/token`, `${base}/revoke`, `${base}/authorize`];
  const [tokenPath, revokePath, authorizePath] = [tokenUrl, revokeUrl, authorizeUrl].map((url) => new URL(url).pathname);

  const refreshTokens = new Map<string, { signIn: number; sentAt: number[]; subject: string | undefined }>();
  const accessTokens = new Map<string, { signIn: number; endsAt: number }>();
  const codes = new Map<string, { challenge: string | null; redirectUri: string | null }>();
  const ended = new Set<number>();

  const self: TestTokenEndpoint = Object.assign(serve(answer), {
    tokenUrl,
    revokeUrl,
    authorizeUrl,
    lifetime,
    replayWindowMs,
    refreshTokens,
    issued: 0,
    signIns: 0,
    reuses: 0,
    refused: 0,
    revocations: 0,
    accepts(token: string | Request) {
      const text = typeof token === 'string' ? token : /^Bearer (\S+)$/i.exec(token.headers.get('authorization') ?? '')?.[1];
      const known = accessTokens.get(text ?? '');
      return known !== undefined && !ended.has(known.signIn) && now() < known.endsAt;
    },
    endSignIns() {
      for (let signIn = 1; signIn <= self.signIns; signIn++) ended.add(signIn);
    },
    endAccessTokens: () => accessTokens.clear(),
  });
  if (issuer) {
    Object.assign(issuer.metadata, {
      token_endpoint: tokenUrl,
      revocation_endpoint: revokeUrl,
      authorization_endpoint: authorizeUrl,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    });
  }
  return self;

  async function answer(request: ServedRequest): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === authorizePath) return authorize(searchParams);
    const isOurs = request.method === 'POST' && (pathname === tokenPath || pathname === revokePath);
    if (!isOurs) return (await issuer?.fetch(request.url, own({ headers: request.headers }))) ?? answered(null, 404);
    const asked = read(request);
    if (asked === undefined) return refuse('invalid_request');
    const client = clientOf(asked, request.headers);
    if (!isClient(client) && asked['username'] === undefined) return refuse('invalid_client', 401);
    return pathname === tokenPath ? token(asked, client.id) : revoke(asked);
  }

  function authorize(asked: URLSearchParams): Response {
    const code = random();
    const redirectUri = asked.get('redirect_uri');
    codes.set(code, { challenge: asked.get('code_challenge'), redirectUri });
    const location = new URL(redirectUri ?? authorizeUrl);
    for (const [name, value] of Object.entries({ code, state: asked.get('state'), iss: issuer?.issuer })) {
      if (value) location.searchParams.set(name, value);
    }
    return answered(null, 302, { location: location.href });
  }

  async function token(asked: Asked, client: string | undefined): Promise<Response> {
    if (asked['refresh_token'] !== undefined) return refresh(asked['refresh_token']);
    switch (asked['grant_type'] ?? 'password') {
      case 'client_credentials':
        return give({ signIn: ++self.signIns, subject: client, scope: asked['scope'] });
      case 'password':
        if (asked['username'] === undefined) return refuse('invalid_request');
        if (!isUser(asked)) return refuse('invalid_grant');
        return give({ signIn: ++self.signIns, subject: asked['username'], refresh: true });
      case 'authorization_code':
        return (await isCode(asked)) ? give({ signIn: ++self.signIns, refresh: true }) : refuse('invalid_grant');
      default:
        return refuse('unsupported_grant_type');
    }
  }

  function refresh(text: string): Promise<Response> | Response {
    const known = refreshTokens.get(text);
    if (!known) return refuse('invalid_grant');
    known.sentAt.push(now());
    const first = known.sentAt[0] ?? 0;
    if (rotation && known.sentAt.length > 1 && now() - first >= self.replayWindowMs) {
      self.reuses += 1;
      ended.add(known.signIn);
    }
    return ended.has(known.signIn) ? refuse('invalid_grant') : give({ ...known, refresh: rotation ? true : text });
  }

  async function give(grant: Grant): Promise<Response> {
    const { signIn, subject, scope, refresh } = own(grant);
    const number = ++self.issued;
    const at = Math.floor(now() / 1000);
    const said = { ...(subject !== undefined && { sub: subject }), ...(scope !== undefined && { scope }) };
    const access = (await issuer?.token({ ...said, iat: at, exp: at + self.lifetime, jti: String(number) })) ?? `access-${number}`;
    accessTokens.set(access, { signIn, endsAt: now() + self.lifetime * 1000 });
    const answer = { access_token: access, token_type: 'Bearer', expires_in: self.lifetime, scope };
    if (refresh === undefined) return plain(answer);
    const next = refresh === true ? `refresh-${number}` : refresh;
    if (refresh === true) refreshTokens.set(next, { signIn, sentAt: [], subject });
    return plain({ ...answer, refresh_token: next });
  }

  function revoke(asked: Asked): Response {
    self.revocations += 1;
    const text = asked['token'] ?? asked['refresh_token'] ?? '';
    const known = refreshTokens.get(text) ?? accessTokens.get(text);
    if (known) ended.add(known.signIn);
    return plain({});
  }

  function refuse(error: string, status = 400): Response {
    self.refused += 1;
    return plain({ error }, status);
  }

  function isUser({ username = '', password }: Asked): boolean {
    return users === undefined || (Object.hasOwn(users, username) && users[username] === password);
  }

  function isClient({ id = '', secret }: { id?: string | undefined; secret?: string | undefined }): boolean {
    return clients === undefined || (Object.hasOwn(clients, id) && clients[id] === secret);
  }

  /** A code is good once, for whoever knows what the challenge was made from (RFC 7636 §4.6). */
  async function isCode({ code = '', code_verifier: verifier = '', redirect_uri: redirectUri }: Asked): Promise<boolean> {
    const known = codes.get(code);
    codes.delete(code);
    if (!known || known.redirectUri !== redirectUri) return false;
    return known.challenge === null || known.challenge === base64url(await crypto.subtle.digest('SHA-256', utf8(verifier)));
  }
}

/** The client that asks: in a header or in the body (RFC 6749 §2.3.1). */
function clientOf(asked: Asked, headers: Headers): { id?: string | undefined; secret?: string | undefined } {
  const basic = /^Basic (\S+)$/i.exec(headers.get('authorization') ?? '')?.[1];
  if (basic === undefined) return { id: asked['client_id'], secret: asked['client_secret'] };
  const [id, secret] = atob(basic)
    .split(':')
    .map((part) => decodeURIComponent(part.replaceAll('+', ' ')));
  return { id, secret };
}

/** The members of a body in JSON or of a form; undefined for neither. */
function read({ headers, body }: ServedRequest): Asked | undefined {
  if (!/json/i.test(headers.get('content-type') ?? '')) return own(Object.fromEntries(new URLSearchParams(body)));
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (own(value) as Asked) : undefined;
  } catch {
    return undefined;
  }
}

function plain(value: object, status = 200): Response {
  return json(JSON.stringify(value), own({ status }));
}

function random(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(16)));
}
