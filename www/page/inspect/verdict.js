// The outcome of every check, and advice for the one that failed.

import { byId, h, say } from '../dom.js';
import { CHECKS, advice, sentence } from './words.js';

const GLYPHS = { passed: '✓', failed: '✕', skipped: '–' };
/** For codes that say more than the name of the check. */
const HEADLINES = { ERR_JWT_EXPIRED: 'expired', ERR_JWT_NOT_YET_VALID: 'too early', ERR_JWT_REVOKED: 'revoked' };
const SAID = { passed: 'passed', failed: 'failed', skipped: 'skipped' };

/** The verdict in one line. */
export function showBanner(verdict, headline, because) {
  byId('banner').dataset.verdict = verdict;
  const accepted = verdict === 'accepted';
  byId('trust').dataset.trust = accepted ? 'yes' : 'no';
  say(byId('trust'), accepted ? '✓ verified' : 'not verified: these claims could come from any sender');
  say(byId('headline'), headline);
  say(byId('because'), because);
}

/** The checks of an explanation; null shows that there is none. */
export function showChecks(explanation) {
  byId('no-checks').hidden = explanation !== null;
  const list = byId('checks');
  const steps = explanation?.steps ?? [];
  const same =
    list.children.length === steps.length
    && steps.every(({ outcome, check }, at) => list.children[at].dataset.outcome === outcome && list.children[at].dataset.check === check);
  if (same) steps.forEach(({ detail }, at) => say(list.children[at].querySelector('.detail'), detail));
  else list.replaceChildren(...steps.map(item));
  if (explanation) sayVerdict(explanation);
}

function item(step) {
  const { check, outcome, detail, code } = step;
  const failed = outcome === 'failed';
  return h(
    'li',
    { 'data-outcome': outcome, 'data-check': check },
    h('span', { class: 'glyph', 'aria-hidden': 'true' }, GLYPHS[outcome]),
    h(
      'div',
      {},
      h(
        'p',
        { class: 'check-name' },
        CHECKS[check] ?? check,
        h('span', { class: 'visually-hidden' }, `: ${SAID[outcome]}`),
        ' ',
        h('span', { class: 'detail' }, detail),
      ),
      failed && h('p', { class: 'advice' }, advice(step)),
      failed && h('p', { class: 'error-code' }, h('code', {}, code)),
    ),
  );
}

function sayVerdict({ ok, steps }) {
  if (ok) {
    const skipped = steps.filter(({ outcome }) => outcome === 'skipped').map(({ check }) => CHECKS[check].toLowerCase());
    showBanner('accepted', 'Accepted', skipped.length > 0 ? `Not checked: ${skipped.join(', ')}.` : 'Every check passed.');
    return;
  }
  const failed = steps.find(({ outcome }) => outcome === 'failed');
  showBanner(
    'refused',
    `Refused: ${HEADLINES[failed.code] ?? CHECKS[failed.check].toLowerCase()}`,
    `${sentence(failed.detail)} ${advice(failed) ?? ''}`,
  );
}
