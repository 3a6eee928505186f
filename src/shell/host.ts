// The host's types under their own names, for the declarations: not every project has the DOM's, and what Node, Workers
// and others declare differs. Where a project declares none, the part of it that matters here.

type Global<Name extends string, Otherwise> = typeof globalThis extends { [_ in Name]: { prototype: infer Type } } ? Type : Otherwise;

export type URL = Global<'URL', { readonly href: string; toString(): string }>;
export type AbortSignal = Global<'AbortSignal', { readonly aborted: boolean; readonly reason: unknown }>;
export type Headers = Global<'Headers', { get(name: string): string | null }>;
export type Request = Global<'Request', { readonly method: string; readonly url: string; readonly headers: Headers }>;
export type Response = Global<
  'Response',
  {
    readonly ok: boolean;
    readonly status: number;
    readonly headers: Headers;
    json(): Promise<unknown>;
    text(): Promise<string>;
  }
>;
export type CryptoKey = Global<
  'CryptoKey',
  {
    readonly algorithm: { name: string };
    readonly extractable: boolean;
    readonly type: string;
    readonly usages: string[];
  }
>;
export type Cache = Global<
  'Cache',
  {
    match(request: string): Promise<Response | undefined>;
    put(request: string, response: Response): Promise<void>;
  }
>;
/** Bytes in memory of their own: since TypeScript 5.7 that is a type with a parameter, before it has none. */
export type Bytes = ReturnType<Uint8Array['slice']>;
export type BufferSource = typeof globalThis extends { WebAssembly: { Module: new (bytes: infer Type) => unknown } }
  ? Type
  : ArrayBuffer | ArrayBufferView;
export type RequestInfo = Request | string;
export type HeadersInit = typeof globalThis extends { Headers: new (init?: infer Init) => unknown }
  ? NonNullable<Init>
  : Record<string, string>;
export type Fetch = typeof globalThis extends { fetch: infer Type }
  ? Type
  : (
      input: RequestInfo | URL,
      init?: {
        method?: string;
        headers?: Record<string, string>;
        body?: string;
      },
    ) => Promise<Response>;
export type RequestInit = Fetch extends (input: never, init?: infer Init) => unknown ? NonNullable<Init> : never;

export declare namespace WebAssembly {
  type Module = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Type } } } ? Type : object;
}
