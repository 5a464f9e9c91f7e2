# SPDX-License-Identifier: Apache-2.0
"""Sets of old captures, as tcpdump's rotation, full disks and people leave them, are imported: every packet once, in
time order, also when the import is killed and started again."""
import collections
import fcntl
import glob
import gzip
import os
import re
import shutil
import signal
import struct
import subprocess
import time

from harness import Failure, archive_packets, content, read_capture, read_pcapng, segments, udp_frame

BEGIN = 1724900000  # seconds since 1970


def packets(t, n, first=0, step_us=1500, size=200):
    """(seconds, microseconds, frame): some of them at equal times, as a busy second has them."""
    made = []
    for i in range(first, first + n):
        at = (i - i % 3) * step_us
        made.append((BEGIN + at // 10**6, at % 10**6,
                     udp_frame(i.to_bytes(8, 'big') + t.random.randbytes(t.random.randrange(size)),
                               source=(f'10.0.{i % 7}.1', 1000 + i % 50))))
    return made


def pcap(made):
    out = [struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1)]
    for seconds, micros, frame in made:
        out.append(struct.pack('<IIII', seconds, micros, len(frame), len(frame)) + frame)
    return b''.join(out)


def put(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(gzip.compress(data, 1) if path.endswith('.gz') else data)


def wanted(made):
    return sorted((s * 10**9 + us * 1000, len(f), 1, f) for s, us, f in made)


def distinct(t, folder):
    """Of all files each packet as often as the file has it that has it most often, as find -r reads them."""
    most = collections.Counter()
    for path in glob.glob(os.path.join(folder, '**'), recursive=True):
        if not os.path.isfile(path) or os.path.getsize(path) == 0:
            continue
        out = t.path('one.pcapng')
        t.run('find', '-r', path, '-w', out, exit=(0, 1, 2))
        most |= collections.Counter(content(read_capture(out)))
    return sorted(most.elements())


def in_archive(t, archive):
    got = archive_packets(archive)
    times = [p.ts_ns for p in got]
    t.check(times == sorted(times), 'the archive is not in the order of time')
    return content(got)


def said(done):
    return done.stderr.decode()


def wait_for_children(pid):
    """Until none of them runs; those that nobody asked for their end are no matter."""
    for _ in range(600):
        running = False
        for path in glob.glob('/proc/[0-9]*/stat'):
            try:
                state, parent = open(path).read().rpartition(')')[2].split()[:2]
            except OSError:
                continue
            running |= int(parent) == pid and state != 'Z'
        if not running:
            return
        time.sleep(0.02)


def case_a_ring_of_tcpdump_with_gzip_is_taken_whole(t):
    t.need('tcpdump')
    folder, whole = t.path('ring'), t.path('whole.pcap')
    put(whole, pcap(packets(t, 40000)))
    os.makedirs(folder)
    # With a ring, gzip finds the first cycle's .gz in its way and leaves what is newer unpacked: two periods, mixed.
    # tcpdump waits for no gzip, so it must not be faster than they are.
    tcpdump = subprocess.Popen(['tcpdump', '-Z', 'root', '-r', '-', '-C', '1', '-W', '4', '-w',
                                os.path.join(folder, 'dump.pcap'), '-z', 'gzip'], stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    t.children.append(tcpdump)
    data = open(whole, 'rb').read()
    for at in range(0, len(data), 250000):
        tcpdump.stdin.write(data[at:at + 250000])
        tcpdump.stdin.flush()
        time.sleep(0.05)
        wait_for_children(tcpdump.pid)
    tcpdump.stdin.close()
    tcpdump.wait(20)
    names = sorted(os.listdir(folder))
    t.check(any(n.endswith('.gz') for n in names) and not all(n.endswith('.gz') for n in names), f'no mixed set: {names}')
    done = t.run('import', folder, '-w', t.path('archive'))
    t.equal(in_archive(t, t.path('archive')), distinct(t, folder), f'packets of {names}')
    t.note(f'{names}: {said(done).splitlines()[0]}')


def case_a_rotated_set_in_disorder_is_taken_in_time_order(t):
    t.need('tcpdump')
    made = packets(t, 30000)
    whole, folder = t.path('whole.pcap'), t.path('set')
    put(whole, pcap(made))
    os.makedirs(folder)
    # -C without -W numbers without leading zeroes: x.pcap10 sorts before x.pcap2.
    subprocess.run(['tcpdump', '-Z', 'root', '-r', whole, '-C', '1', '-w', os.path.join(folder, 'x.pcap')],
                   check=True, capture_output=True, stdin=subprocess.DEVNULL)
    for i, name in enumerate(sorted(os.listdir(folder))):
        path = os.path.join(folder, name)
        if i % 3 == 0:
            subprocess.run(['gzip', '-1', path], check=True)
        elif i % 3 == 1:
            os.makedirs(os.path.join(folder, 'older'), exist_ok=True)
            os.rename(path, os.path.join(folder, 'older', f'a{i}'))  # names and endings tell nothing
    archive = t.path('archive')
    done = t.run('import', folder, '-w', archive)
    t.equal(in_archive(t, archive), wanted(made), 'packets')
    t.check('1 subdirectory' in said(done), f'subdirectories are not told: {said(done)}')
    t.run('check', '-A', archive)


def messy_set(t, folder):
    """A set with everything wrong that is known of; answers the packets that can be had."""
    made = packets(t, 6000)
    put(f'{folder}/a.pcap', pcap(made[:1000]))
    put(f'{folder}/a.pcap.gz', pcap(made[:1000]))  # gzip ran, and was killed before it removed the file
    put(f'{folder}/copy/of-a.pcap', pcap(made[:1000]))
    put(f'{folder}/b.pcap', pcap(made[900:2000]))  # two tcpdumps ran for a while
    put(f'{folder}/c.pcap', pcap(made[2000:3000]))
    with open(f'{folder}/c.pcap', 'r+b') as file:  # a full disk
        file.truncate(os.path.getsize(file.name) - 10)
    put(f'{folder}/d.pcap.gz', pcap(made[3000:4000]))
    with open(f'{folder}/d.pcap.gz', 'r+b') as file:  # no trailer
        file.truncate(os.path.getsize(file.name) - 8)
    put(f'{folder}/e.pcap', b'')
    put(f'{folder}/f.pcap', pcap([]))
    put(f'{folder}/notes.txt', b'captured on Thursday\n')
    put(f'{folder}/.hidden.pcap', pcap(packets(t, 10, first=50000)))
    put(f'{folder}/2024-01-01.pcap', pcap(made[4000:]))  # the name lies
    os.symlink('a.pcap', f'{folder}/link.pcap')
    os.symlink('.', f'{folder}/round')
    return made[:2999] + made[3000:]


def case_a_messy_set_gives_each_packet_once_and_names_what_is_wrong(t):
    folder, archive = t.path('set'), t.path('archive')
    made = messy_set(t, folder)
    done = t.run('import', folder, '-w', archive, exit=2)
    t.equal(in_archive(t, archive), wanted(made), 'packets')
    text = said(done)
    for sign in (r'cut: .*c\.pcap', r'cut: .*d\.pcap\.gz', r'empty: .*e\.pcap', r'empty: .*f\.pcap', r'no capture: .*notes\.txt',
                 r'duplicate: .*a\.pcap\.gz', r'duplicate: .*of-a\.pcap', r'overlap: .*b\.pcap: 100 of its 1,100',
                 r'link\.pcap: another name|a\.pcap: another name', '1 hidden'):
        t.check(re.search(sign, text), f'{sign} is not told in\n{text}')
    again = t.run('import', folder, '-w', archive)
    t.check('already there: ' in said(again), said(again))
    t.equal(in_archive(t, archive), wanted(made), 'packets after a second import')


def case_dry_run_tells_the_plan_and_writes_nothing(t):
    folder, archive = t.path('set'), t.path('archive')
    made = packets(t, 3000)
    put(f'{folder}/z.pcap', pcap(made[:1000]))
    put(f'{folder}/y.pcap', pcap(made[990:2000]))
    put(f'{folder}/x.pcap', pcap([(s + 3600, us, f) for s, us, f in made[2000:]]))
    put(f'{folder}/z2.pcap.gz', pcap(made[:1000]))
    plan = t.run('import', '--dry-run', folder, '-w', archive).stdout.decode()
    t.check(not os.path.exists(archive), 'the archive was made')
    lines = [line for line in plan.splitlines() if '/set/' in line]
    t.equal([re.search(r'/set/(\S+)', line).group(1) for line in lines],
            ['z.pcap', 'z2.pcap.gz', 'y.pcap', 'x.pcap'], 'the order')
    t.check('duplicate of' in lines[1] and 'overlaps' in lines[2] and 'gap of 1h' in lines[3], plan)


def killed_import(t, folder, archive, seconds, *words):
    child = subprocess.Popen([t.tapdeck, 'import', folder, '-w', archive, *words], stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE)
    t.children.append(child)
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGKILL)
        child.wait()
    text = child.stderr.read().decode()
    t.check('Sanitizer' not in text and 'runtime error' not in text, text)
    return child.returncode, text


def case_an_import_killed_again_and_again_ends_with_each_packet_once(t):
    folder, archive = t.path('set'), t.path('archive')
    made = packets(t, 24000 if t.sanitized else 60000)  # twelve files
    bounds = list(range(0, len(made), len(made) // 12)) + [len(made)]
    for i, (a, b) in enumerate(zip(bounds, bounds[1:])):  # each overlaps the one before
        put(f'{folder}/{17 * i % 12:02}.pcap' + ('.gz' if i % 2 else ''), pcap(made[max(0, a - 100):b]))
    words = ('-C', '60k')
    began = time.monotonic()
    t.run('import', folder, '-w', t.path('undisturbed'), *words)
    whole = time.monotonic() - began
    kills = resumed = 0
    for _ in range(40):
        code, text = killed_import(t, folder, archive, t.random.uniform(0.02, 0.4 * whole), *words)
        if code != -signal.SIGKILL:
            break
        kills += 1
        resumed += 'already there' in text
    else:
        code, text = killed_import(t, folder, archive, 120, *words)
    t.equal(code, 0, f'exit code after {kills} kills: {text}')
    t.check(kills >= 3 and resumed, f'{kills} kills, {resumed} resumed: nothing was tried')
    t.equal(in_archive(t, archive), wanted(made), f'packets after {kills} kills')
    t.equal([p.data for p in archive_packets(archive)], [p.data for p in archive_packets(t.path('undisturbed'))],
            'the order, beside that of an import left in peace')
    t.run('check', '-A', archive)
    t.note(f'{kills} kills in an import that takes {whole:.2f} s; {resumed} resumed')


def case_an_import_killed_at_each_rename_and_sync_ends_with_each_packet_once(t):
    t.need('strace')
    folder = t.path('set')
    made = packets(t, 9000)
    for i in range(3):
        put(f'{folder}/{i}.pcap', pcap(made[max(0, 3000 * i - 50):3000 * (i + 1)]))
    tried = 0
    for call in ('rename', 'fdatasync', 'fsync', 'unlink'):
        for when in (1, 2, 3, 5, 8):
            archive = t.path(f'{call}-{when}')
            for _ in range(2):  # the one that resumes is killed there, too
                subprocess.run(['strace', '-f', '-qq', '-o', '/dev/null', '-e', f'trace={call}', '-e',
                                f'inject={call}:signal=KILL:when={when}', t.tapdeck, 'import', folder, '-w', archive, '-C',
                                '100k'], capture_output=True, timeout=60)
            t.run('import', folder, '-w', archive, '-C', '100k')
            t.equal(in_archive(t, archive), wanted(made), f'packets after being killed at {call} {when}')
            tried += 1
    t.note(f'{tried} places')


def case_ctrl_c_ends_in_good_order_and_the_same_command_goes_on(t):
    folder, archive = t.path('set'), t.path('archive')
    made = packets(t, 200000)
    put(f'{folder}/a.pcap', pcap(made[:120000]))
    put(f'{folder}/b.pcap', pcap(made[119000:]))
    child = subprocess.Popen([t.tapdeck, 'import', folder, '-w', archive], stderr=subprocess.PIPE)
    t.children.append(child)
    end = time.monotonic() + 20
    while time.monotonic() < end and not (os.path.isdir(archive) and segments(archive)):
        time.sleep(0.005)
    time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    child.wait(30)
    text = child.stderr.read().decode()
    if child.returncode == 0:
        t.skip('it was done before it could be stopped')
    t.check('goes on from here' in text, text)
    t.run('check', '-A', archive)
    t.run('import', folder, '-w', archive)
    t.equal(in_archive(t, archive), wanted(made), 'packets')


def case_a_grown_set_gives_only_what_is_new(t):
    folder, archive = t.path('set'), t.path('archive')
    made = packets(t, 5000)
    put(f'{folder}/a.pcap', pcap(made[:1000]))
    put(f'{folder}/b.pcap', pcap(made[1000:2000])[:-20])  # still being written
    t.run('import', folder, '-w', archive, exit=2)
    put(f'{folder}/b.pcap', pcap(made[1000:3000]))
    put(f'{folder}/c.pcap', pcap(made[3000:]))
    put(f'{folder}/a.pcap.gz', pcap(made[:1000]))  # packed meanwhile
    os.unlink(f'{folder}/a.pcap')
    done = t.run('import', folder, '-w', archive)
    t.check('already there: 1,000 packets of 1 whole file, and the first 999 of 1 file that goes on' in said(done), said(done))
    t.equal(in_archive(t, archive), wanted(made), 'packets')
    done = t.run('import', folder, '-w', archive)
    t.check('nothing was added' in said(done), said(done))
    # A copy that was cut adds nothing.
    put(f'{folder}/cut/copy.pcap', pcap(made[:500]))
    done = t.run('import', folder, '-w', archive)
    t.check('cut copy' in said(done), said(done))
    t.equal(in_archive(t, archive), wanted(made), 'packets')


def case_without_its_journal_an_archive_takes_nothing_twice(t):
    folder, archive = t.path('set'), t.path('archive')
    made = packets(t, 3000)
    put(f'{folder}/a.pcap', pcap(made[:2000]))
    put(f'{folder}/b.pcap', pcap(made[2000:]))
    t.run('import', folder, '-w', archive, '--decap')
    journal = f'{archive}/import.db'
    with open(journal, 'r+b') as file:
        file.write(b'\xff' * 5000)
    for extra in ('-wal', '-shm'):
        if os.path.exists(journal + extra):
            os.unlink(journal + extra)
    text = said(t.run('import', folder, '-w', archive, '--decap', exit=2))
    t.check('import.db' in text and 'move it away' in text, text)
    os.unlink(journal)
    text = said(t.run('import', folder, '-w', archive, '--decap', exit=2))
    t.check('already' in text and '--again' in text, text)
    t.equal(in_archive(t, archive), wanted(made), 'packets')
    t.run('import', folder, '-w', archive, '--again')
    t.equal(content(archive_packets(archive)), sorted(2 * wanted(made)), 'packets taken again')


def case_the_same_frame_from_two_mirrors_is_two_packets(t):
    folder, archive = t.path('set'), t.path('archive')
    def mirrored(vni):
        return [(BEGIN + i, 0, udp_frame(b'\x08' + bytes(3) + (vni << 8).to_bytes(4, 'big') + udp_frame(b'x' * i),
                                         destination=('10.0.0.9', 4789))) for i in range(50)]
    for name, vni in (('a', 1), ('b', 2)):
        put(f'{folder}/{name}.pcap', pcap(mirrored(vni)))
    t.run('import', folder, '-w', archive, '--decap')
    t.equal(len(archive_packets(archive)), 100, 'packets of both')
    # Neither is the other's twin when they come one after the other, and the first one's journal is gone.
    shutil.rmtree(archive)
    t.run('import', f'{folder}/a.pcap', '-w', archive, '--decap')
    os.unlink(f'{archive}/import.db')
    t.run('import', f'{folder}/b.pcap', '-w', archive, '--decap')
    t.equal(len(archive_packets(archive)), 100, 'packets of both, one after the other')
    text = said(t.run('import', f'{folder}/a.pcap', '-w', archive, '--decap', exit=2))
    t.check('already' in text, text)


def case_names_move_no_terminal_and_begin_no_line(t):
    folder, archive = t.path('set'), t.path('archive\x1b[2J')
    made = packets(t, 300)
    put(f'{folder}/a\x1b[31m.pcap', pcap(made))
    put(f'{folder}/a\n9 files: 9 read\n.pcap.gz', pcap(made))
    put(f'{folder}/cut\x1b]0;x\x07.pcap', pcap(made)[:-3])
    put(f'{folder}/no\rcapture', b'no capture')
    for where in ('--dry-run',), ('-w', archive):
        done = t.run('import', folder, *where, exit=(0, 2))
        for name, out in (('stdout', done.stdout), ('stderr', done.stderr)):
            text = out.decode()
            t.check(not any(ord(c) < 32 and c != '\n' for c in text), f'{name}: {text!r}')
            t.check('\n9 files' not in text, f'{name}: {text!r}')
    for command in (['find', '-r', f'{folder}/\x1b[31mnone'], ['find', '-A', f'{archive}/\nnone'], ['check', '-A', archive]):
        text = said(t.run(*command, exit=(0, 2)))
        t.check('\x1b' not in text and '\nnone' not in text, text)


def case_many_files_are_searched_with_few_open(t):
    folder = t.path('set')
    made = packets(t, 900)
    paths = []
    for i in range(300):
        paths.append(f'{folder}/{i:03}.pcap' + ('.gz' if i % 3 == 0 else ''))
        put(paths[-1], pcap(made[3 * i:3 * i + 3]))
    t.random.shuffle(paths)
    out = t.path('all.pcapng')
    done = subprocess.run(['bash', '-c', 'ulimit -n 32 && exec "$@"', '-', t.tapdeck, 'find',
                           *(word for path in paths for word in ('-r', path)), '-w', out], capture_output=True)
    t.equal(done.returncode, 0, f'exit, {done.stderr.decode()}')
    got = read_capture(out)
    t.equal(content(got), wanted(made), 'packets')
    t.check([p.ts_ns for p in got] == sorted(p.ts_ns for p in got), 'not in the order of time')
    # One that is no capture is told when the others were read; one that is not there before.
    put(f'{folder}/cut.pcap', pcap(made[:3])[:-5])
    done = t.run('find', '-r', f'{folder}/cut.pcap', '-r', paths[0], '-w', out, exit=2)
    t.check('cut.pcap' in said(done), said(done))
    t.equal(len(read_capture(out)), 5, 'packets')
    done = t.run('find', '-r', paths[0], '-r', f'{folder}/none', exit=2)
    t.check(done.stdout == b'' and 'none' in said(done), said(done))


def case_a_full_disk_ends_an_import_and_costs_nothing(t):
    if os.geteuid() != 0:
        t.skip('a small file system is mounted by root only')
    disk, folder = t.path('disk'), t.path('set')
    os.mkdir(disk)
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=6m', 'tapdeck', disk], capture_output=True).returncode:
        t.skip('no small file system can be mounted')
    try:
        made = packets(t, 12000, size=1200)
        put(f'{folder}/a.pcap', pcap(made))
        done = t.run('import', folder, '-w', f'{disk}/archive', '-C', '200k', exit=2)
        t.check('goes on from here' in said(done) and 'deleted' not in said(done), said(done))
        subprocess.run(['mount', '-o', 'remount,size=60m', disk], check=True)
        t.run('import', folder, '-w', f'{disk}/archive', '-C', '200k')
        t.run('check', '-A', f'{disk}/archive')
        t.equal(in_archive(t, f'{disk}/archive'), wanted(made), 'packets')
    finally:
        subprocess.run(['umount', '-l', disk])


def case_a_hole_in_the_middle_costs_what_is_in_it(t):
    folder, archive = t.path('set'), t.path('archive')
    made = packets(t, 3000, size=100)
    whole = pcap(made)
    offsets = [24]
    for _, _, frame in made:
        offsets.append(offsets[-1] + 16 + len(frame))
    hole = bytearray(whole)
    a, b = offsets[1000] - 30, offsets[1200] + 13  # ends within records
    hole[a:b] = bytes(b - a)
    put(f'{folder}/hole.pcap', bytes(hole))
    lost = bytearray(whole)
    del lost[offsets[2000] + 5:offsets[2100] + 9]  # a write that failed, after which others did not
    put(f'{folder}/lost.pcap', bytes(lost))
    later = packets(t, 1000, first=100000)
    put(f'{folder}/sound.pcap', pcap(later))
    done = t.run('import', folder, '-w', archive, exit=2)
    text = said(done)
    t.check(re.search(r'damaged: .*hole\.pcap: .*offset', text) and re.search(r'damaged: .*lost\.pcap: .*offset', text), text)
    got = {p.data for p in archive_packets(archive)}  # not in order: what lies around a hole has any time
    missing = [i for i, (_, _, frame) in enumerate(made) if frame not in got]
    t.check(not missing, f'packets missing that one of the two files has whole: {missing[:20]}')
    t.check({f for _, _, f in later} <= got, 'packets of the sound file are missing')


def case_hundreds_of_files_need_few_descriptors(t):
    folder, archive = t.path('set'), t.path('archive')
    made = packets(t, 6000)
    for i in range(300):
        put(f'{folder}/{i * 7 % 300:03}.pcap', pcap(made[20 * i:20 * i + 25]))
    done = subprocess.run(['prlimit', '--nofile=24', t.tapdeck, 'import', folder, '-w', archive], capture_output=True)
    t.equal(done.returncode, 0, f'exit code: {done.stderr.decode()}')
    t.equal(in_archive(t, archive), wanted(made), 'packets')


def case_hundreds_of_files_that_overlap_are_taken_in_rounds(t):
    folder, archive = t.path('set'), t.path('archive')
    made = packets(t, 6000)
    for i in range(300):
        put(f'{folder}/{i:03}.pcap', pcap(made[i::300]))
    done = t.run('import', folder, '-w', archive)
    t.check('further round' in said(done), said(done))
    t.equal(content(archive_packets(archive)), wanted(made), 'packets')
    out = t.path('out.pcapng')
    t.run('find', '-A', archive, '-w', out)
    times = [p.ts_ns for p in read_capture(out)]
    t.equal((len(times), times == sorted(times)), (6000, True), 'what find makes of it, in order')


def case_two_imports_into_one_archive_do_not_mix(t):
    folder, archive = t.path('set'), t.path('archive')
    put(f'{folder}/a.pcap', pcap(packets(t, 100)))
    t.run('import', folder, '-w', archive)
    with open(f'{archive}/import.lock', 'r+b') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        text = said(t.run('import', folder, '-w', archive, exit=2))
    t.check('another import' in text, text)


def case_an_archive_within_the_set_is_not_imported_into_itself(t):
    folder = t.path('set')
    made = packets(t, 500)
    put(f'{folder}/a.pcap', pcap(made))
    for _ in range(2):
        t.run('import', folder, '-w', f'{folder}/archive')
    t.equal(in_archive(t, f'{folder}/archive'), wanted(made), 'packets')


def case_leftovers_whose_files_are_gone_are_not_deleted(t):
    folder, archive = t.path('set'), t.path('archive')
    made = packets(t, 60000)
    put(f'{folder}/a.pcap', pcap(made))
    for _ in range(30):
        killed_import(t, folder, archive, t.random.uniform(0.03, 0.15), '-C', '200k')
        os.makedirs(archive, exist_ok=True)  # the kill may have come before it was made
        if any(os.path.getsize(p) > 1000 for p in segments(archive) if p.endswith('.open')):
            break
        shutil.rmtree(archive)
        os.makedirs(archive)
    else:
        t.skip('no kill left an open segment')
    os.rename(f'{folder}/a.pcap', t.path('elsewhere'))
    put(f'{folder}/b.pcap', pcap(packets(t, 10, first=10**6)))
    text = said(t.run('import', folder, '-w', archive, exit=2))
    t.check('a.pcap' in text and 'bring it back' in text, text)
    os.rename(t.path('elsewhere'), f'{folder}/a.pcap')
    t.run('import', folder, '-w', archive)
    t.equal(content(p for p in archive_packets(archive) if p.ts_ns < (BEGIN + 1000) * 10**9), wanted(made), 'packets')


case_an_import_killed_again_and_again_ends_with_each_packet_once.slow = True
