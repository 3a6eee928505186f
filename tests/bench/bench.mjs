// `make bench`: tokenward and its peers side by side, in every runtime that is here. Shows each row as it is measured, prints
// ratios, and writes target/bench.json, the table of README and www/bench.svg.
//
//   node tests/bench/bench.mjs [--hosts node,bun,…] [--only ES256,RS256] [--rounds 45] [--keep]
//
// --keep writes the table and the chart. Measure on a machine that does nothing else.

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { at, target, which } from '../../.ci/tools.mjs';
import { withBrowser } from '../js/browser.mjs';
import { workerModules } from '../js/bundle.mjs';
import { installed } from '../js/installed.mjs';
import { Missing, fetched } from '../js/runtimes/fetched.mjs';
import { native } from '../js/runtimes/native.mjs';
import { firstCalls } from './first-call.mjs';
import { chart, summary, table } from './report.mjs';
import { rowNames } from './rows.mjs';

const require = createRequire(at('tests/'));
const here = at('tests/bench');
const { values } = parseArgs({
  options: { hosts: { type: 'string' }, only: { type: 'string' }, rounds: { type: 'string', default: '45' }, keep: { type: 'boolean' } },
});
// Short rounds: the fewer are disturbed.
const settings = { rounds: Number(values.rounds), roundMs: 5, ...(values.only && { only: values.only.split(',') }) };

/** The newest Node; the other is the one that runs this, 20 where it is as asked for. */
const NEWEST = '26.10.0';

/** Where rows can be measured: what runs it and its version, or nothing where it is not on this machine. */
const hosts = {
  node: inProcess({ name: 'Node', program: process.execPath, version: process.version.slice(1) }),
  'node-newest': inProcess(program('Node', () => join(fetched(`node-${process.platform}-${process.arch}`, NEWEST), 'bin/node'))),
  bun: inProcess(program('Bun', () => native('@oven', 'bin/bun'))),
  deno: inProcess(
    program('Deno', () => native('@deno', 'deno')),
    ['run', '--allow-all', '--quiet'],
  ),
  workerd: { name: 'workerd', measure: inWorker },
  chromium: which('chromedriver') && { name: 'Chromium', measure: () => inBrowser('chromium') },
  firefox: which('firefox') && { name: 'Firefox', measure: () => inBrowser('firefox') },
};

const chosen = values.hosts?.split(',') ?? Object.keys(hosts);
const fixturesFile = join(target, 'bench-fixtures.json');
mkdirSync(target, { recursive: true });
writeFileSync(fixturesFile, execFileSync(hosts['node-newest']?.program ?? process.execPath, [join(here, 'fixtures.mjs')]));
const fixtures = JSON.parse(readFileSync(fixturesFile, 'utf8'));

const report = { date: new Date().toISOString().slice(0, 10), cpu: cpus()[0].model, cores: cpus().length, versions: versions(), hosts: {} };
for (const key of chosen) {
  const host = hosts[key];
  if (!host) {
    if (values.hosts) throw new Error(`${key} is not on this machine`);
    console.log(`\n── ${key}: not on this machine, skipped`);
    continue;
  }
  const started = Date.now();
  console.log(`\n── ${host.name}${host.version ? ` ${host.version}` : ''}`);
  const { results, peers, version } = await host.measure();
  complete(key, results);
  report.hosts[key] = { name: host.name, version: host.version ?? version, peers, results };
  summary(report.hosts[key]);
  console.log(`  ${Object.keys(results).length} rows in ${Math.round((Date.now() - started) / 1000)} s`);
}
if (chosen.includes('node') && !values.only) {
  console.log('\n── first call after import, Node');
  report.firstCall = firstCalls(fixturesFile);
  for (const [name, ms] of Object.entries(report.firstCall)) console.log(`  ${name.padEnd(16)} ${ms.toFixed(1)} ms`);
}
writeFileSync(join(target, 'bench.json'), `${JSON.stringify(report, null, 1)}\n`);
console.log(`\nwritten: target/bench.json`);
if (values.keep) {
  const readme = readFileSync(at('README.md'), 'utf8');
  const place = /(<!-- bench -->\n).*?(<!-- \/bench -->)/s;
  if (!place.test(readme)) throw new Error('README.md has no place for the table');
  writeFileSync(
    at('README.md'),
    readme.replace(place, (_, open, close) => `${open}${table(report)}${close}`),
  );
  writeFileSync(at('www/bench.svg'), chart(report));
  console.log('written: the table of README.md, www/bench.svg');
}

