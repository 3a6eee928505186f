// The suite in a page of headless Chromium (`--long`: also what takes long): no bundler, an import map, and a Content-Security-Policy as strict as it can be.

import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

import { here, packageFolder, report, suiteFiles } from './installed.mjs';
import { withChromium } from './webdriver.mjs';

const TIME_LIMIT_MS = 180_000;
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html; charset=utf-8' };
const NONCE = 'c3VpdGU';

const imports = JSON.stringify({
  imports: {
    tokenward: '/package/dist/index.js',
    'tokenward/session': '/package/dist/session.js',
    'tokenward/slim': '/package/dist/slim.js',
    'tokenward/ml-dsa': '/package/dist/ml-dsa.js',
    'tokenward/testing': '/package/dist/testing.js',
  },
});
const page = (body) => `<!doctype html><meta charset="utf-8"><title>tokenward</title>
<script type="importmap" nonce="${NONCE}">${imports}</script>
<script type="module" nonce="${NONCE}">
const done = (result) => fetch('/result', { method: 'POST', body: JSON.stringify(result) });
try { done(await (async () => { ${body} })()); } catch (error) { done({ passed: 0, failures: [{ name: 'page', error: String(error.stack ?? error) }] }); }
</script>`;

const suite = (api) => page(`
const { runSuites, suitesFor } = await import('/js/harness.mjs');
const modules = {};
for (const name of ${JSON.stringify(suiteFiles().map(([name]) => name))}) modules[name] = await import('/js/suite/' + name + '.mjs');
${api}
const way = location.pathname.slice(1);
return runSuites(suitesFor(way, modules), { tokenward, host: 'chromium', way, long: ${process.argv.includes('--long')}, importMlDsa: () => import('tokenward/ml-dsa') });`);

const STRICT = `default-src 'none'; connect-src 'self'; script-src 'self' 'nonce-${NONCE}'`;
const ALLOWING = `${STRICT} 'wasm-unsafe-eval'`;
const pages = {
  '/import': [suite("const tokenward = await import('tokenward');"), ALLOWING],
  '/session': [suite("const tokenward = await import('tokenward/session');"), ALLOWING],
  '/slim': [suite("const tokenward = await import('tokenward/slim'); await tokenward.init(fetch('/package/dist/core.wasm'));"), ALLOWING],
  "/without-'wasm-unsafe-eval'": [page(`
const { runSuites } = await import('/js/harness.mjs');
const tokenward = await import('tokenward');
return runSuites({ csp: ({ test, assert }) => {
  test("a policy without 'wasm-unsafe-eval' is ERR_WASM_UNAVAILABLE, on the first call and not on import", () => {
    assert.equal(typeof tokenward.version, 'string');
    const error = assert.throws('ERR_WASM_UNAVAILABLE', () => tokenward.decode('e30.e30.'));
    assert.ok(tokenward.isTokenwardError(error));
  });
} }, {});`), STRICT],
};

let arrived;
const server = createServer(async (request, response) => {
  const path = decodeURIComponent(request.url);
  if (path === '/result') {
    let body = '';
    for await (const chunk of request) body += chunk;
    arrived(JSON.parse(body));
    return response.end();
  }
  if (pages[path]) {
    const [html, policy] = pages[path];
    return response.writeHead(200, { 'content-type': TYPES['.html'], 'content-security-policy': policy }).end(html);
  }
  const file = path.startsWith('/package/') ? join(packageFolder, normalize(path.slice(8))) : join(here, normalize(path.slice(3)));
  if (!/^\/(package|js)\//.test(path) || !statSync(file, { throwIfNoEntry: false })?.isFile()) return response.writeHead(404).end();
  return response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'text/plain' }).end(readFileSync(file));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

let fine = true;
try {
  await withChromium(async ({ open }) => {
    for (const path of Object.keys(pages)) {
      const result = new Promise((resolve, reject) => {
        arrived = resolve;
        setTimeout(reject, TIME_LIMIT_MS, new Error(`${path}: no result in ${TIME_LIMIT_MS} ms`)).unref();
      });
      await open(`http://127.0.0.1:${server.address().port}${encodeURI(path)}`);
      fine = report(`chromium (${path.slice(1)})`, await result) && fine;
    }
  });
} finally {
  server.close();
  server.closeAllConnections();
}
process.exitCode = fine ? 0 : 1;
