// The packed package in the hands of bundlers, frameworks and test runners, without configuration. What they make is run: pages in
// headless Chromium, Workers in workerd, the rest in Node.
//
//   node tests/packaging/run.mjs                  all of them
//   node tests/packaging/run.mjs vite-dev jest    these

import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { which } from '../../.ci/tools.mjs';
import { withBrowser } from '../js/browser.mjs';
import { html, install, project, served, statically, tool, workshop } from './project.mjs';

const SOURCES = { 'src/check.js': 'check.js', 'src/index.js': 'page.js' };
const PAGE = { 'index.html': html('<script type="module" src="src/index.js"></script>') };
const WORKER = { 'src/check.js': 'check.js', 'src/index.js': 'worker.js' };
const WRANGLER = { 'wrangler.toml': 'name = "tokenward"\nmain = "src/index.js"\ncompatibility_date = "2024-01-01"\n' };
/** A page over what a bundler wrote. */
const over = (file, type = 'module') => html(`<script ${type ? `type="${type}" ` : 'defer '}src="${file}"></script>`);

/** Each consumer: it makes its project, and gives what was said there. */
const CONSUMERS = {
  async 'vite-dev'() {
    const folder = project('vite-dev', SOURCES, PAGE);
    return served(folder, 'vite', (port) => ['--host', '127.0.0.1', '--port', port, '--strictPort'], page);
  },
  async 'vite-build'() {
    const folder = project('vite-build', SOURCES, PAGE);
    await tool(folder, 'vite', 'build');
    return statically(join(folder, 'dist'), page);
  },
  async webpack() {
    const folder = project('webpack', SOURCES, { 'dist/index.html': over('main.js', '') });
    await tool(folder, 'webpack-cli', '--mode', 'production');
    return statically(join(folder, 'dist'), page);
  },
  async 'webpack-development'() {
    const folder = project('webpack-development', SOURCES, { 'dist/index.html': over('main.js', '') });
    await tool(folder, 'webpack-cli', '--mode', 'development');
    return statically(join(folder, 'dist'), page);
  },
  async esbuild() {
    const folder = project('esbuild', SOURCES, { 'dist/index.html': over('main.js') });
    await tool(folder, 'esbuild', 'src/index.js', '--bundle', '--minify', '--format=esm', '--outfile=dist/main.js');
    return statically(join(folder, 'dist'), page);
  },
  async 'esbuild-iife'() {
    const folder = project('esbuild-iife', SOURCES, { 'dist/index.html': over('main.js', '') });
    await tool(folder, 'esbuild', 'src/index.js', '--bundle', '--format=iife', '--outfile=dist/main.js');
    return statically(join(folder, 'dist'), page);
  },
  async rollup() {
    const folder = project('rollup', SOURCES, { 'dist/index.html': over('main.js') });
    await tool(folder, 'rollup', 'src/index.js', '--plugin', 'node-resolve', '--format', 'es', '--file', 'dist/main.js');
    return statically(join(folder, 'dist'), page);
  },
  async 'wrangler-dev'() {
    const folder = project('wrangler-dev', WORKER, WRANGLER);
    return served(folder, 'wrangler', (port) => ['dev', '--ip', '127.0.0.1', '--port', port, '--inspector-port', '0'], text);
  },
  async wrangler() {
    const folder = project('wrangler', WORKER, WRANGLER);
    await tool(folder, 'wrangler', 'deploy', '--dry-run', '--outdir', 'dist');
    // The script comes first, and its modules beside it.
    const files = ['.js', '.wasm'].flatMap((end) => readdirSync(join(folder, 'dist')).filter((file) => file.endsWith(end)));
    const { Miniflare } = createRequire(join(workshop, 'package.json'))('miniflare');
    const worker = new Miniflare({
      compatibilityDate: '2024-01-01',
      modulesRoot: join(folder, 'dist'),
      modules: files.map((file) => ({
        type: file.endsWith('.wasm') ? 'CompiledWasm' : 'ESModule',
        path: join(folder, 'dist', file),
        contents: readFileSync(join(folder, 'dist', file)),
      })),
    });
    try {
      return await (await worker.dispatchFetch('http://worker/')).text();
    } finally {
      await worker.dispose();
    }
  },
  async vitest() {
    const folder = project(
      'vitest',
      { 'check.js': 'check.js' },
      {
        'check.test.js':
          "import { expect, test } from 'vitest';\nimport { check } from './check.js';\n\ntest('check', async () => expect(await check()).toBe('fine'));\n",
      },
    );
    return outcome(await tool(folder, 'vitest', 'run'), /Tests +1 passed \(1\)/);
  },
  async jest() {
    // Jest's own way is CommonJS. Babel's preset is a dependency of every project that writes import, and not of this one.
    const folder = project(
      'jest',
      { 'jsdom.test.js': 'jsdom.test.cjs' },
      {
        'package.json': '{ "private": true }\n',
        'check.test.js': `${required()}\ntest('check', async () => expect(await check()).toBe('fine'));\n`,
      },
    );
    return outcome(await tool(folder, 'jest', '--rootDir', folder), /Tests: +2 passed, 2 total/);
  },
  async next() {
    const folder = project('next', { app: 'next/app', 'check.js': 'check.js' });
    await tool(folder, 'next', 'build');
    return served(
      folder,
      'next',
      (port) => ['start', '-H', '127.0.0.1', '-p', port],
      async (origin) => {
        const said = { client: await page(origin), node: await text(`${origin}node`), edge: await text(`${origin}edge`) };
        const wrong = Object.entries(said).find(([, each]) => each !== 'fine');
        return wrong ? wrong.join(': ') : 'fine';
      },
    );
  },
  async rolldown() {
    const folder = project('rolldown', SOURCES, { 'dist/index.html': over('main.js') });
    await tool(folder, 'rolldown', 'src/index.js', '--format', 'es', '--file', 'dist/main.js');
    return statically(join(folder, 'dist'), page);
  },
  async bun() {
    const folder = project('bun', SOURCES, { 'dist/index.html': over('index.js') });
    await tool(folder, 'bun', 'build', 'src/index.js', '--outdir', 'dist');
    return statically(join(folder, 'dist'), page);
  },
  async parcel() {
    const folder = project('parcel', SOURCES, PAGE);
    await tool(folder, 'parcel', 'build', 'index.html', '--no-cache');
    return statically(join(folder, 'dist'), page);
  },
  async 'import-map'() {
    const names = ['index', 'decode', 'verify', 'session', 'ml-dsa', 'stores', 'testing'];
    const imports = Object.fromEntries(
      names.map((name) => [name === 'index' ? 'tokenward' : `tokenward/${name}`, `/node_modules/tokenward/dist/${name}.js`]),
    );
    const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
    project('import-map', SOURCES, { 'index.html': html('<script type="module" src="src/index.js"></script>', map) });
    return statically(workshop, (origin) => page(`${origin}import-map/`));
  },
};

