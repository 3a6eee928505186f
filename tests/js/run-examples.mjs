// The examples of www/examples, each on the packed package, each held to the one table. With --next the Next.js one, which
// is built first and takes its time; without it, all others.

import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { exportJWK, generateKeyPair, SignJWT } from 'jose';

import { workerModules } from './bundle.mjs';
import { AUDIENCE, ISSUER, hold, outage, rows } from './examples/table.mjs';
import { runSuites } from './harness.mjs';
import { installed, report, root } from './installed.mjs';
import { native } from './runtimes/native.mjs';
import { freePort } from './webdriver.mjs';

const { Miniflare } = createRequire(join(root, 'tests/'))('miniflare');
const modules = join(root, 'tests/node_modules');
const examples = join(installed, 'examples');
const bin = (name) => join(modules, '.bin', name);

const issuer = createServer((request, response) => {
  if (request.url === '/down') return response.writeHead(500).end();
  return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(jwks));
});
const { privateKey, publicKey } = await generateKeyPair('ES256');
const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }] };
await new Promise((resolve) => issuer.listen(0, '127.0.0.1', resolve));
const published = `http://127.0.0.1:${issuer.address().port}`;

const minted = (claims) =>
  new SignJWT({ iss: ISSUER, aud: AUDIENCE, sub: 'ada', scope: 'read', ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .setExpirationTime(claims.exp ?? '5 min')
    .sign(privateKey);
const good = await minted({});
const [header, , signature] = good.split('.');
const tokens = {
  good,
  admin: await minted({ scope: 'read admin' }),
  expired: await minted({ exp: 1_700_000_000 }),
  forged: [header, (await minted({ sub: 'root' })).split('.')[1], signature].join('.'),
};

/** How each example is started with its variables. Answers its origin and how to stop it. */
const EXAMPLES = {
  worker: (env) => inWorkerd('worker/worker.js', env),
  hono: (env) => inWorkerd('hono/app.js', env),
  express: (env) => program(process.execPath, ['express/server.js'], env),
  fastify: (env) => program(process.execPath, ['fastify/server.js'], env),
  deno: (env) =>
    program(native('@deno', 'deno'), ['run', '--no-prompt', '--allow-net', '--allow-env', '--allow-read', 'deno/main.js'], {
      ...env,
      DENO_NO_UPDATE_CHECK: '1',
    }),
  bun: (env) => program(native('@oven', 'bin/bun'), ['bun/server.js'], env),
};
const NEXT = {
  next: (env) =>
    program(process.execPath, [join(modules, 'next/dist/bin/next'), 'start', 'next', '-H', '127.0.0.1'], {
      ...env,
      NEXT_TELEMETRY_DISABLED: '1',
    }),
};

/** Rows that an example cannot hold, and why. */
const EXCEPT = {
  // It reads Node's req.headers, which keep the first of two Authorization fields, so no handler ever sees the second.
  next: ['two Authorization fields are 400'],
};

let fine = true;
try {
  place();
  const inNext = process.argv.includes('--next');
  if (inNext) await build();
  for (const [name, start] of Object.entries(inNext ? NEXT : EXAMPLES)) {
    fine = report(`example ${name}`, await judged(name, start)) && fine;
  }
} finally {
  issuer.close();
  issuer.closeAllConnections();
}
process.exitCode = fine ? 0 : 1;

async function judged(name, start) {
  const running = [];
  try {
    const suite = async (path) => {
      const one = await start({ ISSUER, AUDIENCE, JWKS_URL: `${published}/${path}` });
      running.push(one);
      return one.origin;
    };
    const [origin, without] = [await suite('jwks'), await suite('down')];
    return await runSuites(
      {
        [name]: ({ test, assert }) => {
          for (const [what, ...row] of rows(tokens)) if (!EXCEPT[name]?.includes(what)) test(what, () => hold(assert, origin, ...row));
          for (const [what, ...row] of outage(tokens)) test(what, () => hold(assert, without, ...row));
        },
      },
      {},
    );
  } catch (error) {
    return { passed: 0, failures: [{ name, error: String(error.stack) }] };
  } finally {
    await Promise.all(running.map(({ stop }) => stop()));
  }
}

/** The examples where a user would have them: beside the packages that they import. */
function place() {
  rmSync(examples, { recursive: true, force: true });
  mkdirSync(examples, { recursive: true });
  cpSync(join(root, 'www/examples'), examples, { recursive: true });
  for (const name of ['express', 'fastify', 'hono', 'next', 'react', 'react-dom']) {
    rmSync(join(installed, 'node_modules', name), { force: true });
    symlinkSync(join(modules, name), join(installed, 'node_modules', name));
  }
}

async function inWorkerd(file, bindings) {
  const worker = new Miniflare({
    modules: await workerModules(readFileSync(join(examples, file), 'utf8')),
    compatibilityDate: '2025-09-01',
    bindings,
    host: '127.0.0.1',
    port: 0,
  });
  const { origin } = await worker.ready;
  return { origin, stop: () => worker.dispose() };
}

async function program(file, args, env) {
  const port = await freePort();
  const child = spawn(file, args, {
    cwd: examples,
    env: { ...process.env, ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said += chunk;
    });
  const ended = new Promise((resolve) => child.once('close', resolve).once('error', resolve));
  const origin = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill();
    await ended;
  };
  for (const end = Date.now() + 20_000; ; ) {
    try {
      await fetch(`${origin}/hello`);
      return { origin, stop };
    } catch {
      if (child.exitCode === null && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 100));
      else {
        await stop();
        throw new Error(`${args.join(' ')} does not answer:\n${said}`);
      }
    }
  }
}

async function build() {
  const child = spawn(bin('next'), ['build', 'next', '--webpack'], {
    cwd: examples,
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`next build ended with ${code}`);
}
