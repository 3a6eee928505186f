import { misuse } from '../error.js';
import { strayOption } from '../options.js';

/**
 * The options, once none of them is a slip of the pen.
 * @throws ERR_INVALID_ARG
 */
export function only<T extends object>(options: T, ...names: readonly (keyof T & string)[]): T {
  if (typeof options !== 'object' || options === null) throw misuse('options', 'an object');
  const unknown = strayOption(options, names);
  if (unknown !== undefined) throw misuse(unknown, `left out: the options are ${names.join(', ')}`);
  return options;
}
