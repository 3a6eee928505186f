// Something that lives in the module's memory on behalf of a JavaScript object.

import { wasmUnavailable } from '../error.js';
import { call, generation } from './instance.js';

/** How often one use installs something, if each install loses the instance. */
const MAX_INSTALLS = 8;

interface State {
  handle: number;
  /** The instance it is installed in; 0 for none. */
  generation: number;
  /** How often it was installed. */
  installs: number;
  /** How often it was freed on purpose, so that the next install may have other content. */
  changes: number;
  release: 'release_guard' | 'release_keys' | 'release_remote' | 'release_session' | 'release_verifier';
}

// workerd has none before compatibility date 2025-05-05; there, free() or the end of the isolate clears up.
const registry = typeof FinalizationRegistry === 'function' ? /* @__PURE__ */ new FinalizationRegistry(letGo) : undefined;

/** What single calls left installed for the next call like them, the latest last. */
const lingering = new Set<State>();
const MOST_LINGERING = 64;

function letGo(state: State): void {
  if (state.generation === generation()) call(state.release, state.handle);
  state.generation = 0;
}

/** Installs itself when it is first used, again in every new instance, and again whenever what it is made of was. */
export class Handle {
  readonly #install: () => number;
  readonly #state: State;
  readonly #source: Handle | undefined;
  #made = 0;

  constructor(release: State['release'], install: () => number, source?: Handle) {
    this.#install = install;
    this.#source = source;
    this.#state = { handle: 0, generation: 0, installs: 0, changes: 0, release };
    registry?.register(this, this.#state, this.#state);
  }

  get handle(): number {
    const state = this.#state;
    // A function of the caller's that is asked meanwhile can swell the instance, which is gone then.
    for (let installs = 0; installs <= MAX_INSTALLS; installs++) {
      const made = this.#source?.installs ?? 0;
      if (state.generation === generation() && this.#made === made) return state.handle;
      letGo(state);
      const of = generation();
      state.handle = this.#install();
      state.generation = of;
      state.installs += 1;
      this.#made = made;
    }
    throw wasmUnavailable('trapped');
  }

  /** How often it was installed, now included. */
  get installs(): number {
    void this.handle;
    return this.#state.installs;
  }

  /** Counts its contents: it differs if the content may differ, and a new instance of the module alone does not change it. */
  get version(): number {
    return this.#state.changes + (this.#source?.version ?? 0);
  }

  /**
   * Leaves it installed, as one of the last few. There may be many like it that nobody frees: what a single call was
   * given is often made for that call, and a host may collect it late or without saying so.
   */
  linger(): void {
    lingering.delete(this.#state);
    lingering.add(this.#state);
    if (lingering.size <= MOST_LINGERING) return;
    const [oldest] = lingering;
    lingering.delete(oldest as State);
    letGo(oldest as State);
  }

  /** Takes it out of the module; the next use installs it again. */
  free(): void {
    this.#state.changes += 1;
    letGo(this.#state);
  }
}

/**
 * Gives a class `[Symbol.dispose]`, if the host has that symbol. Its constructor calls this: a statement beside the class
 * would keep a bundler from dropping it, and a declaration in it would break users without that lib.
 */
export function disposable({ prototype }: { prototype: { free(): void } }): void {
  const { dispose } = Symbol as { dispose?: symbol };
  if (dispose && !Object.hasOwn(prototype, dispose))
    Object.defineProperty(prototype, dispose, { value: prototype.free, configurable: true, writable: true });
}
