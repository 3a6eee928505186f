// The second view as a person uses it, and the timeline as a screen reader tells it.

import { findings } from './axe.mjs';

export default ({ browser, origin, shot, says, phone }) =>
  ({ test, assert }) => {
    let tab;
    const logged = async (text, where = tab) => {
      try {
        await where.until((part) => document.getElementById('log').textContent.includes(part), text);
      } catch (cause) {
        throw new Error(`${text}: not in the log, which says: ${await where.evaluate(() => document.getElementById('log').textContent)}`, {
          cause,
        });
      }
    };
    const status = (pattern, where = tab) =>
      where.until((source) => new RegExp(source).test(document.getElementById('session-status').textContent), pattern);
    const told = (pattern, where = tab) =>
      where.until((source) => new RegExp(source).test(document.querySelector('#timeline svg')?.getAttribute('aria-label')), pattern);
    const drawn = (selector, count) =>
      tab.until((which, many) => document.querySelectorAll(`#timeline ${which}`).length === many, selector, count);

    test('the second view says where its token service is, and no user is signed in', async () => {
      tab = await browser.open(`${origin}/#session`);
      await tab.until((text) => document.getElementById('where').textContent.includes(text), says);
      await status('^signed out$');
      await shot(tab, 'session-empty');
      await tab.click('button', 'Call the API');
      await logged('ERR_SESSION_SIGNED_OUT');
    });

    test('a sign-in and a call are on the timeline', async () => {
      await tab.click('button', 'Sign in');
      await logged('Sign-in: signed in as ada@example.com');
      await tab.click('button', 'Call the API');
      await logged('Call: 200 Hello ada@example.com');
      await told('^This tab: token 1 for \\d+ s more; in the last 30 s 1 calls, 1 requests to the token service, 0 refused\\.$');
      await drawn('.life', 1);
      await drawn('.request.passed:not(.token) circle', 1);
      await drawn('.request.passed.token path', 1);
    });

    test('a 401 is drawn, and the wrapper gets a new token and tries again', async () => {
      await new Promise((resolve) => setTimeout(resolve, 4000));
      await tab.click('button', 'Spoil the token on its way');
      await logged('Call with a token spoiled on its way: 200');
      await told('token 2 .* 1 refused');
      assert.equal(await tab.evaluate(() => document.querySelector('#timeline .request.refused text').textContent), '401');
    });

    test('a forged token is refused', async () => {
      await tab.click('button', 'Send a forged token');
      await logged('Forged token: 401 Bearer realm="demo", error="invalid_token"');
    });

    test('an outage of the token service signs no user out, and after it there is a new token', async () => {
      await tab.click('radio', 'is down');
      await tab.click('checkbox', 'call every second');
      await tab.until(() => document.querySelector('#timeline .request.failed.token'));
      await status('^signed in, token 2');
      await tab.click('radio', 'answers');
      await logged('Token 3, obtained in');
      await tab.click('button', 'Five calls at once');
      await logged('Five calls: 200, 200, 200, 200, 200');
      await shot(tab, 'session');
      await tab.click('checkbox', 'call every second');
    });

    test('axe finds nothing', async () => assert.same(await findings(tab), []));

    test('what was not to be kept is gone after a reload', async () => {
      const kept = await tab.evaluate(async () => [
        localStorage.length,
        sessionStorage.length,
        (await indexedDB.databases()).length,
        document.cookie,
      ]);
      assert.same(kept, [0, 0, 0, '']);
      await tab.open(`${origin}/?again#session`);
      await status('^signed out$');
    });

    test('two tabs share a sign-in where that was asked for: one obtains, both use, and both are signed out together', async () => {
      await tab.click('checkbox', 'share it with other tabs (kept in IndexedDB until you sign out)');
      await tab.click('button', 'Sign in');
      await status('^signed in, token 1');
      const before = (await browser.tabs()).length;
      await tab.click('button', 'Open another tab');
      let other;
      for (const end = Date.now() + 10_000; !other && Date.now() < end; ) {
        const tabs = await browser.tabs();
        other =
          tabs.length > before
            ? tabs.find(({ url, tab: { context } }) => url.startsWith(origin) && context !== tab.context)?.tab
            : undefined;
      }
      await status('^signed in, token 1', other);
      // Firefox drops a click now and then on a tab that has only just opened: nothing of it reaches the page.
      const heard = () => other.evaluate(() => document.getElementById('log').textContent !== '');
      for (let tries = 3; tries > 0 && !(await heard()); tries--) {
        await other.click('button', 'Call the API');
        for (const end = Date.now() + 5_000; !(await heard()) && Date.now() < end; )
          await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await logged('Call: 200', other);
      await tab.activate();
      // The token lives for twelve seconds, and with a click that was dropped it may have been seen too late. Its life is drawn
      // all the same.
      await told('Another tab: (token|no token)');
      await logged('Another tab: Call: 200');
      await drawn('.lane', 2);
      await tab.until(() => document.querySelectorAll('#timeline .life').length >= 2);
      await shot(tab, 'session-tabs');
      await tab.click('button', 'Sign out');
      await logged('Sign-out: signed out, and the service has revoked the sign-in');
      await logged('signed out in another tab', other);
      await status('^signed out$', other);
      await other.close();
      assert.equal(await tab.evaluate(() => /eyJ/.test(location.href)), false);
    });

    if (phone) {
      test('a phone shows all of it without scrolling sideways, and axe finds nothing there', async () => {
        await tab.resize(360, 740);
        assert.equal(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
        assert.same(await findings(tab), []);
        await shot(tab, 'session-phone');
      });
    }

    test('the page had nothing to complain of', async () => {
      await tab.close();
      // Browsers write refused requests to the console. So does the policy, where the other view was tested.
      assert.same(
        browser.complaints.filter((text) => !/401|connect-src/.test(text)),
        [],
      );
    });
  };
