// Runs the snippets of README.md and of the guide to testing on the packed package: in Node, workerd and a shell, and with --page
// those for a page in headless Chromium. What README names is the Worker of www/. rustdoc runs those in Rust.

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';

import { workerModules } from './bundle.mjs';
import { importFromUser, installed, packageFolder, report, root } from './installed.mjs';
import { withChromium } from './webdriver.mjs';

const { Miniflare } = createRequire(join(root, 'tests/'))('miniflare');
const ISSUER = 'https://login.example.com';
const AUDIENCE = 'https://api.example.com';
const [USERNAME, PASSWORD] = ['your-email@example.com', 'your-password'];

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const snippets = [...readme.matchAll(/^```(js|html|sh)\n(.*?)^```$/gms)]
  .map(([, language, code]) => ({ language, code }))
  // What installs and builds is not for a test to run.
  .filter(({ language, code }) => language !== 'sh' || code.startsWith('npx tokenward'));

const service = new Miniflare({
  modules: await workerModules(readFileSync(join(root, 'www/worker.js'), 'utf8'), join(root, 'www')),
  compatibilityDate: '2024-01-01',
  bindings: { ISSUER, AUDIENCE, USERNAME, PASSWORD },
});
const direct = globalThis.fetch;
// The names of README stand for the service.
globalThis.fetch = (input, init) => {
  const { origin, pathname } = new URL(input instanceof Request ? input.url : input);
  if (origin !== ISSUER && origin !== AUDIENCE) return direct(input, init);
  const request = new Request(input, init);
  return service.dispatchFetch(`http://service${pathname}`, {
    method: request.method,
    headers: [...request.headers],
    body: request.body,
    duplex: 'half',
  });
};
const answer = await fetch(`${AUDIENCE}/token`, { method: 'POST', body: JSON.stringify({ username: USERNAME, password: PASSWORD }) });
globalThis.token = (await answer.json()).token;
const jwks = await (await fetch(`${ISSUER}/.well-known/jwks.json`)).json();

/** What each snippet must say, in the order of README; a snippet without a line here fails. */
const EXPECTED = [
  printed(/^hello your-email@example\.com, signed with RS256$/),
  printed(/^hello your-email@example\.com$/),
  printed(/^200 .*Hello your-email@example\.com/),
  inWorker,
  printed(/^ok, ERR_JWT_MALFORMED$/),
  printed(/^ERR_JOSE_ALG_NOT_ALLOWED$/),
  printed(/^RS256 for your-email@example\.com: \d+ s to go$/),
  inPage,
  onTerminal,
  printed(/^ERR_JWS_SIGNATURE_VERIFICATION_FAILED$/),
];

const result = { passed: 0, failures: [] };
const inPages = process.argv.includes('--page');
for (const [index, snippet] of snippets.entries()) {
  if ((snippet.language === 'html') !== inPages) continue;
  const name = `snippet ${index + 1} of README.md (${snippet.language})`;
  try {
    await EXPECTED[index](snippet.code, index);
    result.passed += 1;
  } catch (error) {
    result.failures.push({ name, error: String(error?.stack ?? error) });
  }
}
if (snippets.length !== EXPECTED.length)
  result.failures.push({ name: 'README.md', error: `${snippets.length} snippets, ${EXPECTED.length} expected` });
if (!inPages) await guide('testing');
await service.dispose();
process.exitCode = report('README', result) ? 0 : 1;

/** Runs the snippets of a guide. They print what the comments behind say, up to a colon. */
async function guide(name) {
  const { transform } = createRequire(join(root, 'tests/'))('esbuild');
  const codes = [...readFileSync(join(root, `www/guides/${name}.md`), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
  for (const [index, code] of codes.entries()) {
    try {
      const expected = [...code.matchAll(/console\.log\(.*\);(?: \/\/ ([^:\n]*))?/g)].map(([, text]) => text);
      const lines = await linesOf(`guide-${name}-${index}.mjs`, (await transform(code, { loader: 'ts' })).code);
      const agree = lines.length === expected.length && expected.every((text, at) => text === undefined || text === lines[at]);
      if (!agree) throw new Error(`printed ${JSON.stringify(lines)}, expected ${JSON.stringify(expected)}`);
      result.passed += 1;
    } catch (error) {
      result.failures.push({ name: `snippet ${index + 1} of the guide to ${name}`, error: String(error?.stack ?? error) });
    }
  }
}

/** What a user's module prints. */
async function linesOf(name, code) {
  const lines = [];
  const { log } = console;
  console.log = (...parts) => lines.push(parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' '));
  try {
    await importFromUser(name, code);
  } finally {
    console.log = log;
  }
  return lines;
}

function printed(pattern) {
  return async (code, index) => {
    const lines = await linesOf(`readme-${index}.mjs`, code);
    if (lines.length !== 1 || !pattern.test(lines[0])) throw new Error(`printed ${JSON.stringify(lines)}, expected ${pattern}`);
  };
}

async function inWorker(code) {
  const worker = new Miniflare({
    modules: await workerModules(code),
    compatibilityDate: '2024-01-01',
    bindings: { ISSUER, AUDIENCE, JWKS: JSON.stringify(jwks) },
  });
  try {
    const without = await worker.dispatchFetch('http://worker/');
    const sentence = 'You must specify a Bearer token in the Authorization header to access this resource';
    if (without.status !== 401 || !(await without.text()).includes(sentence)) throw new Error(`status ${without.status} without a token`);
    const response = await worker.dispatchFetch('http://worker/', { headers: { authorization: `Bearer ${token}` } });
    const { hello } = await response.json();
    if (hello !== USERNAME) throw new Error(`status ${response.status} with a token`);
  } finally {
    await worker.dispose();
  }
}

async function inPage(code) {
  const imports = JSON.stringify({ imports: { tokenward: '/dist/index.js' } });
  const page = `<!doctype html><script type="importmap">${imports}</script><form><input><output></output></form>${code}`;
  const server = createServer(({ url }, response) => {
    response.setHeader('content-type', extname(url) === '.js' ? 'text/javascript' : 'text/html');
    response.end(url.startsWith('/dist/') ? readFileSync(join(packageFolder, url)) : page);
  }).listen(0, '127.0.0.1');
  try {
    await withChromium(async ({ open, evaluate }) => {
      await open(`http://127.0.0.1:${server.address().port}/`);
      const said = await evaluate(
        `document.querySelector('input').value = arguments[0];
        document.querySelector('form').requestSubmit();
        return document.querySelector('output').textContent;`,
        token,
      );
      if (said !== `${USERNAME}: not expired`) throw new Error(`the page says ${JSON.stringify(said)}`);
    });
  } finally {
    server.close();
  }
}

/** Line by line: the last one asks for a scope that the token lacks. */
async function onTerminal(code) {
  writeFileSync(join(installed, 'token.txt'), token);
  writeFileSync(join(installed, 'jwks.json'), JSON.stringify(jwks));
  const expected = [
    [0, '"sub": "your-email@example.com"'],
    [0, '✓ accepted: RS256, key '],
    [1, '✕ scope '],
  ];
  for (const [at, line] of code.trim().split('\n').entries()) {
    const child = spawn('bash', ['-c', line], {
      cwd: installed,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, npm_config_offline: 'true' },
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    const status = await new Promise((resolve) => child.once('close', resolve));
    const [exit, text] = expected[at] ?? [];
    if (status !== exit || !said.includes(text)) throw new Error(`${line}: exit code ${status}, ${said}`);
  }
}
