// What `make pack` and `make setup` refuse: modules written by hand, in which the multiplication of the RSA kernel is there, is
// not, or has become another; and tools of other versions than the lock files name.

import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { checkSimd } from '../../.ci/simd.mjs';
import { unlocked } from '../../.ci/npm.mjs';
import { at, locked, read, run } from '../../.ci/tools.mjs';
import { runSuites } from './harness.mjs';
import { report } from './installed.mjs';

const folder = mkdtempSync(join(tmpdir(), 'tokenward-'));

/** A module with these instructions, each so often. */
function module(instructions) {
  const [text, file] = [join(folder, 'module.wat'), join(folder, 'module.wasm')];
  const functions = Object.entries(instructions).flatMap(([name, times]) =>
    Array(times).fill(`(func (param v128 v128) (result v128) (${name} (local.get 0) (local.get 1)))`),
  );
  writeFileSync(text, `(module ${functions.join('\n')})`);
  run('wasm-as', ['--enable-simd', text, '-o', file]);
  return file;
}

const [LOW, HIGH, MUL] = ['i64x2.extmul_low_i32x4_u', 'i64x2.extmul_high_i32x4_u', 'i64x2.mul'];

function simd({ test, assert }) {
  const refused = (instructions) => {
    let error;
    try {
      checkSimd(module(instructions));
    } catch (thrown) {
      error = thrown;
    }
    assert.equal(/lacks the SIMD multiplication/.test(error?.message), true);
  };
  test('a module with the multiplication is taken', () => {
    assert.same(checkSimd(module({ [LOW]: 8, [HIGH]: 8, [MUL]: 1 })), { narrow: 16, wide: 1 });
  });
  test('a module that was built without SIMD is refused', () => refused({}));
  test('a module that multiplies in full width is refused', () => {
    refused({ [LOW]: 8, [HIGH]: 8, [MUL]: 2 });
    refused({ [LOW]: 4, [HIGH]: 4, [MUL]: 8 });
  });
  test('a module in which a part of it is missing, or signed, is refused', () => {
    refused({ [LOW]: 8, [HIGH]: 7 });
    refused({ 'i64x2.extmul_low_i32x4_s': 8, 'i64x2.extmul_high_i32x4_s': 8 });
  });
}

function tools({ test, assert }) {
  const project = (pins, installed) => {
    const place = join(folder, 'project');
    mkdirSync(join(place, 'node_modules'), { recursive: true });
    writeFileSync(join(place, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...pins } }));
    writeFileSync(join(place, 'node_modules/.package-lock.json'), JSON.stringify({ packages: installed }));
    return unlocked(place);
  };
  const pins = {
    'node_modules/esbuild': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/@esbuild/elsewhere': { version: '1.0.0', integrity: 'sha512-b', optional: true },
  };
  test('the tools installed here are those of the lock file', () => assert.same(unlocked(at('tests')), []));
  test('a package for another platform may be missing, and no other', () => {
    assert.same(project(pins, { 'node_modules/esbuild': pins['node_modules/esbuild'] }), []);
    assert.same(project(pins, {}), ['node_modules/esbuild: 1.0.0 is missing']);
  });
  test('another version, another file and a package that is not locked are named', () => {
    const { 'node_modules/esbuild': esbuild } = pins;
    assert.same(project(pins, { 'node_modules/esbuild': { ...esbuild, version: '1.0.1' } }), [
      'node_modules/esbuild: 1.0.1 instead of 1.0.0',
    ]);
    assert.same(project(pins, { 'node_modules/esbuild': { ...esbuild, integrity: 'sha512-c' } }), [
      'node_modules/esbuild: another file of version 1.0.0',
    ]);
    assert.same(project(pins, { 'node_modules/esbuild': esbuild, 'node_modules/stray': { version: '2.0.0' } }), [
      'node_modules/stray: 2.0.0, which is not locked',
    ]);
  });
  test('every install of a tool is locked', () => {
    const files = readdirSync(at('.ci'), { recursive: true })
      .map((file) => at('.ci', file))
      .filter((file) => statSync(file).isFile());
    const installs = files
      .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
      .filter((line) => /cargo \S*\s?install -|'cargo', \['install'/.test(line));
    assert.ok(installs.length >= 4, `${installs.length} lines`);
    for (const line of installs) assert.ok(line.includes('--locked'), line);
    const npm = files.filter((file) => /npm (install|ci) -|npm\('(install|ci)'/.test(readFileSync(file, 'utf8')));
    assert.same(npm, [at('.ci/npm.mjs')]);
  });
  test('wasm-bindgen is pinned to the version of the crate', () => {
    assert.ok(read('.ci/wasm-bindgen/Cargo.lock').includes(`name = "wasm-bindgen-cli"\nversion = "${locked('wasm-bindgen')}"`));
  });
}

try {
  process.exitCode = report('what packing refuses', await runSuites({ simd, tools }, {})) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
