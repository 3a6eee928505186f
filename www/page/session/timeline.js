// The timeline: a lane for each tab, the lives of its tokens as bars, its requests as lines that end in a sign.

import { svg } from '../dom.js';

const LANE = 130;
const AXIS = 26;
const ROWS = 6;
const ROW = 13;
const LEFT = 8;
/** How much of the width lies in the future. */
const AHEAD = 0.25;

/** Draws `record` into `place`, again and again while it is seen. */
export function drawTimeline(place, record) {
  const calm = matchMedia('(prefers-reduced-motion: reduce)');
  let drawn = 0;
  const frame = (at) => {
    requestAnimationFrame(frame);
    if (at - drawn < (calm.matches ? 1000 : 50) || place.clientWidth === 0) return;
    drawn = at;
    draw(place, record, Date.now());
  };
  requestAnimationFrame(frame);
}

function draw(place, record, now) {
  const width = place.clientWidth;
  const seconds = width < 560 ? 20 : 40;
  const height = AXIS + record.lanes.size * LANE;
  const nowX = LEFT + (width - 2 * LEFT) * (1 - AHEAD);
  const scale = (width - 2 * LEFT) / (seconds * 1000);
  const x = (at) => nowX + (at - now) * scale;
  const lanes = [...record.lanes.values()];
  const picture = svg(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': inWords(lanes, now) },
    ...grid(now, seconds, x, width, height),
    svg('line', { class: 'now', x1: nowX, x2: nowX, y1: AXIS - 4, y2: height }),
    svg('text', { class: 'now', x: nowX, y: 14, 'text-anchor': 'middle' }, 'now'),
    ...lanes.map((lane, at) => drawLane(lane, AXIS + at * LANE, x, now, width)),
  );
  place.replaceChildren(picture);
}

function grid(now, seconds, x, width, height) {
  const lines = [];
  for (let ago = Math.ceil((seconds * (1 - AHEAD)) / 5) * 5; ago >= -seconds * AHEAD; ago -= 5) {
    const at = x(now - ago * 1000);
    if (at < LEFT + 16 || at > width - LEFT - 12 || ago === 0) continue;
    lines.push(svg('line', { class: 'tick', x1: at, x2: at, y1: AXIS - 4, y2: height }));
    if (ago % 10 === 0 || ago < 0)
      lines.push(svg('text', { class: 'tick', x: at, y: 14, 'text-anchor': 'middle' }, ago > 0 ? `−${ago} s` : `+${-ago} s`));
  }
  return lines;
}

function drawLane({ label, requests, lives }, top, x, now, width) {
  const bar = top + 26;
  const shapes = [svg('line', { class: 'floor', x1: LEFT, x2: width - LEFT, y1: top, y2: top })];
  for (const { generation, from, to } of lives) {
    const [left, right] = [Math.max(LEFT, x(from)), Math.min(width - LEFT, x(to))];
    if (right - left < 1) continue;
    shapes.push(
      svg('rect', {
        class: `life ${generation % 2 ? 'odd' : 'even'}`,
        x: left,
        y: bar,
        width: Math.max(1, right - left - 2),
        height: 14,
        rx: 4,
      }),
    );
    if (right - left > 26) {
      shapes.push(svg('text', { class: 'generation', x: left + 6, y: bar + 11 }, right - left > 70 ? `token ${generation}` : generation));
    }
  }
  const rows = Array.from({ length: ROWS }, () => -Infinity);
  for (const request of requests.values()) {
    const start = x(request.start);
    const end = x(request.end ?? now);
    if (end < LEFT) continue;
    const free = rows.findIndex((taken) => taken < start - 2);
    const row = free === -1 ? ROWS - 1 : free;
    rows[row] = end + (isRefused(request) ? 34 : 11);
    shapes.push(drawRequest(request, Math.max(LEFT, start), end, bar + 25 + row * ROW));
  }
  return svg('g', {}, ...shapes, svg('text', { class: 'lane', x: LEFT, y: top + 18 }, label));
}

const isRefused = ({ status }) => status >= 400;

function drawRequest({ kind, end, status }, from, to, y) {
  const tone = end === undefined ? 'waiting' : isRefused({ status }) ? 'refused' : status === 0 ? 'failed' : 'passed';
  const sign = kind === 'call' ? '' : ' token';
  return svg(
    'g',
    { class: `request ${tone}${sign}` },
    svg('line', { x1: from, x2: Math.max(from, to), y1: y, y2: y }),
    tone !== 'waiting' && mark(tone, kind, to, y),
    tone === 'refused' && svg('text', { x: to + 8, y: y + 4 }, status),
  );
}

function mark(tone, kind, x, y) {
  if (tone === 'refused') return svg('path', { d: `M${x - 4} ${y - 4}l8 8m0-8l-8 8` });
  if (tone === 'failed') return svg('circle', { cx: x, cy: y, r: 4 });
  if (kind !== 'call') return svg('path', { d: `M${x} ${y - 6}l6 6-6 6-6-6z` });
  return svg('circle', { cx: x, cy: y, r: 4.6 });
}

/** The picture for those who do not see it. */
function inWords(lanes, now) {
  const lately = (requests) => [...requests.values()].filter(({ start }) => start > now - 30_000);
  return lanes
    .map(({ label, requests, lives }) => {
      const recent = lately(requests);
      const current = lives.at(-1);
      const holds =
        current && current.to > now ? `token ${current.generation} for ${Math.ceil((current.to - now) / 1000)} s more` : 'no token';
      const tokens = recent.filter(({ kind }) => kind !== 'call').length;
      const refused = recent.filter(isRefused).length;
      return `${label}: ${holds}; in the last 30 s ${recent.length - tokens} calls, ${tokens} requests to the token service, ${refused} refused.`;
    })
    .join(' ');
}
