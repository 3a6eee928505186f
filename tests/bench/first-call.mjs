// What a process pays from importing a library to the first token that it verifies (ES256) or decodes: processes of their own,
// one after the other, the least time of each. `pageVerify` and `pageDecode` are the files that a page would load.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL, fileURLToPath } from 'node:url';

import { installed, packageFolder } from '../js/installed.mjs';

const PROCESSES = 9;
const FIRST = {
  tokenward: async (load, { jwk, token, rules }) => new (await load('tokenward')).Verifier({ ...rules, keys: jwk }).verifySync(token),
  pageVerify: async (_, { jwk, token, rules }) => new (await pageFile('verify')).Verifier({ ...rules, keys: jwk }).verifySync(token),
  pageDecode: async (_, { token }) => (await pageFile('decode')).decode(token),
  jose: async (load, { jwk, token, rules }) => {
    const jose = await load('jose');
    return jose.jwtVerify(token, await jose.importJWK(jwk), rules);
  },
  'fast-jwt': async (load, { pem, token, rules }) => {
    const { createVerifier } = await load('fast-jwt');
    return createVerifier({ key: pem, allowedIss: rules.issuer, allowedAud: rules.audience })(token);
  },
  'jose decodeJwt': async (load, { token }) => (await load('jose')).decodeJwt(token),
  jsonwebtoken: async (load, { pem, token, rules }) => (await load('jsonwebtoken')).default.verify(token, pem, rules),
};

const pageFile = (wing) => import(pathToFileURL(`${packageFolder}/dist/${wing}.js`));

/** Milliseconds by library. */
export function firstCalls(fixturesFile) {
  const best = {};
  for (let round = 0; round < PROCESSES; round += 1) {
    for (const name of Object.keys(FIRST)) {
      const took = Number(execFileSync(process.execPath, [fileURLToPath(import.meta.url), name, fixturesFile], { encoding: 'utf8' }));
      best[name] = Math.min(best[name] ?? Infinity, took);
    }
  }
  return best;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [name, file] = process.argv.slice(2);
  const { issuer, audience, rows } = JSON.parse(readFileSync(file, 'utf8'));
  const require = createRequire(name === 'tokenward' ? `${installed}/` : import.meta.url);
  const load = (library) => import(pathToFileURL(require.resolve(library)).href);
  const before = performance.now();
  await FIRST[name](load, { ...rows.find((row) => row.name === 'ES256'), rules: { issuer, audience } });
  process.stdout.write(String(performance.now() - before));
}
