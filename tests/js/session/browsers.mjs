// Tabs of a real browser that share one session, against a server that revokes the family when a refresh token is used
// twice. The tabs have one clock, which is moved past the token's life before each round.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { withBrowser } from '../browser.mjs';
import { packageFolder } from '../installed.mjs';
import { listen } from '../listen.mjs';
import { withWebKitTabs } from '../webdriver.mjs';
import { sentTwice, startServer } from './server.mjs';

const REPLAY_WINDOW_MS = 10_000;
const LIFETIME_S = 600;

const PAGE = `<!doctype html><meta charset="utf-8"><title>tab</title>
<script type="importmap">{"imports":{"tokenward":"/package/dist/index.js"}}</script>
<script type="module">
import { createBearerFetch, createSession, indexedDbStore, jsonLogin } from 'tokenward';
const { searchParams } = new URL(location);
if (searchParams.has('without-locks')) Object.defineProperty(navigator, 'locks', { value: undefined });
let offset = Number(searchParams.get('offset'));
let asked = 0;
const session = createSession({
  grant: jsonLogin({
    tokenUrl: '/token?tab=' + searchParams.get('tab'), revokeUrl: '/revoke',
    ...(searchParams.has('credentials') && { credentials: () => { asked += 1; return { username: 'ada', password: 'x' }; } }),
  }),
  name: 'tabs', store: indexedDbStore(), replayWindowMs: ${REPLAY_WINDOW_MS}, timeoutMs: 5000, now: () => Date.now() + offset,
});
const ended = [];
session.on('ended', (detail) => ended.push(detail));
const bearer = createBearerFetch({ session, resources: location.origin + '/api' });
globalThis.tab = {
  session, bearer, whole: createBearerFetch({ session, resources: location.origin }),
  said: () => ({ ended, asked, snapshot: session.snapshot }),
  /** Calls the API at once, several times. The tokens that it saw, or why there was none. */
  move: (moved) => { offset = moved; },
  call: (calls) => Promise.all(Array.from({ length: calls }, async () => {
    try {
      const response = await bearer('/api');
      return response.ok ? (await response.json()).token : response.status;
    } catch (error) {
      return error.code ?? error.name;
    }
  })),
};
</script>`;

function files(url) {
  const { pathname } = new URL(url, 'http://server');
  if (pathname === '/tab') return ['text/html', PAGE];
  if (/^\/package\/dist\/\w+\.js$/.test(pathname))
    return ['text/javascript', readFileSync(join(packageFolder, pathname.replace('/package/', '')))];
  return undefined;
}

