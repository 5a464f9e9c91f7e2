// SPDX-License-Identifier: Apache-2.0
//
// Takes events of packets through Amplify until there are enough, and prints them as JSON lines: {endpoint, key,
// channel, wanted}.
import { Amplify } from 'aws-amplify';
import { events } from 'aws-amplify/data';
import WebSocket from 'ws';

const { endpoint, key, channel, wanted } = JSON.parse(process.argv[2]);
globalThis.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    super(String(url).replace(/^wss:/, 'ws:'), protocols);
  }
};
Amplify.configure({ API: { Events: { endpoint, region: 'eu-west-1', defaultAuthMode: 'apiKey', apiKey: key } } });

let n = 0;
const taken = await events.connect(channel);
taken.subscribe({
  next: ({ event }) => {
    console.log(JSON.stringify(event));
    if (++n === wanted) process.exit(0);
  },
  error: (fault) => {
    console.error(JSON.stringify(fault));
    process.exit(1);
  },
});
setTimeout(() => {
  console.error(`only ${n} events came`);
  process.exit(1);
}, 30000);
setTimeout(() => console.error('subscribed'), 700);
