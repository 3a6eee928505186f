// Reads the body of a response from outside.

/** A body comes in chunks; this many of them may be empty. */
const MAX_EMPTY_CHUNKS = 100;

/**
 * The body, or its first `most` bytes if it is longer.
 * @throws (rejects) if the connection breaks, or if the body goes on without any bytes: that would leave no turn to the
 * timer that limits a request.
 */
export async function readBody(response: Response, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let empty = 0;
  const reader = response.body?.getReader();
  for (let done = !reader; reader && !done && length < most; ) {
    const { done: ended, value } = await reader.read();
    done = ended;
    if (value) {
      chunks.push(value);
      length += value.byteLength;
    }
    // A chunk without bytes, or without anything at all, brings the end no nearer.
    if (!done && !value?.byteLength && ++empty > MAX_EMPTY_CHUNKS) {
      void reader.cancel().catch(() => {});
      throw new TypeError('the body has no end');
    }
  }
  if (length >= most) void reader?.cancel().catch(() => {});
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.byteLength;
  }
  return body.subarray(0, most);
}
