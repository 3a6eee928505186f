// The moment at which a token is judged.

import type { Rules } from './types.js';

/** Seconds since 1970, and whether the caller gave them: otherwise they are the host's clock. */
export type Moment = readonly [seconds: number, given: boolean];

/** Reads a caller's `now`. A value that is neither a number nor a Date becomes NaN, which the module rejects. */
export function moment(now: Rules['now']): Moment {
  if (now === undefined) return [Date.now() / 1000, false];
  try {
    const value: unknown = typeof now === 'function' ? now() : now;
    if (typeof value === 'number') return [value, true];
    return [typeof now === 'function' ? NaN : Date.prototype.getTime.call(value) / 1000, true];
  } catch {
    return [NaN, true];
  }
}
