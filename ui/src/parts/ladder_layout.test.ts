// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joins_between, ladder_layout, ladder_summary, rung_at, rungs_between, type LadderPacket } from './ladder_layout';

function packet(number: number, ms: number, more: Partial<LadderPacket> = {}): LadderPacket {
  return {
    number, us: 1_724_940_000_000_000 + ms * 1000, from: 0, to: 1, protocol: 'CoAP', label: `packet ${number}`, length: 60,
    is_error: false, is_warning: false, answers: null, repeats: null, awaits_answer: false, notice: '', ...more,
  };
}

// A request answered in 62 ms; one sent three times and never answered; twenty minutes of nothing; one more, answered.
const story = [
  packet(101, 0),
  packet(102, 62, { from: 1, to: 0, answers: 101 }),
  packet(110, 400, { awaits_answer: true }),
  packet(111, 2_400, { repeats: 110 }),
  packet(112, 6_400, { repeats: 110 }),
  packet(300, 1_206_400),
  packet(301, 1_206_470, { from: 1, to: 0, answers: 300, is_error: true }),
];

for (const spacing of ['even', 'time'] as const)
  test(`rungs go down, never closer than their labels (${spacing})`, () => {
    const ladder = ladder_layout(story, spacing);

    assert.equal(ladder.rungs.length, story.length);
    for (let i = 1; i < story.length; i++) assert.ok(ladder.rungs[i]!.y - ladder.rungs[i - 1]!.y >= 20);
    assert.ok(ladder.height > ladder.rungs.at(-1)!.y);
  });

test('silence is a band that says how long it was, between the rungs it separates', () => {
  for (const spacing of ['even', 'time'] as const) {
    const ladder = ladder_layout(story, spacing);
    const band = ladder.rungs[5]!.band!;

    assert.equal(band.us, 1_200_000_000);
    assert.ok(band.y > ladder.rungs[4]!.y && band.y + band.height < ladder.rungs[5]!.y);
    assert.equal(ladder.rungs[1]!.band, null);
  }
});

test('true time is true between the least and the most distance', () => {
  const packets = [0, 100, 200, 300, 600, 700].map((ms, i) => packet(i, ms));
  const y = ladder_layout(packets, 'time').rungs.map((rung) => rung.y);

  assert.ok(Math.abs(y[4]! - y[3]! - 3 * (y[1]! - y[0]!)) < 1e-6);
});

test('an answer is joined to its request with the delay, a repetition to the first sending', () => {
  const { joins } = ladder_layout(story, 'even');

  assert.deepEqual(
    joins.map((join) => [story[join.from]!.number, story[join.to]!.number, join.us, join.kind]).sort((a, b) => Number(a[1]) - Number(b[1])),
    [[101, 102, 62_000, 'answer'], [110, 111, 2_000_000, 'repeat'], [110, 112, 6_000_000, 'repeat'], [300, 301, 70_000, 'answer']],
  );
});

test('brackets that overlap lie side by side, the inner one nearer', () => {
  const packets = [packet(1, 0), packet(2, 10), packet(3, 20, { answers: 2 }), packet(4, 30, { answers: 1 })];
  const { joins, n_columns } = ladder_layout(packets, 'even');

  assert.equal(n_columns, 2);
  assert.equal(joins.find((join) => join.to === 2)!.column, 0);
  assert.equal(joins.find((join) => join.to === 3)!.column, 1);
});

test('a request that is not in the list joins nothing, and an answer to itself neither', () => {
  assert.deepEqual(ladder_layout([packet(7, 0, { answers: 3 }), packet(8, 1, { answers: 8 })], 'even').joins, []);
});

test('only what is in sight is drawn, with one more rung on each side', () => {
  const packets = Array.from({ length: 10_000 }, (_, i) => packet(i, i * 100, i % 2 === 1 ? { answers: i - 1 } : {}));
  const ladder = ladder_layout(packets, 'even');
  const top = ladder.rungs[5000]!.y;
  const { first, end } = rungs_between(ladder, top, top + 700);

  assert.ok(first >= 4998 && first <= 5000);
  assert.ok(end - first < 32);
  assert.equal(rung_at(ladder, top), 5000);
  assert.equal(rung_at(ladder, -10), 0);
  assert.ok(joins_between(ladder, top, top + 700).length < 20);
});

test('the summary counts what the ladder shows', () => {
  assert.deepEqual(ladder_summary(story, ladder_layout(story, 'even')), {
    n_answered: 2, n_unanswered: 1, n_repeated: 2, n_errors: 1, median_us: 70_000, longest_silence_us: 1_200_000_000,
  });
});

test('a notice has a line of its own between its arrow and what was before', () => {
  for (const spacing of ['even', 'time'] as const) {
    const ladder = ladder_layout([packet(1, 0), packet(2, 100_000, { notice: 'address changed' })], spacing);
    const rung = ladder.rungs[1]!;

    assert.ok(rung.notice_y > ladder.rungs[0]!.y && rung.notice_y <= rung.y - 26);
    if (rung.band) assert.ok(rung.band.y + rung.band.height <= rung.notice_y + 1, spacing);
  }
});

test('an empty session is an empty ladder', () => {
  const ladder = ladder_layout([], 'time');

  assert.deepEqual([ladder.rungs.length, ladder.joins.length, rungs_between(ladder, 0, 900).end], [0, 0, 0]);
});
