// The edge runtime of Vercel's, as npm has it, with the entry points of `edge-light` and the modules as the platform
// hands them over: compiled already. A build step has made one script of all.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';

import { installed, root } from '../installed.mjs';
import { program } from './program.mjs';

const require = createRequire(join(root, 'tests/'));

export async function edgeRuntime({ report }) {
  const { EdgeRuntime } = require('edge-runtime');
  const script = await bundled(
    program({
      host: 'edge-runtime',
      long: true,
      before: "import module from 'tokenward/core.wasm?module';",
      slim: 'slim.initSync(module)',
    }),
  );
  // The leak suites read every getter of what they are given, prototypes too; some of Node's answer that with a rejection.
  process.on('unhandledRejection', (error) => {
    if (error?.code !== 'ERR_INVALID_THIS') throw error;
  });
  let fine = true;
  for (const way of ['import', 'session', 'slim']) {
    const runtime = new EdgeRuntime({ extend: (context) => Object.assign(context, { modules: script.modules }), initialCode: script.text });
    fine = report(`edge-runtime (${way})`, await runtime.evaluate(`suite.run('${way}')`)) && fine;
  }
  return fine;
}

async function bundled(contents) {
  const modules = {};
  const { outputFiles } = await require('esbuild').build({
    stdin: { contents, resolveDir: installed, loader: 'js' },
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'suite',
    target: 'es2022',
    conditions: ['edge-light', 'worker', 'browser'],
    nodePaths: [join(installed, 'node_modules')],
    logLevel: 'warning',
    external: ['node:*'],
    plugins: [
      {
        name: 'wasm',
        setup(build) {
          build.onResolve({ filter: /\.wasm\?module$/ }, async ({ path, resolveDir, importer }) => {
            const found = await build.resolve(path.replace('?module', ''), { resolveDir, importer, kind: 'import-statement' });
            const name = basename(found.path);
            modules[name] = new WebAssembly.Module(readFileSync(found.path));
            return { path: name, namespace: 'module' };
          });
          build.onLoad({ filter: /./, namespace: 'module' }, ({ path }) => ({ contents: `export default globalThis.modules['${path}'];` }));
        },
      },
    ],
  });
  return { modules, text: `${outputFiles[0].text}\nglobalThis.suite = suite;` };
}
