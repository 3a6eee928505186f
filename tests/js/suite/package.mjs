// What the package is before it does anything.

export const half = 'session';

export default ({ test, assert, tokenward }) => {
  test('version is that of the package', () => {
    assert.ok(/^\d+\.\d+\.\d+/.test(tokenward.version));
  });

  test('nothing of the generated glue is exported', () => {
    for (const name of Object.keys(tokenward)) assert.ok(!/^__|wasm|take_error/.test(name), name);
  });

  test('isTokenwardError goes by name and code, across realms and copies', () => {
    assert.equal(tokenward.isTokenwardError(Object.assign(new Error(), { name: 'TokenwardError', code: 'ERR_JWT_EXPIRED' })), true);
    for (const other of [new Error('x'), undefined, null, 'TokenwardError', { code: 'ERR_JWT_EXPIRED' }]) {
      assert.equal(tokenward.isTokenwardError(other), false);
    }
  });
};
