// SPDX-License-Identifier: Apache-2.0
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { filter_of, node_at, nodes_of, visible_nodes, type ApiField, type ApiLayer } from './tree';

const field = (name: string, offset: number | null, length: number, more: Partial<ApiField> = {}): ApiField => ({
  name, label: name, text: name, value: '1', offset, length, layer: 0, ...more,
});
const layers: ApiLayer[] = [
  { protocol: 'frame', title: 'Frame', text: 'Frame', offset: null, length: 0, layer: 0, severity: 'ok', fields: [field('frame.number', null, 0)] },
  {
    protocol: 'ip', title: 'IP', text: 'IP', offset: 14, length: 20, layer: 1, severity: 'ok',
    fields: [field('ip.flags', 20, 2, { children: [field('ip.flags.df', 20, 1)] }), field('ip.addr', 26, 4, { is_generated: true }), field('ip.src', 26, 4)],
  },
];

test('a byte leads to the field that says most about it', () => {
  const roots = nodes_of(layers);
  assert.equal(node_at(roots, 20)?.name, 'ip.flags.df');
  assert.equal(node_at(roots, 21)?.name, 'ip.flags');
  assert.equal(node_at(roots, 15)?.name, 'ip');
  assert.equal(node_at(roots, 27)?.name, 'ip.src', 'not the one that is reckoned');
  assert.equal(node_at(roots, 40), null);
});

test('only open nodes show their children', () => {
  const roots = nodes_of(layers);
  const names = (open: string[]) => visible_nodes(roots, (node) => open.includes(node.path)).map((node) => node.name);
  assert.deepEqual(names([]), ['frame', 'ip']);
  assert.deepEqual(names(['ip']), ['frame', 'ip', 'ip.flags', 'ip.addr', 'ip.src']);
  assert.deepEqual(names(['ip', 'ip/ip.flags']), ['frame', 'ip', 'ip.flags', 'ip.flags.df', 'ip.addr', 'ip.src']);
});

test('a field is a filter', () => {
  const [, ip] = nodes_of(layers);
  assert.equal(filter_of(ip!), 'ip');
  assert.equal(filter_of(ip!.children[2]!), 'ip.src == 1');
});
