// Drives headless Chromium through chromedriver with plain requests (W3C WebDriver).

import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

const FLAGS = [
  'headless', 'no-sandbox', 'disable-gpu', 'disable-dev-shm-usage', 'disable-quic', 'no-first-run',
  'disable-background-networking', 'disable-component-update', 'disable-sync',
];

/** Opens a browser for as long as `use` takes. It is given `open(url)` and `evaluate(script)`. */
export async function withChromium(use) {
  const port = await freePort();
  const driver = spawn('chromedriver', [`--port=${port}`], { stdio: 'ignore' });
  const gone = new Promise((_, reject) => {
    driver.once('error', reject);
    driver.once('exit', (code) => reject(new Error(`chromedriver ended with ${code}`)));
  });
  gone.catch(() => {});
  const command = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
    return value;
  };
  try {
    await Promise.race([gone, ready(() => command('GET', '/status'))]);
    const capabilities = { alwaysMatch: { browserName: 'chrome', 'goog:chromeOptions': { args: FLAGS } } };
    const { sessionId } = await Promise.race([gone, command('POST', '/session', { capabilities })]);
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

async function ready(status) {
  for (let tries = 0; tries < 100; tries++) {
    try {
      if ((await status()).ready) return;
    } catch { /* not listening yet */ }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('chromedriver did not become ready in 10 s');
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
