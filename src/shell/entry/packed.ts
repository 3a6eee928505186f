// The module as pages carry it: its bytes in streams, which compress by a seventh better, and a small module that puts them
// in order again (.ci/streams). That takes 1 to 3 ms, once; what runs is the module that workerd imports, byte for byte.

import { boot, order, size, text } from '#bytes';

interface Boot {
  memory: WebAssembly.Memory;
  unpack(start: number, length: number, size: number): number;
  __heap_base: WebAssembly.Global<'i32'>;
}

export function compile(): WebAssembly.Module {
  const module = new WebAssembly.Module(Uint8Array.from(atob(boot), (character) => character.charCodeAt(0)));
  const { memory, unpack, __heap_base } = new WebAssembly.Instance(module).exports as unknown as Boot;
  const start = __heap_base.value;
  const output = 256 + text.length;
  memory.grow(((start + output + size + 10) >> 16) + 1);
  const bytes = new Uint8Array(memory.buffer, start);
  for (let at = 0; at < 256; at++) bytes[at] = parseInt(order.slice(2 * at, 2 * at + 2), 16);
  new TextEncoder().encodeInto(text, bytes.subarray(256));
  return new WebAssembly.Module(bytes.subarray(output, output + unpack(start, text.length, bytes.length)));
}
