// The second view: a session, what is done with it, and the timeline of it.

import { createBearerFetch, indexedDbStore, jsonLogin } from '../../tokenward.js';
import { byId, h, say } from '../dom.js';
import { Record } from './record.js';
import { findService } from './service.js';
import { drawTimeline } from './timeline.js';

const LOG_LENGTH = 100;
const ENDED = {
  logout: 'signed out',
  'logout-elsewhere': 'signed out in another tab',
  compromised: 'signed out as compromised',
  'refresh-rejected': 'the service no longer accepts the refresh token',
  'rotation-response-lost': 'an answer with a new refresh token was lost',
  'no-refresh-token': 'there was no refresh token',
  'identity-changed': 'another user signed in',
  'store-corrupt': 'the stored record cannot be read',
  'never-signed-in': 'no user has signed in',
};
const WARNED = {
  'persist-failed': 'the sign-in could not be stored; it goes on in memory',
  'clock-jump': 'the clock of this machine has jumped',
  'rejected-on-arrival': 'a token that has only just come was refused, so another one would not help',
  'lock-unavailable': 'there are no locks here; tabs go by the store alone',
};
const WEATHER = { slow: 2000 };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let service;
let record;
let api;
let shared = false;
let generation = 0;
let spoilNext = false;
let steady;

/** Starts the view. With `shared`, it looks for a sign-in that another tab has stored. */
export async function startSession(options) {
  record = new Record(log);
  drawTimeline(byId('timeline'), record);
  try {
    service = await findService();
  } catch {
    say(byId('where'), 'But the token service cannot be reached, so there is nothing to sign in to.');
    return;
  }
  say(byId('where'), service.says);
  byId('login').elements.shared.checked = options.shared;
  // A tab that was opened to share a sign-in looks for it; any other touches no storage before it is asked to.
  open(options.shared);

  byId('login').addEventListener('submit', (event) => {
    event.preventDefault();
    attempt('Sign-in', signIn);
  });
  on('logout', 'Sign-out', async () => {
    const { revoked } = await api.session.logout();
    return revoked ? 'signed out, and the service has revoked the sign-in' : 'signed out here; the service could not be told';
  });
  on('call', 'Call', call);
  on('five', 'Five calls', async () => (await Promise.all(Array.from({ length: 5 }, call))).map((said) => said.slice(0, 3)).join(', '));
  on('spoil', 'Call with a token spoiled on its way', () => {
    spoilNext = true;
    return call();
  });
  on('tamper', 'Forged token', forged);
  byId('another').addEventListener('click', () => window.open(shared ? '#session,shared' : '#session', '_blank', 'noopener'));
  byId('steady').addEventListener('change', ({ target }) => {
    clearInterval(steady);
    if (target.checked) steady = setInterval(() => attempt('Call', call, true), 1000);
  });
}

/** A session in this tab, kept in memory or where other tabs see it. */
function open(isShared) {
  api?.session.close();
  shared = isShared;
  generation = 0;
  const at = (path) => new URL(path, service.base).href;
  api = createBearerFetch({
    resources: at('protected'),
    fetch: recorded('call', (input, init) => service.send(spoiled(new Request(input, init)))),
    session: {
      name: 'demo',
      grant: jsonLogin({ tokenUrl: at('token'), revokeUrl: at('logout') }),
      fetch: recorded('token', throughWeather),
      retry: { baseMs: 1000, capMs: 4000 },
      ...(isShared && { store: indexedDbStore({ database: 'tokenward-demo' }) }),
    },
  });
  const { session } = api;
  session.on('change', show);
  session.on('refreshed', ({ generation: number, durationMs, adopted }) =>
    record.say(
      adopted ? `Token ${number}: another tab obtained it` : `Token ${number}, obtained in ${Math.round(durationMs)} ms in the background`,
      'token',
    ),
  );
  session.on('ended', ({ reason }) =>
    record.say(`The session ended: ${ENDED[reason] ?? reason}`, reason.startsWith('logout') ? '' : 'wrong'),
  );
  session.on('warning', ({ code }) => record.say(`Warning: ${WARNED[code] ?? code}`, 'wrong'));
  show();
}

