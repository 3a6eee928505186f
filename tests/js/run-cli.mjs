// `tokenward` on a terminal: the installed program, spawned as a shell does it.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';

import { runSuites } from './harness.mjs';
import { installed, report } from './installed.mjs';
import { signed } from './signed.mjs';

const program = join(installed, 'node_modules/.bin/tokenward');
const folder = mkdtempSync(join(tmpdir(), 'tokenward-'));
const file = (name, content) => {
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  return join(folder, name);
};
const ISSUER = 'https://login.example.com';
const AUDIENCE = 'https://api.example.com';
const SECRET = 'correct horse battery staple, and more of it';
const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
const jwk = { ...(await exportJWK(publicKey)), kid: 'one' };
const [pem, jwkFile, jwks] = [file('key.pem', await exportSPKI(publicKey)), file('key.json', jwk), file('jwks.json', { keys: [jwk] })];
const NAMED = ['--issuer', ISSUER, '--audience', AUDIENCE];

function minted(claims = {}, { key = privateKey, alg = 'ES256', iss = ISSUER } = {}) {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ iat: now, exp: now + 300, scope: 'read', iss, aud: AUDIENCE, sub: 'ada', ...claims })
    .setProtectedHeader({ alg, kid: 'one' })
    .sign(key);
}

/** Runs it with `input` on standard input. Answers { code, out, err }. */
function run(args, input = '', env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, ...env } });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, err }));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

