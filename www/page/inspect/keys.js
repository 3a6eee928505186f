// The key that was given, in whatever form, as the package takes it.

import { KeySet, importKey } from '../../tokenward.js';
import { byId, say } from '../dom.js';
import { fetchKeys } from './fetch-elsewhere.js';
import { sentence } from './words.js';

const form = () => byId('keys');
const field = (name) => form().elements.namedItem(name);
/** The set that was fetched, and from where. */
let fetched;

/** Calls `changed` whenever another key is given. */
export function watchKeys(changed) {
  form().addEventListener('input', () => {
    showKind();
    fetched = undefined;
    changed();
  });
  form().addEventListener('submit', (event) => {
    event.preventDefault();
    fetchNow(changed);
  });
}

/** Fills in a key. */
export function setKey(kind, text) {
  field('kind').value = kind;
  field(kind).value = text;
  fetched = undefined;
  if (kind === 'secret') {
    field('encoding').value = 'text';
    field('secretAlg').value = 'HS256';
  }
  showKind();
}

export function clearKey() {
  for (const name of ['jwk', 'jwks', 'pem', 'secret', 'url', 'issuer']) field(name).value = '';
  fetched = undefined;
}

/** The kind of key that is chosen. */
export const kindOfKey = () => field('kind').value;

/** What is imported, undefined where nothing is given. Throws where it cannot be used. */
export function readKey() {
  const kind = kindOfKey();
  const text = field(kind).value;
  if (text.trim() === '') return undefined;
  switch (kind) {
    case 'jwk':
      return importKey(json(text));
    case 'jwks':
      return KeySet.fromJwks(json(text));
    case 'pem':
      return importKey(text.trim());
    case 'secret':
      return importKey(bytes(text, field('encoding').value), {
        alg: field('secretAlg').value,
        allowShortSecret: field('allowShortSecret').checked,
      });
    default:
      return fetched;
  }
}

/** Says what came of it; an error's own words where there is one. */
export function sayOfKey(key, error) {
  say(byId('key-problem'), error ? sentence(error.message) : '');
  field(kindOfKey()).toggleAttribute('aria-invalid', Boolean(error));
  say(byId('key-note'), error || !key ? '' : describe(key));
}

function describe(key) {
  if (key instanceof KeySet) {
    const { freshness } = key.state;
    return freshness === 'empty' ? 'No keys yet.' : `${key.size} usable ${key.size === 1 ? 'key' : 'keys'}.`;
  }
  return `A ${key.type} key for ${key.algorithms.join(', ')}.`;
}

async function fetchNow(changed) {
  const kind = kindOfKey();
  const address = field(kind).value.trim();
  if (!['url', 'issuer'].includes(kind) || address === '') return;
  const button = field(`fetch-${kind}`);
  button.disabled = true;
  say(byId('key-problem'), '');
  say(byId('key-note'), 'Asking…');
  try {
    const options = { fetch: fetchKeys, cooldown: 1 };
    const set = kind === 'url' ? KeySet.fromUrl(address, options) : KeySet.discover(address, options);
    await set.refresh();
    if (field(kind).value.trim() !== address) return;
    fetched = set;
    changed();
  } catch (error) {
    fetched = undefined;
    changed();
    sayOfKey(undefined, error);
  } finally {
    button.disabled = false;
  }
}

function showKind() {
  for (const panel of form().querySelectorAll('div[data-kind]')) panel.hidden = panel.dataset.kind !== kindOfKey();
}

function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('This is not JSON.');
  }
}

function bytes(text, encoding) {
  if (encoding === 'text') return new TextEncoder().encode(text);
  const compact = text.trim();
  try {
    if (encoding === 'hex') {
      if (!/^([0-9a-f]{2})+$/i.test(compact)) throw new Error();
      return Uint8Array.from(compact.match(/../g), (pair) => Number.parseInt(pair, 16));
    }
    return Uint8Array.from(atob(compact.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
  } catch {
    throw new Error(`This is not ${encoding}.`);
  }
}
