// The caller's own checks, which only the host can run: `isRevoked` and `schema`.

import { checkFunctions, guarded, member, misuse, own, readable } from '../arguments.js';
import { refusal } from '../boundary/refusal.js';
import type { JwtClaims, Rules, StandardSchema, TokenwardError, Verified } from '../types.js';

/** What the rules leave to the host. */
export type Callbacks = Pick<Rules, 'now' | 'isRevoked' | 'schema'>;

/** Reads them once, and rejects what cannot be called. */
export function callbacksOf(rules: Callbacks): Callbacks {
  return readable(() => {
    const { now, isRevoked, schema } = rules;
    checkFunctions({ isRevoked });
    if (schema !== undefined && typeof (schema as StandardSchema | null)?.['~standard']?.validate !== 'function') {
      throw misuse('schema', 'a Standard Schema: an object with "~standard".validate', schema);
    }
    return own({ ...(now !== undefined && { now }), ...(isRevoked && { isRevoked }), ...(schema && { schema }) });
  }, 'schema');
}

/** Runs both checks at once. @throws ERR_SYNC_UNAVAILABLE if one of them returns a promise. */
export function checkSync({ isRevoked, schema }: Callbacks, verified: Verified): void {
  if (isRevoked) judgeRevocation(settled(() => isRevoked(verified.payload), 'revocation'));
  if (schema)
    judgeSchema(
      verified,
      settled(() => schema['~standard'].validate(verified.payload), 'schema'),
    );
}

export async function checkRevocation({ isRevoked }: Callbacks, verified: Verified): Promise<void> {
  if (isRevoked) judgeRevocation(await awaited(() => isRevoked(verified.payload), 'revocation'));
}

export async function checkSchema({ schema }: Callbacks, verified: Verified): Promise<void> {
  if (schema) judgeSchema(verified, await awaited(() => schema['~standard'].validate(verified.payload), 'schema'));
}

/** How `explain` of src/wasm/verify.rs is told what a check came to: an empty text if it passed. */
export async function wordOf(
  check: (() => Promise<void>) | undefined,
  name: (error: TokenwardError) => string | undefined,
): Promise<string> {
  try {
    await check?.();
    return check ? '' : 'schema';
  } catch (error) {
    return name(error as TokenwardError) || 'schema';
  }
}

function settled(ask: () => unknown, failure: 'revocation' | 'schema'): unknown {
  let answer: unknown;
  try {
    answer = ask();
  } catch {
    throw refusal(failure, 'schema');
  }
  if (
    guarded(
      () => typeof (answer as PromiseLike<unknown> | null | undefined)?.then === 'function',
      () => refusal(failure, 'schema'),
    )
  ) {
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

function judgeSchema(verified: Verified, answer: unknown): void {
  verified.payload = guarded(
    () => {
      const [issues, value] = [
        member(Object(answer), 'issues') as readonly { path?: readonly unknown[] }[] | undefined,
        member(Object(answer), 'value'),
      ];
      if (!issues && typeof value === 'object' && value !== null) return value as JwtClaims;
      const first: unknown = issues?.[0]?.path?.[0];
      const name = typeof first === 'object' && first !== null ? (first as { key?: unknown }).key : first;
      throw refusal('schema', typeof name === 'string' ? name : 'schema');
    },
    () => refusal('schema', 'schema'),
  );
}
