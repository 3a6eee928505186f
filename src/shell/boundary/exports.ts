// What the module exports, in TypeScript's words. `make pack` checks this against what wasm-bindgen generated.
// A failing export returns undefined and leaves its error in take_error (src/wasm/error.rs).

/** src/wasm/mod.rs and src/wasm/error.rs: in every module. */
interface BasicExports {
  take_error(): string | undefined;
  version(): string;
}

/** src/wasm/jwt.rs. Where a token's length is asked for, the token is in the scratch buffer (see memory.ts). */
interface JwtExports {
  algorithms(): string;
  answer(): number;
  decode(length: number): number | undefined;
  explain(
    verifier: number,
    length: number,
    now: number,
    given: boolean,
    hostKey: number,
    valid: boolean | null | undefined,
    revocation: string | null | undefined,
    schema: string | null | undefined,
    keys: string,
  ): number | undefined;
  expiry_of_claims(json: string, now: number, given: boolean, tolerance: number): Float64Array | undefined;
  expiry_of_token(length: number, now: number, given: boolean, tolerance: number): Float64Array | undefined;
  issuer_of(verifier: number, length: number): number | undefined;
  jws_verifier(options: object, keys: number): number | undefined;
  key_facts(key: number): string | undefined;
  key_from_host(
    kind: string,
    name: string,
    hash: string,
    curve: string,
    bits: number,
    exponent: Uint8Array,
    verifies: boolean,
    number: number,
    jwk: string | null | undefined,
    algorithm: string | null | undefined,
    allowShortSecret: boolean,
  ): number | undefined;
  key_bound(key: number, algorithm: string): number | undefined;
  key_from_jwk(json: string, algorithm: string | null | undefined, allowShortSecret: boolean): number | undefined;
  key_from_pem(pem: string, algorithm?: string | null): number | undefined;
  key_from_secret(secret: Uint8Array, algorithm: string | null | undefined, allowShortSecret: boolean): number | undefined;
  keys_from_jwks(json: string): number | undefined;
  keys_size(keys: number): number;
  max_token_length(verifier: number): number;
  open(verifier: number | null | undefined, length: number): number | undefined;
  refuse(what: string, detail: string): boolean | undefined;
  release_keys(keys: number): void;
  release_verifier(verifier: number): void;
  replace_keys(verifier: number, issuer: number, keys: number): boolean | undefined;
  room(): number;
  rules_verifier(options: object, keys: number): number | undefined;
  thumbprint(jwk: string): string | undefined;
  verifier(options: object, keys: Uint32Array): number | undefined;
  verify(
    verifier: number,
    length: number,
    now: number,
    given: boolean,
    hostKey: number,
    rsa: string | null | undefined,
    valid: boolean | null | undefined,
    takesRsa: boolean,
  ): number | undefined;
  verify_many(verifier: number, tokens: Uint8Array, lengths: Uint32Array, moments: Float64Array): number | undefined;
}

/** src/wasm/remote.rs. Times are Unix milliseconds. */
interface RemoteExports {
  release_remote(remote: number): void;
  remote_admit(urls: string, loopback: boolean): boolean | undefined;
  remote_advance(
    remote: number,
    flight: number,
    now: number,
    given: boolean,
    outcome: string,
    detail: string,
    body: Uint8Array,
  ): string | undefined;
  remote_flight(remote: number): number;
  remote_keys(remote: number): number | undefined;
  remote_need(remote: number, now: number, given: boolean, since: number, missed: number): number | undefined;
  remote_open(source: string, isIssuer: boolean, options: object, snapshot?: string | null): number | undefined;
  remote_refresh(remote: number, now: number, given: boolean, waited: number): number | undefined;
  remote_snapshot(remote: number): string | undefined;
  remote_state(remote: number, now: number, given: boolean): string | undefined;
  remote_version(remote: number): number;
}

/** src/wasm/outside.rs. The glue calls it when it makes an instance. */
interface OutsideExports {
  start(): void;
}

/** src/wasm/guard.rs. Options, scopes and answers are JSON text. */
interface GuardExports {
  guard_credentials(
    guard: number,
    method: string,
    url: string,
    authorization?: string | null,
    origin?: string | null,
    requestMethod?: string | null,
    requestHeaders?: string | null,
  ): string | undefined;
  guard_judge(guard: number, origin: string | null | undefined, need: object, token: string, refusal?: number): string | undefined;
  guard_need(need: object): boolean | undefined;
  guard_open(options: object): number | undefined;
  release_guard(guard: number): void;
}

/** src/wasm/session.rs. Options, events, effects and snapshots are JSON text. */
interface SessionExports {
  authorization_check(response: string): boolean | undefined;
  authorization_code(response: string, issuer: string | null | undefined, named: boolean): string | undefined;
  authorization_request(
    endpoint: string,
    clientId: string,
    redirectUri: string,
    scope: string | null | undefined,
    record: string | null | undefined,
    wallMs: number,
    given: boolean,
  ): string | undefined;
  authorization_take(response: string, record: string | null | undefined, wallMs: number, given: boolean): string | undefined;
  endpoint_url(urls: string, loopback: boolean): string | undefined;
  follow_redirect(
    status: number,
    followed: number,
    method: string,
    once: boolean,
    signed: boolean,
    protocol: string,
    crosses: boolean,
    inside: boolean,
  ): string | undefined;
  metadata_read(issuer: string, status: number, contentType: string, body: string): string | undefined;
  metadata_urls(issuer: string): string | undefined;
  parse_challenges(value: string): string;
  release_session(session: number): void;
  resources_admit(urls: string, loopback: boolean, url: string): boolean | undefined;
  resources_check(urls: string, loopback: boolean): string | undefined;
  session_explain(session: number): string | undefined;
  session_fork(session: number): number | undefined;
  session_open(options: object, wallMs: number, monoMs: number, state?: string | null): number | undefined;
  session_serves(
    session: number,
    wallMs: number,
    monoMs: number,
    epoch: number,
    generation: number,
    minValidity: number,
    once: boolean,
  ): boolean;
  session_snapshot(session: number, wallMs: number, monoMs: number): string | undefined;
  session_step(
    session: number,
    whole: number | null | undefined,
    wallMs: number,
    monoMs: number,
    given: boolean,
    event: string,
  ): string | undefined;
}

/** src/wasm/ml_dsa.rs: in its own module, with nothing else but `version`. */
interface MlDsaExports {
  check_ml_dsa(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/** src/wasm/testing.rs: in its own module, with nothing else but `version`. Empty bytes: no such key or algorithm. */
interface TestingExports {
  test_public_key(alg: string, secret: Uint8Array): Uint8Array;
  test_sign(alg: string, secret: Uint8Array, message: Uint8Array): Uint8Array;
}

/** The exports of the main module. The session-only module lacks those of verification; nothing there calls them. */
export type MainExports = BasicExports & JwtExports & SessionExports & GuardExports & RemoteExports & OutsideExports;

/** The exports of every module. Each entry point calls what its own one has. */
export type Exports = MainExports & MlDsaExports & TestingExports;
