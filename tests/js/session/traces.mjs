// The traces that the simulator of the machine kept (tests/session/simulator), gone through by the shell: a clock, timers, a
// store, a lock and a network that do only what the trace says, when it says so.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../installed.mjs';

const FOLDER = join(root, 'tests/session/simulator/traces');
const { setImmediate } = globalThis;

/** Whatever follows from one line without anybody's help. */
async function settle() {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The globals that the shell reads, replaced for as long as `run` takes. */
async function within(globals, run) {
  const before = Object.entries(globals).map(([name]) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]);
  const { now } = Date;
  const { getRandomValues } = crypto;
  for (const [name, value] of Object.entries(globals))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  try {
    return await run();
  } finally {
    Date.now = now;
    crypto.getRandomValues = getRandomValues;
    delete performance.now;
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else delete globalThis[name];
    }
  }
}

class Follower {
  constructor(tokenward, plan) {
    const [, seed, lock, asks] = plan.split(' ');
    Object.assign(this, { tokenward, seed: BigInt(seed), lock: lock === 'true', asks: asks === 'true' });
    this.instances = [];
    this.lives = 0;
    this.record = null;
    this.versions = 0;
    this.results = [];
    this.responses = new Map();
    /** The instance that the line is about: what is asked for now, it asks for. */
    this.current = undefined;
  }

  globals() {
    const follower = this;
    return {
      BroadcastChannel: undefined,
      document: {},
      addEventListener: (name, listener) => {
        follower.current[name] = listener;
      },
      removeEventListener() {},
      navigator: this.lock ? { locks: { request: (...args) => follower.request(...args) } } : {},
      setTimeout(fire, _, ...values) {
        // A timer that the machine asked for hands on a value; the others are limits.
        follower.limit = { fire };
        if (values.length > 0) follower.ask('wake', { fire: () => fire(...values) });
        return follower.limit;
      },
      clearTimeout() {},
    };
  }

  ask(kind, more = {}) {
    const item = { kind, ...more };
    this.current.items.push(item);
    return new Promise((resolve, reject) => Object.assign(item, { resolve, reject }));
  }

  request(_, { signal }, callback) {
    const { limit } = this;
    signal.addEventListener('abort', () => item.reject(signal.reason));
    const gone = this.ask('lock', { limit, callback });
    const item = this.current.items.at(-1);
    return gone;
  }

  /** A session in a life of its own. */
  begin(at) {
    this.lives += 1;
    const seed = this.seed ^ (BigInt(this.lives) << 32n);
    const instance = (this.instances[at] = this.current = { items: [] });
    const { createBearerFetch, jsonLogin } = this.tokenward;
    // Another life may be under way when an answer to this one comes.
    const mine =
      (kind) =>
      (...args) => {
        const { current } = this;
        this.current = instance;
        try {
          return this.ask(kind, { args, limit: this.limit });
        } finally {
          this.current = current;
        }
      };
    // The module draws one number of 64 bits for a session.
    crypto.getRandomValues = (array) => {
      new DataView(array.buffer, array.byteOffset, array.byteLength).setBigUint64(0, seed, true);
      return array;
    };
    instance.bearer = createBearerFetch({
      session: {
        grant: jsonLogin({
          tokenUrl: 'https://as.test/token',
          revokeUrl: 'https://as.test/logout',
          ...(this.asks && { credentials: mine('ask') }),
        }),
        store: {
          shared: 'origin',
          consistency: 'strong',
          load: mine('load'),
          save: mine('save'),
          clear: mine('clear'),
          subscribe(_, listener) {
            instance.changed = listener;
            return () => {};
          },
        },
        fetch: mine('send'),
      },
      resources: 'https://api.test',
      fetch: (_, { headers }) => new Promise((resolve) => this.responses.set(headers.get('x-call'), resolve)),
    });
    instance.session = instance.bearer.session;
  }

