// Folders of users: the tools and the packed package, installed once, and a new project beside them for each consumer.

import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { npmPackages, tarball, target } from '../../.ci/tools.mjs';
import { freePort } from '../js/webdriver.mjs';

const here = dirname(fileURLToPath(import.meta.url));
/** Where the projects are, and above them what they import. */
export const workshop = join(target, 'packaging');
const modules = join(workshop, 'node_modules');
const PATIENCE_MS = 120_000;
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.wasm': 'application/wasm', '.css': 'text/css' };
/** None of them tells anybody of its use. */
const env = {
  ...process.env,
  CI: '1',
  NO_COLOR: '1',
  NEXT_TELEMETRY_DISABLED: '1',
  WRANGLER_SEND_METRICS: 'false',
  DO_NOT_TRACK: '1',
  PARCEL_WORKERS: '1',
  WRANGLER_LOG_PATH: join(workshop, 'wrangler.log'),
  XDG_CONFIG_HOME: join(workshop, 'config'),
};

/** Installs the tools where they are not, and the package every time. */
export function install() {
  npmPackages(here, workshop);
  const folder = join(modules, 'tokenward');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  execFileSync('tar', ['xzf', tarball, '-C', folder, '--strip-components=1']);
}

/** A new project: the files of this folder that it needs ({ path in it: file here }), and what else is given as text. */
export function project(name, files, texts = {}) {
  const folder = join(workshop, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const place = (path, write) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    write(join(folder, path));
  };
  for (const [path, file] of Object.entries(files)) place(path, (to) => cpSync(join(here, file), to, { recursive: true }));
  for (const [path, text] of Object.entries({ 'package.json': '{ "private": true, "type": "module" }\n', ...texts }))
    place(path, (to) => writeFileSync(to, text));
  return folder;
}

export const html = (script, head = '') => `<!doctype html><meta charset="utf-8"><title>tokenward</title>${head}<body>${script}</body>\n`;

/** Runs a tool to its end, in the project. Gives what it says; rejects with it where the tool fails. */
export function tool(cwd, name, ...args) {
  const { child, said } = started(cwd, name, args);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(said()) : reject(new Error(`${name} ended with ${code}:\n${said().slice(-3000)}`)),
    );
  });
}

/** Runs a tool that serves, for as long as `use` takes. `args` are given the port. */
export async function served(cwd, name, args, use) {
  const port = await freePort();
  const { child, said } = started(cwd, name, args(String(port)));
  const gone = new Promise((resolve) => child.once('close', resolve).once('error', resolve));
  try {
    const origin = `http://127.0.0.1:${port}/`;
    for (const end = Date.now() + PATIENCE_MS; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
      if (
        await fetch(origin).then(
          ({ ok }) => ok,
          () => false,
        )
      )
        return await use(origin);
      if (child.exitCode !== null || Date.now() > end) throw new Error(`${name} does not serve:\n${said().slice(-3000)}`);
    }
  } finally {
    child.kill();
    await gone;
  }
}

function started(cwd, name, args) {
  const child = spawn(join(modules, '.bin', name), args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said += chunk;
    });
  return { child, said: () => said };
}

/** Serves a folder for as long as `use` takes. */
export async function statically(folder, use) {
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url, 'http://folder');
    const file = join(folder, pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return response.writeHead(404).end();
    return response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'text/plain' }).end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use(`http://127.0.0.1:${server.address().port}/`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
