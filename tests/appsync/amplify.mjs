// SPDX-License-Identifier: Apache-2.0
//
// The AppSync door as Amplify, Amazon's own client, sees it: connect, subscribe, a wildcard, posting, a connection
// that breaks and comes back, a wrong key. Told a JSON object on argv: {endpoint, reader, writer}. The endpoint is
// http:// on loopback; Amplify makes wss:// of it, which is turned back here, and nothing else of it is changed.
import { Amplify } from 'aws-amplify';
import { events } from 'aws-amplify/data';
import WebSocket from 'ws';

const { endpoint, reader, writer } = JSON.parse(process.argv[2]);
const sockets = [];
globalThis.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    super(String(url).replace(/^wss:/, 'ws:'), protocols);
    sockets.push(this);
  }
};

const key = (apiKey) => ({ authMode: 'apiKey', apiKey });
Amplify.configure({ API: { Events: { endpoint, region: 'eu-west-1', defaultAuthMode: 'apiKey', apiKey: writer } } });

let n_failed = 0;
const check = (is_so, words) => {
  if (!is_so) n_failed++;
  console.log(`${is_so ? 'ok' : 'FAILED'}  ${words}`);
};
const until = async (is_so, ms = 20000) => {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    if (is_so()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return is_so();
};
const listen = (channel) => {
  const got = [];
  const faults = [];
  const subscription = channel.subscribe({ next: (data) => got.push(data), error: (e) => faults.push(e) });
  return { got, faults, subscription };
};

const room = await events.connect('/default/room', key(writer));
const all = await events.connect('/default/*', key(writer));
const inRoom = listen(room);
const everywhere = listen(all);
await new Promise((resolve) => setTimeout(resolve, 500)); // subscribe_success has no callback of its own

await events.post('/default/room', { hello: 'world' }, key(writer));
check(await until(() => inRoom.got.length === 1), 'an event that is posted reaches who subscribed to the channel');
check(JSON.stringify(inRoom.got[0]?.event) === '{"hello":"world"}', 'and is what was posted');
check(await until(() => everywhere.got.length === 1), 'and who subscribed to all below');

await events.post('/default/deep/er', [1, 2, 3], key(writer));
check(await until(() => everywhere.got.length >= 2), 'a wildcard takes any depth');
check(inRoom.got.length === 1, 'another channel gets nothing of it');

await room.publish({ over: 'socket' }, key(writer));
check(await until(() => inRoom.got.length === 2), 'publishing over the socket reaches subscribers');

const refused = await events.post('/packets/capture', { forged: true }, key(writer)).then(
  () => false,
  (e) => JSON.stringify(e).includes("UnauthorizedException"),
);
check(refused, 'nobody posts packets, whatever his key');
const denied = await events.post('/default/room', 1, key(reader)).then(
  () => false,
  () => true,
);
check(denied, 'a key that only subscribes does not publish');

sockets.at(-1).terminate(); // the network went away
check(
  await until(() => sockets.length > 1 && sockets.at(-1).readyState === 1, 30000),
  'a connection that broke comes back by itself',
);
await new Promise((resolve) => setTimeout(resolve, 1000));
await events.post('/default/room', { after: 'it' }, key(writer));
check(await until(() => inRoom.got.length === 3), 'with its subscriptions');

events.closeAll();
await new Promise((resolve) => setTimeout(resolve, 200));
const wrong = await events.connect('/default/room', key('AAAA.wrong')).then(
  (channel) => {
    const { faults } = listen(channel);
    return until(() => faults.length > 0, 5000);
  },
  () => true,
);
check(wrong, 'a wrong key is refused');

console.log(n_failed === 0 ? 'all well' : `${n_failed} failed`);
process.exit(n_failed === 0 ? 0 : 1);
