// The RSA kernel stands on `i64x2.extmul_low_i32x4_u` and its twin for the high half. Where LLVM finds their operands
// loop-invariant it writes `i64x2.mul` in their place, and the kernel is slower than without SIMD; nothing else would tell.

import { output } from './tools.mjs';

/** Multiplications in the RSA kernel: eight in its loop and as many before it, where one may be the wide one. */
const NARROW_AT_LEAST = 16;
const WIDE_AT_MOST = 1;

/** How often a module has each instruction. Throws where they are not what the kernel relies on. */
export function checkSimd(file) {
  const text = output('wasm-dis', [file]);
  const count = (instruction) => text.match(instruction)?.length ?? 0;
  const [narrow, wide] = [count(/\(i64x2\.extmul_\w+_i32x4_u$/gm), count(/\(i64x2\.mul$/gm)];
  if (narrow < NARROW_AT_LEAST || wide > WIDE_AT_MOST) {
    throw new Error(`${file} lacks the SIMD multiplication that its RSA kernel relies on: ${narrow} × extmul, ${wide} × mul`);
  }
  return { narrow, wide };
}
