// The token in its colours, and what it says, member by member with its meaning.

import { byId, h, say } from '../dom.js';
import { aboutClaim, aboutHeader } from './words.js';

const PARTS = ['in-header', 'in-claims', 'in-signature'];
const EMPTY = new Map();
/** The notes that say how long ago, or how long yet. */
let dated = [];

/** Draws the raw token under the text field, which is transparent. */
export function paint(text) {
  const segments = text.split('.');
  const painted = segments.flatMap((segment, at) => [
    at > 0 && h('span', { class: 'dot' }, '.'),
    h('span', { class: PARTS[at] ?? 'in-excess' }, segment),
  ]);
  // The last line would have no height if it were empty.
  byId('painted').replaceChildren(...painted.filter(Boolean), '\u200b');
}

/** Shows header, claims and signature; null shows that there are none. */
export function showDecoded(decoded, token, now) {
  dated = [];
  show('header-json', decoded && members(decoded.header, aboutHeader, now));
  show('claims-json', decoded && members(decoded.payload, aboutClaim, now));
  const signature = token.split('.')[2];
  show(
    'signature-text',
    decoded
      && h(
        'p',
        { class: 'signature' },
        signature === '' ? 'empty' : signature,
        h(
          'span',
          { class: 'meaning' },
          signature === '' ? 'none: this token is not signed' : `${Math.floor((signature.length * 3) / 4)} bytes`,
        ),
      ),
  );
  for (const each of document.querySelectorAll('[data-copy=header], [data-copy=payload], #trust')) each.hidden = !decoded;
}

/** Brings the spans of time up to date. */
export function updateDecoded(now) {
  for (const { note, name, value } of dated) say(note, aboutClaim(name, value, now));
}

function show(id, content) {
  const place = byId(id);
  if (!EMPTY.has(id)) EMPTY.set(id, [...place.childNodes]);
  place.replaceChildren(...(content ? [content] : EMPTY.get(id)));
}

function members(object, about, now) {
  const entries = Object.entries(object);
  return h(
    'ul',
    { class: 'json' },
    ...entries.map(([name, value], at) => {
      const meaning = about(name, value, now);
      const note = meaning && h('span', { class: 'meaning' }, meaning);
      if (note && about === aboutClaim && typeof value === 'number') dated.push({ note, name, value });
      const comma = at < entries.length - 1 ? ',' : '';
      return h(
        'li',
        {},
        h('code', {}, h('span', { class: 'name' }, JSON.stringify(name)), ': ', JSON.stringify(value, null, 2) + comma),
        note,
      );
    }),
  );
}
