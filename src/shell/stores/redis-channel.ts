// The second connection to Redis, on which sessions hear of changes.

/** What node-redis and ioredis have in common. `isReady` is node-redis, `status` ioredis. */
export interface Duplicable {
  duplicate(): Connection;
  on?(event: string, listener: () => void): unknown;
  off?(event: string, listener: () => void): unknown;
  isReady?: boolean;
  status?: string;
}

interface Connection {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  connect?(): Promise<unknown>;
  /** node-redis takes a listener for the message and the channel. ioredis emits `message` with the channel and the message. */
  subscribe(channel: string, ...listener: ((message: unknown, channel: unknown) => void)[]): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  destroy?(): void;
  disconnect?(): unknown;
  unref?(): void;
  /** The socket of ioredis. */
  stream?: { unref?(): void };
}

/** Makes `subscribe` of a store whose own changes are published in the name of `self`. */
export function listening(client: Duplicable, self: string): (key: string, listener: () => void) => () => void {
  const listeners = new Map<string, Set<() => void>>();
  const isIoredis = typeof client.status === 'string';
  let connection: Connection | undefined;

  const tell = (channel: string) => {
    for (const listener of listeners.get(channel) ?? []) listener();
  };
  const hear = (message: unknown, channel: unknown) => {
    const name = String(channel);
    // A session knows of its own changes. Two sessions over one store do not know of each other's.
    if (message !== self || (listeners.get(name)?.size ?? 0) > 1) tell(name);
  };

  function subscribe(channel: string): void {
    // What was published before this took effect went unheard.
    void attempt(async () => {
      await connection?.subscribe(channel, ...(isIoredis ? [] : [hear]));
      tell(channel);
    });
  }

  function open(): void {
    if (connection || listeners.size === 0) return;
    void attempt(async () => {
      const opened = (connection = client.duplicate());
      const alone = () => {
        // ioredis has a socket of its own for each attempt.
        opened.unref?.();
        opened.stream?.unref?.();
      };
      // The client's own strategy connects again. Without a listener, an error would end the process.
      opened.on('error', () => {});
      opened.on('connect', alone);
      opened.on('message', (channel, message) => hear(message, channel));
      opened.on('ready', () => {
        if (opened === connection) for (const channel of listeners.keys()) subscribe(channel);
      });
      const lost = () => {
        if (opened === connection) connection = undefined;
      };
      opened.on('end', lost);
      alone();
      // ioredis connects by itself, unless its options say otherwise, and then rejects here.
      await opened.connect?.().catch(() => {
        if (!isIoredis) lost();
      });
    });
  }

  function close(): void {
    const closed = connection;
    connection = undefined;
    void attempt(async () => (closed?.destroy ? closed.destroy() : closed?.disconnect?.()));
  }

  return (key, listener) => {
    if (listeners.size === 0) {
      client.on?.('ready', open);
      client.on?.('end', close);
    }
    const known = listeners.get(key);
    // One function may listen twice.
    const own = () => listener();
    if (known) known.add(own);
    else listeners.set(key, new Set([own]));
    if (!connection) {
      // Before the client is connected there may be nothing to connect to. It says when there is.
      if (client.isReady !== false && (client.status ?? 'ready') === 'ready') open();
    } else if (!known) subscribe(key);
    return () => {
      const left = listeners.get(key);
      if (!left?.delete(own) || left.size > 0) return;
      listeners.delete(key);
      if (listeners.size > 0) return void attempt(async () => connection?.unsubscribe(key));
      client.off?.('ready', open);
      client.off?.('end', close);
      close();
    };
  };
}

/** Hearing of changes is an extra: whatever fails in it must not fail the session. */
async function attempt(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch {
    // The next refresh looks at the store.
  }
}
