// What happens, in this tab and in the others: requests, lives of tokens, words. No token and no body is ever in it.

const KEPT_MS = 120_000;
const ALIVE_MS = 3000;

export class Record {
  /** This tab. */
  lane = crypto.randomUUID();
  /** Lane → { label, seen, requests: Map, lives: Map }. */
  lanes = new Map();
  #channel = new BroadcastChannel('tokenward-demo');
  #note;

  /** `note(label, text, tone)` is told every word that is said. */
  constructor(note) {
    this.#note = note;
    this.#laneOf(this.lane);
    this.#channel.onmessage = ({ data }) => this.#take(data);
    this.#send({ type: 'here' });
    setInterval(() => this.#send({ type: 'here' }), ALIVE_MS / 2);
    addEventListener('pagehide', () => this.#send({ type: 'gone' }));
  }

  /** A request begins. Call what this gives with how it ended: a status, or nothing where no answer came. */
  request(kind) {
    const id = crypto.randomUUID();
    const start = Date.now();
    this.#tell({ type: 'request', id, kind, start });
    return (status) => this.#tell({ type: 'request', id, kind, start, end: Date.now(), status: status ?? 0 });
  }

  /** A token is in use. */
  life(generation, to) {
    this.#tell({ type: 'life', generation, from: Date.now(), to });
  }

  /** The token in use is gone. */
  ended() {
    this.#tell({ type: 'ended', at: Date.now() });
  }

  say(text, tone = '') {
    this.#tell({ type: 'note', text, tone });
  }

  #tell(event) {
    this.#take({ ...event, lane: this.lane });
    this.#send(event);
  }

  #send(event) {
    this.#channel.postMessage({ ...event, lane: this.lane });
  }

  #laneOf(id) {
    let lane = this.lanes.get(id);
    if (!lane) {
      const others = [...this.lanes.keys()].filter((each) => each !== this.lane).length;
      const label = id === this.lane ? 'This tab' : `Another tab${others > 0 ? ` (${others + 1})` : ''}`;
      this.lanes.set(id, (lane = { label, seen: Date.now(), requests: new Map(), lives: [] }));
    }
    lane.seen = Date.now();
    return lane;
  }

  #take({ type, lane: id, ...event }) {
    if (type === 'gone') return void this.lanes.delete(id);
    const lane = this.#laneOf(id);
    if (type === 'request') lane.requests.set(event.id, event);
    if (type === 'life') cut(lane, event.from).lives.push(event);
    if (type === 'ended') cut(lane, event.at);
    if (type === 'note') this.#note(id === this.lane ? '' : lane.label, event.text, event.tone);
    this.#forget(lane);
  }

  /** Lanes that fell silent, and what has left the picture. */
  #forget(lane) {
    const old = Date.now() - KEPT_MS;
    for (const [id, { end, start }] of lane.requests) if ((end ?? start) < old) lane.requests.delete(id);
    lane.lives = lane.lives.filter(({ to }) => to > old);
    for (const [id, { seen }] of this.lanes) if (id !== this.lane && seen < Date.now() - 20 * ALIVE_MS) this.lanes.delete(id);
  }
}

/** A token's life ends where the next one's begins. */
function cut(lane, at) {
  const last = lane.lives.at(-1);
  if (last && last.to > at) last.to = at;
  return lane;
}
