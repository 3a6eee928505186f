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
const NO_KEY = [
  'none',
  'No verdict without a key',
  'Its claims are readable without a key, but not trustworthy. Paste the key to verify it.',
];

let token = '';
let decoded = null;
/** Why the token cannot even be read. */
let unreadable = null;
let compiled = {};
/** The sample that was asked for last: some take longer to make than others. */
let wishes = 0;
/** The run of explain whose answer counts. */
let latest = 0;

export function startInspect() {
  byId('samples').append(
    ...SAMPLES.map(([name, shows, make]) =>
      h('button', { type: 'button', class: 'chip', title: shows, onclick: (event) => take(event.currentTarget, shows, make) }, name),
    ),
  );
  byId('token').addEventListener('input', () => {
    wishes += 1;
    unpress();
    read();
  });
  byId('clear').addEventListener('click', () => {
    wishes += 1;
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
  const wish = (wishes += 1);
  let sample;
  try {
    sample = await make();
  } catch {
    say(byId('token-note'), 'Samples are signed in this page, and this browser cannot do that here: it wants https, or localhost.');
    return;
  }
  if (wish !== wishes) return;
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
  loadMlDsa();
  showDecoded(decoded, token, clock());
  setTimes(decoded?.payload ?? null, clock());
  judge();
}

let mlDsa = false;

/** The package has ML-DSA in an entry point of its own, which is fetched for the first token that needs it. */
async function loadMlDsa() {
  if (mlDsa || !String(decoded?.header.alg).startsWith('ML-DSA')) return;
  mlDsa = true;
  await import('../../ml-dsa.js');
  // A key that could not be used before can be now.
  readKeys();
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
  if (compiled.rules)
    byId('code').textContent = asCode(compiled.rules, kindOfKey(), detail && byId('keys').elements.namedItem(detail).value);
  judge();
}

/** Asks for every check. */
async function judge() {
  const run = (latest += 1);
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
