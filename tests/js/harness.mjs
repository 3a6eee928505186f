// The one test harness of every JavaScript host: no module of Node's, no framework, so that workerd and a page run it too.
//
// To add tests, add a file to suite/. It exports one function, and every runner finds it there:
//
//   export default ({ test, long, assert, tokenward, host }) => {
//     test('a sentence that is true when the test passes', async () => {
//       assert.equal(tokenward.isExpired(token), true);
//       assert.throws('ERR_JWT_MALFORMED', () => tokenward.decode(''));
//       await assert.rejects('ERR_JWT_EXPIRED', tokenward.verify(token, key, rules));
//     });
//   };
//
// `tokenward` is the package as this host imports it; it runs several times where there are several ways to import it.
// `host` is 'node', 'workerd', 'deno', 'bun', 'edge-runtime' or 'browser', for what only one of them can show. kit.mjs has keys and tokens.
// `importMlDsa()` imports tokenward/ml-dsa the same way.
// `long` is `test` for what takes a second or more: it runs in Node over one way of importing, everywhere else with `--long`.
// A file that says `export const half = 'session'` uses nothing of verification, and runs over tokenward/session too.

const TIME_LIMIT_MS = 60_000;
const LONG_LIMIT_MS = 180_000;

/** The suites among `modules` ({ name: module of suite/ }) for a way of importing the package. */
export function suitesFor(way, modules) {
  const fit = Object.entries(modules).filter(([, { half }]) => way !== 'session' || half === 'session');
  return Object.fromEntries(fit.map(([name, module]) => [name, module.default]));
}

/** Runs the tests of `suites` ({ name: function }). The result is plain data, so that it can leave a Worker or a page. */
export async function runSuites(suites, context) {
  const result = { passed: 0, failures: [] };
  for (const [suite, define] of Object.entries(suites)) {
    const tests = [];
    const test = (name, body) => tests.push([name, body, TIME_LIMIT_MS]);
    const long = (name, body) => context.long && tests.push([name, body, LONG_LIMIT_MS]);
    define({ ...context, assert, test, long });
    for (const [name, body, limit] of tests) {
      try {
        await inTime(body, context.timeLimitMs ?? limit);
        result.passed += 1;
      } catch (error) {
        result.failures.push({ name: `${suite}: ${name}`, error: told(error) });
      }
    }
  }
  return result;
}

async function inTime(body, limit) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${limit} ms`)), limit);
  });
  try {
    await Promise.race([body(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** An error with its stack, which holds its message in some engines and not in others. */
const told = (error) => (error?.stack?.includes(error.message) ? error.stack : `${error}\n${error?.stack ?? ''}`);

const show = (value) => {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
};

/** Property names sorted, so that equal objects have equal text. */
const canonical = (value) =>
  JSON.stringify(value, (_, inner) =>
    inner && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

function fail(message) {
  throw new Error(message);
}

export const assert = {
  ok(value, what = 'the value') {
    if (!value) fail(`${what} is ${show(value)}`);
  },
  equal(actual, expected, what = 'got') {
    if (!Object.is(actual, expected)) fail(`${what} ${show(actual)}, expected ${show(expected)}`);
  },
  /** Equal as JSON. */
  same(actual, expected, what = 'got') {
    if (canonical(actual) !== canonical(expected)) fail(`${what} ${show(actual)}, expected ${show(expected)}`);
  },
  /** `code` is the error's code, or null for any error. Answers the error. */
  throws(code, body) {
    let value;
    try {
      value = body();
    } catch (error) {
      return hasCode(code, error);
    }
    return fail(`returned ${show(value)} instead of throwing ${code}`);
  },
  async rejects(code, promise) {
    let value;
    try {
      value = await promise;
    } catch (error) {
      return hasCode(code, error);
    }
    return fail(`fulfilled with ${show(value)} instead of rejecting with ${code}`);
  },
};

function hasCode(code, error) {
  if (code !== null && error?.code !== code) {
    throw new Error(`${error?.code ?? 'no code'} (${error?.message ?? show(error)}), expected ${code}`, { cause: error });
  }
  return error;
}
