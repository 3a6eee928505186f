// An old Chromium from an npm package, driven over its own protocol: no driver for it can be had any more.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

import { Missing, fetched } from './runtimes/fetched.mjs';

const { WebSocket } = createRequire(import.meta.url)('ws');

const FLAGS = ['--headless', '--no-sandbox', '--no-zygote', '--disable-gpu', '--disable-dev-shm-usage', '--remote-debugging-port=0'];
const PATIENCE_MS = 20_000;

/** The program, unpacked once. */
function program(version) {
  const folder = fetched('@sparticuz/chromium', version);
  const file = join(folder, 'bin/chromium');
  if (!existsSync(file)) {
    writeFileSync(`${file}.part`, brotliDecompressSync(readFileSync(`${file}.br`)), { mode: 0o755 });
    renameSync(`${file}.part`, file);
  }
  return file;
}

/** Opens `url` in Chromium `version` for as long as `use` takes. `evaluate(body, ...args)` runs a function in the page. */
export async function withOldChromium(version, url, use) {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
  const child = spawn(program(version), [...FLAGS, `--user-data-dir=${profile}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  try {
    const { send, close } = await connect(await address(child, ended));
    try {
      const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
      await send('Page.enable', {}, sessionId);
      await send('Page.navigate', { url }, sessionId);
      await use(async (body, ...args) => {
        const expression = `(async () => JSON.stringify(await (${body})(...${JSON.stringify(args)})))()`;
        const { result, exceptionDetails } = await send(
          'Runtime.evaluate',
          { expression, awaitPromise: true, returnByValue: true },
          sessionId,
        );
        if (exceptionDetails) throw new Error(`in the page: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
        return result.value === undefined ? undefined : JSON.parse(result.value);
      });
    } finally {
      close();
    }
  } finally {
    child.kill('SIGKILL');
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** Where it listens: it says so itself, unless it cannot start here. */
function address(child, ended) {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
      const [, found] = /listening on (ws:\S+)/.exec(said) ?? [];
      if (found) resolve(found);
    });
    ended.then(() => reject(new Missing(`it does not start: ${said.trim().split('\n').at(-1)}`)));
    setTimeout(() => reject(new Missing('it does not listen')), PATIENCE_MS).unref();
  });
}

async function connect(url) {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const waiting = new Map();
  let last = 0;
  socket.on('message', (data) => {
    const { id, result, error } = JSON.parse(data);
    const call = waiting.get(id);
    waiting.delete(id);
    if (error) call?.reject(new Error(error.message));
    else call?.resolve(result);
  });
  socket.on('close', () => waiting.forEach(({ reject }) => reject(new Error('the browser hung up'))));
  return {
    send: (method, params, sessionId) =>
      new Promise((resolve, reject) => {
        waiting.set((last += 1), { resolve, reject });
        socket.send(JSON.stringify({ id: last, method, params, sessionId }));
      }),
    close: () => socket.close(),
  };
}
