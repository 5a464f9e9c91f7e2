// SPDX-License-Identifier: Apache-2.0
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { completion_at } from './completion';

/* The caret is at |. */
function at(text: string): string {
  const caret = text.indexOf('|');
  const { kind, part, from, to, field } = completion_at(text.replace('|', ''), caret);
  return [kind, field, part, from, to].join(',');
}

test('names are completed where a test may begin, values behind a comparison', () => {
  const cases: [string, string][] = [
    ['co|', 'field,,co,0,2'],
    ['coap.co|de', 'field,,coap.co,0,9'],
    ['coap && ip.a|', 'field,,ip.a,8,12'],
    ['!(dt|', 'field,,dt,2,4'],
    ['|', 'field,,,0,0'],
    ['coap.code == |', 'value,coap.code,,13,13'],
    ['coap.code==4.0|', 'value,coap.code,4.0,11,14'],
    ['mqtt.topic contains "sens|', 'value,mqtt.topic,"sens,20,25'],
    ['udp.port in {5683,|', 'value,udp.port,,18,18'],
    ['a == "b" && co|', 'field,,co,12,14'],
    ['a == "b"|', 'none,,,8,8'],
    ['a == "b co|', 'value,a,"b co,5,10'],
  ];
  for (const [text, wanted] of cases) assert.equal(at(text), wanted, text);
});