const cli = ({ test, assert }) => {
  test('decode shows header, claims and human dates of a token on standard input, and says that nothing was verified', async () => {
    const { code, out, err } = await run(['decode'], `${await minted()}\n`);
    assert.equal(code, 0, err);
    assert.ok(out.includes('"alg": "ES256"') && out.includes('"sub": "ada"') && out.includes('not verified'), out);
    assert.ok(/exp {2}ends \d{4}-\d\d-\d\dT.*, in 5 min/.test(out), out);
    assert.equal(err, '');
    assert.equal(out.includes('\x1b'), false, 'colours in a pipe:');
  });

  for (const [name, key] of [
    ['a PEM file', ['--key', pem]],
    ['a JWK file', ['--key', jwkFile]],
    ['a JWK Set file', ['--jwks', jwks]],
  ]) {
    test(`verify takes ${name} as the key`, async () => {
      const { code, out } = await run(['verify', ...key, ...NAMED], await minted());
      assert.equal(code, 0, out);
      assert.ok(out.startsWith('✓ accepted: ES256') && out.includes('"sub": "ada"'), out);
    });
  }

  test('verify takes ES256K and ML-DSA', async () => {
    for (const alg of ['ES256K', 'ML-DSA-44']) {
      const { jwk: key, token } = signed[alg];
      const { code, out, err } = await run(
        ['verify', '--key', file(`${alg}.json`, key), '--any-issuer', '--any-audience', '--now', '1800000000'],
        token,
      );
      assert.equal(code, 0, out + err);
      assert.ok(out.startsWith(`✓ accepted: ${alg}`), out);
    }
  });

  test('verify takes a secret from a file, whose last line break does not count, and from the environment', async () => {
    const token = await minted({}, { key: new TextEncoder().encode(SECRET), alg: 'HS256' });
    const hs256 = ['--algorithm', 'HS256', ...NAMED];
    for (const [args, env] of [
      [['--secret', file('secret', `${SECRET}\n`)], {}],
      [['--secret-env', 'SHARED'], { SHARED: SECRET }],
      [['--secret-env', 'SHARED', '--encoding', 'hex'], { SHARED: Buffer.from(SECRET).toString('hex') }],
      [['--secret-env', 'SHARED', '--encoding', 'base64url'], { SHARED: Buffer.from(SECRET).toString('base64url') }],
    ]) {
      const { code, out, err } = await run(['verify', ...args, ...hs256], token, env);
      assert.equal(code, 0, out + err);
      assert.equal((out + err).includes('horse'), false, 'the secret is shown:');
    }
    assert.equal((await run(['verify', '--secret-env', 'UNSET', ...hs256], token)).code, 2);
    const { code, err } = await run(['verify', '--key', pem, '--encoding', 'hex', ...NAMED], token);
    assert.equal(code, 2);
    assert.ok(err.includes('--encoding is for --secret'), err);
  });

  test('a secret that is too short is taken where that is asked for, also from a JWK', async () => {
    const secret = 'short';
    const token = await minted({}, { key: new TextEncoder().encode(secret), alg: 'HS256' });
    const k = Buffer.from(secret).toString('base64url');
    for (const key of [
      ['--key', file('short.json', JSON.stringify({ kty: 'oct', k, alg: 'HS256' }))],
      ['--secret', file('short', secret), '--algorithm', 'HS256'],
    ]) {
      assert.equal((await run(['verify', ...key, ...NAMED], token)).code, 2);
      const { code, out, err } = await run(['verify', ...key, '--allow-short-secret', ...NAMED], token);
      assert.equal(code, 0, out + err);
    }
  });

  test('keys are fetched from a URL, or found from the issuer; where that fails the exit code is 3', async () => {
    const server = createServer(({ url }, response) => {
      const origin = `http://127.0.0.1:${server.address().port}`;
      if (url === '/down') return response.writeHead(500).end();
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify(url === '/.well-known/openid-configuration' ? { issuer: origin, jwks_uri: `${origin}/jwks` } : { keys: [jwk] }),
      );
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${server.address().port}`;
    try {
      const token = await minted({}, { iss: origin });
      for (const args of [
        ['--jwks', `${origin}/jwks`, '--any-issuer'],
        ['--issuer', origin],
      ]) {
        const { code, out, err } = await run(['verify', ...args, '--audience', AUDIENCE], token);
        assert.equal(code, 0, out + err);
      }
      for (const command of ['verify', 'explain']) {
        const { code, out, err } = await run([command, '--jwks', `${origin}/down`, '--any-issuer', '--any-audience'], token);
        assert.equal(code, 3, out + err);
        assert.ok((out + err).includes('ERR_JWKS_FETCH_FAILED'), out + err);
      }
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  test('a token that is refused is exit code 1, with the reason', async () => {
    const expired = await minted({ exp: 1_700_000_000 });
    const { code, out } = await run(['verify', '--key', pem, ...NAMED], expired);
    assert.equal(code, 1);
    assert.ok(/^✕ refused: .*\(ERR_JWT_EXPIRED\)\n$/.test(out), out);
    assert.equal((await run(['verify', '--key', pem, ...NAMED, '--now', '1699999999'], expired)).code, 0);
    assert.equal((await run(['verify', '--key', pem, ...NAMED, '--now', '2023-11-14T22:00:00Z'], expired)).code, 0);
    assert.equal((await run(['decode'], 'not.a.token')).code, 1);
  });

  test('every rule has an option, and each can refuse', async () => {
    const token = await minted({ nonce: 'n', level: 2 });
    const holds = [
      '--subject',
      'ada',
      '--scope',
      'read',
      '--claim',
      'nonce=n',
      '--claim',
      'level=2',
      '--require',
      'sub',
      '--max-age',
      '60',
      '--tolerance',
      '5',
      '--algorithm',
      'ES256',
      '--max-length',
      '4000',
    ];
    const good = await run(['verify', '--key', pem, ...NAMED, ...holds], token);
    assert.equal(good.code, 0, good.out + good.err);
    for (const rule of [
      ['--subject', 'bob'],
      ['--scope', 'write'],
      ['--claim', 'nonce=m'],
      ['--claim', 'level=3'],
      ['--require', 'jti'],
      ['--typ', 'at+jwt'],
      ['--algorithm', 'ES384'],
      ['--max-length', '50'],
      ['--max-age', '1', '--now', String(Date.now() / 1000 + 100)],
    ]) {
      const { code, out, err } = await run(['verify', '--key', pem, ...NAMED, ...rule], token);
      assert.equal(code, 1, `${rule}: ${out}${err}`);
    }
    const endless = await minted({ exp: undefined });
    assert.equal((await run(['verify', '--key', pem, ...NAMED], endless)).code, 1);
    assert.equal((await run(['verify', '--key', pem, ...NAMED, '--no-exp'], endless)).code, 0);
  });

  test('explain lists every check in order', async () => {
    const { code, out } = await run(['explain', '--key', pem, ...NAMED, '--scope', 'write'], await minted());
    assert.equal(code, 1);
    const lines = out.trim().split('\n');
    assert.same(lines.map((line) => line.split(/\s+/)[1] ?? line).slice(0, 6), [
      'format',
      'header',
      'algorithm',
      'key',
      'signature',
      'claims',
    ]);
    assert.ok(
      lines.some((line) => line.startsWith('✕ scope ')),
      out,
    );
    assert.equal(lines.at(-1), 'refused');
    assert.equal((await run(['explain', '--key', pem, ...NAMED], await minted())).code, 0);
  });

  test('--json is one document, for what is accepted, refused and misused', async () => {
    const token = await minted();
    const accepted = JSON.parse((await run(['verify', '--json', '--key', pem, ...NAMED], token)).out);
    assert.equal(accepted.ok, true);
    assert.equal(accepted.payload.sub, 'ada');
    const refused = JSON.parse((await run(['verify', '--json', '--key', pem, '--any-issuer', '--audience', 'x'], token)).out);
    assert.same([refused.ok, refused.error.code, refused.error.claim], [false, 'ERR_JWT_CLAIM_VALIDATION_FAILED', 'aud']);
    const explained = JSON.parse((await run(['explain', '--json', '--key', pem, ...NAMED], token)).out);
    assert.equal(explained.steps[0].check, 'format');
    assert.equal(JSON.parse((await run(['decode', '--json'], token)).out).header.alg, 'ES256');
    assert.equal(JSON.parse((await run(['verify', '--json', '--key', pem], token)).out).ok, false);
  });

  test('a check is left out only where that is said; what contradicts itself or is unknown is exit code 2', async () => {
    const token = await minted();
    for (const args of [
      ['verify', '--key', pem, '--audience', AUDIENCE],
      ['verify', '--key', pem, '--issuer', ISSUER],
      ['verify', '--any-issuer', '--any-audience'],
      ['verify', '--key', pem, ...NAMED, '--any-issuer'],
      ['verify', '--key', pem, '--jwks', jwks, ...NAMED],
      ['verify', '--key', '/nowhere', ...NAMED],
      ['verify', '--key', pem, ...NAMED, '--tolerance', 'much'],
      ['verify', '--key', pem, ...NAMED, '--tolerance', '601'],
      ['verify', '--key', pem, ...NAMED, '--claim', 'nonce'],
      ['decode', '--key', pem],
      ['sign'],
      [],
      ['decode', '--unknown'],
      ['verify', '--key', file('bad.json', '{"kty":"EC"}'), ...NAMED],
    ]) {
      const { code, err } = await run(args, token);
      assert.equal(code, 2, `${args}: ${err}`);
      assert.ok(err.startsWith('tokenward: '), err);
    }
    assert.equal((await run(['decode'], '')).code, 2);
  });

  test('a token given as an argument is warned about on standard error, and is judged', async () => {
    const { code, out, err } = await run(['decode', await minted(), '--json']);
    assert.equal(code, 0);
    assert.ok(/^warning: .*history/.test(err), err);
    assert.equal(JSON.parse(out).payload.sub, 'ada');
  });

  test('what a token says cannot command the terminal', async () => {
    const { out } = await run(['decode'], await minted({ name: '\u001b[2J\u009b31m\u202egnirts' }));
    assert.equal(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(out), false);
    const { out: json } = await run(['decode', '--json'], await minted({ name: '\u009b31m' }));
    assert.equal(JSON.parse(json).payload.name, '\u009b31m');
  });

  test('--help says what there is, exit codes included, and --version the version', async () => {
    const { code, out } = await run(['--help']);
    assert.equal(code, 0);
    for (const word of ['decode', 'verify', 'explain', '--key', '--jwks', '--issuer', '--audience', '--json', 'Exit code'])
      assert.ok(out.includes(word), word);
    assert.ok(out.split('\n').every((line) => line.length <= 120));
    assert.ok(/^\d+\.\d+\.\d+\n$/.test((await run(['--version'])).out));
  });

  if (spawnSync('script', ['--version'], { stdio: 'ignore' }).status === 0) {
    test('colours are for a terminal alone, and not where NO_COLOR is set', async () => {
      const input = file('token', await minted());
      const onTerminal = (env) =>
        spawnSync('script', ['-qec', `${program} decode < ${input}`, '/dev/null'], {
          encoding: 'utf8',
          env: { ...process.env, TERM: 'xterm', NO_COLOR: '', ...env },
        }).stdout;
      assert.equal(onTerminal({}).includes('\x1b['), true, 'colours on a terminal:');
      assert.equal(onTerminal({ NO_COLOR: '1' }).includes('\x1b['), false, 'colours with NO_COLOR:');
      assert.equal(onTerminal({ TERM: 'dumb' }).includes('\x1b['), false, 'colours on a dumb terminal:');
    });
  } else {
    console.log('skipped: colours on a terminal (script is missing)');
  }
};

try {
  process.exitCode = report('command line', await runSuites({ cli }, {})) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
