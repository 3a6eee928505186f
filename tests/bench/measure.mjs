// Times functions side by side: interleaved rounds, the least time of each. What disturbs a machine only ever adds time.

/**
 * `run` gives how long one call of each takes, in nanoseconds, by name. `now` is the host's clock in milliseconds; it may be
 * asynchronous, because a Worker's stands still while it computes.
 */
export async function sideBySide(functions, { rounds, roundMs, now }) {
  const names = Object.keys(functions);
  const counts = {};
  const best = {};
  for (const name of names) counts[name] = await calibrated(functions[name], roundMs, now);
  for (let round = 0; round < rounds; round += 1) {
    // Nobody always follows the same neighbour.
    const order = [...names.slice(round % names.length), ...names.slice(0, round % names.length)];
    for (const name of round % 2 === 0 ? order : order.reverse()) {
      const took = await timed(functions[name], counts[name], now);
      best[name] = Math.min(best[name] ?? Infinity, (took * 1e6) / counts[name]);
    }
  }
  return best;
}

/** How many calls take about `ms`. They also warm the function up. */
async function calibrated(run, ms, now) {
  for (let count = 1; ; count *= 2) {
    const took = await timed(run, count, now);
    if (took >= ms / 2 || count >= 1 << 24) return Math.max(1, Math.round((count * ms) / Math.max(took, 0.001)));
  }
}

async function timed(run, count, now) {
  const before = await now();
  if (isAsync(run)) for (let call = 0; call < count; call += 1) await run();
  else for (let call = 0; call < count; call += 1) run();
  return (await now()) - before;
}

const known = new WeakMap();
function isAsync(run) {
  if (!known.has(run)) {
    const answer = run();
    known.set(run, typeof answer?.then === 'function');
    answer?.then?.(undefined, () => {});
  }
  return known.get(run);
}
