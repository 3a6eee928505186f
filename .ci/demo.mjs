// `make demo`: the service in workerd, the client in Node, then the page. All of it over the packed package.

import { cpSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { workerModules } from '../tests/js/bundle.mjs';
import { installed } from '../tests/js/installed.mjs';
import { pageFiles } from './site.mjs';
import { at } from './tools.mjs';

const { Miniflare, Response } = createRequire(at('tests/'))('miniflare');

/** Seconds that an access token lives: short, so that it expires while one waits, and while one watches. */
const LIFETIME = { terminal: 4, page: 12 };
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

/** Starts the Worker of www/. Answers its origin, and how to stop it. */
export async function serve(TOKEN_LIFETIME = LIFETIME.page) {
  const miniflare = new Miniflare({
    modules: await workerModules(readFileSync(at('www/worker.js'), 'utf8'), at('www')),
    compatibilityDate: '2024-01-01',
    host: '127.0.0.1',
    port: 0,
    bindings: { TOKEN_LIFETIME },
    serviceBindings: { ASSETS: asset },
  });
  const { origin } = await miniflare.ready;
  return { origin, stop: () => miniflare.dispose() };
}

function asset(request) {
  const { pathname } = new URL(request.url);
  const file = pageFiles().get(pathname === '/' ? 'index.html' : pathname.slice(1));
  if (!file) return new Response('not found', { status: 404 });
  return new Response(readFileSync(file), { headers: { 'content-type': TYPES[extname(file)] } });
}

/** The client of www/, in the folder where a user would have installed the package. */
async function client() {
  cpSync(at('www/demo.mjs'), join(installed, 'demo.mjs'));
  return import(pathToFileURL(join(installed, 'demo.mjs')));
}

if (process.argv[1] === at('.ci/demo.mjs')) {
  const { origin, stop } = await serve(LIFETIME.terminal);
  console.log(`A token service and a protected API run in workerd at ${origin}\n`);
  try {
    await (await client()).demo(origin);
    console.log('\nEvery step went as it should.');
  } catch {
    console.log('\nThe demo stopped at a step that went wrong.');
    await stop();
    process.exit(1);
  }
  await stop();
  if (!process.argv.includes('--once')) {
    const page = await serve();
    console.log(`To look into tokens and watch a session: ${page.origin}/ (Ctrl-C ends it)`);
    process.once('SIGINT', () => page.stop().then(() => process.exit(0)));
  }
}
