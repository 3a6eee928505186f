// Schemas of two libraries that implement Standard Schema, as users have them. In Node alone, where they are installed.

import { claims, rules, signer } from '../kit.mjs';

/** By a name that no bundler follows. */
const load = (name) => import(name);

export default ({ test, assert, tokenward, host }) => {
  if (host !== 'node') return;
  const { Verifier } = tokenward;

  const schemas = {
    async zod() {
      const { z } = await load('zod');
      return {
        strict: z.object({ sub: z.string(), role: z.enum(['admin', 'user']) }),
        shaping: z.object({ iat: z.number().transform((iat) => iat * 1000) }),
      };
    },
    async valibot() {
      const v = await load('valibot');
      return {
        strict: v.object({ sub: v.string(), role: v.picklist(['admin', 'user']) }),
        shaping: v.object({
          iat: v.pipe(
            v.number(),
            v.transform((iat) => iat * 1000),
          ),
        }),
      };
    },
  };
  for (const [library, made] of Object.entries(schemas)) {
    test(`a schema of ${library} types the payload, shapes it, and names the claim that it refuses`, async () => {
      const { strict, shaping } = await made();
      const key = await signer('ES256');
      const verifier = (schema) => new Verifier({ ...rules({ schema }), keys: key.jwk });
      const token = await key.sign(claims({ role: 'admin' }));
      assert.same(verifier(strict).verifySync(token).payload, { sub: 'ada', role: 'admin' });
      assert.same((await verifier(strict).verify(token)).payload, { sub: 'ada', role: 'admin' });
      assert.equal(verifier(shaping).verifySync(token).payload.iat, claims().iat * 1000);
      const wrong = await key.sign(claims({ role: 'canary' }));
      const error = assert.throws('ERR_JWT_CLAIM_VALIDATION_FAILED', () => verifier(strict).verifySync(wrong));
      assert.same([error.claim, error.reason], ['role', 'check_failed']);
      assert.ok(!error.stack.includes('canary'));
    });
  }
};
