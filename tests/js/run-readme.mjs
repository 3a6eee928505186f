// Every snippet of the README that is not Rust (rustdoc runs those), over the packed package: the JavaScript in Node, the Worker in
// workerd, and with --page the page in headless Chromium.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { workerModules } from './bundle.mjs';
import { runSuites } from './harness.mjs';
import { importFromUser, packageFolder, report, root } from './installed.mjs';
import { claims, signer } from './kit.mjs';
import { withChromium } from './webdriver.mjs';

const { Miniflare } = createRequire(join(root, 'tests/'))('miniflare');

const ISSUER = 'https://login.example.com';
const AUDIENCE = 'https://api.example.com';
const snippets = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^```(js|html)\n([^]*?)^```/gm)].map(([, language, code]) => ({ language, code }));
const scripts = snippets.filter(({ language, code }) => language === 'js' && !code.includes('export default'));
const workers = snippets.filter(({ language, code }) => language === 'js' && code.includes('export default'));
const pages = snippets.filter(({ language }) => language === 'html');

const key = await signer('ES256');
const token = await key.sign(claims({ iss: ISSUER, aud: AUDIENCE, exp: Date.now() / 1000 + 300 }));
const jwks = { keys: [key.jwk] };

/** What a snippet with this name in it prints. */
const PRINTS = [
  ['new Verifier', /^hello ada$/],
  ['importKey', /^ERR_JOSE_ALG_NOT_ALLOWED$/],
  ['checkExpiry', /^ES256 for ada: (300|299) s to go$/],
  ['createBearerFetch', /^200 \{"hello":"ada"\}$/],
];

/** The servers that the snippets name. */
async function servers(input, init) {
  const request = new Request(input, init);
  const { href } = new URL(request.url);
  if (href === `${ISSUER}/.well-known/jwks.json`) return Response.json(jwks);
  if (href === `${AUDIENCE}/token`) return Response.json({ token, refresh_token: 'refresh', token_type: 'Bearer', expires_in: 300 });
  if (href === `${AUDIENCE}/logout`) return new Response(null, { status: 204 });
  if (href === `${AUDIENCE}/protected` && request.headers.get('authorization') === `Bearer ${token}`) return Response.json({ hello: 'ada' });
  return new Response('no', { status: 401 });
}

async function printed(body) {
  const { fetch } = globalThis;
  const { log } = console;
  const lines = [];
  Object.assign(globalThis, { fetch: servers, token });
  console.log = (...values) => lines.push(values.map((value) => (typeof value === 'object' ? JSON.stringify(value) : String(value))).join(' '));
  try {
    await body();
  } finally {
    Object.assign(globalThis, { fetch });
    console.log = log;
  }
  return lines.join('\n');
}

const inNode = ({ test, assert }) => {
  test('there is a snippet of every kind', () => assert.same([scripts.length, workers.length, pages.length].map((count) => count > 0), [true, true, true]));

  for (const [index, { code }] of scripts.entries()) {
    const title = code.split('\n')[0];
    test(`"${title}" runs`, async () => {
      const lines = await printed(() => importFromUser(`readme-${index}.mjs`, code));
      const expected = PRINTS.find(([of]) => code.includes(of));
      assert.ok(expected, `an expectation for ${title}`);
      assert.ok(expected[1].test(lines), `${JSON.stringify(lines)} as ${expected[1]}`);
    });
  }

  for (const { code } of workers) {
    test('the Worker refuses a request without a token, and greets one with it', async () => {
      const miniflare = new Miniflare({
        modules: await workerModules(code), compatibilityDate: '2024-01-01', bindings: { ISSUER, AUDIENCE, JWKS: JSON.stringify(jwks) },
      });
      try {
        const refused = await miniflare.dispatchFetch(AUDIENCE);
        assert.equal(refused.status, 401);
        assert.ok((await refused.text()).includes('You must specify a Bearer token in the Authorization header to access this resource'));
        const greeted = await miniflare.dispatchFetch(AUDIENCE, { headers: { authorization: `Bearer ${token}` } });
        assert.same(await greeted.json(), { hello: 'ada' });
      } finally {
        await miniflare.dispose();
      }
    });
  }
};

const inPage = ({ open, evaluate }) => ({ test, assert }) => {
  for (const { code } of pages) {
    test('the page says who the token is for', async () => {
      const server = createServer((request, response) => {
        const script = request.url === '/tokenward.js';
        response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
        response.end(script ? readFileSync(join(packageFolder, 'dist/index.js'))
          : `<!doctype html><script type="importmap">{"imports":{"tokenward":"/tokenward.js"}}</script><form><input></form><output></output>${code}`);
      });
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      try {
        await open(`http://127.0.0.1:${server.address().port}/`);
        await evaluate("document.querySelector('input').value = arguments[0]; document.querySelector('form').requestSubmit()", token);
        assert.equal(await evaluate("return document.querySelector('output').textContent"), 'ada: not expired');
      } finally {
        server.close();
        server.closeAllConnections();
      }
    });
  }
};

const result = process.argv.includes('--page')
  ? await withChromium((browser) => runSuites({ readme: inPage(browser) }, {}))
  : await runSuites({ readme: inNode }, {});
process.exitCode = report('README', result) ? 0 : 1;
