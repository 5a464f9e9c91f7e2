# SPDX-License-Identifier: Apache-2.0
"""On a full disk the recorder goes on: it deletes the oldest, counts what it cannot keep, and says so."""
import os
import subprocess
import time

from harness import Mirror, archive_packets, udp_frame


def small_disk(t, size):
    t.need_root()
    disk = t.path('disk')
    os.mkdir(disk)
    done = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={size}', 'tmpfs', disk], capture_output=True)
    if done.returncode:
        t.skip('tmpfs cannot be mounted here')
    t.mounts.append(disk)
    return disk


def send(t, port, first, n, size=1000):
    mirror = Mirror(port)
    for number in range(first, first + n):
        mirror.send(udp_frame(number.to_bytes(4, 'big') + t.random.randbytes(size)))
        time.sleep(0.0003)
    mirror.close()


def case_the_oldest_give_way_on_a_full_disk(t):
    archive = os.path.join(small_disk(t, '6m'), 'archive')
    recorder, port = t.recorder(archive, '-C', '500k')
    send(t, port, 0, 12000)
    time.sleep(1.5)
    t.check(recorder.poll() is None, f'the recorder ended: {open(recorder.log).read()}')
    send(t, port, 12000, 50)
    time.sleep(1.5)
    t.check(t.find_count('-A', archive, '-Y', 'frame') > 0, 'nothing can be found any more')
    said = t.stop(recorder)
    t.check('space' in said or 'full' in said, f'the recorder does not say that the disk is full: {said}')
    numbers = [int.from_bytes(p.data[42:46], 'big') for p in archive_packets(archive)]
    t.check(numbers[0] > 0, 'the oldest packet is still there')
    t.check(numbers[-1] == 12049, f'the newest packet is missing: {numbers[-3:]}')
    t.run('check', '-A', archive)
    t.note(f'{len(numbers)} of 12050 packets kept on 6 MB')


def case_a_disk_that_others_filled_is_survived(t):
    disk = small_disk(t, '4m')
    archive = os.path.join(disk, 'archive')
    recorder, port = t.recorder(archive, '-C', '500k')
    send(t, port, 0, 200)
    time.sleep(1.2)
    ballast = os.open(os.path.join(disk, 'ballast'), os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(ballast, b'x' * 4096)
    except OSError:
        pass
    os.close(ballast)
    send(t, port, 200, 3000)
    time.sleep(1.5)
    t.check(recorder.poll() is None, f'the recorder ended: {open(recorder.log).read()}')
    os.unlink(os.path.join(disk, 'ballast'))
    time.sleep(1.5)
    send(t, port, 3200, 200)
    time.sleep(1.5)
    said = t.stop(recorder, exit=2)
    numbers = [int.from_bytes(p.data[42:46], 'big') for p in archive_packets(archive)]
    t.check(set(range(3200, 3400)) <= set(numbers), 'packets that came after there was room again are missing')
    t.check('disk' in said, f'disk drops are not told: {said}')
    t.equal(numbers, sorted(set(numbers)), 'packets in order, none twice')
    t.run('check', '-A', archive)


case_the_oldest_give_way_on_a_full_disk.slow = True
case_a_disk_that_others_filled_is_survived.slow = True
