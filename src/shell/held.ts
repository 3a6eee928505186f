// Something that lives in the module's memory on behalf of a JavaScript object.

import { call, generation } from './instance.js';

interface State { handle: number; generation: number; release: 'release_keys' | 'release_session' | 'release_verifier' }

// workerd has none before compatibility date 2025-05-05; there, free() or the end of the isolate clears up.
const registry = typeof FinalizationRegistry === 'function' ? new FinalizationRegistry(letGo) : undefined;

function letGo(state: State): void {
  if (state.generation === generation()) call(state.release, state.handle);
  state.generation = 0;
}

/** Installs itself when it is first used, and again in every new instance. */
export class Held {
  readonly #install: () => number;
  readonly #state: State;

  constructor(release: State['release'], install: () => number) {
    this.#install = install;
    this.#state = { handle: 0, generation: 0, release };
    registry?.register(this, this.#state, this.#state);
  }

  get handle(): number {
    const state = this.#state;
    if (state.generation !== generation()) {
      state.handle = this.#install();
      state.generation = generation();
    }
    return state.handle;
  }

  /** Takes it out of the module; the next use installs it again. */
  free(): void {
    letGo(this.#state);
  }
}

/** Gives a class `[Symbol.dispose]` where the host has that symbol. In types it would break users without that lib. */
export function disposable(type: { prototype: { free(): void } }): void {
  const { dispose } = Symbol as { dispose?: symbol };
  if (dispose) Object.defineProperty(type.prototype, dispose, { value: type.prototype.free, configurable: true, writable: true });
}
