// URLs as this platform resolves them, for the module to judge.

/** An absolute URL in the pieces that src/url.rs names. @internal */
export type UrlParts = readonly [
  protocol: string,
  username: string,
  password: string,
  hostname: string,
  port: string,
  pathname: string,
  search: string,
];

/** Resolves as the platform's fetch would. Throws a TypeError where it would. @internal */
export function resolve(url: string | URL): URL {
  // Not the page's address: a `base` element says otherwise.
  const { document, location } = globalThis as { document?: { baseURI?: string }; location?: { href?: string } };
  return new URL(url, document?.baseURI ?? location?.href);
}

/** @internal */
export function partsOf({ protocol, username, password, hostname, port, pathname, search }: URL): UrlParts {
  return [protocol, username, password, hostname, port, pathname, search];
}

/** The same as text, for exports that take one URL. @internal */
export function textOf(url: URL): string {
  return JSON.stringify({ url: partsOf(url) });
}
