// Eight processes over one Redis: each has a session of its own, all have one clock, which the primary moves.

import processes from 'node:cluster';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { installed, root } from '../installed.mjs';

const PROCESSES = 8;
const START = 1_800_000_000_000;
const HOUR = 3_600_000;

/** Runs rounds, each an hour after the last. Answers the tokens of each round, of all calls in all processes. */
export async function cluster(options) {
  processes.setupPrimary({ exec: fileURLToPath(import.meta.url), args: [JSON.stringify(options)], serialization: 'advanced' });
  const workers = Array.from({ length: PROCESSES }, () => processes.fork());
  const answerOf = (worker) =>
    new Promise((resolve, reject) => {
      const failed = (code) => reject(new Error(`a process ended with ${code}`));
      worker.once('exit', failed);
      worker.once('message', (message) => {
        worker.off('exit', failed);
        resolve(message);
      });
    });
  try {
    await Promise.all(workers.map(answerOf));
    const rounds = [];
    for (let round = 0; round < options.rounds; round++) {
      const answers = workers.map(answerOf);
      for (const worker of workers) worker.send(START + round * HOUR);
      rounds.push((await Promise.all(answers)).flat());
    }
    return rounds;
  } finally {
    const alive = workers.filter((worker) => !worker.isDead());
    await Promise.all(alive.map((worker) => new Promise((resolve) => worker.once('exit', resolve).kill())));
  }
}

if (processes.isWorker) {
  const { kind, port, origin, grant, calls } = JSON.parse(process.argv[2]);
  const user = createRequire(join(installed, 'user.cjs'));
  const tokenward = user('tokenward');
  const require = createRequire(join(root, 'tests/'));
  const client =
    kind === 'redis'
      ? await require('redis')
          .createClient({ url: `redis://127.0.0.1:${port}` })
          .connect()
      : new (require('ioredis').Redis)(port, '127.0.0.1');
  let now = START;
  const session = tokenward.createSession({
    grant:
      grant === 'client_credentials'
        ? tokenward.oauth2({ tokenEndpoint: `${origin}/token`, clientId: 'service', clientSecret: 'hush', grant })
        : tokenward.jsonLogin({ tokenUrl: `${origin}/token`, credentials: () => ({ username: 'ada', password: 'x' }) }),
    store: user('tokenward/stores').redisTokenStore(client),
    now: () => now,
  });
  process.on('message', async (time) => {
    now = time;
    const tokens = await Promise.all(Array.from({ length: calls }, () => session.getAccessToken().catch((error) => error.code)));
    process.send(tokens);
  });
  process.send('ready');
}
