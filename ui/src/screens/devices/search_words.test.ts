// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address_of, quoted } from './search_words';

test('addresses are told from names', () => {
  for (const text of ['10.1.2.3', ' 10.1.2.3:5684 ', '2001:db8::1', '[2001:db8::1]:5684', 'fe80::1', '::1', '1:2:3:4:5:6:7:8'])
    assert.equal(address_of(text), text.trim(), text);
  for (const text of ['', 'sensor-7944', 'urn:imei:867412043897643', '10.1.2', '10.1.2.300', '10.1.2.3:99999', '44:3a:37:00:aa:bb', 'D:79:44', '[::1', 'cafe', '1.2.3.4.5'])
    assert.equal(address_of(text), null, text);
});

test('a name in a filter cannot end its own quotes', () => {
  assert.equal(quoted('a"b\\c'), '"a\\"b\\\\c"');
});
