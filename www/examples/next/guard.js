// Made by the first request: `next build` loads route handlers too, and there are no variables then.

import { KeySet, Verifier, createBearerGuard } from 'tokenward';

let made;

export function guard() {
  const { ISSUER, AUDIENCE, JWKS_URL } = process.env;
  return (made ??= createBearerGuard({
    verifier: new Verifier({ issuer: ISSUER, audience: AUDIENCE, keys: KeySet.fromUrl(JWKS_URL) }),
    cors: { origins: ['https://app.example'] },
  }));
}
