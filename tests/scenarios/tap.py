# SPDX-License-Identifier: Apache-2.0
"""A tap gives other programs the packets as they come, with the numbers they have in the archive; who is slow, late or
killed loses its own and nobody else's."""
import os
import signal
import socket
import struct
import subprocess
import time

from harness import Mirror, archive_packets, options_of, read_pcapng, segments, udp_frame, unpack


def marked(number, size=300):
    return udp_frame(number.to_bytes(4, 'big') + bytes(size))


def mark_of(data):
    return int.from_bytes(data[42:46], 'big')


def numbered(data):
    """[(number, mark)] of a stream's packets, in its order; a block that is cut off at the end is left out."""
    found, at = [], 0
    while at + 12 <= len(data):
        kind, total = struct.unpack_from('<II', data, at)
        if at + total > len(data):
            break
        if kind == 6:
            caplen = struct.unpack_from('<I', data, at + 20)[0]
            options = options_of(data[at + 28 + (caplen + 3 & ~3):at + total - 4], '<')
            number = struct.unpack('<Q', options[5])[0] if 5 in options else None
            found.append((number, mark_of(data[at + 28:at + 28 + caplen])))
        at += total
    return found


def archive_numbers(t, archive):
    """{number: mark}, by what each segment's header says of its first packet."""
    found = {}
    for path in segments(archive):
        data = unpack(path)
        comment = options_of(data[24:struct.unpack_from('<I', data, 4)[0] - 4], '<')[1].decode()
        t.check('packets from number ' in comment, f'{path} does not say its first number: {comment!r}')
        first = int(comment.split('packets from number ')[1])
        for i, packet in enumerate(read_pcapng(data)):
            t.check(first + i not in found, f'number {first + i} was given twice')
            found[first + i] = mark_of(packet.data)
    return found


class Reader:
    """Takes all that a tap sends, in a process of its own, into a file."""

    def __init__(self, t, name, where):
        self.path = t.path(name)
        command = (f'import socket,sys\ns=socket.socket({"socket.AF_UNIX" if isinstance(where, str) else ""})\n'
                   f's.connect({where!r})\nf=open({self.path!r},"wb",0)\nf.write(s.recv(65536))\nprint("there",flush=True)\n'
                   'while b:=s.recv(1<<16):f.write(b)')
        self.child = subprocess.Popen(['python3', '-c', command], stdout=subprocess.PIPE)
        t.children.append(self.child)
        t.equal(self.child.stdout.readline(), b'there\n', f'{name} is greeted')

    def end(self, timeout=30):
        self.child.wait(timeout)
        return numbered(open(self.path, 'rb').read())


def free_tcp_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def send(mirror, numbers, pause=0.0005):
    for number in numbers:
        mirror.send(marked(number))
        if number % 16 == 0:
            time.sleep(pause * 16)


def wait_received(t, archive, n):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if b'"packets": %d,' % n in t.run('status', '-A', archive, '-T', 'json', exit=(0, 1, 2)).stdout:
            return
        time.sleep(0.2)
    t.check(False, f'the recorder does not have {n} packets after 30 s')


def case_readers_get_what_the_archive_has_under_the_same_numbers(t):
    archive, where, tcp = t.path('archive'), t.path('tap.sock'), free_tcp_port()
    recorder, port = t.recorder(archive, '-C', '100k', '--tap', f'unix:{where}', '--tap', f'tcp:127.0.0.1:{tcp}')
    mirror = Mirror(port)
    send(mirror, range(100))
    wait_received(t, archive, 100)
    first, second = Reader(t, 'first', where), Reader(t, 'second', ('127.0.0.1', tcp))
    stopped = Reader(t, 'stopped', where)
    os.kill(stopped.child.pid, signal.SIGSTOP)
    n = 6000 if t.quick or t.sanitized else 20000
    send(mirror, range(100, n))
    wait_received(t, archive, n)
    late = Reader(t, 'late', where)
    send(mirror, range(n, n + 500))
    wait_received(t, archive, n + 500)
    os.kill(stopped.child.pid, signal.SIGCONT)
    t.stop(recorder)
    mirror.close()
    t.check(not os.path.exists(where), 'the socket is left behind')
    kept = archive_numbers(t, archive)
    t.equal(sorted(kept), list(range(1, n + 501)), 'numbers in the archive')
    t.equal([kept[i + 1] for i in range(n + 500)], list(range(n + 500)), 'what they number')
    for reader, least in ((first, n + 400), (second, n + 400), (late, 500)):
        got = reader.end()
        t.check(len(got) >= least, f'{reader.path}: {len(got)} packets, not {least}')
        t.equal(got, [(i, kept[i]) for i in range(got[0][0], n + 501)], reader.path)
    got = stopped.end()
    t.check(all(kept[number] == mark for number, mark in got), 'the stopped reader got something else')
    t.note(f'the stopped reader has {len(got)} of {n + 400}')


