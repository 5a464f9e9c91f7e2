#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Remakes the golden answers (X.expect) of the captures of real programs, by tshark: which frames a filter
selects, and which frames belong to a device. Those of make/sessions.py come from the writer itself; only their
filters are added here. Review the result as a diff.

A device's frames: every frame of the UDP conversation that its PSK identity was seen in, which is right for
these recordings, since each holds one session to a conversation."""
import glob
import json
import os
import re
import subprocess

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
FILTERS = ['ip', 'ipv6', 'udp', 'tcp', 'vlan', 'vxlan', 'dtls', 'arp', 'ip.flags.mf == 1', 'ip.frag_offset > 0',
           'udp.port == 5684', 'udp.port in {5683, 1883..1884}', 'ip.addr == 192.0.2.0/24', 'ip.src == 192.0.2.1',
           'frame.len > 150 and not tcp', 'dtls.handshake.type == 16', 'dtls.handshake.type == 1 || tcp.flags.syn == 1',
           'dtls.record.content_type == 25', 'frame.number >= 3 && frame.number < 6', 'vxlan.vni == 42']

# Of captures whose name begins so, besides.
FILTERS_OF = {
    'coap-': ['coap', 'coap.code == "GET"', 'coap.code == "2.05 Content"', 'coap.code >= 224', 'coap.type == 1',
              'coap.token contains "ob"', 'coap.opt.uri_path == "time"', 'coap.opt.uri_path_recon == "/example_data"',
              'coap.opt.observe == 0', 'coap.opt.observe > 1', 'coap.opt.ctype contains "json"', 'coap.response_to',
              'coap.opt.block_number > 0', 'coap.opt.block_mflag == 1', 'coap.block.count > 1', 'coap.block_payload',
              'coap.block.reassembled.length == 300', 'coap.payload_length == 20', 'coap.length > 10',
              'json.path_with_value == "/t:21.5"', 'data-text-lines', 'data.data contains "bbbb"'],
}


def tshark(path, display, *fields):
    command = ['tshark', '-n', '-r', path, '-T', 'fields'] + [word for field in fields for word in ('-e', field)]
    if display:
        command += ['-Y', display]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line.split('\t') for line in out.splitlines()]


def main():
    for path in sorted(glob.glob(os.path.join(FOLDER, '*.pcap'))):
        golden = path[:-len('.pcap')] + '.expect'
        expect = {}
        if os.path.exists(golden):
            expect = json.load(open(golden))
        if expect.get('made by') != 'make/sessions.py':
            devices = {}
            for number, identity, stream in tshark(path, 'dtls.handshake.identity', 'frame.number',
                                                   'dtls.handshake.identity', 'udp.stream'):
                # A tunnel's own conversation comes first, the device's last.
                stream = stream.split(',')[-1]
                raw = bytes.fromhex(identity.split(',')[0].replace(':', ''))
                frames = [int(n) for n, s in tshark(path, 'udp', 'frame.number', 'udp.stream')
                          if s.split(',')[-1] == stream]
                devices[raw] = {'identity': raw.decode(), 'hex': raw.hex(':'), 'frames': frames}
            expect = {'made by': 'make/record.sh', 'packets': len(tshark(path, None, 'frame.number')),
                      'devices': list(devices.values())}
        filters = FILTERS + [text for prefix, texts in FILTERS_OF.items()
                             if os.path.basename(path).startswith(prefix) for text in texts]
        expect['filters'] = {text: [int(row[0]) for row in tshark(path, text, 'frame.number')] for text in filters}
        text = json.dumps(expect, indent=1)
        # One line a list of numbers.
        text = re.sub(r'\[\s+(\d[\d,\s]*)\]', lambda m: '[' + ', '.join(m.group(1).split(',')).replace('\n', '')
                      .replace('   ', '').replace('  ', ' ').strip() + ']', text)
        with open(golden, 'w') as f:
            f.write(re.sub(r', +', ', ', text) + '\n')


if __name__ == '__main__':
    main()
