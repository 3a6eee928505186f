// What a deployment tool does for workerd: one script, and the WebAssembly modules that it imports beside it.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';

import { installed, root } from './installed.mjs';

const esbuild = createRequire(join(root, 'tests/'))('esbuild');

/** Bundles `source`, which may import 'tokenward' by name, into the modules of a Worker, as miniflare takes them. */
export async function workerModules(source, resolveDir = installed, options = {}) {
  const wasm = new Map();
  const { outputFiles } = await esbuild.build({
    stdin: { contents: source, resolveDir, loader: 'js' },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    nodePaths: [join(installed, 'node_modules')],
    logLevel: 'warning',
    external: ['cloudflare:*', 'node:*'],
    ...options,
    plugins: [
      {
        name: 'wasm',
        setup(build) {
          build.onResolve({ filter: /\.wasm$/ }, async ({ path, importer, resolveDir: from, pluginData }) => {
            if (pluginData === 'seen') return undefined;
            const found = await build.resolve(path, { importer, resolveDir: from, kind: 'import-statement', pluginData: 'seen' });
            wasm.set(basename(found.path), found.path);
            return { path: `./${basename(found.path)}`, external: true };
          });
        },
      },
    ],
  });
  return [
    { type: 'ESModule', path: 'worker.mjs', contents: outputFiles[0].text },
    ...[...wasm].map(([path, file]) => ({ type: 'CompiledWasm', path, contents: readFileSync(file) })),
  ];
}
