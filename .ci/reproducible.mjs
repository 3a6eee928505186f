// Two clean clones in two places make the same package, byte for byte. What is committed is what is built.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './tools.mjs';

const folder = mkdtempSync(join(tmpdir(), 'tokenward-'));
const sha256 = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

let clones;
try {
  clones = ['one', 'some/where/else'].map((name) => {
    const clone = join(folder, name);
    execFileSync('git', ['clone', '--quiet', '--no-hardlinks', root, clone]);
    // The tools are the same for both, as they are for everybody who has the lock files.
    mkdirSync(join(clone, 'target'), { recursive: true });
    symlinkSync(join(root, 'target/tools'), join(clone, 'target/tools'));
    symlinkSync(join(root, 'tests/node_modules'), join(clone, 'tests/node_modules'));
    execFileSync('node', ['.ci/pack.mjs'], { cwd: clone, stdio: ['ignore', 'ignore', 'inherit'] });
    const wasm = execFileSync('tar', ['-xzf', join(clone, 'target/tokenward.tgz'), '--to-stdout', 'package/dist/core.wasm'], {
      maxBuffer: 1e8,
    });
    return { package: sha256(join(clone, 'target/tokenward.tgz')), wasm: createHash('sha256').update(wasm).digest('hex') };
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const [one, other] = clones;
for (const what of Object.keys(one)) {
  console.log(`${what}: sha256 ${one[what]}${one[what] === other[what] ? '' : ` and ${other[what]}`}`);
}
process.exitCode = one.package === other.package && one.wasm === other.wasm ? 0 : 1;
