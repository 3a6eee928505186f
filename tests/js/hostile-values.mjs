// Every kind of value that JavaScript has, and how the hostile suites give them to the package.

import { CODES } from './canaries.mjs';

/** What every trap throws: it must not come out as it is. */
const TRAP = 'a trap of the caller';
/** How long a call may wait for a value that never settles. */
const PATIENCE_MS = 15;

export function thrower() {
  throw new Error(TRAP);
}

const TRAPS = Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((name) => [name, thrower]));
/** Every property that the package reads of anything. */
const READ = [
  'kty',
  'keys',
  'alg',
  'exp',
  'nbf',
  'now',
  'issuer',
  'audience',
  'then',
  'type',
  'export',
  'length',
  'algorithms',
  'allowShortSecret',
  'clockTolerance',
  'schema',
  'isRevoked',
  'toJSON',
  'asymmetricKeyType',
  '~standard',
  'verify',
  'scopes',
  'cors',
  'origins',
  'method',
  'url',
  'headers',
  'href',
  'signal',
  'aborted',
  'reason',
  'fetch',
  'cache',
  'get',
  'set',
  'put',
  'match',
  'setEx',
  'maxAge',
  'snapshot',
  'grant',
  'store',
  'load',
  'save',
  'clear',
  'shared',
  'session',
  'resources',
  'tokenUrl',
  'tokenEndpoint',
  'username',
  'password',
  'minValidity',
  'record',
  'version',
  'ok',
  'status',
  'body',
  'bearer',
  'auth',
  'access_token',
  'token',
  'database',
  'insecure',
  'name',
  'kind',
  'clientId',
  'redirectUri',
  'authorizationEndpoint',
  'header',
];

/** Values of another realm, where the host has one at hand. */
function fromElsewhere() {
  const vm = globalThis.process?.getBuiltinModule?.('node:vm');
  if (!vm) return {};
  return vm.runInNewContext(`({ 'their object': { kty: 'oct', k: 'AAAA' }, 'their list': ['x'], 'their bytes': new Uint8Array(40), 'their buffer': new ArrayBuffer(40),
    'their date': new Date(0), 'their error': new Error('x'), 'their function': () => {}, 'their promise': Promise.resolve(1), 'their null': Object.create(null) })`);
}

/** Memory that shrinks under whoever looks at it, where the host has such. */
function restless() {
  const values = {};
  if (typeof SharedArrayBuffer === 'function') {
    Object.assign(values, {
      'shared buffer': new SharedArrayBuffer(40),
      'shared bytes': new Uint8Array(new SharedArrayBuffer(40)),
      'shared view': new DataView(new SharedArrayBuffer(40)),
    });
  }
  if (typeof ArrayBuffer.prototype.resize === 'function') {
    const buffer = new ArrayBuffer(40, { maxByteLength: 80 });
    const shrunk = new ArrayBuffer(40, { maxByteLength: 80 });
    Object.assign(values, {
      'resizable buffer': buffer,
      'resizable bytes': new Uint8Array(buffer),
      'bytes out of bounds': new Uint8Array(shrunk, 8, 32),
      'view out of bounds': new DataView(shrunk, 8, 32),
    });
    shrunk.resize(4);
  }
  return values;
}

