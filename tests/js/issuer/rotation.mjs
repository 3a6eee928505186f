// Keys that rotate under load, over real HTTP and by the host's own clock.

import { claims, rules, signer } from '../kit.mjs';
import { startIssuer } from './server.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const [COOLDOWN, MAX_AGE, TURN] = [200, 1000, 200];
/** For how many turns a key is published: while it is, tokens that it signed have to be accepted. */
const TURNS = 5;
/** What timers and the loopback interface may add, and a machine that is busy on top. */
const SLACK = 60;
const TICK = 10;

/** How late timers were at worst in the last second or so: a fetch on the way may have been held up as long. */
function watchLateness() {
  const late = [];
  let due = performance.now() + TICK;
  const timer = setInterval(() => {
    const now = performance.now();
    late.push(now - due);
    if (late.length > 100) late.shift();
    due = now + TICK;
  }, TICK);
  return {
    get worst() {
      return Math.max(0, ...late, performance.now() - due);
    },
    stop: () => clearInterval(timer),
  };
}

export default ({ test, assert, tokenward }) => {
  const { KeySet, Verifier } = tokenward;

  /**
   * Verifies ten thousand tokens while an issuer publishes a key every 200 ms and removes the oldest one. Every key is
   * used once, so that each has one moment of publication and one of removal. `trouble` may spoil the issuer's mood.
   */
  async function rotateUnderLoad({ trouble, judge, make, timeoutMs }) {
    const signers = await Promise.all(Array.from({ length: 400 }, (_, each) => signer('ES256', { kid: `turn-${each}` })));
    const tokens = await Promise.all(signers.map((each) => each.sign(claims())));
    const [published, removed] = [[], []];
    const issuer = await startIssuer([]);
    issuer.delayMs = 5;
    const set = KeySet.fromUrl(issuer.url, { maxAge: MAX_AGE / 1000, minAge: MAX_AGE / 1000, cooldown: COOLDOWN / 1000, timeoutMs });
    const verifier = make(set);
    let newest = -1;
    const rotate = () => {
      if (newest + 1 === signers.length) return;
      newest += 1;
      [published[newest], removed[newest]] = [Date.now(), Infinity];
      if (newest >= TURNS) removed[newest - TURNS] = Date.now();
      issuer.keys = signers.filter((_, each) => removed[each] === Infinity).map(({ jwk }) => jwk);
      trouble?.(issuer, newest);
    };
    rotate();
    const timer = setInterval(rotate, TURN);
    const lateness = watchLateness();
    const count = { done: 0, accepted: 0, refused: 0, unavailable: 0, mustPass: 0, mustFail: 0 };
    const wrong = [];
    try {
      while (count.done < 10_000 || newest < 15) {
        await Promise.all(
          Array.from({ length: 20 }, async () => {
            const each = Math.max(0, newest - Math.floor(Math.random() * 14));
            const begun = Date.now();
            const { ok, error } = await verifier.safeVerify(tokens[each]);
            const slack = SLACK + 2 * lateness.worst;
            const mustPass = begun - published[each] >= COOLDOWN + slack && removed[each] === Infinity;
            const mustFail = begun >= removed[each] + MAX_AGE + slack;
            count.accepted += Number(ok);
            count.refused += Number(!ok && !error.retryable);
            count.unavailable += Number(!ok && error.retryable);
            count.mustPass += Number(mustPass);
            count.mustFail += Number(mustFail);
            const verdict = judge({ ok, error, mustPass, mustFail });
            if (verdict)
              wrong.push(`${verdict}: ${error?.code}, published ${begun - published[each]} ms, removed ${begun - removed[each]} ms before`);
          }),
        );
        count.done += 20;
        if (count.done % 100 === 0) await pause(25);
      }
    } finally {
      clearInterval(timer);
      lateness.stop();
      await issuer.close();
    }
    assert.same(wrong, []);
    assert.ok(count.done >= 10_000 && count.mustPass > 1_000 && count.mustFail > 500, JSON.stringify(count));
    return { ...count, turns: newest, asked: issuer.asked.length };
  }

  const strict = ({ ok, mustPass, mustFail }) =>
    (!ok && mustPass && 'a published key was refused') || (ok && mustFail && 'a removed key was accepted');

  for (const [name, make] of [
    ['', (set) => new Verifier(rules({ keys: set }))],
    [', with the result cache', (set) => new Verifier({ ...rules({ keys: set }), cache: true })],
    [
      ', as one of several issuers, cached',
      (set) => new Verifier({ issuers: [rules({ keys: set }), rules({ issuer: 'https://other.test', keys: set })], cache: true }),
    ],
  ]) {
    test(`ten thousand verifications while keys rotate every 200 ms${name}: nothing good is refused, nothing removed is accepted`, async () => {
      const count = await rotateUnderLoad({ make, judge: strict, timeoutMs: 5_000 });
      console.log(
        `  ${count.done} verifications over ${count.turns} rotations${name}: ${count.accepted} accepted, ${count.refused} refused, ${count.asked} fetches`,
      );
      assert.equal(count.unavailable, 0);
    });
  }

  test('while the issuer flaps as well, a published key is refused never: at most it cannot be checked', async () => {
    const moods = ['well', 'down', 'well', 'html', 'well', 'silent', 'well', 'well', 'truncated', 'well', 'page', 'well', 'cut', 'well'];
    const count = await rotateUnderLoad({
      make: (set) => new Verifier({ ...rules({ keys: set }), cache: true }),
      timeoutMs: 150,
      trouble: (issuer, turn) => {
        issuer.mood = moods[turn % moods.length];
      },
      // The old set serves while the issuer fails: that is what stale-if-error is for.
      judge: ({ ok, error, mustPass }) => !ok && mustPass && !error.retryable && 'a published key was refused',
    });
    console.log(
      `  the same while the issuer flaps: ${count.accepted} accepted, ${count.refused} refused, ${count.unavailable} could not be checked`,
    );
    assert.ok(count.accepted > 1_000, JSON.stringify(count));
  });
};
