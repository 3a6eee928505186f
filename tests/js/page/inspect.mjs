// The first view as a person uses it: a token is typed, a key is given, rules are set, and the page says what it thinks.

import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';

import { signed } from '../signed.mjs';
import { findings } from './axe.mjs';

const ISSUER = 'https://login.example.com';
const AUDIENCE = 'https://api.example.com';
const VERDICTS = {
  valid: 'Accepted',
  'ends soon': 'Accepted',
  expired: 'Refused: expired',
  'not yet valid': 'Refused: too early',
  forged: 'Refused: signature',
  'alg: none': 'Refused: algorithm',
  'key confusion': 'Refused: key',
  'foreign key': 'Refused: key',
  'wrong audience': 'Refused: audience',
  'narrow scope': 'Refused: scope',
  'two subjects': 'Refused: claims',
  'unknown crit': 'Refused: header',
  'shared secret': 'Accepted',
};
const SHOWN = ['valid', 'forged', 'not yet valid'];
const SECRET = 'correct horse battery staple, and more of it';

const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
const jwk = { ...(await exportJWK(publicKey)), kid: 'one' };
const now = () => Math.floor(Date.now() / 1000);
const minted = ({ exp = now() + 300, key = privateKey, alg = 'ES256', iss = ISSUER } = {}) =>
  new SignJWT({ scope: 'read' })
    .setProtectedHeader({ alg, kid: 'one' })
    .setIssuer(iss)
    .setAudience(AUDIENCE)
    .setSubject('ada')
    .setIssuedAt()
    .setExpirationTime(exp)
    .sign(key);

