// Drives headless Chromium and Firefox as a person does, by the same commands (W3C WebDriver BiDi). Chromium speaks it
// through chromedriver, Firefox by itself.
//
//   await withBrowser('firefox', { dark: true }, async (browser) => {
//     const tab = await browser.open('http://127.0.0.1:8080/');
//     await tab.click('button', 'Log in');                  // by role and accessible name, as a screen reader finds it
//     await tab.until(() => document.title === 'Done');     // runs in the page
//     await tab.screenshot('target/screenshots/done.png');
//   });

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { freePort, untilTrue } from './webdriver.mjs';

const { WebSocket } = createRequire(import.meta.url)('ws');

const FLAGS = [
  'headless',
  'no-sandbox',
  'disable-gpu',
  'disable-dev-shm-usage',
  'disable-quic',
  'no-first-run',
  'hide-scrollbars',
  'disable-background-networking',
  'disable-component-update',
  'disable-sync',
];
/** Firefox asks nobody for anything while it is driven. */
const PREFERENCES = {
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.enabled': false,
  'app.normandy.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'browser.safebrowsing.update.enabled': false,
  'services.settings.server': 'http://127.0.0.1:9/',
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'app.update.auto': false,
  'remote.active-protocols': 1,
  'browser.aboutwelcome.enabled': false,
  'browser.startup.page': 0,
  'browser.newtabpage.enabled': false,
};
const PATIENCE_MS = 20_000;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The keys that have no character, as WebDriver writes them. */
export const KEYS = {
  Tab: '\uE004',
  Enter: '\uE007',
  Escape: '\uE00C',
  Space: ' ',
  Shift: '\uE008',
  Control: '\uE009',
  Backspace: '\uE003',
  ArrowLeft: '\uE012',
  ArrowUp: '\uE013',
  ArrowRight: '\uE014',
  ArrowDown: '\uE015',
  Home: '\uE011',
  End: '\uE010',
  Delete: '\uE017',
};

/** Opens `name` ('chromium' or 'firefox') for as long as `use` takes, and ends it whatever happens. */
export async function withBrowser(name, { dark = false, width = 1280, height = 900 } = {}, use) {
  const started = await (name === 'firefox' ? startFirefox(dark) : startChromium());
  try {
    const connection = await Promise.race([started.gone, started.connect()]);
    try {
      return await Promise.race([started.gone, use(await browserOver(connection, { name, dark, width, height }))]);
    } finally {
      // Chromium's session is chromedriver's; Firefox has but the one that was made over this connection.
      await (started.end?.() ?? connection.send('browser.close', {})).catch(() => {});
      connection.close();
    }
  } finally {
    await started.stop();
  }
}

async function startChromium() {
  const port = await freePort();
  const { gone, stop } = program('chromedriver', [`--port=${port}`]);
  const url = `http://127.0.0.1:${port}/session`;
  let session;
  return {
    gone,
    stop,
    async connect() {
      await eventually('chromedriver', async () => (await (await fetch(`http://127.0.0.1:${port}/status`)).json()).value.ready);
      const alwaysMatch = {
        browserName: 'chrome',
        webSocketUrl: true,
        unhandledPromptBehavior: 'ignore',
        'goog:chromeOptions': { args: FLAGS },
      };
      const { value } = await (await fetch(url, { method: 'POST', body: JSON.stringify({ capabilities: { alwaysMatch } }) })).json();
      if (!value.sessionId) throw new Error(`chromedriver: ${value.message}`);
      session = value.sessionId;
      return connectTo(value.capabilities.webSocketUrl);
    },
    end: () => fetch(`${url}/${session}`, { method: 'DELETE' }),
  };
}