/** Runs run-here.mjs in a runtime, and shows the rows as they come. */
function inProcess(runtime, flags = []) {
  if (!runtime) return undefined;
  return {
    ...runtime,
    measure: () =>
      new Promise((resolve, reject) => {
        const child = spawn(runtime.program, [...flags, join(here, 'run-here.mjs'), fixturesFile, installed, JSON.stringify(settings)], {
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        let output = '';
        child.stdout.on('data', (chunk) => (output += chunk));
        child.stderr.on('data', (chunk) => process.stdout.write(String(chunk).replace(/^(?=.)/gm, '  … ')));
        child.once('error', reject);
        child.once('close', (code) => (code === 0 ? resolve(JSON.parse(output)) : reject(new Error(`${runtime.name} ended with ${code}`))));
      }),
  };
}

/** A runtime that is a program of its own, and its version. Nothing where there is none for this machine. */
function program(name, place) {
  try {
    const file = place();
    return { name, program: file, version: /\d+\.\d+\.\d+/.exec(execFileSync(file, ['--version'], { encoding: 'utf8' }))[0] };
  } catch (error) {
    if (error instanceof Missing) return undefined;
    throw error;
  }
}

/** A row that was not measured must not pass for one that nobody wanted. */
function complete(key, results) {
  const wanted = rowNames(fixtures).filter((row) => !settings.only || settings.only.some((each) => row.startsWith(each)));
  const missing = wanted.filter((row) => !(results[row]?.tokenward > 0));
  if (wanted.length === 0) throw new Error(`no row is called ${values.only}`);
  if (missing.length > 0) throw new Error(`${key} has not measured tokenward in ${missing.join('; ')}`);
}

async function inWorker() {
  const { Miniflare } = require('miniflare');
  const source = `export { default } from '${join(here, 'run-bundled.mjs')}';`;
  const miniflare = new Miniflare({ modules: await workerModules(source), compatibilityDate: '2025-06-01' });
  try {
    const all = { results: {}, peers: [] };
    // One request a row: it shows progress, and a Worker's request is short.
    for (const name of rowNames(fixtures)) {
      if (settings.only && !settings.only.some((each) => name.startsWith(each))) continue;
      console.log(`  … ${name}`);
      const answer = await miniflare.dispatchFetch('http://bench/', {
        method: 'POST',
        body: JSON.stringify({ fixtures, settings: { ...settings, rounds: Math.ceil(settings.rounds / 3), roundMs: 60, exactly: name } }),
      });
      const { results, peers } = await answer.json();
      Object.assign(all.results, results);
      all.peers = peers;
    }
    return { ...all, version: require('workerd/package.json').version };
  } finally {
    await miniflare.dispose();
  }
}

async function inBrowser(name) {
  const esbuild = require('esbuild');
  const { outputFiles } = await esbuild.build({
    stdin: { contents: `import { inPage } from '${join(here, 'run-bundled.mjs')}'; globalThis.inPage = inPage;`, resolveDir: installed },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['browser'],
    logLevel: 'warning',
    nodePaths: [join(installed, 'node_modules'), at('tests/node_modules')],
  });
  const server = createServer((request, response) => {
    const script = request.url === '/bench.js';
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
    // Isolated pages have a clock that is fine enough.
    response.setHeader('cross-origin-opener-policy', 'same-origin').setHeader('cross-origin-embedder-policy', 'require-corp');
    response.end(
      script
        ? outputFiles[0].text
        : '<!doctype html><meta charset="utf-8"><title>bench</title><script type="module" src="/bench.js"></script>',
    );
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await withBrowser(name, {}, async (browser) => {
      const tab = await browser.open(`http://127.0.0.1:${server.address().port}/`);
      await tab.until(() => typeof globalThis.inPage === 'function');
      await tab.evaluate(
        (fixtures, settings) => {
          globalThis.row = '';
          globalThis.done = undefined;
          globalThis
            .inPage(fixtures, settings, (row) => {
              globalThis.row = row;
            })
            .then(
              (done) => {
                globalThis.done = done;
              },
              (error) => {
                globalThis.done = { error: String(error?.stack ?? error) };
              },
            );
        },
        fixtures,
        settings,
      );
      for (let last = ''; ; ) {
        const { row, done } = await tab.evaluate(() => ({ row: globalThis.row, done: globalThis.done }));
        if (row !== last) console.log(`  … ${(last = row)}`);
        if (done?.error) throw new Error(done.error);
        if (done) return { ...done, version: await tab.evaluate(() => /(?:Chrome|Firefox)\/(\d+)/.exec(navigator.userAgent)[1]) };
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    });
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

function versions() {
  const peers = [
    'jose',
    'fast-jwt',
    'jsonwebtoken',
    '@node-rs/jsonwebtoken-linux-x64-gnu',
    'aws-jwt-verify',
    'hono',
    '@tsndr/cloudflare-worker-jwt',
    '@noble/curves',
    'jwt-decode',
  ];
  return Object.fromEntries([
    ['tokenward', JSON.parse(readFileSync(join(installed, 'node_modules/tokenward/package.json'), 'utf8')).version],
    ...peers
      .filter((name) => existsSync(at('tests/node_modules', name)))
      .map((name) => [name, JSON.parse(readFileSync(at('tests/node_modules', name, 'package.json'), 'utf8')).version]),
  ]);
}