/** `refreshes` is how often the tabs refresh in each of the first tests. */
export default (name, refreshes) =>
  ({ test, assert }) => {
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

    const within = name === 'webkit' ? withWebKitTabs : (use) => withBrowser(name, {}, use);

    async function withTabs(count, run, { query = '', ...settings } = {}) {
      const server = await startServer({ lifetime: LIFETIME_S, replayWindowMs: REPLAY_WINDOW_MS, files, ...settings });
      try {
        await within(async (browser) => {
          let made = 0;
          let offset = 0;
          const open = async () => {
            const number = ++made;
            const tab = await browser.open(`${server.origin}/tab?tab=${number}&offset=${offset}&${query}`);
            await tab.until(() => globalThis.tab !== undefined);
            return Object.assign(tab, { number });
          };
          const scene = {
            server,
            open,
            browser,
            tabs: [],
            /** Every tab calls twice, an hour after the last time. Tokens or reasons, of all that still live. */
            async round(calls = 2) {
              offset += 3_600_000;
              // First all clocks: a token that was obtained in an hour's time is one that nobody trusts.
              await Promise.all(scene.tabs.map((tab) => tab.evaluate((moved) => globalThis.tab.move(moved), offset)));
              const answers = await Promise.all(scene.tabs.map((tab) => scene.call(tab, calls).catch(() => [])));
              return answers.flat();
            },
            call: (tab, calls = 1) => tab.evaluate((times) => globalThis.tab.call(times), calls),
          };
          for (let each = 0; each < count; each++) scene.tabs.push(await open());
          await scene.tabs[0].evaluate(() => globalThis.tab.session.login({ username: 'ada', password: 'x' }));
          await run(scene);
        });
      } finally {
        await server.close();
      }
    }

    /** Nobody was signed out, and the server saw no token twice but in the window where that is meant. */
    async function allIsWell({ tabs, server }) {
      for (const tab of tabs) {
        const { ended, snapshot } = await tab.evaluate(() => globalThis.tab.said());
        assert.same([ended, snapshot.status], [[], 'active']);
      }
      assert.same([server.reuses, server.refused, sentTwice(server, REPLAY_WINDOW_MS)], [0, 0, []]);
    }

    for (const count of [2, 10]) {
      test(`${count} tabs refresh ${refreshes} times, once for all of them`, async () =>
        withTabs(count, async (scene) => {
          const started = Date.now();
          for (let round = 1; round <= refreshes; round++) {
            const tokens = new Set(await scene.round());
            assert.same([...tokens], [`access-${round + 1}`], `round ${round}:`);
          }
          await allIsWell(scene);
          assert.same(sentTwice(scene.server, -1), [], 'sent twice:');
          console.log(`  ${name}, ${count} tabs: ${refreshes} refreshes in ${((Date.now() - started) / 1000).toFixed(1)} s`);
        }));
    }

    test(`10 tabs, of which the one that refreshes is closed, ${Math.ceil(refreshes / 10)} times`, async () =>
      withTabs(10, async (scene) => {
        const { server } = scene;
        for (let round = 1; round <= refreshes / 10; round++) {
          server.delayMs = 150;
          // Killed before the server has served it, or while the answer is lost on its way.
          const answers = scene.round(1);
          while (server.pending === 0) await pause(2);
          const [number] = server.waiting;
          const victim = scene.tabs.find((tab) => tab.number === number);
          if (round % 2 === 0) await pause(100);
          await victim.close();
          scene.tabs = scene.tabs.filter((tab) => tab !== victim);
          server.delayMs = 0;
          const tokens = (await answers).filter((answer) => typeof answer === 'string');
          assert.ok(
            tokens.length >= 9 && tokens.every((token) => token.startsWith('access-')),
            `round ${round}: ${JSON.stringify(tokens)}`,
          );
          scene.tabs.push(await scene.open());
          assert.equal(new Set(await scene.round(1)).size, 1);
        }
        await allIsWell(scene);
      }));

    test('offline signs nobody out, and online finds everybody where they were', async () =>
      withTabs(2, async (scene) => {
        for (let round = 0; round < 3; round++) {
          await network(scene, false);
          const answers = await scene.round(1);
          assert.ok(
            answers.every((answer) => answer === 'ERR_TOKEN_REFRESH_UNAVAILABLE'),
            JSON.stringify(answers),
          );
          const { issued } = scene.server;
          await network(scene, true);
          const again = await scene.round(1);
          assert.same([...new Set(again)], [`access-${issued + 1}`]);
        }
        await allIsWell(scene);
      }));

    test('answers that are lost after the server has served them sign nobody out', async () =>
      withTabs(2, async (scene) => {
        for (let round = 0; round < 3; round++) {
          scene.server.fail('lost', 1);
          const answers = await scene.round(1);
          assert.ok(
            answers.every((answer) => String(answer).startsWith('access-')),
            JSON.stringify(answers),
          );
        }
        await allIsWell(scene);
        assert.equal(sentTwice(scene.server, -1).length, 3, 'replays:');
      }));

    test('without Web Locks, the store alone keeps the tabs in order', async () =>
      withTabs(
        3,
        async (scene) => {
          for (let round = 1; round <= 5; round++) {
            assert.same([...new Set(await scene.round())], [`access-${round + 1}`]);
          }
          await allIsWell(scene);
          assert.same(sentTwice(scene.server, -1), []);
        },
        { query: 'without-locks' },
      ));

    test('a compromised session is gone from every tab at once, and nobody asks for the password', async () =>
      withTabs(
        3,
        async (scene) => {
          const [first, ...others] = scene.tabs;
          for (const tab of others) assert.same(await scene.call(tab), ['access-1']);
          const { issued } = scene.server;
          assert.same(await first.evaluate(() => globalThis.tab.session.logout({ reason: 'compromised' })), {
            revoked: true,
            stored: true,
          });
          for (const tab of others) {
            await tab.until(() => globalThis.tab.said().snapshot.status === 'signed-out');
            assert.same((await tab.evaluate(() => globalThis.tab.said())).snapshot, { status: 'signed-out', reason: 'compromised' });
          }
          const late = await scene.open();
          for (const tab of [...scene.tabs, late]) {
            assert.same(await scene.call(tab), ['ERR_SESSION_SIGNED_OUT']);
            assert.equal((await tab.evaluate(() => globalThis.tab.said())).asked, 0);
          }
          assert.equal(scene.server.issued, issued);
          await others[0].evaluate(async () => {
            await globalThis.tab.session.login();
          });
          for (const tab of scene.tabs) assert.same(await scene.call(tab), [`access-${issued + 1}`]);
        },
        { query: 'credentials' },
      ));

    test('a redirect out of the resources takes no token along: not to another origin, and out of a path none is followed', async () =>
      withTabs(1, async ({ tabs: [tab] }) => {
        const seen = [];
        const other = await listen(({ headers }) => {
          seen.push(headers.get('authorization'));
          return Response.json(
            { there: true },
            { headers: { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'authorization' } },
          );
        });
        const redirected = (bearer, to) =>
          tab.evaluate(
            async (which, url) => {
              try {
                return await (await globalThis.tab[which](`/api/redirect?to=${encodeURIComponent(url)}`)).json();
              } catch (error) {
                return error.code ?? error.name;
              }
            },
            bearer,
            to,
          );
        try {
          assert.same(await redirected('whole', '/echo'), { authorization: 'Bearer access-1' });
          assert.same(await redirected('whole', `${other.origin}/`), { there: true });
          // Firefox and WebKit ask first, with OPTIONS; WebKit also whether it may bring the header, which it then leaves out.
          assert.same([...new Set(seen.splice(0))], [null]);
          assert.equal(await redirected('bearer', '/echo'), 'ERR_FOREIGN_URL');
          assert.equal(await redirected('bearer', `${other.origin}/`), 'ERR_FOREIGN_URL');
          assert.same(seen, []);
        } finally {
          await other.close();
        }
      }));

    /** As the browser's own developer tools do it. WebKit's driver has no such command: the server breaks connections instead. */
    async function network({ tabs, browser, server }, online) {
      if (name === 'webkit') server.reachable = online;
      for (const { context } of tabs) {
        if (name === 'chromium') {
          const { session } = await browser.send('goog:cdp.getSession', { context });
          const params = { offline: !online, latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
          await browser.send('goog:cdp.sendCommand', { method: 'Network.emulateNetworkConditions', params, session });
        } else if (name === 'firefox') {
          await browser.send('emulation.setNetworkConditions', {
            contexts: [context],
            networkConditions: online ? null : { type: 'offline' },
          });
        }
      }
    }
  };
