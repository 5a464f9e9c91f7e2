// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { path_below } from './place';
import { path_here, place_path } from './lead';

test('a place is the same below a link and for members', () => {
  assert.equal(path_below('/s/k3f9a/live/box', '?f=coap', 'k3f9a'), '/live/box?f=coap');
  assert.equal(path_below('/live/box', '', ''), '/live/box');
  assert.equal(path_here('/a/box?t=1..2', 'k3f9a'), '/s/k3f9a/a/box?t=1..2');
  assert.equal(path_here('/c/box/p/17', ''), '/c/box/p/17');
});

test('somebody else’s path leads nowhere but to a screen of this page', () => {
  for (const path of ['//evil.example/live/x', 'https://evil.example', '/s/other/live/box', '/api/v1/logout', '/live/box#secret', '/live\\box', '/live/\n', 'javascript:alert(1)', '', null, 7, {}, '/live/' + 'x'.repeat(2000)])
    assert.equal(path_here(path, ''), null, String(path).slice(0, 40));
});

test('a place without a path is its screen, source and packet; nothing else leads anywhere', () => {
  assert.equal(place_path({ screen: 'archive', source: 'box', packet: 17 }, 'k3f9a'), '/s/k3f9a/a/box?p=17');
  assert.equal(place_path({ screen: 'live', source: 'a/b', packet: null }, ''), '/live/a%2Fb');
  assert.equal(place_path({ path: '/c/box/p/17', screen: 'archive', source: 'box' }, ''), '/c/box/p/17');
  for (const place of [{}, { screen: 'device', source: 'box' }, { screen: 'live' }, { screen: 'live', source: 7 }, { path: '//evil.example', screen: 'live', source: 'box' }])
    assert.equal(place_path(place as never, ''), null, JSON.stringify(place));
});
