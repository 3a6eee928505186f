// Where the token service is: behind the page, or in it. Either way the package on this side sends requests and reads answers.

/** No such host exists. Requests to it never reach the network: they are handed to the service in the page. */
const NOWHERE = 'https://tokens.example/';

/** Finds the service: its address, how to reach it, and what to say of it. */
export async function findService() {
  const { where } = await (await fetch('service.json')).json();
  if (where === 'worker') {
    return {
      base: new URL('./', location).href,
      send: (...args) => fetch(...args),
      says: 'The token service is a Worker behind this page.',
    };
  }
  const shared = typeof SharedWorker === 'function';
  const ask = shared ? throughWorker() : (await import('../service-here.js')).answer;
  const send = async (input, init) => {
    const request = new Request(input, init);
    const { status, headers, body } = await ask({
      url: request.url,
      method: request.method,
      headers: [...request.headers],
      body: await request.text(),
    });
    request.signal.throwIfAborted();
    return new Response(status === 204 ? null : body, { status, headers });
  };
  return {
    base: NOWHERE,
    send,
    says: `No service stands behind these static files, so one runs in ${shared ? 'a worker of this page' : 'this page'}: the same code, over the same package, and its requests never touch the network.`,
  };
}

function throughWorker() {
  const { port } = new SharedWorker(new URL('../service-here.js', import.meta.url), { type: 'module', name: 'token service' });
  const waiting = new Map();
  let last = 0;
  port.onmessage = ({ data: { id, response } }) => {
    waiting.get(id)?.(response);
    waiting.delete(id);
  };
  return (request) =>
    new Promise((resolve) => {
      waiting.set((last += 1), resolve);
      port.postMessage({ id: last, request });
    });
}
