// The rows in the runtime that runs this file: Node, Bun or Deno. Fixtures come as a file, results go to standard output, and
// each row's name to standard error as it is begun.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as nodeCrypto from 'node:crypto';
import { pathToFileURL } from 'node:url';

import { measureRows, peersOf } from './rows.mjs';

const [fixturesFile, installed, settings] = process.argv.slice(2);
const fixtures = JSON.parse(readFileSync(fixturesFile, 'utf8'));
const user = createRequire(`${installed}/`);
const peers = createRequire(import.meta.url);
const load = async (name, require = peers) => import(pathToFileURL(require.resolve(name)).href);
/** An addon, in a runtime that loads it. */
function addon(name) {
  try {
    return peers(name);
  } catch {
    return undefined;
  }
}

await load('tokenward/ml-dsa', user);
const [jose, hono, tsndr, fastJwt, jsonwebtoken, aws, nist, koblitz, edwards, { jwtDecode }] = await Promise.all([
  load('jose'),
  load('hono/jwt'),
  load('@tsndr/cloudflare-worker-jwt'),
  load('fast-jwt'),
  load('jsonwebtoken'),
  load('aws-jwt-verify'),
  load('@noble/curves/nist.js'),
  load('@noble/curves/secp256k1.js'),
  load('@noble/curves/ed25519.js'),
  load('jwt-decode'),
]);
const modules = {
  tokenward: await load('tokenward', user),
  nodeCrypto,
  jose,
  hono,
  tsndr: tsndr.default,
  fastJwt,
  jsonwebtoken: jsonwebtoken.default,
  aws: aws.JwtVerifier,
  nodeRs: addon('@node-rs/jsonwebtoken-linux-x64-gnu'),
  noble: { ...nist, ...koblitz, ...edwards },
  jwtDecode,
};
const results = await measureRows(modules, fixtures, { ...JSON.parse(settings), now: () => performance.now() }, (row) =>
  process.stderr.write(`${row}\n`),
);
process.stdout.write(JSON.stringify({ results, peers: peersOf(modules, fixtures) }));
