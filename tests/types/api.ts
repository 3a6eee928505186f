// The declarations of the packed package, seen from a user's strict project. Compiled, never run.

import { isTokenwardError, version, type ErrorCode, type TokenwardError } from 'tokenward';
import { init, initSync, version as slimVersion } from 'tokenward/slim';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
const same = <A, B>(_: Equal<A, B>): void => {};

same<typeof version, string>(true);
same<typeof slimVersion, string>(true);
same<typeof initSync, (source: WebAssembly.Module | BufferSource) => void>(true);
same<ReturnType<typeof init>, Promise<void>>(true);

declare const thrown: unknown;
if (isTokenwardError(thrown)) {
  same<typeof thrown, TokenwardError>(true);
  same<typeof thrown.code, ErrorCode>(true);
  same<typeof thrown.retryable, boolean>(true);
  // @ts-expect-error: not a code of tokenward
  void (thrown.code === 'ERR_JWT_INVALID');
}
