import { misuse } from '../arguments.js';

/** Beyond it a number of seconds is one of milliseconds. */
const MAX_SECONDS = 1e11;

/** A clock that stands still until it is moved. Its functions need no `this`, so that they can be handed on. */
export interface TestClock {
  /** Unix milliseconds: the `now` of a session, of a remote key set, of an issuer and of a token endpoint. */
  readonly now: () => number;
  /** NumericDate seconds: the `now` of rules. */
  readonly seconds: () => number;
  /** Moves it by so many seconds; backwards where they are negative. */
  readonly advance: (seconds: number) => void;
  /** Moves it to this moment. A number is NumericDate seconds. */
  readonly set: (moment: number | Date) => void;
}

/**
 * Makes a clock that stands at `start`, a Date or NumericDate seconds. Default: the second that it is.
 * @throws ERR_INVALID_ARG
 */
export function createClock(start: number | Date = Math.floor(Date.now() / 1000)): TestClock {
  let now = milliseconds(start, 'start');
  return {
    now: () => now,
    seconds: () => now / 1000,
    advance(seconds) {
      if (!Number.isFinite(seconds)) throw misuse('seconds', 'a number of seconds');
      now += seconds * 1000;
    },
    set(moment) {
      now = milliseconds(moment, 'moment');
    },
  };
}

function milliseconds(moment: number | Date, name: string): number {
  const seconds = moment instanceof Date ? moment.getTime() / 1000 : moment;
  if (!Number.isFinite(seconds) || seconds > MAX_SECONDS) throw misuse(name, 'a Date or a number of seconds since 1970');
  return seconds * 1000;
}
