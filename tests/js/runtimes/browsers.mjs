// The suite in browsers, without a bundler: in a page with an import map, in each kind of worker, and under a
// Content-Security-Policy as strict as it can be, with WebAssembly and without.

import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

import { which } from '../../../.ci/tools.mjs';
import { withBrowser } from '../browser.mjs';
import { here, packageFolder } from '../installed.mjs';
import { withChromium, withWebKit } from '../webdriver.mjs';
import { Missing } from './fetched.mjs';
import { program } from './program.mjs';

const TIME_LIMIT_MS = 900_000;
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };
const NONCE = 'c3VpdGU';
const STRICT = `default-src 'none'; connect-src 'self'; worker-src 'self'; script-src 'self' 'nonce-${NONCE}'`;
const ALLOWING = `${STRICT} 'wasm-unsafe-eval'`;

const BROWSERS = {
  chromium: [withChromium, 'chromedriver'],
  firefox: [(use) => withBrowser('firefox', {}, use), 'firefox'],
  webkit: [withWebKit, 'WebKitWebDriver', 'Xvfb'],
};
/** How a page gets at each kind of worker: something that takes messages. */
const WORKERS = {
  'dedicated worker': "new Worker(script, { type: 'module' })",
  'shared worker': "new SharedWorker(script, { type: 'module' }).port",
  'service worker': "(await navigator.serviceWorker.register(script, { type: 'module' }), (await navigator.serviceWorker.ready).active)",
};

/** The package as a page without a bundler finds it. Import maps do not reach into workers. */
const entries = Object.fromEntries(
  ['', 'decode', 'verify', 'session', 'slim', 'ml-dsa', 'testing'].map((name) => [
    `tokenward${name && `/${name}`}`,
    `/package/dist/${name || 'index'}.js`,
  ]),
);
const inWorkers = (name) => `/package/dist/${name || 'index'}.js`;
const file = (path) => `/js/${path}`;
/** As `file`, with no name in it that needs an import map, and nothing that is imported later. */
const fileInWorkers = (path) => `/named/${path}`;

const policy = `
import { runSuites as runPolicy } from '/js/harness.mjs';
const withoutWasm = () => runPolicy({ csp: ({ test, assert }) => {
  test("without 'wasm-unsafe-eval' the first call is ERR_WASM_UNAVAILABLE, and importing is not", () => {
    for (const call of [() => tokenward.decode('e30.e30.'), () => session.parseChallenges('Bearer')]) {
      const error = assert.throws('ERR_WASM_UNAVAILABLE', call);
      assert.ok(tokenward.isTokenwardError(error) && session.isTokenwardError(error));
      assert.equal(error.retryable, false);
    }
    assert.equal(typeof tokenward.version, 'string');
  });
} }, {});
`;

/** A module that answers each message { way, name } with the result of one suite: a worker lives no longer than it is asked. */
const asked = (source) => `${source}${policy}
const answer = ({ way, name }) => (way === 'names' ? names(name) : way === 'csp' ? withoutWasm() : run(way, [name]));
globalThis.ask = async ({ data, ports: [port] }) => port.postMessage(await answer(data));
if (typeof document === 'undefined') {
  const serve = (event) => {
    const work = ask(event);
    event.waitUntil?.(work);
  };
  addEventListener('message', serve);
  addEventListener('connect', ({ ports: [port] }) => { port.onmessage = serve; });
}
`;

