// SPDX-License-Identifier: Apache-2.0
//
// The fields of a packet as a flat list of what a tree shows, and the way from a byte to the field that says most about it.

export interface ApiField {
  name: string | null;
  label: string;
  text: string;
  value: string | null;
  offset: number | null;
  length: number;
  layer: number;
  is_generated?: boolean;
  children?: ApiField[];
}
export interface ApiLayer {
  protocol: string;
  title: string;
  text: string;
  offset: number | null;
  length: number;
  layer: number;
  severity: 'ok' | 'note' | 'warning' | 'error';
  fields: ApiField[];
}

export interface Node {
  id: string; // '2', '2.0.1': place in the tree; the same field of the next packet has the same
  path: string; // protocol and names, for what stays open from packet to packet
  depth: number;
  text: string;
  name: string;
  value: string | null;
  from: number; // bytes; -1: none
  to: number;
  severity: string;
  is_generated: boolean;
  children: Node[];
  parent: Node | null;
}

const depth_limit = 32;

export function nodes_of(layers: ApiLayer[]): Node[] {
  const field = (told: ApiField, parent: Node, i: number): Node => {
    const node: Node = {
      id: `${parent.id}.${i}`,
      path: `${parent.path}/${told.name ?? told.label}`,
      depth: parent.depth + 1,
      text: told.text,
      name: told.name ?? '',
      value: told.value,
      from: told.offset ?? -1,
      to: told.offset === null ? -1 : told.offset + told.length,
      severity: 'ok',
      is_generated: told.is_generated === true,
      children: [],
      parent,
    };
    if (node.depth < depth_limit) node.children = (told.children ?? []).map((child, k) => field(child, node, k));
    return node;
  };
  return layers.map((layer, i) => {
    const node: Node = {
      id: String(i),
      path: layer.protocol,
      depth: 0,
      text: layer.text || layer.title,
      name: layer.protocol,
      value: null,
      from: layer.offset ?? -1,
      to: layer.offset === null ? -1 : layer.offset + layer.length,
      severity: layer.severity,
      is_generated: false,
      children: [],
      parent: null,
    };
    node.children = layer.fields.map((one, k) => field(one, node, k));
    return node;
  });
}

/* What is seen: a node, then its children if it is open. */
export function visible_nodes(roots: Node[], is_open: (node: Node) => boolean): Node[] {
  const seen: Node[] = [];
  const walk = (node: Node) => {
    seen.push(node);
    if (node.children.length > 0 && is_open(node)) node.children.forEach(walk);
  };
  roots.forEach(walk);
  return seen;
}

/* The field of fewest bytes that holds that byte; of several the deepest. */
export function node_at(roots: Node[], at: number): Node | null {
  let best: Node | null = null;
  const walk = (node: Node) => {
    if (node.from >= 0 && at >= node.from && at < node.to && !node.is_generated) {
      const size = node.to - node.from;
      if (best === null || size < best.to - best.from || (size === best.to - best.from && node.depth > best.depth)) best = node;
    }
    node.children.forEach(walk);
  };
  roots.forEach(walk);
  return best;
}

/* 'coap.code == 69', as the server writes the value; only the name where there is none. */
export function filter_of(node: Node): string {
  if (node.name === '') return '';
  return node.value === null || node.value === '' ? node.name : `${node.name} == ${node.value}`;
}