async function startFirefox(dark) {
  const port = await freePort();
  const profile = mkdtempSync(join(tmpdir(), 'firefox-'));
  const preferences = { ...PREFERENCES, 'layout.css.prefers-color-scheme.content-override': dark ? 0 : 1 };
  writeFileSync(
    join(profile, 'user.js'),
    Object.entries(preferences)
      .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
      .join(''),
  );
  const { gone, stop } = program('firefox', ['--headless', '--no-remote', '--profile', profile, `--remote-debugging-port=${port}`]);
  return {
    gone,
    async stop() {
      await stop();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
    async connect() {
      let connection;
      await eventually('Firefox', async () => (connection = await connectTo(`ws://127.0.0.1:${port}/session`)));
      await connection.send('session.new', { capabilities: { alwaysMatch: { unhandledPromptBehavior: { default: 'ignore' } } } });
      return connection;
    },
  };
}

/** A program; `gone` rejects should it end by itself, and `stop` waits until it has ended. */
function program(file, args) {
  const child = spawn(file, args, { stdio: 'ignore' });
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code) => resolve(`${file} ended with ${code}`));
  });
  let stopping = false;
  const gone = ended.then((why) => {
    if (!stopping) throw new Error(why);
    return new Promise(() => {});
  });
  gone.catch(() => {});
  return {
    gone,
    async stop() {
      stopping = true;
      child.kill();
      await Promise.race([ended, sleep(5000).then(() => child.kill('SIGKILL'))]);
      await ended;
    },
  };
}

async function eventually(what, probe) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(100)) {
    try {
      if (await probe()) return;
    } catch {
      /* not listening yet */
    }
  }
  throw new Error(`${what} did not become ready in ${PATIENCE_MS} ms`);
}

/** Commands and events over one socket. */
async function connectTo(url) {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const waiting = new Map();
  const listeners = [];
  let last = 0;
  socket.on('message', (data) => {
    const message = JSON.parse(data);
    if (message.type === 'event') return listeners.forEach((listener) => listener(message.method, message.params));
    const { resolve, reject } = waiting.get(message.id) ?? {};
    waiting.delete(message.id);
    if (message.type === 'success') resolve?.(message.result);
    else reject?.(new Error(`${message.error}: ${message.message}`));
  });
  socket.on('close', () => waiting.forEach(({ reject }) => reject(new Error('the browser hung up'))));
  return {
    send: (method, params) =>
      new Promise((resolve, reject) => {
        waiting.set((last += 1), { resolve, reject });
        socket.send(JSON.stringify({ id: last, method, params }));
      }),
    on: (listener) => listeners.push(listener),
    close: () => socket.close(),
  };
}

async function browserOver({ send, on }, { name, dark, width, height }) {
  /** What pages complained of, and every URL that was asked for. */
  const complaints = [];
  const requests = [];
  on((method, { level, text, request }) => {
    if (method === 'log.entryAdded' && level === 'error') complaints.push(text);
    if (method === 'network.beforeRequestSent') requests.push(request.url);
  });
  await send('session.subscribe', { events: ['log.entryAdded', 'network.beforeRequestSent'] });

  const tabOf = async (context) => {
    await send('browsingContext.setViewport', { context, viewport: { width, height } });
    if (name === 'chromium') await mediaIn(context, dark);
    return tab(send, context);
  };
  /** The media features of a Chromium tab; of Firefox they are fixed when it starts. */
  async function mediaIn(context, isDark) {
    const { session } = await send('goog:cdp.getSession', { context });
    const features = [{ name: 'prefers-color-scheme', value: isDark ? 'dark' : 'light' }];
    await send('goog:cdp.sendCommand', { method: 'Emulation.setEmulatedMedia', params: { features }, session });
  }
  return {
    name,
    complaints,
    requests,
    send,
    /** Opens a tab. */
    async open(url) {
      const { context } = await send('browsingContext.create', { type: 'tab' });
      const opened = await tabOf(context);
      await opened.open(url);
      return opened;
    },
    /** The tabs there are, those that a page opened by itself included. */
    async tabs() {
      const { contexts } = await send('browsingContext.getTree', { maxDepth: 0 });
      return Promise.all(contexts.map(async ({ context, url }) => ({ url, tab: await tabOf(context) })));
    },
  };
}

