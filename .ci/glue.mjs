// wasm-bindgen writes a function for each export. They differ in what they take and give, and in nothing else, so one function
// over a table of signatures calls them all: 3 KB less in every page. What is called for every token stays as it is.

/** Called for every token, where a table costs time. */
const HOT = new Set(['answer', 'open', 'room', 'take_error', 'verify']);

/** With fewer exports than this, the table and what reads it are larger than the functions. */
const FEWEST = 14;

const PARAMETERS = {
  string: 's',
  'string | null': 'S',
  'string | null | undefined': 'S',
  'Uint8Array | number[]': 'b',
  'Uint32Array | number[]': 'u',
  'Float64Array | number[]': 'f',
  Uint8Array: 'b',
  Uint32Array: 'u',
  Float64Array: 'f',
  number: 'n',
  boolean: 'n',
  object: 'n',
  'number | null': 'N',
  'number | null | undefined': 'N',
  'boolean | null': 'T',
  'boolean | null | undefined': 'T',
};
const RESULTS = {
  void: 'v',
  number: 'n',
  boolean: 't',
  string: 's',
  Uint8Array: 'b',
  'string | undefined': 'S',
  'number | undefined': 'N',
  'boolean | undefined': 'T',
  'Float64Array | undefined': 'F',
};

/** The one function. `signature` has a letter for each parameter, a colon, and one for the result. */
const CALLER = `
function caller(name, signature) {
  const [takes, gives] = signature.split(':');
  const NONE = Number.MAX_SAFE_INTEGER;
  return (...args) => {
    const { __wbindgen_malloc: malloc, __wbindgen_realloc: realloc, __wbindgen_free: free } = wasm;
    const raw = [];
    const passed = [];
    const pass = (value, size, write) => {
      const at = write(value, malloc, realloc);
      passed.push([at, WASM_VECTOR_LEN * size, size]);
      raw.push(at, WASM_VECTOR_LEN);
    };
    try {
      for (let each = 0; each < takes.length; each++) {
        const value = args[each];
        const none = value === undefined || value === null;
        switch (takes[each]) {
          case 'n': raw.push(value); break;
          case 'N': raw.push(none ? NONE : value >>> 0); break;
          case 'T': raw.push(none ? 0xFFFFFF : +value); break;
          case 'S': if (none) { raw.push(0, 0); break; }
          case 's': pass(value, 1, passStringToWasm0); break;
          case 'b': pass(value, 1, passArray8ToWasm0); break;
          case 'u': pass(value, 4, passArray32ToWasm0); break;
          case 'f': pass(value, 8, passArrayF64ToWasm0); break;
        }
      }
    } catch (error) {
      for (const each of passed) free(...each);
      throw error;
    }
    const result = wasm[name](...raw);
    if (gives === 'n') return result;
    if (gives === 'i') return result >>> 0;
    if (gives === 't') return result !== 0;
    if (gives === 'N') return result === NONE ? undefined : result;
    if (gives === 'I') return result === NONE ? undefined : result >>> 0;
    if (gives === 'T') return result === 0xFFFFFF ? undefined : result !== 0;
    if (gives === 'v') return;
    const [at, length] = result;
    if (at === 0 && gives !== 's' && gives !== 'b') return undefined;
    const size = gives === 'F' ? 8 : 1;
    try {
      return gives === 'F' ? getArrayF64FromWasm0(at, length).slice() : gives === 'b' ? getArrayU8FromWasm0(at, length).slice() : getStringFromWasm0(at, length);
    } finally {
      free(at, length * size, size);
    }
  };
}
`;
/** The glue without the functions that fit the table, what calls them, and their signatures by name. */
export function withTable(source) {
  const table = {};
  const rest = source.replace(
    /\/\*\*\n((?: \*.*\n)*?) \*\/\nexport function (\w+)\([^)]*\) \{\n([^]*?)\n\}\n/g,
    (whole, comment, name, body) => {
      if (name.startsWith('__') || HOT.has(name)) return whole;
      const fail = (what) => {
        throw new Error(`the export ${name} takes or gives ${what}, which the table of exports has no letter for`);
      };
      const takes = [...comment.matchAll(/@param \{(.*?)\}/g)].map(([, type]) => PARAMETERS[type] ?? fail(type));
      const [, given = 'void'] = /@returns \{(.*)\}/.exec(comment) ?? [];
      let gives = RESULTS[given] ?? fail(given);
      if (body.includes('ret >>> 0')) gives = { n: 'i', N: 'I' }[gives] ?? fail(body);
      table[name] = `${takes.join('')}:${gives}`;
      return '';
    },
  );
  if (Object.keys(table).length < FEWEST) return { rest: source, caller: '', table: {} };
  let caller = CALLER;
  // Helpers that no export of this module needs are not in the glue.
  for (const helper of ['passArray8ToWasm0', 'passArray32ToWasm0', 'passArrayF64ToWasm0', 'getArrayF64FromWasm0', 'getArrayU8FromWasm0']) {
    if (source.includes(`function ${helper}(`)) continue;
    caller = caller
      .replace(new RegExp(`^ *case '\\w': pass\\(value, \\d, ${helper}\\); break;\\n`, 'm'), '')
      .replace(new RegExp(`gives === '\\w' \\? ${helper}\\(at, length\\)\\.slice\\(\\) : `), '');
    if (caller.includes(helper)) throw new Error(`the table of exports refers to ${helper}`);
  }
  return { rest, caller, table };
}