/** With `brief`, only what may differ between a Worker and static files, light and dark. */
export default ({ browser, origin, issuer, shot, brief }) =>
  ({ test: define, assert }) => {
    const test = (name, body, always = true) => (always || !brief) && define(name, body);
    let tab;
    const headline = (text) => tab.until((said) => document.getElementById('headline').textContent === said, text);
    const text = (id) => tab.evaluate((which) => document.getElementById(which).textContent, id);
    const choose = async (name) => {
      await tab.click('button', name);
      await tab.until(
        (said) => [...document.querySelectorAll('#samples [aria-pressed=true]')].some(({ textContent }) => textContent === said),
        name,
      );
    };
    /** What was asked of others than the page's own origin, in all of this browser. */
    const foreign = () => browser.requests.filter((url) => !url.startsWith(origin) && !/^(about|data|moz-extension|chrome):/.test(url));
    const empty = async () => {
      await tab.click('button', 'Clear');
      await headline('No token yet');
    };

    test('an empty page says what can be done, and sends no request', async () => {
      tab = await browser.open(`${origin}/`);
      await headline('No token yet');
      await shot(tab, 'inspect-empty');
      assert.same(foreign(), []);
    });

    for (const [name, verdict] of Object.entries(VERDICTS)) {
      test(
        `the sample “${name}” is ${verdict.toLowerCase()}`,
        async () => {
          await choose(name);
          await headline(verdict);
          const failed = await tab.evaluate(() => document.querySelectorAll('#checks [data-outcome=failed] .advice:not(:empty)').length);
          assert.equal(failed, verdict === 'Accepted' ? 0 : 1, 'checks that failed and say what to do:');
          if (SHOWN.includes(name)) await shot(tab, `inspect-${name.replaceAll(' ', '-')}`);
        },
        SHOWN.includes(name),
      );
    }

    test('header, claims and signature have colours of their own, in the raw token and beside it', async () => {
      await choose('valid');
      const colours = await tab.evaluate(() => {
        const colour = (element) => getComputedStyle(element).color;
        const [header, , claims, , signature] = document.querySelectorAll('#painted span');
        return [header, claims, signature]
          .map(colour)
          .concat(
            ['#header-json .name', '#claims-json .name', '#signature-text .signature'].map((selector) =>
              colour(document.querySelector(selector)),
            ),
          );
      });
      assert.equal(new Set(colours).size, 3);
      assert.same(colours.slice(0, 3), colours.slice(3));
      assert.equal(
        await tab.evaluate(
          () => document.getElementById('painted').textContent.replace('\u200b', '') === document.getElementById('token').value,
        ),
        true,
      );
    });

    test(
      'a token and a key that are typed are judged by the rules that are typed',
      async () => {
        await empty();
        await tab.fill('textbox', 'Token', await minted());
        await headline('No verdict without a key');
        await tab.fill('textbox', 'Token', 'Bearer not.a.token');
        await headline('Refused: it cannot be read');
        await tab.fill('textbox', 'Token', `Bearer ${await minted()}\n`);
        await headline('No verdict without a key');
        await tab.click('radio', 'JWK');
        await tab.fill('textbox', 'Public JWK, or an oct secret, as JSON', JSON.stringify(jwk));
        await headline('Accepted');
        await tab.fill('textbox', 'Issuer', 'https://elsewhere.example.com');
        await headline('Refused: issuer');
        await tab.fill('textbox', 'Issuer', ISSUER);
        await tab.fill('textbox', 'Scope', 'write');
        await headline('Refused: scope');
        await tab.fill('textbox', 'Scope', 'read');
        await headline('Accepted');
        assert.ok((await text('code')).includes(`issuer: '${ISSUER}',`));
      },
      false,
    );

    test(
      'ML-DSA is fetched for the first token that needs it',
      async () => {
        const { jwk: key, token } = signed['ML-DSA-44'];
        assert.equal(
          browser.requests.some((url) => url.endsWith('/ml-dsa.js')),
          false,
          'fetched before:',
        );
        await empty();
        await tab.evaluate(() => {
          document.querySelector('[name=now]').value = '2027-01-15T08:00:00';
        });
        await tab.fill('textbox', 'Public JWK, or an oct secret, as JSON', JSON.stringify(key));
        await tab.fill('textbox', 'Token', token);
        await headline('Accepted');
        assert.equal(
          browser.requests.some((url) => url.endsWith('/ml-dsa.js')),
          true,
          'fetched:',
        );
        await choose('valid');
        await tab.click('radio', 'JWK');
        await tab.fill('textbox', 'Public JWK, or an oct secret, as JSON', JSON.stringify(jwk));
      },
      false,
    );

    test(
      'a token ends before one’s eyes: the bar moves, and the verdict follows',
      async () => {
        await tab.fill('textbox', 'Token', await minted({ exp: now() + 5 }));
        await headline('Accepted');
        const place = () => tab.evaluate(() => Number.parseFloat(document.querySelector('.clock').style.getPropertyValue('--at')));
        const before = await place();
        await headline('Refused: expired');
        assert.ok((await place()) > before);
        await tab.until(() => /^It ended \d+ s ago\.$/.test(document.getElementById('remaining').textContent));
        await tab.clickOn('#rules summary');
        await tab.fill('textbox', 'Clock tolerance, seconds', '300');
        await headline('Accepted');
        await tab.fill('textbox', 'Clock tolerance, seconds', 'a little');
        await headline('No verdict: a rule cannot be used');
        await tab.fill('textbox', 'Clock tolerance, seconds', '');
      },
      false,
    );

    test(
      'a key is taken as PEM and as a secret, and one that cannot be used says why',
      async () => {
        await tab.fill('textbox', 'Token', await minted());
        await tab.click('radio', 'PEM');
        await tab.fill('textbox', 'Public key or X.509 certificate, as PEM', 'nonsense');
        await headline('No verdict: the key cannot be used');
        assert.ok(await text('key-problem'));
        await tab.evaluate(
          (pem) => {
            const field = document.querySelector('[name=pem]');
            field.value = pem;
            field.dispatchEvent(new Event('input', { bubbles: true }));
          },
          await exportSPKI(publicKey),
        );
        await headline('Accepted');
        await tab.fill('textbox', 'Token', await minted({ key: new TextEncoder().encode(SECRET), alg: 'HS256' }));
        await headline('Refused: key');
        await tab.click('radio', 'Secret');
        await tab.fill('textbox', 'Shared secret', SECRET);
        await headline('Accepted');
        assert.equal((await text('code')).includes('horse'), false, 'the secret is in the code:');
      },
      false,
    );

    test('keys come from a URL and from an issuer when the button is pressed, and neither learns the token', async () => {
      const token = await minted();
      issuer.keys = [jwk];
      await tab.fill('textbox', 'Token', token);
      await tab.click('radio', 'JWKS URL');
      await tab.fill('textbox', 'URL of the JWK Set', `${issuer.origin}/keys`);
      await headline('No verdict without a key');
      assert.same(issuer.seen, []);
      await tab.click('button', 'Fetch the keys');
      await headline('Accepted');
      await tab.click('radio', 'Issuer');
      await tab.fill('textbox', 'Issuer, exactly as in iss', issuer.origin);
      await tab.click('button', 'Find the keys');
      await tab.until(() => document.getElementById('key-note').textContent === '1 usable key.');
      await headline('Accepted');
      assert.ok(issuer.seen.length >= 3);
      assert.equal(
        issuer.seen.some((request) => request.includes(token.slice(0, 20))),
        false,
        'the token is in a request:',
      );
    });

    test('the page itself can reach no other origin', async () => {
      const reached = await tab.evaluate(
        (url) =>
          fetch(url, { mode: 'no-cors' }).then(
            () => 'reached',
            () => 'refused',
          ),
        `${issuer.origin}/page`,
      );
      assert.equal(reached, 'refused');
      assert.equal(
        issuer.seen.some((request) => request.includes('/page')),
        false,
      );
    });

    test('no token is in the address or in any storage', async () => {
      await choose('valid');
      const kept = await tab.evaluate(async () => [
        location.href,
        history.state,
        localStorage.length,
        sessionStorage.length,
        (await indexedDB.databases()).length,
        document.cookie,
      ]);
      assert.same(kept, [`${origin}/`, null, 0, 0, 0, '']);
    });

    test(
      'the keyboard goes through the page in the order in which it is read',
      async () => {
        await tab.open(`${origin}/?keyboard`);
        await headline('No token yet');
        const names = [];
        for (let step = 0; step < 6; step++) {
          await tab.press('Tab');
          names.push(
            await tab.evaluate(() => {
              const { activeElement: at } = document;
              return at.labels?.[0]?.textContent ?? at.textContent.trim();
            }),
          );
        }
        assert.same(names, ['tokenward', 'Inspect a token', 'Watch a session', 'Token', 'valid', 'ends soon']);
        assert.equal(await tab.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'solid');
        await tab.press('Enter');
        await headline('Accepted');
        assert.equal(await tab.evaluate(() => document.activeElement.textContent), 'ends soon', 'the focus is on');
      },
      false,
    );

    test('axe finds nothing, empty, accepted and refused', async () => {
      for (const sample of ['valid', 'forged']) {
        await choose(sample);
        await headline(VERDICTS[sample]);
        assert.same(await findings(tab), []);
      }
      await tab.evaluate(() =>
        document.querySelectorAll('details').forEach((details) => {
          details.open = true;
        }),
      );
      assert.same(await findings(tab), []);
      await empty();
      assert.same(await findings(tab), []);
    });

    test('a phone shows all of it without scrolling sideways, and axe finds nothing there', async () => {
      await tab.resize(360, 740);
      await choose('not yet valid');
      await headline('Refused: too early');
      assert.equal(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
      assert.same(await findings(tab), []);
      await tab.evaluate(() =>
        document.querySelectorAll('details').forEach((details) => {
          details.open = false;
        }),
      );
      await shot(tab, 'inspect-phone');
      await tab.close();
    });

    test('only keys were requested', () => {
      assert.same(
        foreign().filter((url) => !['/keys', '/.well-known/openid-configuration', '/page'].some((path) => url === issuer.origin + path)),
        [],
      );
    });

    test('the page had nothing to complain of', () =>
      assert.same(
        browser.complaints.filter((text) => !text.includes(`${issuer.origin}/page`)),
        [],
      ));
  };
