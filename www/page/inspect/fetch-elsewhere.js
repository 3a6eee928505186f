// This page may connect to its own origin only. Keys that the user requests come through a worker that is told an address
// and nothing else.

let worker;
let last = 0;
const waiting = new Map();

/** `fetch`, as far as fetching keys needs it. */
export function fetchKeys(url, { headers, signal } = {}) {
  worker ??= start();
  const id = (last += 1);
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    signal?.addEventListener('abort', () => {
      waiting.delete(id);
      reject(signal.reason);
    });
    worker.postMessage({ id, url, accept: new Headers(headers).get('accept') });
  });
}

function start() {
  const made = new Worker(new URL('../elsewhere.js', import.meta.url), { type: 'module', name: 'fetches keys' });
  made.onmessage = ({ data: { id, status, headers, body } }) => {
    const { resolve, reject } = waiting.get(id) ?? {};
    waiting.delete(id);
    if (status === 0) reject?.(new TypeError('no answer'));
    else resolve?.(new Response(body, { status, headers }));
  };
  made.onerror = () => {
    for (const { reject } of waiting.values()) reject(new TypeError('the worker did not start'));
    waiting.clear();
    worker = undefined;
  };
  return made;
}