const page = (way, worker) => `<!doctype html><meta charset="utf-8"><title>tokenward</title>
<script type="importmap" nonce="${NONCE}">${JSON.stringify({ imports: entries })}</script>
<script type="module" nonce="${NONCE}">
const total = { passed: 0, failures: [] };
try {
  const folder = location.pathname.replace(/[^/]*$/, '');
  const script = folder + '${worker === 'service worker' ? 'service' : 'worker'}.mjs';
  const target = ${WORKERS[worker] ?? "(await import(folder + 'main.mjs'), { postMessage: (data, [port]) => ask({ data, ports: [port] }) })"};
  const broken = new Promise((_, reject) => { target.onerror = (event) => reject(new Error('the worker did not start: ' + event.message)); });
  const result = (message) => Promise.race([broken, new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    target.postMessage(message, [port2]);
  })]);
  const way = '${way}';
  for (const name of way === 'csp' ? ['csp'] : await result({ way: 'names', name: way })) {
    const { passed, failures } = await result({ way, name });
    total.passed += passed;
    total.failures.push(...failures);
  }
} catch (error) {
  total.failures.push({ name: 'page', error: error + '\\n' + error?.stack });
}
fetch('/result', { method: 'POST', body: JSON.stringify(total) });
</script>`;

export function browser(name) {
  return async ({ long, report }) => {
    const [open, ...programs] = BROWSERS[name];
    for (const each of programs) if (!which(each)) throw new Missing(`${each} is missing`);
    const scripts = {
      'main.mjs': asked(program({ host: 'browser', long, file, slim: "await slim.init(fetch('/package/dist/core.wasm'))" })),
      'worker.mjs': asked(program({ host: 'browser', long, file: fileInWorkers, entry: inWorkers })),
      // In a service worker there is no import().
      'service.mjs': asked(program({ host: 'browser', long, file: fileInWorkers, entry: inWorkers, wholly: true })),
    };
    const visits = ['page', ...(long ? Object.keys(WORKERS) : [])].flatMap((where) =>
      ['import', ...(long ? ['session'] : []), ...(long && where === 'page' ? ['slim'] : []), 'csp'].map((way) => ({ where, way })),
    );
    const server = await serve(scripts);
    let fine = true;
    try {
      await open(async (opened) => {
        for (const { where, way } of visits) {
          const result = server.result(`${where}, ${way}`);
          await opened.open(`${server.origin}/${way === 'csp' ? 'strict' : 'allowing'}/${encodeURIComponent(`${where}-${way}`)}`);
          fine = report(`${name} (${where}, ${way})`, await result) && fine;
        }
      });
    } finally {
      server.stop();
    }
    return fine;
  };
}

/** What the suite imports of the package by name and when it needs it, imported by URL and at once. */
function named(source) {
  const later = "import('tokenward/testing')";
  return source.includes(later)
    ? `import * as imported from '${inWorkers('testing')}';\n${source.replaceAll(later, 'Promise.resolve(imported)')}`
    : source;
}

async function serve(scripts) {
  let arrived;
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(request.url);
    const send = (type, body) =>
      response
        .writeHead(200, {
          'content-type': type,
          'content-security-policy': path.startsWith('/strict/') ? STRICT : ALLOWING,
          'cache-control': 'no-store',
        })
        .end(body);
    if (path === '/result') {
      let body = '';
      for await (const chunk of request) body += chunk;
      arrived(JSON.parse(body));
      return response.end();
    }
    const [, name] = /^\/(?:strict|allowing)\/(.*)$/.exec(path) ?? [];
    if (name in scripts) return send(TYPES['.mjs'], scripts[name]);
    if (name) return send('text/html; charset=utf-8', page(...name.split('-').reverse()));
    const [, folder, rest] = /^\/(package|js|named)(\/.*)$/.exec(path) ?? [];
    const found = folder && join(folder === 'package' ? packageFolder : here, normalize(rest));
    if (!found || !statSync(found, { throwIfNoEntry: false })?.isFile()) return response.writeHead(404).end();
    const body = readFileSync(found);
    return send(TYPES[extname(found)] ?? 'text/plain', folder === 'named' ? named(`${body}`) : body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    // A service worker is for secure origins; this name is one in every browser.
    origin: `http://localhost:${server.address().port}`,
    result: (what) =>
      new Promise((resolve, reject) => {
        arrived = resolve;
        setTimeout(reject, TIME_LIMIT_MS, new Error(`${what}: no result in ${TIME_LIMIT_MS} ms`)).unref();
      }),
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
