// The life of a token as a bar, from `iat` over `nbf` to `exp`, and the clock moving along it.

import { byId, h, say } from '../dom.js';
import { distance, isMoment, shortMoment, span } from '../time.js';

const NAMES = { iat: 'issued', nbf: 'starts', exp: 'ends' };
let times = null;
let parts;

/** Starts the bar for these claims; null empties it. */
export function setTimes(claims, now) {
  const found = Object.keys(NAMES)
    .map((name) => [name, claims?.[name]])
    .filter(([, at]) => isMoment(at));
  times = claims ? Object.fromEntries(found) : null;
  draw(now);
  updateTimes(now);
}

function draw(now) {
  const bar = byId('timebar');
  parts = undefined;
  bar.replaceChildren();
  bar.dataset.state = times === null ? 'empty' : 'live';
  if (times === null || Object.keys(times).length === 0) return;
  const moments = Object.values(times);
  const from = Math.min(...moments);
  const to = times.exp ?? Math.max(...moments) + 1;
  const length = Math.max(to - from, 1);
  const place = (element, at) => {
    element.style.setProperty('--at', `${100 * Math.min(1, Math.max(0, (at - from) / length))}%`);
    return element;
  };
  const track = h('div', { class: 'track' });
  const live = place(h('div', { class: 'live' }), times.nbf ?? from);
  const spent = h('div', { class: 'spent' });
  const clock = h('div', { class: 'clock' }, h('span', {}, 'now'));
  if (times.exp === undefined) track.classList.add('endless');
  track.append(live, spent, clock);
  bar.append(track, ...labels(from, length, place, now));
  parts = { place, spent, clock, from, to };
}

/** One label for each moment; those at the same moment share one. */
function labels(from, length, place, now) {
  const byMoment = new Map();
  for (const [name, at] of Object.entries(times)) byMoment.set(at, [...(byMoment.get(at) ?? []), name]);
  return [...byMoment]
    .sort(([a], [b]) => a - b)
    .map(([at, names]) => {
      const side = names.includes('exp') ? 'end' : at === from ? 'start' : 'middle';
      const lean = side === 'middle' && ((at - from) / length < 0.3 ? 'right' : (at - from) / length > 0.7 ? 'left' : null);
      return place(
        h(
          'div',
          { class: `moment ${side}`, 'data-lean': lean },
          h('b', {}, names.map((name) => NAMES[name]).join(' and ')),
          ' ',
          shortMoment(at, now),
        ),
        at,
      );
    });
}

/** Moves the clock. */
export function updateTimes(now) {
  const bar = byId('timebar');
  const [text, state] = verdict(now);
  say(byId('remaining'), text);
  if (times !== null) bar.dataset.state = state;
  if (!parts) {
    bar.setAttribute('aria-label', text);
    return;
  }
  parts.place(parts.clock, now);
  parts.place(parts.spent, now);
  parts.clock.dataset.beyond = now > parts.to ? 'after' : now < parts.from ? 'before' : '';
  const said = Object.entries(times).map(([name, at]) => `${NAMES[name]} ${shortMoment(at, now)}`);
  bar.setAttribute('aria-label', `${text} ${said.join(', ')}.`);
}

function verdict(now) {
  if (times === null) return ['The clock starts with a token.', 'empty'];
  if (times.exp !== undefined && now >= times.exp) return [`It ended ${distance(times.exp, now)}.`, 'over'];
  if (times.nbf !== undefined && now < times.nbf) return [`It starts ${distance(times.nbf, now)}.`, 'early'];
  if (times.exp === undefined) return ['It has no end.', 'endless'];
  return [`It ends in ${span(times.exp - now)}.`, times.exp - now < 60 ? 'ending' : 'live'];
}
