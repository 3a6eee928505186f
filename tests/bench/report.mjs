// What people read: ratios on the terminal, README's table, and the chart. Everything is made from the JSON report.

const OURS = ['tokenward', 'tokenward, promise'];

/**
 * tokenward's time over the fastest peer's: below 1 is faster. `undefined` where nobody else does this. Of `verifySync` and
 * `verify` the faster one counts, as of the peers.
 */
export function ratio({ results, peers }, row) {
  const times = results[row];
  const others = Object.entries(times ?? {}).filter(([name]) => isPeer(name, peers));
  if (!times?.tokenward || others.length === 0) return undefined;
  const [name, best] = others.reduce((least, each) => (each[1] < least[1] ? each : least));
  const ours = oursOf(times);
  return { ratio: ours / best, name, best, ours };
}

const oursOf = (times) => Math.min(...OURS.flatMap((name) => times[name] ?? []));

const isPeer = (name, peers) => peers.includes(name) || name === 'jwt-decode';
const micros = (ns) => (ns < 9_950 ? (ns / 1000).toFixed(1) : String(Math.round(ns / 1000)));
const bar = (value) => '█'.repeat(Math.min(40, Math.max(1, Math.round(value * 20))));

/** One host on the terminal: a line a row, and a bar that reaches half way where both are equally fast. */
export function summary(host) {
  for (const row of Object.keys(host.results)) {
    const found = ratio(host, row);
    const ours = oursOf(host.results[row]);
    const said = found
      ? `${found.ratio.toFixed(2).padStart(5)} ${bar(found.ratio).padEnd(20)} ${micros(found.ours)} µs, ${found.name} ${micros(found.best)} µs`
      : `    – ${''.padEnd(20)} ${Number.isFinite(ours) ? `${micros(ours)} µs` : 'not measured'}`;
    console.log(`  ${row.padEnd(24)} ${said}`);
    const rest = Object.entries(host.results[row]).filter(([name]) => name !== 'tokenward' && name !== found?.name);
    if (rest.length > 0) console.log(`  ${''.padEnd(30)} ${rest.map(([name, ns]) => `${name} ${micros(ns)}`).join(' · ')}`);
  }
}

const ROWS = ['HS256', 'RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'ES256K', 'EdDSA', 'ML-DSA-65', 'ES256, from the cache', 'decode'];

/** Markdown: rows by hosts, tokenward ÷ the fastest peer there. */
export function table({ hosts, versions, date, cpu }) {
  const columns = Object.values(hosts);
  const cell = (host, row) => {
    const found = ratio(host, row);
    if (found) return `${found.ratio.toFixed(2)} (${micros(found.ours)} µs)`;
    const ours = oursOf(host.results[row] ?? {});
    return Number.isFinite(ours) ? `alone (${micros(ours)} µs)` : '–';
  };
  const lines = [
    `| | ${columns.map(({ name, version }) => `${name} ${version}`).join(' | ')} |`,
    `|---|${columns.map(() => '---').join('|')}|`,
    ...ROWS.map((row) => `| ${row} | ${columns.map((host) => cell(host, row)).join(' | ')} |`),
  ];
  const peers = Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
  return `${lines.join('\n')}\n\nMeasured on ${date}, ${cpu}: ${peers}.\n`;
}

/** SVG: one bar a row and host on a logarithmic axis; to the left of the line is faster than the fastest peer. */
export function chart({ hosts }) {
  const rows = ROWS.filter((row) => Object.values(hosts).some((host) => ratio(host, row)));
  const columns = Object.values(hosts);
  const [left, width, line, gap] = [150, 560, 12, 16];
  const block = columns.length * line + gap;
  const height = rows.length * block + 70;
  const [least, most] = [1 / 16, 2];
  const x = (value) => left + (width * Math.log(Math.min(most, Math.max(least, value)) / least)) / Math.log(most / least);
  const palette = ['#0b6e4f', '#2f9e78', '#c77d0a', '#20639b', '#7b5ea7', '#3f88c5', '#d1495b'];
  const out = [];
  for (const tick of [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2]) {
    const label = tick < 1 ? `${1 / tick}× faster` : tick === 1 ? 'equal' : `${tick}× slower`;
    out.push(`<line x1="${x(tick)}" x2="${x(tick)}" y1="44" y2="${height - 8}" class="${tick === 1 ? 'even' : 'grid'}"/>`);
    out.push(`<text x="${x(tick)}" y="38" text-anchor="middle">${label}</text>`);
  }
  columns.forEach(({ name, version }, index) => {
    const at = 8 + index * 100;
    out.push(
      `<rect x="${at}" y="6" width="10" height="10" fill="${palette[index % palette.length]}"/><text x="${at + 14}" y="15">${name} ${version.split('.')[0]}</text>`,
    );
  });
  rows.forEach((row, number) => {
    const top = 52 + number * block;
    out.push(`<text x="${left - 8}" y="${top + (columns.length * line) / 2 + 4}" text-anchor="end" class="row">${row}</text>`);
    columns.forEach((host, index) => {
      const found = ratio(host, row);
      if (!found) return;
      const [from, to] = [Math.min(x(1), x(found.ratio)), Math.max(x(1), x(found.ratio))];
      out.push(
        `<rect x="${from.toFixed(1)}" y="${top + index * line}" width="${Math.max(1, to - from).toFixed(1)}" height="${line - 2}" rx="1" fill="${palette[index % palette.length]}"><title>${row}, ${host.name}: ${found.ratio.toFixed(2)} of ${found.name}</title></rect>`,
      );
    });
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + width + 40} ${height}" role="img" aria-label="tokenward's time for one token, compared with the fastest other library in each runtime">
<style>text{font:11px system-ui,sans-serif;fill:#3d4852}.row{font-weight:600;fill:#1f2933}.grid{stroke:#d9dee3}.even{stroke:#1f2933}
@media(prefers-color-scheme:dark){text{fill:#aab4be}.row{fill:#e6ebf0}.grid{stroke:#3a444e}.even{stroke:#e6ebf0}}</style>
${out.join('\n')}
</svg>
`;
}
