// The keys of a session's records, and the names of its lock and channel. All are made here.

/** The key of the session's tokens, and the name of its lock and channel. @internal */
export function sessionKey(name: string): string {
  return `tokenward:${escaped(name)}`;
}

/** The key of the waiting authorization requests. No session's name makes this its other key. @internal */
export function pendingKey(name: string): string {
  return `tokenward-pending:${escaped(name)}`;
}

/** The lock under which a store without transactions writes a record. No session's lock has this name. @internal */
export function writeLock(key: string): string {
  return `tokenward-write:${key}`;
}

/**
 * Different names give different keys in every store. Characters that a store may drop or replace (control characters, lone
 * surrogates) are written as their codes; URLs are not changed.
 */
function escaped(name: string): string {
  return name.replace(/[!\0-\x1f\x7f]|\p{Cs}/gu, (character) => `!${character.charCodeAt(0).toString(16)};`);
}
