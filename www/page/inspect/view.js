// The first view: a token, what it says, and whether it holds.

import { decode } from '../../tokenward.js';
import { brieflySays, byId, h, say } from '../dom.js';
import { paint, showDecoded, updateDecoded } from './decoded.js';
import { clearKey, kindOfKey, readKey, sayOfKey, setKey, watchKeys } from './keys.js';
import { asCode, compile, setRules, watchRules } from './rules.js';
import { SAMPLES } from './samples.js';
import { setTimes, updateTimes } from './timebar.js';
import { showBanner, showChecks } from './verdict.js';
import { advice, sentence } from './words.js';

const EMPTY = ['none', 'No token yet', 'A sample brings its own key and rules. Try the one that ends while you watch.'];
const NO_KEY = ['none', 'No verdict without a key', 'What it says can be read by anybody. Give the key to see whether to believe it.'];

let token = '';
let decoded = null;
/** Why the token cannot even be read. */
let unreadable = null;
let compiled = {};
/** The run of explain whose answer counts. */
let latest = 0;

export function startInspect() {
  byId('samples').append(...SAMPLES.map(([name, shows, make]) =>
    h('button', { type: 'button', class: 'chip', title: shows, onclick: (event) => take(event.currentTarget, shows, make) }, name)));
  byId('token').addEventListener('input', () => {
    unpress();
    read();
  });
  byId('clear').addEventListener('click', () => {
    byId('token').value = '';
    clearKey();
    unpress();
    setRules({});
    readKeys();
    read();
    byId('token').focus();
  });
  for (const button of document.querySelectorAll('[data-copy]')) button.addEventListener('click', () => copy(button));
  watchKeys(readKeys);
  watchRules(recompile);
  setInterval(tick, 250);
  readKeys();
  read();
}

async function take(button, shows, make) {
  const sample = await make();
  clearKey();
  setKey(sample.kind, sample.key);
  setRules(sample.rules);
  byId('token').value = sample.token;
  unpress();
  button.setAttribute('aria-pressed', 'true');
  readKeys();
  read();
  say(byId('token-note'), shows);
}

function unpress() {
  for (const button of byId('samples').children) button.setAttribute('aria-pressed', 'false');
}

/** Reads the text field. What is often copied along is left out, and said. */
function read() {
  const text = byId('token').value;
  token = text.replace(/^\s*(authorization:\s*)?bearer\s+/i, '').replace(/\s+/g, '');
  paint(text);
  byId('clear').hidden = text === '';
  say(byId('token-note'), token === text || token === text.trim() ? '' : 'White space and the word Bearer are left out.');
  decoded = unreadable = null;
  try {
    if (token !== '') decoded = decode(token);
  } catch (error) {
    unreadable = error;
  }
  showDecoded(decoded, token, clock());
  setTimes(decoded?.payload ?? null, clock());
  judge();
}

function readKeys() {
  try {
    compiled.keys = readKey();
    sayOfKey(compiled.keys);
  } catch (error) {
    compiled.keys = undefined;
    compiled.unusable = error;
    sayOfKey(undefined, error);
    recompile();
    return;
  }
  compiled.unusable = undefined;
  recompile();
}

function recompile() {
  const { keys, unusable, verifier } = compiled;
  verifier?.free();
  compiled = { keys, unusable, ...compile(keys) };
  const detail = { secret: 'secretAlg', url: 'url', issuer: 'issuer' }[kindOfKey()];
  if (compiled.rules) byId('code').textContent = asCode(compiled.rules, kindOfKey(), detail && byId('keys').elements.namedItem(detail).value);
  judge();
}

/** Asks for every check. */
async function judge() {
  const run = latest += 1;
  const { verifier, unusable, error } = compiled;
  if (token === '' || !verifier) {
    showChecks(null);
    if (token === '') showBanner(...EMPTY);
    else if (error) showBanner('unclear', 'No verdict: a rule cannot be used', sentence(error.message));
    else if (unreadable) showBanner('refused', 'Refused: it cannot be read', `${sentence(unreadable.message)} ${advice(unreadable)}`);
    else if (unusable) showBanner('unclear', 'No verdict: the key cannot be used', sentence(unusable.message));
    else showBanner(...NO_KEY);
    return;
  }
  try {
    const explanation = await verifier.explain(token);
    if (run === latest) showChecks(explanation);
  } catch (failure) {
    if (run !== latest) return;
    showChecks(null);
    showBanner('unclear', 'No verdict', sentence(failure.message));
  }
}

/** The moment that counts: the one in the rules, or the clock's. */
function clock() {
  return compiled.rules?.now ?? Date.now() / 1000;
}

let ticks = 0;

function tick() {
  if (!decoded || byId('inspect').hidden) return;
  const now = clock();
  updateTimes(now);
  updateDecoded(now);
  if (ticks++ % 4 === 0) judge();
}

async function copy(button) {
  const what = button.dataset.copy;
  const text = what === 'code' ? byId('code').textContent : JSON.stringify(decoded[what], null, 2);
  try {
    await navigator.clipboard.writeText(text);
    brieflySays(button, 'Copied');
  } catch {
    brieflySays(button, 'Not allowed');
  }
}
