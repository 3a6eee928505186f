// A WebAssembly module with its bytes in an order that gzip and brotli see through: opcodes, locals, offsets, constants and so
// on each in a stream of their own. `unpack` of boot.rs gives the module back, byte for byte.

/** The natural alignment of opcodes 40 to 62, which is left out. */
const ALIGNMENTS = [2, 3, 2, 3, 0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 2, 3, 2, 3, 0, 1, 0, 1, 2];
/** Opcodes that WebAssembly does not have: a load or store that says its alignment, and a constant of several bytes. */
const ALIGNED_OTHERWISE = 6;
const LONG_CONSTANT = 7;
/** The streams in the order in which they stand: opcodes, declarations of locals, locals, … */
const STREAMS = 'onlaikcbtTgjdv';

/** The bytes that boot.rs reads: how many functions there are, the length of each part, and the parts. */
export function packed(module) {
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = module[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const before = [module.subarray(0, 8)];
  const after = [];
  let code;
  while (at < module.length) {
    const start = at;
    const id = module[at++];
    const length = number();
    if (id === 10) code = [at, at + length];
    else (code ? after : before).push(module.subarray(start, at + length));
    at += length;
  }
  const streams = Object.fromEntries(Array.from(STREAMS, (name) => [name, []]));
  at = code[0];
  const functions = number();
  for (let each = 0; each < functions; each++) {
    const length = number();
    const end = at + length;
    readFunction(end);
    if (at !== end) throw new Error('a function of the module cannot be read');
  }
  const parts = [Buffer.concat(before), Buffer.concat(after), ...Object.values(streams).map((bytes) => Buffer.from(bytes))];
  return Buffer.concat([Buffer.from([functions, ...parts.map((part) => part.length)].flatMap(leb128)), ...parts]);

  function readFunction(end) {
    const put = (name, ...bytes) => streams[name].push(...bytes);
    const copy = (name, count) => {
      put(name, ...module.subarray(at, at + count));
      at += count;
    };
    const leb = (name) => {
      do put(name, module[at]);
      while (module[at++] > 127);
    };
    const groups = module[at];
    copy('n', 1);
    if (groups > 127) throw new Error('a function has more kinds of locals than boot.rs reads');
    for (let group = 0; group < groups; group++) {
      leb('n');
      copy('n', 1);
    }
    while (at < end) {
      const op = module[at++];
      if (op >= 40 && op <= 62) {
        const alignment = module[at++];
        if (alignment === ALIGNMENTS[op - 40]) put('o', op);
        else put('o', ALIGNED_OTHERWISE, op, alignment);
        leb('a');
        continue;
      }
      if (op === 65 && module[at] > 127) {
        put('o', LONG_CONSTANT);
        leb('k');
        continue;
      }
      put('o', op);
      if (op >= 2 && op <= 4) leb('t');
      else if (op === 12 || op === 13) leb('b');
      else if (op === 14) {
        const start = at;
        const cases = number();
        at = start;
        for (let each = 0; each < cases + 2; each++) leb('T');
      } else if (op === 16) leb('c');
      else if (op === 17) {
        leb('c');
        leb('c');
      } else if (op >= 32 && op <= 34) leb('l');
      else if ((op >= 35 && op <= 38) || op === 208 || op === 210) leb('g');
      else if (op === 63 || op === 64) expect(0);
      else if (op === 65) copy('i', 1);
      else if (op === 66) leb('j');
      else if (op === 67) copy('d', 4);
      else if (op === 68) copy('d', 8);
      else if (op === 252) bulk();
      else if (op === 253) vector();
      else if ((op > 5 && op < 11) || op === 0x12 || op === 0x13 || (op > 0x1b && op < 32) || op > 0xc4)
        throw new Error(`opcode ${op} is unknown to boot.rs`);
    }

    function expect(byte) {
      if (module[at++] !== byte) throw new Error('the module has more than one memory');
    }

    function bulk() {
      const op = module[at];
      copy('o', 1);
      if (op === 8) {
        leb('g');
        expect(0);
      } else if (op === 10) {
        expect(0);
        expect(0);
      } else if (op === 11) expect(0);
      else if (op === 12 || op === 14) {
        leb('g');
        leb('g');
      } else if (op > 8) leb('g');
      if (op > 17) throw new Error(`opcode 252 ${op} is unknown to boot.rs`);
    }

    function vector() {
      const start = at;
      const op = number();
      at = start;
      leb('o');
      if (op < 12 || op === 92 || op === 93) {
        copy('v', 1);
        leb('v');
      } else if (op < 14) copy('v', 16);
      else if (op > 20 && op < 35) copy('v', 1);
      else if (op > 83 && op < 92) {
        copy('v', 1);
        leb('v');
        copy('v', 1);
      }
    }
  }
}

function leb128(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value & 127) | 128);
  return [...bytes, value];
}

/** What packed.ts does, for the pack step to check: `source` is the JavaScript of `order` and `text`. */
export function unpacked(boot, source, size) {
  const { order, text } = Object.fromEntries(
    Array.from(source.matchAll(/export const (\w+) = "(.*)";/g), ([, name, value]) => [name, value]),
  );
  const { memory, unpack, __heap_base } = new WebAssembly.Instance(new WebAssembly.Module(boot)).exports;
  const output = 256 + text.length;
  memory.grow(((__heap_base.value + output + size + 10) >> 16) + 1);
  const bytes = new Uint8Array(memory.buffer, __heap_base.value);
  bytes.set(Buffer.from(order, 'hex'));
  new TextEncoder().encodeInto(text, bytes.subarray(256));
  return Buffer.from(bytes.subarray(output, output + unpack(__heap_base.value, text.length, bytes.length)));
}
