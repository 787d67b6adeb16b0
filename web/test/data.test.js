import assert from 'node:assert/strict';
import test from 'node:test';

import { fill, isolated, pluralForm, Texts } from '../shared/data.js';

test('placeholders are replaced once', () => {
  assert.equal(fill('{a} and {b}, {c}', { a: '{b}', b: 2 }), '{b} and 2, {c}');
  assert.equal(fill('{toString}'), '{toString}');
});

test('each language has its own plural rules', () => {
  const russian = [0, 1, 2, 5, 11, 12, 21, 22, 111, 114].map((n) => pluralForm('ru', n));
  assert.deepEqual(russian, ['many', 'one', 'few', 'many', 'many', 'many', 'one', 'few', 'many', 'many']);
  assert.deepEqual([0, 1, 2].map((n) => pluralForm('en', n)), ['many', 'one', 'many']);
  assert.deepEqual([0, 1, 2].map((n) => pluralForm('kk', n)), ['one', 'one', 'one']);
});

test('a missing text is shown as its key', () => {
  const texts = new Texts({ 'left.one': '{n} left', 'left.many': '{n} are left' }, 'en');
  assert.equal(texts.count('left', 1), '1 left');
  assert.equal(texts.count('left', 3), '3 are left');
  assert.equal(texts.get('nothing'), 'nothing');
});

test('a name is wrapped in directional isolates', () => {
  assert.equal(isolated('A'), '\u2068A\u2069');
});
