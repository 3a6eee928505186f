// Sessions with a real provider, in Node and, with --page, in headless Chromium.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

import { runSuites } from '../harness.mjs';
import { here, importFromUser, packageFolder, report } from '../installed.mjs';
import { withChromium } from '../webdriver.mjs';
import { withSignIn } from './provider.mjs';
import suite from './session.mjs';

process.exitCode = (await (process.argv.includes('--page') ? inPage() : inNode())) ? 0 : 1;

/** Keeps what a page would keep, and says under which names. */
function storeOf(tokenward) {
  const store = tokenward.memoryStore();
  const keys = new Set();
  return { ...store, keys, save: (key, ...rest) => (keys.add(key), store.save(key, ...rest)) };
}

async function inNode() {
  const redirectUri = 'http://127.0.0.1:1/back';
  const { tokenward } = await importFromUser('import.mjs', "export * as tokenward from 'tokenward';\n");
  return withSignIn(redirectUri, async ({ issuer }) => {
    const context = { tokenward, issuer, redirectUri, visit: (url) => visit(url, redirectUri), storeOf: () => storeOf(tokenward) };
    return report('oidc-provider sessions, node', await runSuites({ session: suite }, context));
  });
}

/** Follows redirects with cookies, as a browser does, until one leads back. */
async function visit(url, redirectUri) {
  const jar = new Map();
  for (let hops = 0; hops < 20; hops++) {
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      jar.set(name, value);
    }
    const location = response.headers.get('location');
    if (!location) throw new Error(`${url}: ${response.status} ${await response.text()}`);
    url = new URL(location, url).href;
    if (url.startsWith(redirectUri)) return url;
  }
  throw new Error('too many redirects');
}

async function inPage() {
  let done;
  const result = new Promise((resolve, reject) => {
    done = resolve;
    setTimeout(reject, 120_000, new Error('no result from the page')).unref();
  });
  const page = (issuer) => `<!doctype html><meta charset="utf-8">
<script type="importmap">{"imports":{"tokenward":"/package/dist/index.js"}}</script>
<script type="module">
const redirectUri = location.origin + '/back';
const visit = (url) => new Promise((resolve) => {
  const frame = document.createElement('iframe');
  document.body.append(frame);
  frame.onload = () => { const { href } = frame.contentWindow.location; if (href.startsWith(redirectUri)) { frame.remove(); resolve(href); } };
  frame.src = url;
});
const send = (result) => fetch('/result', { method: 'POST', body: JSON.stringify(result) });
try {
  const tokenward = await import('tokenward');
  const { runSuites } = await import('/js/harness.mjs');
  const { default: suite } = await import('/js/oidc/session.mjs');
  const storeOf = () => {
    const store = tokenward.indexedDbStore({ database: 'oidc-' + Math.random() });
    const keys = new Set();
    return { ...store, keys, save: (key, ...rest) => (keys.add(key), store.save(key, ...rest)) };
  };
  send(await runSuites({ session: suite }, { tokenward, issuer: ${JSON.stringify(issuer)}, redirectUri, visit, storeOf }));
} catch (error) { send({ passed: 0, failures: [{ name: 'page', error: String(error.stack) }] }); }
</script><body>`;
  let html = '';
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://page');
    if (pathname === '/result') {
      let body = '';
      for await (const chunk of request) body += chunk;
      done(JSON.parse(body));
      return response.end();
    }
    if (pathname === '/') return response.setHeader('content-type', 'text/html').end(html);
    if (pathname === '/back') return response.setHeader('content-type', 'text/html').end('<!doctype html>');
    const [, wing] = /^\/package\/(dist\/\w+\.js)$/.exec(pathname) ?? [];
    const file = wing
      ? [packageFolder, wing]
      : { '/js/harness.mjs': [here, 'harness.mjs'], '/js/oidc/session.mjs': [here, 'oidc/session.mjs'] }[pathname];
    if (!file) return response.writeHead(404).end();
    return response.setHeader('content-type', 'text/javascript').end(readFileSync(join(...file)));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  try {
    return await withSignIn(`${origin}/back`, async ({ issuer }) => {
      html = page(issuer);
      return withChromium(async ({ open }) => {
        await open(origin);
        return report('oidc-provider sessions, chromium', await result);
      });
    });
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
