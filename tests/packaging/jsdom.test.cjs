/** @jest-environment jsdom */
// jsdom lacks TextDecoder, Request and crypto.subtle. Reading a token and verifying it needs none of them.

const { decode, verifySync } = require('tokenward');

const jwk = { kty: 'OKP', crv: 'Ed25519', x: 'D21NZkNcObwKMJR-QGse-wy4ZszhzqVEHocJGO6kpLA' };
const token =
  'eyJhbGciOiJFZDI1NTE5In0.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUuY29tIiwic3ViIjoiYWRhIiwiZXhwIjo0MTAyNDQ0ODAwfQ.'
  + 'X4vePbL6pJAZCbr1cR721S2KnY9j4JuKT0TkoxPDz5NTuoBiaKsqW_wbhsRp4taJDyFITHAO157Pq7kiV4uZBA';

test('jsdom', () => {
  expect(decode(token).payload.sub).toBe('ada');
  expect(verifySync(token, jwk, { issuer: 'https://login.example.com', audience: null }).payload.sub).toBe('ada');
  expect(() => verifySync(token.replace('X4ve', 'X4vf'), jwk, { issuer: null, audience: null })).toThrow('signature');
});