/** Fresh values every time: some can be spoilt by being used. */
export function hostileValues() {
  const cyclic = { kty: 'oct' };
  cyclic.self = cyclic;
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  const { proxy: revokedFunction, revoke: revokeFunction } = Proxy.revocable(() => {}, {});
  revoke();
  revokeFunction();
  const getters = {};
  for (const name of READ) Object.defineProperty(getters, name, { get: thrower, enumerable: true });
  const detached = new Uint8Array(32);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const rejected = Promise.reject(new Error(TRAP));
  rejected.catch(() => {});
  return {
    undefined,
    null: null,
    true: true,
    false: false,
    zero: 0,
    'minus zero': -0,
    NaN,
    infinity: Infinity,
    negative: -1,
    huge: 1e308,
    unsafe: 2 ** 53,
    bigint: 10n,
    symbol: Symbol('x'),
    'empty text': '',
    text: 'text',
    dots: '..',
    'lone surrogate': '\ud800.\udc00.\ud800',
    'nul text': '\0',
    'line breaks': 'a\r\nb: c',
    'long text': 'a.'.repeat(50_000),
    'a URL': 'https://u:p@x.test/?#',
    'empty list': [],
    list: [1, 'x', null],
    'list of lists': [[[]]],
    'sparse list': new Array(5),
    'list of another class': class List extends Array {}.from(['x']),
    'list of symbols': [Symbol('x')],
    'list that throws': Object.defineProperty(['x'], 0, { get: thrower }),
    'empty object': {},
    function: () => {},
    'async function': async () => {},
    generator: function* () {},
    class: class {},
    date: new Date(),
    'no date': new Date(NaN),
    regexp: /x/g,
    map: new Map([['kty', 'oct']]),
    error: new Error('x'),
    boxed: Object('x'),
    'boxed number': Object(7),
    url: new URL('https://x.test'),
    'null prototype': Object.create(null),
    cyclic,
    revoked,
    'revoked function': revokedFunction,
    'throwing getters': getters,
    'throwing proxy': new Proxy({}, TRAPS),
    'throwing function': new Proxy(() => {}, TRAPS),
    'function that throws': thrower,
    'throwing text': { toString: thrower, valueOf: thrower, [Symbol.toPrimitive]: thrower },
    'throwing toJSON': { toJSON: thrower },
    'false date': { [Symbol.toStringTag]: 'Date' },
    'false key': { [Symbol.toStringTag]: 'CryptoKey' },
    'false bytes': { [Symbol.toStringTag]: 'ArrayBuffer' },
    'false KeyObject': { [Symbol.toStringTag]: 'KeyObject' },
    'false tag': {
      get [Symbol.toStringTag]() {
        return thrower();
      },
    },
    bytes: new Uint8Array(32),
    'no bytes': new Uint8Array(),
    detached,
    'detached buffer': detached.buffer,
    floats: new Float64Array(8),
    view: new DataView(new ArrayBuffer(40)),
    thenable: { then: thrower },
    'thenable that never settles': { then() {} },
    'throwing then': {
      get then() {
        return thrower();
      },
    },
    promise: Promise.resolve('x'),
    'rejected promise': rejected,
    'endless promise': new Promise(() => {}),
    range: {
      get value() {
        throw new RangeError(TRAP);
      },
    },
    'false set': { keys: { length: 1 } },
    'odd set': { keys: [null, 1, cyclic.self, { kty: Symbol('x') }] },
    'deep jwk': { kty: 'oct', k: { k: { k: [] } } },
    ...restless(),
    ...fromElsewhere(),
  };
}

/** What is wrong with how a call ended: nothing, where it answered, or threw a documented error in its own words. */
export async function ending(call, allowed = () => false) {
  let timer;
  try {
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS);
    });
    const answer = call();
    if (typeof answer?.then === 'function') await Promise.race([answer, late]);
    return undefined;
  } catch (error) {
    if (!(error?.code in CODES) || error.name !== 'TokenwardError') return isAllowed(allowed, error) ? undefined : shown(error);
    return `${error.message}${error.stack}${error.cause}`.includes(TRAP) ? `${error.code} says what the trap said` : undefined;
  } finally {
    clearTimeout(timer);
  }
}

function isAllowed(allowed, error) {
  try {
    return allowed(error);
  } catch {
    return false; // It looked at the value.
  }
}

function shown(error) {
  try {
    return `${error?.stack ?? error}`.split('\n').slice(0, 3).join(' ').slice(0, 250);
  } catch {
    return 'something that cannot be shown';
  }
}

/** Gives every value to `call`, and says of which it spoke ill. */
export async function besieged(name, call, allowed) {
  const faults = [];
  for (const [kind, value] of Object.entries(hostileValues())) {
    const fault = await ending(
      () => call(value),
      (error) => allowed?.(value, error),
    );
    if (fault !== undefined) faults.push(`${name}, ${kind}: ${fault}`);
  }
  return faults;
}

/** Gives every value to each named member of `options` in turn. */
export async function besiegedMembers(name, options, members, call) {
  const faults = [];
  for (const member of members) faults.push(...(await besieged(`${name}.${member}`, (value) => call({ ...options, [member]: value }))));
  return faults;
}
