// Moments and spans as people say them. All arguments are in seconds.

const FORMAT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const UNITS = [
  ['day', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
];

/** "23 Nov 2026, 23:16:17", or nothing for what is not a moment. */
export function moment(seconds) {
  return isMoment(seconds) ? FORMAT.format(seconds * 1000) : undefined;
}

/** The time of day where that says enough, and the date with it where it does not. */
export function shortMoment(seconds, now) {
  if (!isMoment(seconds)) return undefined;
  return Math.abs(seconds - now) < 43_200 ? CLOCK.format(seconds * 1000) : FORMAT.format(seconds * 1000);
}

/** "4 min 12 s": the two greatest units. */
export function span(seconds) {
  let rest = Math.round(Math.abs(seconds));
  const parts = [];
  for (const [unit, length] of UNITS) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0 || (unit === 's' && parts.length === 0)) parts.push(`${count} ${unit === 'day' && count > 1 ? 'days' : unit}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(' ');
}

/** "in 4 min" or "4 min ago". */
export function distance(seconds, now) {
  return seconds > now ? `in ${span(seconds - now)}` : `${span(now - seconds)} ago`;
}

export function isMoment(seconds) {
  return typeof seconds === 'number' && Math.abs(seconds * 1000) <= 8.64e15;
}
