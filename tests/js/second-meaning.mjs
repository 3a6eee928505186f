// Reads what tests/verify/second_meaning.rs wrote: documents and the values that Rust read. JSON.parse must read the same.

import { createInterface } from 'node:readline';

const hex = (data) => Buffer.from(data).toString('hex');
const bits = new DataView(new ArrayBuffer(8));

/** As `canonical` in the Rust test. */
function canonical(value) {
  if (value === null) return 'n';
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (typeof value === 'string') return `"${hex(value)}`;
  if (typeof value === 'number') {
    bits.setFloat64(0, value);
    return `#${hex(new Uint8Array(bits.buffer))}`;
  }
  if (Array.isArray(value)) return `[${value.map((element) => `${canonical(element)},`).join('')}]`;
  const members = Object.keys(value)
    .map((name) => [hex(name), value[name]])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, inner]) => `${name}:${canonical(inner)},`).join('')}}`;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
let same = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const [document, expected] = line.split(' ');
  let found;
  try {
    const value = JSON.parse(decoder.decode(Buffer.from(document, 'hex')));
    found = Object.getPrototypeOf(value) === Object.prototype ? canonical(value) : 'another prototype';
  } catch (error) {
    found = String(error);
  }
  if (found !== expected) {
    console.log(`${document}\n  in Rust ${expected}\n  in V8   ${found}`);
    process.exitCode = 1;
  } else {
    same += 1;
  }
}
console.log(`${same} documents mean the same`);
