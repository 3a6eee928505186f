#!/usr/bin/env node
// `tokenward` on a terminal: decode, verify, explain.

import process from 'node:process';
import '../ml-dsa.js';
import { decode, isTokenwardError, version, type TokenwardError } from '../index.js';
import '../ml-dsa.js';
import { Arguments, Usage } from './arguments.js';
import { HELP } from './help.js';
import { complain, print, printDecoded, printExplanation, printJson, printRefused, printVerified, warn } from './show.js';

const REFUSED = 1,
  UNUSABLE = 2,
  UNKNOWN = 3;
/** Characters: far more than any rule lets a token have. */
const TOO_LONG = 4 * 1024 * 1024;

process.stdin.setEncoding('utf8');
// Whoever reads our output may stop reading.
process.stdout.on('error', ({ code }) => {
  process.exitCode = code === 'EPIPE' ? 0 : UNUSABLE;
});
process.exitCode = await run(process.argv.slice(2));

async function run(args: string[]): Promise<number> {
  const json = args.includes('--json');
  try {
    const given = new Arguments(args);
    if (given.has('version')) print(version);
    else if (given.has('help')) print(HELP.trimEnd());
    else return await perform(given, json);
    return 0;
  } catch (error) {
    // The key, the rules or the command; what is wrong with the token does not come here.
    if (!(error instanceof Usage || isTokenwardError(error))) throw error;
    if (json) printJson({ ok: false, error: isTokenwardError(error) ? error : { message: error.message } });
    complain(`tokenward: ${error.message}${isTokenwardError(error) ? ` (${error.code})` : '; tokenward --help lists what there is'}`);
    return isTokenwardError(error) && error.retryable ? UNKNOWN : UNUSABLE;
  }
}

async function perform(given: Arguments, json: boolean): Promise<number> {
  switch (given.command) {
    case 'decode': {
      given.onlyPlain();
      const token = await tokenOf(given);
      return settle(json, () => decode(token), printDecoded);
    }
    case 'verify': {
      const verifier = given.verifier();
      const token = await tokenOf(given);
      return settle(json, () => verifier.verify(token), printVerified);
    }
    case 'explain': {
      const verifier = given.verifier();
      const token = await tokenOf(given);
      const explanation = await verifier.explain(token);
      if (json) printJson(explanation);
      else printExplanation(explanation);
      if (explanation.ok) return 0;
      const result = await verifier.safeVerify(token);
      return result.ok ? REFUSED : exitCode(result.error);
    }
    default:
      throw new Usage(given.command === undefined ? 'no command' : 'no such command');
  }
}

/** Shows what comes of a token, or why nothing does. */
async function settle<T extends object>(json: boolean, ask: () => T | Promise<T>, show: (value: T) => void): Promise<number> {
  try {
    const value = await ask();
    if (json) printJson({ ok: true, ...value });
    else show(value);
    return 0;
  } catch (error) {
    if (!isTokenwardError(error) || error.code === 'ERR_INVALID_ARG') throw error;
    if (json) printJson({ ok: false, error });
    else printRefused(error);
    return exitCode(error);
  }
}

function exitCode({ retryable }: TokenwardError): number {
  return retryable ? UNKNOWN : REFUSED;
}

async function tokenOf({ token }: Arguments): Promise<string> {
  if (token !== undefined && token !== '-') {
    warn("a token given as an argument stays in the shell's history, and other users may see it; give it on standard input");
    return token;
  }
  if (process.stdin.isTTY) complain('Paste the token, then press Enter and Ctrl-D.');
  let read = '';
  for await (const chunk of process.stdin) {
    read += chunk;
    if (read.length > TOO_LONG) throw new Usage('standard input holds more than a token');
  }
  const text = read.trim();
  if (text === '') throw new Usage('no token on standard input');
  return text;
}
