// Drives headless Chromium through chromedriver, and WebKit through WebKitWebDriver, with plain requests (W3C WebDriver).

import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

const FLAGS = [
  'headless', 'no-sandbox', 'disable-gpu', 'disable-dev-shm-usage', 'disable-quic', 'no-first-run',
  'disable-background-networking', 'disable-component-update', 'disable-sync',
];

/** Opens a browser for as long as `use` takes. It is given `open(url)` and `evaluate(script)`. */
export const withChromium = (use) => withDriver('chromedriver', { browserName: 'chrome', 'goog:chromeOptions': { args: FLAGS } }, {}, use);

/** As `withChromium`. WebKit has no headless mode, so it gets a display that nobody sees. */
export const withWebKit = (use) => withDisplay((DISPLAY) => withDriver('WebKitWebDriver', {}, { DISPLAY }, use));

/** A display of Xvfb for as long as `use` takes. */
export async function withDisplay(use) {
  const server = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const display = await new Promise((resolve, reject) => {
      let said = '';
      server.stdout.on('data', (chunk) => {
        said += chunk;
        if (said.endsWith('\n')) resolve(`:${said.trim()}`);
      });
      server.once('error', reject).once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)));
    });
    return await use(display);
  } finally {
    server.kill();
  }
}

async function withDriver(program, capabilities, env, use) {
  const port = await freePort();
  const driver = spawn(program, [`--port=${port}`], { stdio: 'ignore', env: { ...process.env, ...env } });
  const gone = new Promise((_, reject) => {
    driver.once('error', reject);
    driver.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)));
  });
  gone.catch(() => {});
  const command = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
    return value;
  };
  try {
    await Promise.race([gone, ready(program, () => command('GET', '/status'))]);
    const { sessionId } = await Promise.race([gone, command('POST', '/session', { capabilities: { alwaysMatch: capabilities } })]);
    const session = (method, path, body) => Promise.race([gone, command(method, `/session/${sessionId}${path}`, body)]);
    try {
      return await use({
        open: (url) => session('POST', '/url', { url }),
        evaluate: (script, ...args) => session('POST', '/execute/sync', { script, args }),
      });
    } finally {
      await command('DELETE', `/session/${sessionId}`);
    }
  } finally {
    driver.kill();
  }
}

async function ready(program, status) {
  for (let tries = 0; tries < 100; tries++) {
    try {
      if ((await status()).ready) return;
    } catch { /* not listening yet */ }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${program} did not become ready in 10 s`);
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
