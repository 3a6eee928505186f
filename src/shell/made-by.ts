// Which entry point of the package made an object. Each has a module of its own, and an object lives in one module.

import { misuse } from './arguments.js';

declare const TOKENWARD_ENTRY: string; // replaced by the pack step with the name to import it by

// Registered, so that two copies of the package know each other's objects.
const MADE_BY = /* @__PURE__ */ Symbol.for('tokenward/made-by');

/** Says that this entry point made the object. */
export function made<T extends object>(object: T): T {
  return Object.defineProperty(object, MADE_BY, { value: TOKENWARD_ENTRY });
}

/** The error about an object that another entry point made; undefined if none did. */
export function madeElsewhere(name: string, object: object): unknown {
  const by = (object as { [MADE_BY]?: unknown })[MADE_BY];
  if (typeof by !== 'string') return undefined;
  const which = by === TOKENWARD_ENTRY ? `${by} twice` : `${by} and of ${TOKENWARD_ENTRY}`;
  return misuse(name, `made by the same entry point of this package; there are two here, of ${which}`);
}