def case_a_stopped_reader_loses_its_own_and_status_says_so(t):
    archive, where = t.path('archive'), t.path('tap.sock')
    recorder, port = t.recorder(archive, '--tap', f'unix:{where}')
    mirror = Mirror(port)
    stopped, other = Reader(t, 'stopped', where), Reader(t, 'other', where)
    os.kill(stopped.child.pid, signal.SIGSTOP)
    n, size = 0, 1400
    for n in range(1, 20001):  # 28 MB: more than a reader's queue and the socket's take together
        mirror.send(marked(n, size))
        if n % 8 == 0:
            time.sleep(0.002)
    wait_received(t, archive, n)
    status = t.run('status', '-A', archive).stdout.decode()
    t.check('dropped by slow readers       0' not in status and 'dropped by slow readers' in status, status)
    os.kill(stopped.child.pid, signal.SIGCONT)
    time.sleep(0.5)
    mirror.send(marked(n + 1))  # behind the gap
    wait_received(t, archive, n + 1)
    said = t.stop(recorder)
    mirror.close()
    t.check('dropped by slow ones' in said, said)
    t.equal(len(other.end()), n + 1, 'packets of the reader that was not stopped')
    got = stopped.end()
    statistics = []
    read_pcapng(open(stopped.path, 'rb').read(), statistics)
    lost = max(struct.unpack('<Q', options[7])[0] for _, options in statistics)
    t.equal(lost, n + 1 - len(got), 'packets that its statistics say it lost')
    t.check(lost > 0, 'it lost nothing')
    t.equal(len(archive_numbers(t, archive)), n + 1, 'packets in the archive')
    t.note(f'{lost} of {n + 1} packets were lost by the stopped reader alone')


case_a_stopped_reader_loses_its_own_and_status_says_so.slow = True


