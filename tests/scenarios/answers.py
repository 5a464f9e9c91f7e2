# SPDX-License-Identifier: Apache-2.0
"""The golden answers beside the captures (tests/captures/*.expect): filters as tshark has them, devices as the
writers of the sessions know them; from the file and from an archive alike."""
import glob
import json
import os

from harness import CAPTURES


def golden():
    for path in sorted(glob.glob(os.path.join(CAPTURES, '*.expect'))):
        yield path[:-len('.expect')] + '.pcap', json.load(open(path))


# tshark puts a handshake message together, and then forgets it when a fragment is sent again: the type is ours.
ALLOWED = {('dtls-key-exchange-fragments', 'dtls.handshake.type == 16')}


def case_filters_select_what_tshark_selects(t):
    wrong = []
    for path, expect in golden():
        name = os.path.basename(path)[:-5]
        for text, frames in expect['filters'].items():
            if (name, text) in ALLOWED:
                continue
            got = t.find_numbers('-r', path, '-Y', text)
            if got != frames:
                wrong.append(f'{name}: {text}: got {got}, tshark {frames}')
    t.check(not wrong, '\n'.join(wrong))


def case_filters_select_the_same_in_an_archive(t):
    wrong = []
    for i, (path, expect) in enumerate(golden()):
        archive = t.path(f'a{i}')
        t.run('import', path, '-w', archive)
        for text, frames in expect['filters'].items():
            got = t.find_numbers('-A', archive, '-Y', text)
            plain = t.find_numbers('-r', path, '-Y', text)
            if got != plain:
                wrong.append(f'{os.path.basename(path)}: {text}: archive {got}, file {plain}')
    t.check(not wrong, '\n'.join(wrong))


def case_a_device_is_found_whole_in_the_file(t):
    wrong = []
    for path, expect in golden():
        for device in expect['devices']:
            for name in (device['identity'], device['hex']):
                got = t.find_numbers('-r', path, '--device', name)
                if got != device['frames']:
                    wrong.append(f'{os.path.basename(path)}: {device["identity"][:40]}: got {got}, not {device["frames"]}')
    t.check(not wrong, '\n'.join(wrong))


def case_a_device_is_found_whole_in_the_archive(t):
    wrong = []
    for i, (path, expect) in enumerate(golden()):
        archive = t.path(f'a{i}')
        t.run('import', path, '-w', archive)
        for device in expect['devices']:
            got = t.find_numbers('-A', archive, '--device', device['identity'])
            if got != device['frames']:
                wrong.append(f'{os.path.basename(path)}: {device["identity"][:40]}: got {got}, not {device["frames"]}')
    t.check(not wrong, '\n'.join(wrong))


def case_devices_lists_identities_and_addresses(t):
    wrong = []
    for i, (path, expect) in enumerate(golden()):
        archive = t.path(f'a{i}')
        t.run('import', path, '-w', archive)
        out = t.run('devices', '-A', archive, exit=(0, 1)).stdout.decode()
        for kind in ('tls.sni', 'mqtt.user'):  # not devices: shown when asked for
            out += t.run('devices', '-A', archive, '--kind', kind, exit=(0, 1)).stdout.decode()
        for device in expect['devices']:
            for text in [device['identity']] + [a.rpartition(':')[0].strip('[]') for a in device.get('addresses', [])]:
                if text[:60] not in out:
                    wrong.append(f'{os.path.basename(path)}: {text} is not in\n{out}')
    t.check(not wrong, '\n'.join(wrong[:10]))


def case_device_and_filter_narrow_each_other(t):
    path = os.path.join(CAPTURES, 'dtls-cid-rebind.pcap')
    whole = t.find_numbers('-r', path, '--device', 'D:79445e2600000001')
    moved = t.find_numbers('-r', path, '--device', 'D:79445e2600000001', '-Y', 'ip.addr == 100.64.7.99')
    t.check(moved and set(moved) < set(whole), f'{moved} of {whole}')


def case_an_address_without_a_time_is_not_an_identity(t):
    path = os.path.join(CAPTURES, 'dtls-address-reuse.pcap')
    first = set(t.find_numbers('-r', path, '--device', 'D:first-tenant'))
    second = set(t.find_numbers('-r', path, '--device', 'D:second-tenant'))
    t.equal(first & second, set(), 'frames given to both tenants')
