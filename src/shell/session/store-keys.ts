// The keys of everything that a session keeps in its store, and the names of its lock and channel. All are made here.

/** The session's record. Its lock and its channel have the same name. */
export function sessionKey(name: string): string {
  return `tokenward:${escaped(name)}`;
}

/** The authorization requests that wait for their response. No name of a session makes this key of its record. */
export function pendingKey(name: string): string {
  return `tokenward-pending:${escaped(name)}`;
}

/** The lock under which a store without transactions writes a record. No session's own lock has this name. */
export function writeLock(key: string): string {
  return `tokenward-write:${key}`;
}

/**
 * Two names never become one, in any store: what stores drop, cut off or replace (control characters, lone surrogates) is
 * written as its code. URLs stay as they are.
 */
function escaped(name: string): string {
  return name.replace(/[!\0-\x1f\x7f]|\p{Cs}/gu, (character) => `!${character.charCodeAt(0).toString(16)};`);
}
