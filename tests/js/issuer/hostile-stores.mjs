// The stores' exports, given every kind of value: they answer, or throw a documented error.

import { besieged } from '../hostile-values.mjs';

export default ({ test, assert, stores }) => {
  test('no value makes a store throw anything but a documented error', async () => {
    const faults = [];
    for (const [name, make] of Object.entries(stores)) {
      if (!/^[a-z]/.test(name)) continue;
      faults.push(...(await besieged(name, (value) => make(value))));
      for (const method of ['get', 'put', 'match', 'setEx', 'set']) {
        const rest = { get() {}, put() {}, match() {}, setEx() {} };
        faults.push(...(await besieged(`${name} over ${method}`, (value) => make({ ...rest, [method]: value }))));
      }
    }
    assert.same(faults, [], 'faults');
  });
};
