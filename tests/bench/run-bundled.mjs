// The rows where there is no Node: a page of a browser, or a Worker. Bundled together with the libraries that run there.

import tsndr from '@tsndr/cloudflare-worker-jwt';
import * as hono from 'hono/jwt';
import * as jose from 'jose';
import { jwtDecode } from 'jwt-decode';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import * as tokenward from 'tokenward';
import 'tokenward/ml-dsa';

import { measureRows, peersOf } from './rows.mjs';

const modules = { tokenward, jose, hono, tsndr, noble: { ed25519, p256, p384, p521, secp256k1 }, jwtDecode };

/** For a page: its clock runs while it computes. */
export const inPage = async (fixtures, settings, tell) => ({
  results: await measureRows(modules, fixtures, { ...settings, now: () => performance.now() }, tell),
  peers: peersOf(modules, fixtures),
});

/** A Worker: its clock stands still until something was waited for. */
export default {
  async fetch(request) {
    const { fixtures, settings } = await request.json();
    const now = async () => {
      await scheduler.wait(1);
      return Date.now();
    };
    const results = await measureRows(modules, fixtures, { ...settings, now }, () => {});
    return Response.json({ results, peers: peersOf(modules, fixtures) });
  },
};
