// All rows in one host: makes the contenders, sees that each does what it should, and times those that do.

import { contenders, specials } from './contenders.mjs';
import { sideBySide } from './measure.mjs';

/** `{ row: { contender: nanoseconds } }`. `tell` hears of each row before it is measured. */
export async function measureRows(modules, fixtures, settings, tell) {
  const results = {};
  const all = contenders(modules, fixtures);
  for (const row of fixtures.rows) {
    if (!wanted(row.name, settings)) continue;
    await tell(row.name);
    const functions = {};
    const valid = fixtures.rows.find(({ name, kind }) => kind === 'valid' && name === row.name.split(',')[0]);
    for (const [name, contender] of Object.entries(all)) {
      const run = await made(contender, row, valid);
      if (!run) continue;
      functions[name] = row.kind === 'valid' ? run : refused(run);
    }
    results[row.name] = await sideBySide(functions, settings);
  }
  for (const [name, make] of Object.entries(specials(modules, fixtures))) {
    if (!wanted(name, settings)) continue;
    await tell(name);
    results[name] = await sideBySide(make(), settings);
  }
  return results;
}

/** The names of all rows. */
export const rowNames = (fixtures) => [...fixtures.rows.map(({ name }) => name), ...Object.keys(specials({}, fixtures))];

/** The names of those that judge a whole token as we do. */
export function peersOf(modules, fixtures) {
  return Object.entries(contenders(modules, fixtures))
    .filter(([, { whole, ours }]) => whole && !ours)
    .map(([name]) => name);
}

/** `only`: rows that start so; `exactly`: the one row of that name. */
const wanted = (name, { only, exactly }) => (exactly ? name === exactly : !only || only.some((each) => name.startsWith(each)));

/**
 * A contender that does this row, and does it right: one that accepts a forged token is not faster, it is wrong, and so is
 * one that refuses the valid token of the same key.
 */
async function made(contender, row, valid) {
  if (row.kind !== 'valid' && (!contender.whole || !(await made(contender, valid)))) return undefined;
  let run;
  try {
    run = await contender.make(row);
    if (!run) return undefined;
    const claims = await run();
    if (row.kind !== 'valid') throw new Error('accepted');
    return claims === true || claims?.sub === 'ada' ? run : undefined;
  } catch (error) {
    return row.kind !== 'valid' && run && error.message !== 'accepted' ? run : undefined;
  }
}

function refused(run) {
  return () => {
    try {
      const answer = run();
      return typeof answer?.then === 'function'
        ? answer.then(
            () => false,
            () => true,
          )
        : false;
    } catch {
      return true;
    }
  };
}