async function signIn() {
  const { username, password, shared: wanted } = byId('login').elements;
  if (wanted.checked !== shared) open(wanted.checked);
  // A reload finds a sign-in that was to be kept. The address says that much and nothing else.
  history.replaceState(null, '', shared ? '#session,shared' : '#session');
  const { subject } = await api.session.login({ username: username.value, password: password.value });
  return `signed in${subject ? ` as ${subject}` : ''}`;
}

async function call() {
  const response = await api(new URL('protected', service.base));
  return `${response.status} ${response.ok ? (await response.json()).message : response.headers.get('www-authenticate')}`;
}

/** What an attacker would do: another claim, the same signature. */
async function forged() {
  const [header, payload, signature] = (await api.session.getAccessToken()).split('.');
  const claims = btoa(JSON.stringify({ ...JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))), sub: 'root' }));
  const token = [header, claims.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''), signature].join('.');
  const send = recorded('call', (...args) => service.send(...args));
  const response = await send(new URL('protected', service.base).href, { headers: { authorization: `Bearer ${token}` } });
  return `${response.status} ${response.headers.get('www-authenticate')}`;
}

/** Where it was asked for, one character of the token is changed once it has left the wrapper. */
function spoiled(request) {
  if (!spoilNext) return request;
  spoilNext = false;
  const headers = new Headers(request.headers);
  const value = headers.get('authorization') ?? '';
  headers.set('authorization', value.slice(0, -2) + (value.at(-2) === 'A' ? 'B' : 'A') + value.slice(-1));
  return new Request(request, { headers });
}

async function throughWeather(...args) {
  const weather = document.querySelector('#weather :checked').value;
  if (weather === 'down') {
    await sleep(150);
    throw new TypeError('the service is down');
  }
  await sleep(WEATHER[weather] ?? 0);
  const response = await service.send(...args);
  if (weather === 'lost') throw new TypeError('the answer was lost');
  return response;
}

function recorded(kind, send) {
  return async (...args) => {
    const ended = record.request(kind);
    try {
      const response = await send(...args);
      ended(response.status);
      return response;
    } catch (error) {
      ended();
      throw error;
    }
  };
}

function on(id, title, action) {
  byId(id).addEventListener('click', () => attempt(title, action));
}

async function attempt(title, action, quietly = false) {
  try {
    const said = await action();
    if (!quietly) record.say(`${title}: ${said}`, /^[45]\d\d/.test(said) ? 'wrong' : '');
  } catch (error) {
    record.say(`${title}: ${error.code ?? error.name}, ${error.message}`, 'wrong');
  }
}

/** How the session stands: in words, as a life on the timeline, in what can be pressed. */
function show() {
  const { snapshot } = api.session;
  const active = snapshot.status === 'active';
  if (active && snapshot.generation !== generation) {
    generation = snapshot.generation;
    record.life(generation, (snapshot.expiresAt ?? Infinity) * 1000);
  }
  if (!active && generation !== 0) {
    generation = 0;
    record.ended();
  }
  const status = byId('session-status');
  say(status, active ? `signed in, token ${generation}${snapshot.refreshing ? ', refreshing' : ''}` : snapshot.status.replace('-', ' '));
  status.dataset.status = active ? snapshot.freshness : snapshot.status;
  byId('logout').disabled = !active;
  byId('login').querySelector('.primary').disabled = active;
  byId('login').elements.shared.disabled = active;
}

function log(from, text, tone) {
  const list = byId('log');
  const scroll = byId('log-scroll');
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40;
  byId('log-empty').hidden = true;
  const time = new Date().toLocaleTimeString();
  list.append(h('li', { 'data-tone': tone }, h('time', {}, time), h('span', {}, from ? `${from}: ${text}` : text)));
  while (list.children.length > LOG_LENGTH) list.firstChild.remove();
  if (atEnd) scroll.scrollTop = scroll.scrollHeight;
}
