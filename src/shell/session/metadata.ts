// Fetches the metadata of an authorization server. The module decides where they are, whose they are, and what they may say.

import { readBody } from '../body.js';
import { isTokenwardError } from '../error.js';
import { call } from '../boundary/instance.js';
import { own } from '../arguments.js';
import { refusal } from '../boundary/refusal.js';
import { partsOf } from '../url.js';

/** An endpoint of an authorization server, by its name in the metadata. @internal */
export type EndpointName = 'authorization_endpoint' | 'token_endpoint' | 'revocation_endpoint';

/** The endpoints, and whether every authorization response names the issuer. @internal */
export type Metadata = { readonly [name in EndpointName]?: string } & { readonly named: boolean };

/** Bytes: one more than the machine accepts. */
const MAX_BODY_LENGTH = 64 * 1024 + 1;

/** The metadata of one issuer, read once, and again only after a failure. Calls do not wait for each other. @internal */
export class Issuer {
  readonly #issuer: string;
  readonly #url: URL;
  readonly #loopback: boolean;
  readonly #fetch: () => typeof fetch;
  #metadata: Metadata | undefined;

  constructor(issuer: string, loopback: boolean, fetch: () => typeof globalThis.fetch) {
    this.#issuer = issuer;
    this.#loopback = loopback;
    this.#fetch = fetch;
    for (const url of this.#places()) this.#checked(url);
    this.#url = new URL(issuer);
  }

  /** @throws (rejects with) ERR_TOKEN_ENDPOINT_MISCONFIGURED, ERR_TOKEN_REFRESH_UNAVAILABLE, or the error of `fetch` */
  async metadata(signal?: AbortSignal): Promise<Metadata> {
    return (this.#metadata ??= await this.#read(signal));
  }

  /** The URL of an endpoint, checked. The metadata must have it. */
  async endpoint(name: EndpointName, signal?: AbortSignal): Promise<string> {
    const url = (await this.metadata(signal))[name];
    if (url === undefined) throw refusal('no-metadata');
    return this.#checked(url, this.#url);
  }

  #places(): string[] {
    return JSON.parse(call('metadata_urls', this.#issuer)) as string[];
  }

  async #read(signal?: AbortSignal): Promise<Metadata> {
    for (const url of this.#places()) {
      const send = this.#fetch();
      const response = await send(
        this.#checked(url),
        own<RequestInit>({ headers: own({ accept: 'application/json' }), redirect: 'manual', ...(signal && { signal }) }),
      );
      const type = response.headers.get('content-type') ?? '';
      const metadata = JSON.parse(call('metadata_read', this.#issuer, response.status, type, await readSome(response))) as Metadata | null;
      if (metadata) return own(metadata);
    }
    throw refusal('no-metadata');
  }

  /** `issuer`: the issuer whose metadata name the URL. */
  #checked(url: string, issuer?: URL): string {
    let parsed: URL;
    try {
      parsed = new URL(url);
    } catch {
      throw refusal('not-a-url');
    }
    return call('endpoint_url', JSON.stringify([partsOf(parsed), ...(issuer ? [partsOf(issuer)] : [])]), this.#loopback);
  }
}

/** Why a request was not sent: `not-sent` if trying again can help. @internal */
export function lossOf(error: unknown): 'misconfigured' | 'not-sent' {
  return isTokenwardError(error) && !error.retryable ? 'misconfigured' : 'not-sent';
}

/** The body as text, no longer than the machine accepts. @internal */
export async function readSome(response: Response): Promise<string> {
  return new TextDecoder().decode(await readBody(response, MAX_BODY_LENGTH));
}
