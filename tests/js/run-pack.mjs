// What `make pack` refuses: modules written by hand, in which the multiplication of the RSA kernel is there, is not, or has
// become another.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { checkSimd } from '../../.ci/simd.mjs';
import { run } from '../../.ci/tools.mjs';
import { runSuites } from './harness.mjs';
import { report } from './installed.mjs';

const folder = mkdtempSync(join(tmpdir(), 'tokenward-'));

/** A module with these instructions, each so often. */
function module(instructions) {
  const [text, file] = [join(folder, 'module.wat'), join(folder, 'module.wasm')];
  const functions = Object.entries(instructions).flatMap(([name, times]) => Array(times).fill(
    `(func (param v128 v128) (result v128) (${name} (local.get 0) (local.get 1)))`,
  ));
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

try {
  process.exitCode = report('what packing refuses', await runSuites({ simd }, {})) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
