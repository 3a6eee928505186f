// The main job, told step by step: a client in Node against the Worker beside this file. Any step that goes wrong ends it.

import { checkExpiry, createBearerFetch, decode, jsonLogin } from 'tokenward';

const CREDENTIALS = { username: 'ada@example.com', password: 'analytical engine' };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs the demo against the service at `origin`. Rejects at the first step that does not go as it should. */
export async function demo(origin) {
  const resource = `${origin}/protected`;
  const api = createBearerFetch({
    session: { grant: jsonLogin({ tokenUrl: `${origin}/token`, revokeUrl: `${origin}/logout` }) },
    resources: resource,
  });
  const { session } = api;
  let refreshes = 0;
  session.on('refreshed', () => {
    refreshes += 1;
  });

  await step('Without a token the API refuses', async () => {
    const response = await fetch(resource);
    expect(response.status === 401, `HTTP status ${response.status}`);
    const answer = await response.text();
    expect(answer.includes('You must specify a Bearer token in the Authorization header to access this resource'), answer);
    return `401, ${answer}`;
  });

  await step('Log in with user name and password', async () => {
    const { status, subject } = await session.login(CREDENTIALS);
    expect(status === 'active', status);
    return `signed in as ${subject ?? CREDENTIALS.username}`;
  });

  await step('Call the API: the token is attached by itself', async () => greeting(await api(resource)));

  const first = await session.getAccessToken();
  await step('Look into the token', async () => {
    const { header, payload } = decode(first);
    return `${header.alg}, key ${header.kid.slice(0, 8)}…, issued by ${payload.iss} to ${payload.sub} for ${payload.aud}`;
  });
  const { expiresIn } = checkExpiry(first);
  await step('See when it expires', async () => {
    expect(expiresIn > 0, `it has expired ${-expiresIn} s ago`);
    return `in ${expiresIn.toFixed(1)} s`;
  });

  await step('Let it expire, and call again: it is refreshed without the caller noticing', async () => {
    await sleep(expiresIn * 1000 + 200);
    expect(checkExpiry(first).expired, 'the first token has not expired');
    const said = await greeting(await api(resource));
    expect(refreshes > 0 && (await session.getAccessToken()) !== first, 'there was no refresh');
    return said;
  });

  await step('Send the expired token by hand: refused', async () => challenge(await raw(first)));

  const token = await session.getAccessToken();
  await step('Change one character of a good token: refused', async () => {
    const [header, payload, signature] = token.split('.');
    const changed = payload.slice(0, 20) + (payload[20] === 'A' ? 'B' : 'A') + payload.slice(21);
    return challenge(await raw([header, changed, signature].join('.')));
  });

  await step('Log out: the service revokes the sign-in', async () => {
    const last = await session.getAccessToken();
    const { revoked } = await session.logout();
    expect(revoked, 'not revoked');
    return `and ${await challenge(await raw(last))}`;
  });

  await step('Call the API once more: nothing signs in by itself', async () => {
    const code = await api(resource).then(
      (response) => `HTTP status ${response.status}`,
      (error) => error.code,
    );
    expect(code === 'ERR_SESSION_SIGNED_OUT', code);
    return code;
  });
  session.close();

  function raw(bearer) {
    return fetch(resource, { headers: { authorization: `Bearer ${bearer}` } });
  }
}

async function greeting(response) {
  expect(response.status === 200, `HTTP status ${response.status}`);
  return `200, ${(await response.json()).message}`;
}

async function challenge(response) {
  const says = response.headers.get('www-authenticate') ?? 'no challenge';
  expect(response.status === 401 && says.includes('invalid_token'), `HTTP status ${response.status}, ${says}`);
  return `401, ${says}`;
}

function expect(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}

async function step(title, body) {
  try {
    console.log(`  ✓ ${title}\n      ${await body()}`);
  } catch (error) {
    console.log(`  ✗ ${title}\n      ${error.message}`);
    throw error;
  }
}
