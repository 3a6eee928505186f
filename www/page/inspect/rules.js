// The rules as a form, and the same rules as code.

import { Verifier } from '../../tokenward.js';
import { byId, h, say } from '../dom.js';
import { sentence } from './words.js';

const ALGORITHMS = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'ES256K',
  'EdDSA',
  'Ed25519',
  'ML-DSA-44',
  'ML-DSA-65',
  'ML-DSA-87',
];
const form = () => byId('rules');
const field = (name) => form().elements.namedItem(name);
const text = (name) => field(name).value.trim();
const list = (name) =>
  text(name)
    .split(/[\s,]+/)
    .filter(Boolean);

/** Calls `changed` whenever a rule is changed. */
export function watchRules(changed) {
  byId('algorithms').append(
    ...ALGORITHMS.map((name) =>
      h('label', { class: 'chip' }, h('input', { type: 'checkbox', name: 'algorithms', value: name }), h('span', {}, name)),
    ),
  );
  form().addEventListener('input', changed);
  form().addEventListener('submit', (event) => event.preventDefault());
}

/** Fills in rules; what they do not name is emptied. */
export function setRules(rules) {
  form().reset();
  for (const name of ['issuer', 'audience', 'scope', 'typ', 'subject']) field(name).value = rules[name] ?? '';
}

/** The rules as the package takes them. Throws where the form itself cannot be read. */
export function readRules() {
  const one = (names) => (names.length > 1 ? names : names[0]);
  const rules = { issuer: one(list('issuer')) ?? null, audience: one(list('audience')) ?? null };
  const algorithms = [...form().querySelectorAll('[name=algorithms]:checked')].map(({ value }) => value);
  const optional = {
    algorithms: some(algorithms),
    scope: one(list('scope')),
    typ: text('typ') || undefined,
    subject: text('subject') || undefined,
    requiredClaims: some(list('requiredClaims')),
    claims: exactClaims(),
    clockTolerance: number('clockTolerance', 'The clock tolerance'),
    maxTokenAge: number('maxTokenAge', 'The greatest age'),
    maxTokenLength: number('maxTokenLength', 'The greatest length'),
    requireExp: field('requireExp').checked ? undefined : false,
    now: text('now') === '' ? undefined : new Date(text('now')).getTime() / 1000,
  };
  for (const [name, value] of Object.entries(optional)) if (value !== undefined) rules[name] = value;
  return rules;
}

/** A verifier for these keys and rules; says in the form what is wrong with the rules. */
export function compile(keys) {
  try {
    const rules = readRules();
    const verifier = keys && new Verifier({ ...rules, keys });
    say(byId('rules-problem'), '');
    return { rules, verifier };
  } catch (error) {
    say(byId('rules-problem'), sentence(error.message));
    return { error };
  }
}

const KEY_IN_CODE = {
  jwk: ['importKey', 'importKey(JSON.parse(process.env.JWK))'],
  jwks: ['KeySet', 'KeySet.fromJwks(JSON.parse(process.env.JWKS))'],
  pem: ['importKey', 'importKey(process.env.PUBLIC_KEY)'],
  secret: ['importKey', (name) => `importKey(Buffer.from(process.env.SECRET), { alg: '${name}' })`],
  url: ['KeySet', (address) => `KeySet.fromUrl(${quoted(address)})`],
  issuer: ['KeySet', (address) => `KeySet.discover(${quoted(address)})`],
};

/** These rules as a program would write them. A secret or key is never in it. */
export function asCode(rules, kind, detail) {
  const [name, expression] = KEY_IN_CODE[kind];
  const keys = typeof expression === 'string' ? expression : expression(detail);
  const lines = Object.entries(rules).map(([rule, value]) => `  ${rule}: ${JSON.stringify(value).replaceAll('"', "'")},`);
  return (
    `import { Verifier, ${name} } from 'tokenward';\n\nconst verifier = new Verifier({\n  keys: ${keys},\n${lines.join('\n')}\n});\n\n`
    + 'const { payload } = await verifier.verify(token);\n'
  );
}

const quoted = (value) => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function some(names) {
  return names.length > 0 ? names : undefined;
}

function number(name, label) {
  if (text(name) === '') return undefined;
  const value = Number(text(name));
  if (!Number.isFinite(value)) throw new Error(`${label} is not a number.`);
  return value;
}

/** Lines of `name = value`; the value is JSON, or text where it is not. */
function exactClaims() {
  const lines = field('claims')
    .value.split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  if (lines.length === 0) return undefined;
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = /^([^=]+?)\s*=\s*(.*)$/.exec(line) ?? [];
      if (name === undefined) throw new Error(`“${line}” is not written as name = value.`);
      try {
        return [name, JSON.parse(value)];
      } catch {
        return [name, value];
      }
    }),
  );
}
