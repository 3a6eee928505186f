// The token service where none stands behind the page: the same code, in a worker that this origin's tabs share. Where
// workers cannot be shared, each tab runs its own.

import * as tokenward from '../tokenward.js';
import { startService } from '../service.js';

const TOKEN_LIFETIME = 12;
let started;

/** Answers a request that came as plain data, with plain data. */
export async function answer({ url, method, headers, body }) {
  const service = await (started ??= startService(tokenward, { TOKEN_LIFETIME }));
  const response =
    (await service.answer(new Request(url, { method, headers, ...(body && { body }) }))) ?? new Response(null, { status: 404 });
  return { status: response.status, headers: [...response.headers], body: await response.text() };
}

globalThis.onconnect = ({ ports: [port] }) => {
  port.onmessage = async ({ data: { id, request } }) => port.postMessage({ id, response: await answer(request) });
};
