// The page: two views, and the address says which. The address never says more than that.

import { version } from '../tokenward.js';
import { byId } from './dom.js';
import { startInspect } from './inspect/view.js';
import { startSession } from './session/view.js';

const VIEWS = { inspect: 'look into a token', session: 'watch a session' };
let sessionStarted = false;

function show() {
  const [name, ...options] = location.hash.slice(1).split(',');
  const view = name in VIEWS ? name : 'inspect';
  for (const each of Object.keys(VIEWS)) byId(each).hidden = each !== view;
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === `#${view}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.title = `tokenward: ${VIEWS[view]}`;
  if (view === 'session' && !sessionStarted) {
    sessionStarted = true;
    startSession({ shared: options.includes('shared') });
  }
}

byId('version').textContent = version;
addEventListener('hashchange', () => {
  show();
  scrollTo(0, 0);
});
startInspect();
show();
