// A handler of the shape of fetch, on a loopback port of its own.

import { createServer } from 'node:http';

/** Serves `handle`. Where it throws, the connection breaks. `written` counts the bytes of the last body. */
export async function listen(handle) {
  const listening = { origin: '', written: 0 };
  const server = createServer(async (request, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    try {
      const chunks = await request.toArray();
      const { method, headers } = request;
      const body = chunks.length > 0 ? Buffer.concat(chunks) : undefined;
      await answer(
        response,
        await handle(new Request(listening.origin + request.url, { method, headers: flat(headers), body, signal: gone.signal })),
      );
    } catch {
      request.socket.destroy();
    }
  });
  async function answer(response, { status, headers, body }) {
    response.writeHead(status, Object.fromEntries(headers));
    listening.written = 0;
    const closed = new Promise((resolve) => response.once('close', resolve));
    for await (const chunk of body ?? []) {
      listening.written += chunk.length;
      if (!response.write(chunk)) await Promise.race([closed, new Promise((resolve) => response.once('drain', resolve))]);
      if (response.closed) return;
    }
    response.end();
  }
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  listening.origin = `http://127.0.0.1:${server.address().port}`;
  listening.close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return listening;
}

/** What a Request takes: no list of values, and nothing of the connection. */
function flat(headers) {
  const kept = Object.entries(headers).filter(
    ([name]) => !/^(connection|keep-alive|transfer-encoding|content-length|host|expect|upgrade)$/.test(name),
  );
  return kept.map(([name, value]) => [name, String(value)]);
}
