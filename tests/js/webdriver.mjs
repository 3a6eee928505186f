// Drives headless Chromium through chromedriver, and WebKit through WebKitWebDriver, with plain requests (W3C WebDriver).

import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

const FLAGS = [
  'headless',
  'no-sandbox',
  'disable-gpu',
  'disable-dev-shm-usage',
  'disable-quic',
  'no-first-run',
  'disable-background-networking',
  'disable-component-update',
  'disable-sync',
];

const PATIENCE_MS = 20_000;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Opens a browser for as long as `use` takes. It is given `open(url)` and `evaluate(script)`, and `command` for the rest. */
export const withChromium = (use) => withDriver('chromedriver', { browserName: 'chrome', 'goog:chromeOptions': { args: FLAGS } }, {}, use);

/** As `withChromium`. WebKit has no headless mode, so it gets a display that nobody sees. */
export const withWebKit = (use) => withDisplay((DISPLAY) => withDriver('WebKitWebDriver', {}, { DISPLAY }, use));

/** WebKit for as long as `use` takes, of which `open(url)` gives tabs that work side by side, as those of browser.mjs do. */
export const withWebKitTabs = (use) =>
  withWebKit(({ command }) => {
    // A command is for the tab that was chosen last. So a tab is chosen and told what to do in one go, and nothing is waited
    // for meanwhile: what it works on it keeps, until it is asked for it.
    let turn = Promise.resolve();
    const alone = (act) => (turn = turn.then(act, act));
    const inTab = (handle, method, path, body) =>
      alone(async () => {
        await command('POST', '/window', { handle });
        return command(method, path, body);
      });
    const script = (handle, text, ...args) => inTab(handle, 'POST', '/execute/sync', { script: text, args });
    let asked = 0;

    function tab(handle) {
      async function evaluate(body, ...args) {
        const question = ++asked;
        await script(
          handle,
          `
        const answers = globalThis.answers ??= {};
        (async () => (${body})(...JSON.parse(arguments[1])))()
          .then((value) => { answers[arguments[0]] = { value }; }, (error) => { answers[arguments[0]] = { error: String(error) }; });`,
          question,
          JSON.stringify(args),
        );
        for (; ; await sleep(5)) {
          const answer = await script(
            handle,
            'const answer = answers[arguments[0]]; delete answers[arguments[0]]; return answer && JSON.stringify(answer);',
            question,
          );
          if (!answer) continue;
          const { value, error } = JSON.parse(answer);
          if (error !== undefined) throw new Error(`in the page: ${error}`);
          return value;
        }
      }
      return {
        evaluate,
        until: untilTrue(evaluate),
        open: (url) => inTab(handle, 'POST', '/url', { url }),
        close: () => inTab(handle, 'DELETE', '/window'),
      };
    }

    return use({
      async open(url) {
        const { handle } = await alone(() => command('POST', '/window/new', { type: 'tab' }));
        const opened = tab(handle);
        await opened.open(url);
        return opened;
      },
    });
  });

/** Waits until `body`, which runs in the page, gives something true. Gives it. */
export const untilTrue =
  (evaluate) =>
  async (body, ...args) => {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(50)) {
      const value = await evaluate(body, ...args);
      if (value) return value;
    }
    throw new Error(`this did not become true in ${PATIENCE_MS} ms: ${body} ${JSON.stringify(args)}`);
  };

/** A display of Xvfb for as long as `use` takes. */
export async function withDisplay(use) {
  const server = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
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
        command: session,
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
    } catch {
      /* not listening yet */
    }
    await sleep(100);
  }
  throw new Error(`${program} did not become ready in 10 s`);
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .once('error', reject)
      .listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => resolve(port));
      });
  });
}