  follow(line) {
    const [wall, mono, at, action, ...words] = line.split(' ');
    Date.now = () => Number(wall);
    performance.now = () => Number(mono);
    this.current = this.instances[at];
    const { session, bearer, items } = this.current ?? {};
    const quietly = (promise) => void promise.catch(() => {});
    switch (action) {
      case 'new':
        return this.begin(at);
      case 'kill':
        return void (this.current.items = []);
      case 'login':
        return quietly(session.login({ username: 'ada', password: 'SECRET-password' }));
      case 'logout':
        return quietly(session.logout());
      case 'compromised':
        return quietly(session.logout({ reason: 'compromised' }));
      case 'online':
        return this.current.online();
      case 'changed':
        return this.current.changed();
      case 'need':
        return this.need(words, session, bearer);
      case 'answer':
        return this.responses.get(words[0])(new Response(null, { status: Number(words[1]) }));
      case 'do':
        return this.perform(items, words);
      case 'tell':
        return void items.splice(Number(words[0]), 1)[0].tell();
      default:
        throw new Error(`no action: ${line}`);
    }
  }

  need([id, once, force, ms], session, bearer) {
    const minValidity = Number(ms) / 1000;
    const call =
      force === '1'
        ? session.getAccessToken({ forceRefresh: true, minValidity }).then(() => 200)
        : bearer('https://api.test/', { headers: { 'x-call': id }, bearer: { minValidity, replay: once === '1' ? 'never' : 'auto' } }).then(
            ({ status }) => status,
          );
    call.catch((error) => error.code ?? String(error)).then((result) => this.results.push(`= ${id} ${result}`));
  }

  perform(items, [at, kind, how, status, ...text]) {
    const item = items[at];
    if (item?.kind !== kind) throw new Error(`${kind} is to be done, and ${item ? item.kind : 'nothing'} was asked for`);
    const now = () => void items.splice(Number(at), 1);
    switch (kind) {
      case 'wake':
        now();
        return item.fire();
      case 'ask':
        item.tell = () => item.resolve({ username: 'ada', password: 'SECRET-password' });
        return undefined;
      case 'lock':
        now();
        return how === 'held' ? void item.callback({}) : item.limit.fire();
      case 'send':
        item.tell = () => this.reply(item, how, Number(status), text.join(' '));
        return undefined;
      default:
        break;
    }
    if (how === 'fail') {
      item.tell = () => item.reject(new Error('the store is out of order'));
      return undefined;
    }
    const { record } = this;
    if (kind === 'load') {
      item.tell = () => item.resolve(record);
      return undefined;
    }
    const expect = item.args.at(-1);
    const expected = (record?.version ?? null) === expect;
    if (expected) this.record = kind === 'clear' ? null : { record: item.args[1], version: String(++this.versions) };
    const version = this.record?.version;
    item.tell = () => item.resolve(kind === 'clear' ? expected : expected ? { ok: true, version } : { ok: false });
    return undefined;
  }

  reply({ resolve, reject, limit }, how, status, text) {
    if (how === 'timeout') limit.fire();
    if (['timeout', 'lost', 'network'].includes(how)) return reject(new TypeError('fetch failed'));
    const headers = { 'content-type': text ? 'application/json' : 'text/html', ...(status === 429 && { 'retry-after': '2' }) };
    return resolve(new Response(text || null, { status, headers }));
  }
}

export default ({ test, assert, tokenward }) => {
  for (const name of readdirSync(FOLDER).sort()) {
    test(`the shell goes through ${name} as the machine does`, async () => {
      const [plan, ...lines] = readFileSync(join(FOLDER, name), 'utf8')
        .split('\n')
        .filter((line) => line && !line.startsWith('#'));
      const follower = new Follower(tokenward, plan);
      await within(follower.globals(), async () => {
        for (const [number, line] of lines.filter((each) => !each.startsWith('=')).entries()) {
          try {
            follower.follow(line);
          } catch (error) {
            throw new Error(`line ${number + 1}, ${line}: ${error.message}`, { cause: error });
          }
          await settle();
        }
      });
      const expected = lines.filter((line) => line.startsWith('='));
      assert.ok(expected.length > 0, 'results');
      assert.same(follower.results.sort(), expected.sort());
    });
  }
};
