// SPDX-License-Identifier: Apache-2.0
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { route_parse, route_path } from './router';

function parsed(url: string) {
  const [path, search] = url.split('?');
  const { screen, share, source, subject } = route_parse(path!, search ?? '');
  return [screen, share, source, subject];
}

test('each screen has its path, below a share too', () => {
  assert.deepEqual(parsed('/'), ['live', '', '', '']);
  assert.deepEqual(parsed('/live/vpc-mirror-a'), ['live', '', 'vpc-mirror-a', '']);
  assert.deepEqual(parsed('/a/vpc?t=1..2'), ['archive', '', 'vpc', '']);
  assert.deepEqual(parsed('/d/vpc'), ['devices', '', 'vpc', '']);
  assert.deepEqual(parsed('/d/vpc/urn%3Aimei%3A8674'), ['device', '', 'vpc', 'urn:imei:8674']);
  assert.deepEqual(parsed('/x/vpc/12'), ['session', '', 'vpc', '12']);
  assert.deepEqual(parsed('/c/vpc/p/1204102'), ['live', '', 'vpc', '1204102']);
  assert.deepEqual(parsed('/s/aB9/live/vpc'), ['live', 'aB9', 'vpc', '']);
  assert.deepEqual(parsed('/s/aB9'), ['live', 'aB9', '', '']);
});

test('a path made is the path read, whatever a device calls itself', () => {
  for (const subject of ['a/b', '../..', '%', '?x=1#y', 'ünï cødé', '\u202e\u0000'])
    assert.deepEqual(parsed(route_path({ screen: 'device', share: 's', source: 'a/b', subject })), ['device', 's', 'a/b', subject]);
});

test('a path that nobody made does not throw', () => {
  assert.deepEqual(parsed('/d/%zz/%'), ['device', '', '%zz', '%']);
  assert.deepEqual(parsed('/nowhere/at/all'), ['live', '', '', '']);
});