def case_numbers_go_on_over_kills_restarts_imports_and_an_emptied_archive(t):
    archive, where = t.path('archive'), t.path('tap.sock')
    given, last = {}, 0
    for round_, how in enumerate((signal.SIGTERM, signal.SIGKILL, signal.SIGKILL, signal.SIGTERM)):
        # After a kill the socket is left behind; the next recorder takes its place.
        recorder, port = t.recorder(archive, '--tap', f'unix:{where}', '--node', 'gw')
        mirror, reader = Mirror(port), Reader(t, f'reader-{round_}', where)
        send(mirror, range(round_ * 1000, round_ * 1000 + 300))
        time.sleep(1.6 if round_ == 1 else 0.4)
        t.stop(recorder, how)
        mirror.close()
        got = reader.end()
        t.check(got, f'round {round_}: the tap gave nothing')
        for number, mark in got:
            t.check(number not in given, f'round {round_}: number {number} was given twice')
            given[number] = mark
        t.check(got[0][0] > last, f'round {round_}: {got[0][0]} comes behind {last}')
        last = got[-1][0]
    kept = archive_numbers(t, archive)
    t.equal({i: given[i] for i in kept if i in given}, {i: kept[i] for i in kept if i in given}, 'what the numbers stand for')
    rounds = [sum(mark // 1000 == round_ for mark in kept.values()) for round_ in range(4)]
    t.check(rounds[0] == rounds[1] == rounds[3] == 300, f'packets kept of each round: {rounds}')
    t.run('find', '-A', archive, '-w', t.path('some.pcapng'))
    t.run('import', t.path('some.pcapng'), '-w', archive, '--node', 'gw', '--again')
    after = archive_numbers(t, archive)
    t.equal({i: after[i] for i in kept}, kept, 'numbers from before the import')
    t.check(min(set(after) - set(kept)) > last, 'an import was given older numbers')
    last = max(after)
    for name in os.listdir(archive):  # as retention leaves it
        if '.pcapng' in name or name.endswith('.tdx'):
            os.unlink(os.path.join(archive, name))
    recorder, port = t.recorder(archive, '--node', 'gw')
    mirror = Mirror(port)
    send(mirror, range(5))
    wait_received(t, archive, 5)
    t.stop(recorder)
    mirror.close()
    t.equal(min(archive_numbers(t, archive)), last + 1, 'the first number in the emptied archive')


def case_find_and_record_read_a_tap(t):
    archive, copy, where = t.path('archive'), t.path('copy'), t.path('tap.sock')
    t.check(b'nobody listens there' in t.run('find', '-r', f'tap:unix:{where}', exit=2).stderr, 'a missing tap is not told')
    recorder, port = t.recorder(archive, '--tap', f'unix:{where}')
    found = open(t.path('found'), 'wb')
    find = subprocess.Popen([t.tapdeck, 'find', '-r', f'tap:unix:{where}', '-c', '200', '-T', 'fields', '-e', 'udp.length'],
                            stdout=found, stderr=subprocess.DEVNULL)
    second = subprocess.Popen([t.tapdeck, 'record', '-r', f'tap:unix:{where}', '-w', copy], stderr=subprocess.DEVNULL)
    t.children += [find, second]
    end = time.monotonic() + 20
    while time.monotonic() < end and b'"connected": 2' not in t.run('status', '-A', archive, '-T', 'json', exit=(0, 1, 2)).stdout:
        time.sleep(0.2)
    mirror = Mirror(port)
    send(mirror, range(400))
    t.equal(find.wait(30), 0, 'exit code of find')
    t.equal(len(open(t.path('found')).read().split()), 200, 'packets that find printed')
    wait_received(t, archive, 400)
    t.stop(recorder)
    mirror.close()
    t.equal(second.wait(30), 0, 'exit code of the second recorder, at the end of the tap')
    t.equal([p.data for p in archive_packets(copy)], [p.data for p in archive_packets(archive)], 'the copy')


def case_wrong_taps_are_refused(t):
    archive = t.path('archive')
    for words, sentence in ((('--tap', 'tcp:0.0.0.0:57012'), b'--insecure-tap'), (('--tap', 'udp:1'), b'unix:PATH'),
                            (('--tap', f'unix:{archive}-none/x'), b'No such file'), (('--tap', 'unix:' + 'x' * 140), b'at most')):
        said = t.run('record', '--vxlan', '127.0.0.1:14999', '-w', archive, *words, exit=2).stderr
        t.check(sentence in said, f'{words}: {said}')
    where = t.path('tap.sock')
    recorder, _ = t.recorder(archive, '--tap', f'unix:{where}', '--node', 'a')
    said = t.run('record', '--vxlan', '127.0.0.1:14999', '-w', archive, '--node', 'b', '--tap', f'unix:{where}', exit=2).stderr
    t.check(b'listens there already' in said, said)
    t.stop(recorder)


def case_tshark_reads_a_tap(t):
    t.need('tshark')
    archive, tcp = t.path('archive'), free_tcp_port()
    recorder, port = t.recorder(archive, '--tap', f'tcp:127.0.0.1:{tcp}')
    tshark = subprocess.Popen(['tshark', '-i', f'TCP@127.0.0.1:{tcp}', '-w', t.path('tshark.pcapng'), '-c', '200'],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    t.children.append(tshark)
    end = time.monotonic() + 30
    while time.monotonic() < end and b'"connected": 1' not in t.run('status', '-A', archive, '-T', 'json', exit=(0, 1, 2)).stdout:
        time.sleep(0.2)
    mirror = Mirror(port)
    send(mirror, range(300))
    t.equal(tshark.wait(30), 0, 'exit code of tshark')
    t.stop(recorder)
    mirror.close()
    packets = read_pcapng(open(t.path('tshark.pcapng'), 'rb').read())
    t.check(len(packets) >= 200, f'{len(packets)} packets')
    t.equal([mark_of(p.data) for p in packets[:200]], list(range(200)), 'what tshark captured')
    t.check(packets[0].interface and 'vxlan' in packets[0].interface, f'its interface: {packets[0].interface}')