/** Those that need no browser. */
const PAGELESS = ['wrangler', 'wrangler-dev', 'vitest', 'jest'];

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in CONSUMERS));
if (unknown.length > 0) throw new Error(`${unknown} is none of ${Object.keys(CONSUMERS).join(', ')}`);
install();
const count = { passed: 0, failed: 0 };
for (const name of asked.length > 0 ? asked : Object.keys(CONSUMERS)) {
  if (!PAGELESS.includes(name) && !which('chromedriver')) {
    console.log(`skipped: ${name} (chromedriver is missing)`);
    continue;
  }
  const started = Date.now();
  const said = await CONSUMERS[name]().catch((error) => error.stack);
  count[said === 'fine' ? 'passed' : 'failed'] += 1;
  console.log(`${name}: ${said} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}
console.log(`packaging: ${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed === 0 && count.passed > 0 ? 0 : 1;

/** What a page says, once it does. */
function page(url) {
  return withBrowser('chromium', {}, async (browser) => {
    const tab = await browser.open(url);
    return tab.until(() => document.body?.dataset.said).catch((error) => [error.message, ...browser.complaints].join('\n'));
  });
}

async function text(url) {
  return (await fetch(url)).text();
}

function outcome(said, expected) {
  return expected.test(said) ? 'fine' : said;
}

/** check.js as CommonJS. */
function required() {
  return readFileSync(new URL('check.js', import.meta.url), 'utf8')
    .replace(/^import '(.*)';$/gm, "require('$1');")
    .replace(/^import (.*) from '(.*)';$/gm, "const $1 = require('$2');")
    .replace('export async function', 'async function');
}