function tab(send, context) {
  const act = (actions) => send('input.performActions', { context, actions });
  const keys = (actions) => act([{ type: 'key', id: 'keyboard', actions }]);
  const struck = (value) => [
    { type: 'keyDown', value },
    { type: 'keyUp', value },
  ];

  /** Runs `body` in the page with `args`. What it gives comes back as JSON. */
  async function evaluate(body, ...args) {
    const { type, result, exceptionDetails } = await send('script.callFunction', {
      functionDeclaration: `async (args) => JSON.stringify(await (${body})(...JSON.parse(args)))`,
      target: { context },
      awaitPromise: true,
      arguments: [{ type: 'string', value: JSON.stringify(args) }],
    });
    if (type === 'exception') throw new Error(`in the page: ${exceptionDetails.text}`);
    return result.type === 'string' ? JSON.parse(result.value) : undefined;
  }

  /** Runs a whole script in the page, whatever its policy says of scripts. */
  async function run(script) {
    const { type, exceptionDetails } = await send('script.evaluate', {
      expression: `${script}\n;undefined`,
      target: { context },
      awaitPromise: false,
    });
    if (type === 'exception') throw new Error(`in the page: ${exceptionDetails.text}`);
  }

  /** The one element of this role and accessible name that is there. */
  async function find(role, label) {
    const value = label === undefined ? { role } : { role, name: label };
    const { nodes } = await send('browsingContext.locateNodes', { context, locator: { type: 'accessibility', value } });
    if (nodes.length !== 1) throw new Error(`${nodes.length} elements of role ${role} are called ${JSON.stringify(label)}`);
    return nodes[0];
  }

  async function click(role, label) {
    const node = await eventuallyFound(() => find(role, label));
    await clickNode(node);
  }

  /** Clicks what a CSS selector names, for what has no role of its own. */
  async function clickOn(selector) {
    const {
      nodes: [node],
    } = await send('browsingContext.locateNodes', { context, locator: { type: 'css', value: selector } });
    if (!node) throw new Error(`nothing is called ${selector}`);
    await clickNode(node);
  }

  async function clickNode(node) {
    const origin = { type: 'element', element: { sharedId: node.sharedId } };
    await send('script.callFunction', {
      functionDeclaration: "(element) => element.scrollIntoView({ block: 'center', behavior: 'instant' })",
      target: { context },
      awaitPromise: false,
      arguments: [{ sharedId: node.sharedId }],
    });
    await act([
      {
        type: 'pointer',
        id: 'mouse',
        actions: [
          { type: 'pointerMove', x: 0, y: 0, origin },
          { type: 'pointerDown', button: 0 },
          { type: 'pointerUp', button: 0 },
        ],
      },
    ]);
  }

  const self = {
    context,
    evaluate,
    run,
    find,
    click,
    clickOn,
    until: untilTrue(evaluate),
    open: (url) => send('browsingContext.navigate', { context, url, wait: 'complete' }),
    close: () => send('browsingContext.close', { context }),
    activate: () => send('browsingContext.activate', { context }),
    resize: (width, height) => send('browsingContext.setViewport', { context, viewport: { width, height } }),
    press: (...names) => keys(names.flatMap((name) => struck(KEYS[name] ?? name))),
    /** A key while another is held. */
    chord: (held, key) => keys([{ type: 'keyDown', value: KEYS[held] }, ...struck(KEYS[key] ?? key), { type: 'keyUp', value: KEYS[held] }]),
    type: (text) => keys([...text].flatMap(struck)),
    /** What the browser does with a text from the clipboard. */
    paste: (text) => evaluate((pasted) => document.execCommand('insertText', false, pasted), text),
    /** Clicks into a field and types over what is there; what nobody types is pasted. */
    async fill(role, label, text) {
      await click(role, label);
      await self.chord('Control', 'a');
      await (text === '' ? self.press('Delete') : text.length > 60 ? self.paste(text) : self.type(text));
    },
    /** Keeps what is seen; with `whole`, all of the page. */
    async screenshot(file, { whole = false } = {}) {
      const { data } = await send('browsingContext.captureScreenshot', { context, origin: whole ? 'document' : 'viewport' });
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, Buffer.from(data, 'base64'));
    },
  };
  return self;
}

async function eventuallyFound(find) {
  for (const end = Date.now() + PATIENCE_MS; ; await sleep(50)) {
    try {
      return await find();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}
