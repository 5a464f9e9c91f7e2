# SPDX-License-Identifier: Apache-2.0
"""A recorder killed at random moments loses nothing that was flushed (a second old), and the archive is whole."""
import signal
import time

from harness import Mirror, archive_packets, udp_frame

ALONE = True  # looks at how soon

FLUSH_SECONDS = 1.0
SLACK_SECONDS = 0.3  # a busy machine wakes the recorder late


def case_what_was_flushed_survives_kill_9(t):
    archive = t.path('archive')
    rounds = 3 if t.quick or t.sanitized else 8
    number, must, sent_all, ages = 0, set(), set(), {}
    for round_ in range(rounds):
        recorder, port = t.recorder(archive, '-C', '100k')
        mirror = Mirror(port)
        sent = []
        until = time.monotonic() + t.random.uniform(0.2, 3.0)
        while time.monotonic() < until:
            mirror.send(udp_frame(number.to_bytes(4, 'big') + t.random.randbytes(300)))
            sent.append((time.monotonic(), number))
            number += 1
            time.sleep(0.002)
        killed = time.monotonic()
        t.stop(recorder, signal.SIGKILL)
        mirror.close()
        sent_all |= {n for _, n in sent}
        must |= {n for at, n in sent if at < killed - FLUSH_SECONDS - SLACK_SECONDS}
        ages.update((n, killed - at) for at, n in sent)
        # Readable at once, before any repair.
        found = t.find_count('-A', archive, '-Y', 'udp.dstport == 9999') if must else 0
        t.check(found >= len(must), f'round {round_}: {found} found before repair, {len(must)} were flushed')
    recorder, port = t.recorder(archive)
    t.stop(recorder)
    got = [int.from_bytes(p.data[42:46], 'big') for p in archive_packets(archive)]
    t.equal(len(got), len(set(got)), 'packets, without doubles')
    t.check(set(got) <= sent_all, 'packets nobody sent')
    t.note(f'{rounds} kills: {len(sent_all)} sent, {len(must)} older than the flush bound, {len(got)} found; the oldest lost one was '
           f'{max((ages[n] for n in sent_all - set(got)), default=0):.2f} s old when the recorder was killed')
    t.check(must <= set(got), f'{len(must - set(got))} of {len(must)} flushed packets are gone: {sorted(must - set(got))[:10]}')
    t.run('check', '-A', archive)


case_what_was_flushed_survives_kill_9.slow = True
