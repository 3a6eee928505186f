// The newest workerd, by itself as a server, at compatibility dates from the oldest that the package is for to its own.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { workerModules } from '../bundle.mjs';
import { root } from '../installed.mjs';
import { freePort } from '../webdriver.mjs';
import { fetched, Missing } from './fetched.mjs';
import { program } from './program.mjs';

const VERSION = '1.20261117.1';
/**
 * The oldest; Navigator and such; nodejs_compat's second form; the day before and the day of FinalizationRegistry; ever
 * nearer to today; that of this workerd.
 */
const DATES = ['2024-01-01', '2024-09-23', '2025-05-04', '2025-05-05', '2025-12-01', '2026-04-01', '2026-11-17'];
const PLATFORMS = { 'linux-x64': 'linux-64', 'linux-arm64': 'linux-arm64', 'darwin-x64': 'darwin-64', 'darwin-arm64': 'darwin-arm64' };
const PATIENCE_MS = 20_000;

const worker = `${program({ host: 'workerd', long: true, before: "import module from 'tokenward/core.wasm';", slim: 'slim.initSync(module)' })}
export default {
  fetch: async (request) => Response.json(await run(decodeURIComponent(new URL(request.url).pathname.slice(1)))),
};`;

export async function workerd({ report }) {
  const platform = PLATFORMS[`${process.platform}-${process.arch}`];
  if (!platform) throw new Missing('npm has no workerd for this machine');
  const file = join(fetched(`@cloudflare/workerd-${platform}`, VERSION), 'bin/workerd');
  if (!existsSync(file)) throw new Missing('the package has no program');
  const folder = join(root, 'target/tmp/workerd');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const modules = await workerModules(worker);
  for (const { path, contents } of modules) writeFileSync(join(folder, path), contents);
  const parts = modules.map(({ path, type }) => `(name = "${path}", ${type === 'ESModule' ? 'esModule' : 'wasm'} = embed "${path}")`);
  let fine = true;
  for (const date of DATES) {
    const port = await freePort();
    writeFileSync(
      join(folder, 'config.capnp'),
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]);
const main :Workerd.Worker = (modules = [${parts.join(', ')}], compatibilityDate = "${date}");
`,
    );
    const child = spawn(file, ['serve', join(folder, 'config.capnp')], { stdio: ['ignore', 'inherit', 'inherit'] });
    const gone = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
    try {
      for (const way of ['import', 'slim', 'session']) {
        fine = report(`workerd ${VERSION} (${way}, ${date})`, await (await answered(`http://127.0.0.1:${port}/${way}`)).json()) && fine;
      }
    } finally {
      child.kill();
      await gone;
    }
  }
  return fine;
}

/** It refuses connections until it listens. */
async function answered(url) {
  for (const end = Date.now() + PATIENCE_MS; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    try {
      const response = await fetch(url);
      if (!response.ok) throw new Error(await response.text());
      return response;
    } catch (error) {
      if (error.cause?.code !== 'ECONNREFUSED' || Date.now() > end) throw error;
    }
  }
}
