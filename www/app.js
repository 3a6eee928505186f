// The demo in a page: the same as demo.mjs does in Node, at the press of a button.

import { checkExpiry, createBearerFetch, decode, jsonLogin } from './tokenward.js';

const { origin } = location;
const resource = `${origin}/protected`;
const api = createBearerFetch({
  session: { grant: jsonLogin({ tokenUrl: `${origin}/token`, revokeUrl: `${origin}/logout` }) },
  resources: resource,
});
const { session } = api;
const element = (id) => document.getElementById(id);

/** The token as it was last seen, for showing only. */
let shown;

on('login', 'submit', 'Log in', async (event) => {
  const { subject } = await session.login(Object.fromEntries(new FormData(event.target)));
  shown = await session.getAccessToken();
  return `signed in${subject ? ` as ${subject}` : ''}`;
});

on('call', 'click', 'Call the API', async () => {
  const response = await api(resource);
  shown = await session.getAccessToken();
  return said(response, (await response.json()).message);
});

on('tamper', 'click', 'Send the token with one character changed', async () => {
  const [header, payload, signature] = (await session.getAccessToken()).split('.');
  const changed = payload.slice(0, 20) + (payload[20] === 'A' ? 'B' : 'A') + payload.slice(21);
  const response = await fetch(resource, { headers: { authorization: `Bearer ${header}.${changed}.${signature}` } });
  return said(response, response.headers.get('www-authenticate'));
});

on('logout', 'click', 'Log out', async () => {
  const { revoked } = await session.logout();
  shown = undefined;
  return revoked ? 'signed out; the service has revoked the sign-in' : 'signed out here; the service could not be told';
});

session.on('refreshed', ({ generation }) => log('Refreshed', `without anybody asking: token number ${generation}`));
session.on('ended', ({ reason }) => log('The session ended', reason));
session.on('change', show);
setInterval(show, 250);
show();

function said(response, text) {
  return `${response.status}, ${text}`;
}

function on(id, event, title, action) {
  element(id).addEventListener(event, async (occurred) => {
    occurred.preventDefault();
    try {
      log(title, await action(occurred));
    } catch (error) {
      log(title, `${error.code ?? error.name}: ${error.message}`, true);
    }
    show();
  });
}

function log(title, text, wrong = false) {
  const item = document.createElement('li');
  item.textContent = `${title}: ${text}`;
  item.classList.toggle('wrong', wrong);
  element('log').append(item);
}

function show() {
  const { status, reason, generation } = session.snapshot;
  element('status').textContent = status === 'active' ? `signed in, token number ${generation}` : `${status}${reason ? ` (${reason})` : ''}`;
  if (!shown) {
    element('expiry').textContent = element('token').textContent = 'none';
    return;
  }
  const { expired, expiresIn } = checkExpiry(shown);
  element('expiry').textContent = expired ? 'expired; the next call gets a new one' : `expires in ${expiresIn.toFixed(1)} s`;
  element('token').textContent = JSON.stringify(decode(shown), null, 2);
}
