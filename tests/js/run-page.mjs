// The page end to end, in Chromium and Firefox, as a person uses it: behind the demo's Worker, and as static files. What
// was seen is kept in target/screenshots. `node tests/js/run-page.mjs firefox` runs one browser alone.

import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';

import { serve } from '../../.ci/demo.mjs';
import { withBrowser } from './browser.mjs';
import { runSuites } from './harness.mjs';
import { report, root } from './installed.mjs';
import inspect from './page/inspect.mjs';
import session from './page/session.mjs';

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' };
const BASE = '/some/where';
const asked = process.argv.slice(2).filter((name) => ['chromium', 'firefox'].includes(name));
const has = (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
const browsers = { chromium: 'chromedriver', firefox: 'firefox' };
const screenshots = join(root, 'target/screenshots');

const worker = await serve();
const files = await listen((request, response) => {
  const path = normalize(request.url.split('?')[0].replace(/\/$/, '/index.html'));
  const file = join(root, 'target/site', path.slice(BASE.length));
  if (!path.startsWith(`${BASE}/`) || !statSync(file, { throwIfNoEntry: false })?.isFile()) return response.writeHead(404).end();
  return response.writeHead(200, { 'content-type': TYPES[extname(file)] }).end(readFileSync(file));
});

let fine = true;
try {
  await Promise.all(
    Object.entries(browsers)
      .filter(([name]) => asked.length === 0 || asked.includes(name))
      .map(async ([name, program]) => {
        if (has(program)) await inBrowser(name);
        else console.log(`skipped: the page in ${name} (${program} is missing)`);
      }),
  );
} finally {
  await worker.stop();
  files.stop();
}
process.exitCode = fine ? 0 : 1;

async function inBrowser(name) {
  const issuer = await publisher();
  try {
    for (const dark of [false, true]) {
      const folder = join(screenshots, `${name}-${dark ? 'dark' : 'light'}`);
      rmSync(folder, { recursive: true, force: true });
      issuer.seen.length = 0;
      const result = await withBrowser(name, { dark }, (browser) => {
        const shot = (tab, what) => tab.screenshot(join(folder, `${what}.png`), { whole: true });
        const behind = { browser, origin: worker.origin, issuer, shot, says: 'a Worker behind this page' };
        const still = {
          browser,
          origin: `${files.origin}${BASE}`,
          issuer,
          shot: (tab, what) => shot(tab, `static-${what}`),
          says: 'its requests never touch the network',
        };
        return runSuites(
          dark
            ? { 'inspect, static': inspect({ ...still, brief: true }), session: session(behind) }
            : { inspect: inspect(behind), 'session, static': session({ ...still, phone: true }) },
          {},
        );
      });
      fine = report(`page in ${name}, ${dark ? 'dark' : 'light'}`, result) && fine;
    }
  } finally {
    issuer.stop();
  }
}

/** Another origin, which publishes `keys` and remembers what it was asked in `seen`. */
async function publisher() {
  const issuer = { seen: [], keys: [] };
  return Object.assign(
    issuer,
    await listen((request, response) => {
      issuer.seen.push([request.url, ...request.rawHeaders].join(' '));
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('content-type', 'application/json');
      const discovered = request.url === '/.well-known/openid-configuration';
      response.end(JSON.stringify(discovered ? { issuer: issuer.origin, jwks_uri: `${issuer.origin}/keys` } : { keys: issuer.keys }));
    }),
  );
}

async function listen(answer) {
  const server = createServer(answer);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { stop, origin: `http://127.0.0.1:${server.address().port}` };
}
