// The demo's Worker: the service of service.js, and the page.

import * as tokenward from 'tokenward';

import { startService } from './service.js';

/** The page may run its own scripts and the WebAssembly in them, talk to this origin, and nothing else. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self'; "
  + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** The worker that fetches keys may talk to others, and is told nothing that they must not know. */
const ELSEWHERE = "default-src 'none'; connect-src https: http://localhost:* http://127.0.0.1:*";

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === '/service.json') return secured(Response.json({ where: 'worker' }));
    const service = await start(env);
    return (
      (await service.answer(request)) ?? secured(await env.ASSETS.fetch(request), pathname === '/page/elsewhere.js' ? ELSEWHERE : POLICY)
    );
  },
};

let started;

/** Keys cannot be made at module scope, where a Worker has no randomness: the first request makes them. */
async function start(settings) {
  if (started) return started;
  const made = await startService(tokenward, settings);
  return (started ??= made);
}

function secured(asset, policy = POLICY) {
  const response = new Response(asset.body, asset);
  response.headers.set('content-security-policy', policy);
  response.headers.set('x-content-type-options', 'nosniff');
  response.headers.set('referrer-policy', 'no-referrer');
  response.headers.set('cache-control', 'no-cache');
  return response;
}
