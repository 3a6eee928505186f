// The package in Chromium 114, 118 and 119: the last that compiles no module of this size at once in a page, the last that takes
// `Authorization` along to another origin, and the oldest that README.md names.
//
//   node tests/js/run-old-browsers.mjs [114.0.0] [118.0.0] [119.0.2]

import { readFileSync, statSync } from 'node:fs';
import { join, normalize } from 'node:path';

import { runSuites } from './harness.mjs';
import { packageFolder, report } from './installed.mjs';
import { listen } from './listen.mjs';
import { withOldChromium } from './old-chromium.mjs';
import { Missing } from './runtimes/fetched.mjs';

const VERSIONS = ['114.0.0', '118.0.0', '119.0.2'];
const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.AAAA';
const TYPES = { js: 'text/javascript', wasm: 'application/wasm' };

/** A page, the package, a token endpoint and a resource that redirects. */
function answer(request) {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === '/') return new Response('<!doctype html><title>old</title>', { headers: { 'content-type': 'text/html' } });
  if (pathname === '/token') return Response.json({ access_token: 'secret', token_type: 'Bearer', expires_in: 3600 });
  if (pathname === '/redirect') return new Response(null, { status: 302, headers: { location: searchParams.get('to') } });
  if (pathname === '/echo') return Response.json({ authorization: request.headers.get('authorization') });
  const worker =
    "import { decode } from '/package/dist/index.js'; onmessage = ({ data }) => { try { postMessage(decode(data).payload.sub); } catch (error) { postMessage(error.message); } };";
  if (pathname === '/worker.js') return new Response(worker, { headers: { 'content-type': TYPES.js } });
  const file = pathname.startsWith('/package/') && join(packageFolder, normalize(pathname.replace('/package/', '/')));
  if (!file || !statSync(file, { throwIfNoEntry: false })?.isFile()) return new Response(null, { status: 404 });
  return new Response(readFileSync(file), { headers: { 'content-type': TYPES[file.split('.').at(-1)] ?? 'text/plain' } });
}

const suite =
  (version, evaluate, seen, elsewhere) =>
  ({ test, assert }) => {
    const [major] = version.split('.').map(Number);
    const entry = major < 115 ? 'slim' : 'index';

    if (major < 115) {
      test('a call on the main thread says that the module is too large for it, and names the ways out', async () => {
        const messages = await evaluate(async (token) => {
          const told = (act) => {
            try {
              return act();
            } catch ({ code, message }) {
              return `${code}: ${message}`;
            }
          };
          const { decode } = await import('/package/dist/index.js');
          const { parseChallenges } = await import('/package/dist/session.js');
          const slim = await import('/package/dist/slim.js?sync');
          const bytes = await (await fetch('/package/dist/core.wasm')).arrayBuffer();
          const module = await WebAssembly.compile(bytes);
          return [
            told(() => decode(token)),
            told(() => decode(token)),
            told(() => parseChallenges('Bearer')),
            told(() => slim.initSync(bytes)),
            told(() => (slim.initSync(module), slim.decode(token))),
          ];
        }, TOKEN);
        for (const message of messages)
          assert.ok(/^ERR_WASM_UNAVAILABLE: .*main thread.* worker.* tokenward\/slim with init/.test(message), message);
      });

      test('slim, loaded with init, works on the main thread, after a trap and a huge input too', async () => {
        const found = await evaluate(async (token) => {
          const { decode, init } = await import('/package/dist/slim.js');
          await init(fetch('/package/dist/core.wasm'));
          const next = () => new Promise((resolve) => setTimeout(resolve, 200));
          const results = [decode(token).payload.sub];
          // The stack ends inside the module, sooner or later.
          let trapped = false;
          for (let size = 0; size < 200 && !trapped; size++) {
            const descend = (...ballast) => {
              try {
                descend(...ballast);
              } catch {
                // The end of the stack.
              }
              try {
                if (!trapped) decode(token);
              } catch (error) {
                trapped ||= error.code === 'ERR_WASM_UNAVAILABLE';
              }
            };
            descend(...Array(size));
          }
          results.push(trapped);
          await next();
          results.push(decode(token).payload.sub);
          for (let times = 0; times < 3; times++) {
            try {
              decode('a'.repeat(40_000_000));
            } catch ({ code }) {
              results.push(code);
            }
            results.push(decode(token).payload.sub);
          }
          return results;
        }, TOKEN);
        const huge = ['ERR_JWT_MALFORMED', 'ada'];
        assert.same(found, ['ada', true, 'ada', ...huge, ...huge, ...huge]);
      });
    } else {
      test('a call on the main thread works', async () => {
        assert.equal(await evaluate(async (token) => (await import('/package/dist/index.js')).decode(token).payload.sub, TOKEN), 'ada');
      });
    }

    test('a call in a worker works', async () => {
      assert.equal(
        await evaluate(
          (token) =>
            new Promise((resolve) => {
              const worker = new Worker('/worker.js', { type: 'module' });
              worker.onmessage = ({ data }) => resolve(data);
              worker.onerror = ({ message }) => resolve(message);
              worker.postMessage(token);
            }),
          TOKEN,
        ),
        'ada',
      );
    });

    test('no token follows a redirect to another origin', async () => {
      const outcome = (to) =>
        evaluate(
          async (name, url) => {
            const { createBearerFetch, init, jsonLogin } = await import(`/package/dist/${name}.js`);
            await init?.(fetch('/package/dist/core.wasm'));
            const bearer = createBearerFetch({
              session: {
                grant: jsonLogin({ tokenUrl: `${location.origin}/token`, credentials: () => ({ username: 'ada', password: 'x' }) }),
              },
              resources: location.origin,
            });
            try {
              const { authorization } = await (await bearer(`/redirect?to=${encodeURIComponent(url)}`)).json();
              return authorization;
            } catch ({ code, message }) {
              return `${code}: ${message}`;
            }
          },
          entry,
          to,
        );
      seen.length = 0;
      const refused =
        'ERR_FOREIGN_URL: the resource redirects, and this browser could take the token outside the resources of this session';
      assert.equal(await outcome(`${elsewhere}/`), major < 119 ? refused : null);
      assert.same([...new Set(seen)], major < 119 ? [] : [null]);
      assert.equal(await outcome('/echo'), major < 119 ? refused : 'Bearer secret');
    });

    test(major < 119 ? 'fetch itself takes the header along' : 'fetch itself leaves the header behind', async () => {
      seen.length = 0;
      await evaluate(
        async (to) => fetch(`/redirect?to=${encodeURIComponent(to)}`, { headers: { authorization: 'Bearer plain' } }),
        `${elsewhere}/`,
      );
      assert.same(seen, [major < 119 ? 'Bearer plain' : null]);
    });
  };

let fine = true;
const chosen = process.argv.slice(2);
for (const version of chosen.length > 0 ? chosen : VERSIONS) {
  const seen = [];
  const here = await listen(answer);
  const elsewhere = await listen((request) => {
    const authorization = request.headers.get('authorization');
    if (request.method !== 'OPTIONS') seen.push(authorization);
    return Response.json(
      { authorization },
      { headers: { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'authorization' } },
    );
  });
  try {
    await withOldChromium(version, `${here.origin}/`, async (evaluate) => {
      const name = `Chromium ${version}`;
      fine = report(name, await runSuites({ [name]: suite(version, evaluate, seen, elsewhere.origin) }, {})) && fine;
    });
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    console.log(`skipped: the package in Chromium ${version} (${error.message})`);
  } finally {
    await here.close();
    await elsewhere.close();
  }
}
process.exitCode = fine ? 0 : 1;
