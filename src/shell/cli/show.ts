// What the command line prints.

import process from 'node:process';
import type { Explanation, JoseHeader, JwtClaims, Verified } from '../types.js';

type Colour = (text: string) => string;
const plain: Colour = (text) => text;
const SGR = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1, magenta: 35, cyan: 36 };

/** Colours for a terminal that wants them (no-color.org); none for a file, a pipe or a dumb terminal. */
function colours(stream: { isTTY?: boolean }): Record<keyof typeof SGR, Colour> {
  const { NO_COLOR, TERM } = process.env;
  const coloured = stream.isTTY === true && !NO_COLOR && TERM !== 'dumb';
  const pairs = Object.entries(SGR).map(([name, code]) => [name, coloured ? (text: string) => `\x1b[${code}m${text}\x1b[0m` : plain]);
  return Object.fromEntries(pairs) as Record<keyof typeof SGR, Colour>;
}

const { red, green, yellow, dim, bold, magenta, cyan } = colours(process.stdout);
const onError = colours(process.stderr);

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(safe(JSON.stringify(value, null, 2)));
}

export function complain(text: string): void {
  process.stderr.write(`${safe(text)}\n`);
}

export function warn(text: string): void {
  process.stderr.write(`${onError.yellow('warning:')} ${text}\n`);
}

export function printDecoded({ header, payload }: { header: JoseHeader; payload: JwtClaims }): void {
  print(`${bold(magenta('header'))}\n${document(header, magenta)}`);
  print(`${bold(cyan('claims'))} ${dim('(not verified: anybody may have written them)')}\n${document(payload, cyan)}`);
  printDates(payload);
}

export function printVerified({ header, payload, key }: Verified): void {
  print(`${green('✓ accepted')}: ${safe(header.alg)}${key.kid === undefined ? '' : `, key ${safe(key.kid)}`}`);
  print(document(payload, cyan));
  printDates(payload);
}

export function printRefused({ code, message }: { code: string; message: string }): void {
  print(`${red('✕ refused')}: ${safe(message)} (${code})`);
}

export function printExplanation({ ok, steps }: Explanation): void {
  const sign = { passed: green('✓'), failed: red('✕'), skipped: dim('–') };
  for (const { check, outcome, detail, code } of steps) {
    const line = `${check.padEnd(10)} ${safe(detail)}${code ? ` (${code})` : ''}`;
    print(`${sign[outcome]} ${outcome === 'failed' ? red(line) : outcome === 'skipped' ? dim(line) : line}`);
  }
  print(ok ? green('accepted') : red('refused'));
}

function document(value: object, colour: Colour): string {
  return safe(JSON.stringify(value, null, 2)).replace(
    /^( {2})("(?:[^"\\]|\\.)*")(?=:)/gm,
    (_, indent: string, name: string) => indent + colour(name),
  );
}

function printDates(claims: JwtClaims): void {
  const now = Date.now() / 1000;
  const said = { iat: 'issued', nbf: 'starts', exp: 'ends' } as const;
  for (const [claim, word] of Object.entries(said) as [keyof typeof said, string][]) {
    const at = claims[claim];
    if (typeof at !== 'number' || Math.abs(at) > 8.64e12) continue;
    const line = `${claim}  ${word} ${new Date(at * 1000).toISOString()}, ${distance(at - now)}`;
    print(claim === 'exp' && at <= now ? yellow(line) : dim(line));
  }
}

function distance(seconds: number): string {
  const size = Math.abs(seconds);
  const [count, unit] =
    size < 120 ? [size, 's'] : size < 7200 ? [size / 60, 'min'] : size < 172_800 ? [size / 3600, 'h'] : [size / 86_400, 'days'];
  const span = `${Math.round(count)} ${unit}`;
  return seconds > 0 ? `in ${span}` : `${span} ago`;
}

/** A token's text must not command the terminal, nor turn what is read around: controls and marks of direction are escaped. */
function safe(text: string): string {
  return text.replace(
    /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
