#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Remakes the golden answers (X.expect) of the captures of real programs, by tshark: which frames a filter
selects, and which frames belong to a device. Those of make/sessions.py come from the writer itself; only their
filters are added here. Review the result as a diff.

A device's frames: every frame of the conversations that its identity was seen in (NAMES), which is right for
these recordings, since each holds one session to a conversation.

expect.py --devices remakes the devices alone; captures named are the only ones remade."""
import glob
import json
import os
import re
import subprocess
import sys

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
FILTERS = ['ip', 'ipv6', 'udp', 'tcp', 'vlan', 'vxlan', 'dtls', 'arp', 'ip.flags.mf == 1', 'ip.frag_offset > 0',
           'udp.port == 5684', 'udp.port in {5683, 1883..1884}', 'ip.addr == 192.0.2.0/24', 'ip.src == 192.0.2.1',
           'frame.len > 150 and not tcp', 'dtls.handshake.type == 16', 'dtls.handshake.type == 1 || tcp.flags.syn == 1',
           'dtls.record.content_type == 25', 'frame.number >= 3 && frame.number < 6', 'vxlan.vni == 42']
# Those asked of captures whose names begin so, besides.
FILTERS_OF = {
    'mqtt': ['mqtt', 'mqtt.msgtype == "Publish Message"', 'mqtt.clientid matches "^(sensor|ep)-"', 'mqtt.topic',
             'mqtt.topic == "plant/2/temp"', 'mqtt.topic contains "alarm" && mqtt.topic_len > 9', 'mqtt.qos > 0',
             'mqtt.retain == 1', 'mqtt.conflag.willflag == 1 && mqtt.willtopic == "alarm/lost"', 'mqtt.willmsg',
             'mqtt.username == "bob" && mqtt.passwd != "wonder"', 'mqtt.ver == 3 || mqtt.protoname == "MQIsdp"',
             'mqtt.conack.val > 0 || mqtt.connack.reason_code > 0', 'mqtt.suback.qos || mqtt.suback.reason_code',
             'mqtt.property_id == "User Property" && mqtt.prop_value == "north"', 'mqtt.will_properties',
             'mqtt.property.topic_alias && mqtt.topic_len == 0', 'mqtt.property.content_type && json',
             'mqtt.prop_number == 3600', 'mqtt.subscription_options_qos == 2', 'mqtt.len > 1000', 'count(mqtt.msgtype) > 1',
             'mqtt.msg == ""', 'mqtt.unknown_version || _ws.malformed'],
    'coap-': ['coap', 'coap.code == "GET"', 'coap.code == "2.05 Content"', 'coap.code >= 224', 'coap.type == 1',
              'coap.token contains "ob"', 'coap.opt.uri_path == "time"', 'coap.opt.uri_path_recon == "/example_data"',
              'coap.opt.observe == 0', 'coap.opt.observe > 1', 'coap.opt.ctype contains "json"', 'coap.response_to',
              'coap.opt.block_number > 0', 'coap.opt.block_mflag == 1', 'coap.block.count > 1', 'coap.block_payload',
              'coap.block.reassembled.length == 300', 'coap.payload_length == 20', 'coap.length > 10',
              'json.path_with_value == "/t:21.5"', 'data-text-lines', 'data.data contains "bbbb"'],
}

MORE_FILTERS = {  # by how the capture's name begins
    'dns': ['dns', 'dns.flags.response == 0', 'dns.qry.name == "lan.example"', 'dns.qry.type == 16 && tcp',
            'dns.a == 192.0.2.7', 'dns.aaaa', 'dns.cname or dns.mx.mail_exchange', 'dns.txt contains "spf1"',
            'dns.srv.port == 5683', 'dns.naptr.regex', 'dns.caa.issue == "ca.example"', 'dns.flags.rcode == "No such name"',
            'dns.opt.cookie.client', 'dns.resp.z.do == 1', 'dns.time < 1', 'dns.length > 100', 'count(dns.resp.name) > 1'],
    'dhcp': ['dhcp', 'dhcp.type == 1', 'dhcp.option.dhcp == "ACK"', 'dhcp.option.dhcp in {1, 3}', 'dhcp.ip.your == 192.0.2.100',
             'dhcp.option.hostname == "meter-7"', 'dhcp.fqdn.name', 'dhcp.option.request_list_item == 42',
             'dhcp.option.vendor_class_id contains "tapdeck"', 'dhcp.option.ip_address_lease_time == 3600',
             'dhcp.option.domain_name_server == 192.0.2.3', 'dhcp.hw.mac_addr == 02:00:5e:00:00:01',
             'dhcp.option.dhcp_dns_domain_search_list_fqdn == "iot.lan.example"', 'dhcp.option.classless_static_route'],
    'ntp': ['ntp', 'ntp.flags.mode == 3', 'ntp.flags.mode == "server"', 'ntp.stratum == 3', 'ntp.org', 'ntp.refid == 7f:7f:01:01',
            'ntp.ext'],
    'mdns': ['mdns', 'dns', 'dns.qry.qu == 1', 'dns.resp.cache_flush == 1', 'dns.resp.name == "meter.local"'],
    'igmp': ['igmp', 'igmp.type == 0x22', 'igmp.type == "Membership Query"', 'igmp.version == 2', 'igmp.maddr == 239.1.2.3',
             'igmp.record_type == 4', 'igmp.saddr == 198.51.100.7', 'igmp.num_grp_recs > 0', 'igmp.max_resp == 10',
             'igmp.s == "SUPPRESS router side processing"', 'igmp.checksum.status == "Good"', 'ip.opt.type.number == 20'],
    'llmnr': ['llmnr', 'dns', 'dns.flags.tentative == 0', 'dns.flags.conflict', 'dns.a == 192.0.2.2', 'dns.response_to == 1'],
}

TLS_FILTERS = ['tls', 'tls.handshake.type == 1', 'tls.handshake.type == 2', 'tls.handshake.certificate',
               'tls.handshake.identity', 'tls.record.content_type == 23', 'tls.record.opaque_type == 23',
               'tls.handshake.extensions_server_name == "gw.tapdeck.test"', 'tls.handshake.ciphersuite == 0x1302',
               'tls.handshake.extensions_alpn_str == "mqtt"', 'tls.handshake.extensions.psk.identity.identity',
               'x509sat.uTF8String == "tapdeck"', 'x509ce.dNSName', 'tls.change_cipher_spec', 'tls.app_data',
               'tls.handshake.sig_hash_alg == 0x0403', 'tls.handshake.extensions.supported_version == 0x0304']

NAMES = [  # field, of which conversation, and of which packets alone it names a device
    ('dtls.handshake.identity', 'udp.stream', 'dtls.handshake.type == 16'),
    ('tls.handshake.identity', 'tcp.stream', 'tls.handshake.type == 16'),
    ('tls.handshake.extensions_server_name', 'tcp.stream', 'tls.handshake.type == 1'),
    ('mqtt.clientid', 'tcp.stream', 'mqtt.msgtype == 1 && mqtt.clientid_len > 0'),
    ('mqtt.username', 'tcp.stream', 'mqtt.msgtype == 1'),
]


def devices_of(path):
    devices = {}
    for field, stream_field, which in NAMES:
        for _, identity, stream in tshark(path, which, 'frame.number', field, stream_field):
            if not identity:
                continue
            # A tunnel's own conversation comes first, the device's last.
            stream = stream.split(',')[-1]
            identity = identity.split(',')[0]
            raw = bytes.fromhex(identity.replace(':', '')) if field.endswith('handshake.identity') else identity.encode()
            frames = [int(n) for n, s in tshark(path, stream_field.split('.')[0], 'frame.number', stream_field)
                      if s.split(',')[-1] == stream]
            known = devices.setdefault(raw, {'identity': raw.decode(), 'hex': raw.hex(':'), 'frames': []})
            known['frames'] = sorted(set(known['frames'] + frames))
    return list(devices.values())


def tshark(path, display, *fields):
    command = ['tshark', '-n', '-r', path, '-T', 'fields'] + [word for field in fields for word in ('-e', field)]
    if display:
        command += ['-Y', display]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line.split('\t') for line in out.splitlines()]


def filters_of(path):
    name = os.path.basename(path)
    filters = FILTERS + MORE_FILTERS.get(name.split('-')[0], []) + (TLS_FILTERS if name.startswith('tls') else [])
    filters += [text for prefix, texts in FILTERS_OF.items() if name.startswith(prefix) for text in texts]
    return {text: [int(row[0]) for row in tshark(path, text, 'frame.number')] for text in filters}


def main():
    named = [path for path in sys.argv[1:] if path != '--devices']
    for path in named or sorted(glob.glob(os.path.join(FOLDER, '*.pcap'))):
        golden = path[:-len('.pcap')] + '.expect'
        expect = {}
        if os.path.exists(golden):
            expect = json.load(open(golden))
        if expect.get('made by') != 'make/sessions.py':
            expect = {**expect, 'made by': 'make/record.sh', 'packets': len(tshark(path, None, 'frame.number')),
                      'devices': devices_of(path)}
        if '--devices' not in sys.argv:
            expect['filters'] = filters_of(path)
        text = json.dumps(expect, indent=1)
        # One line a list of numbers.
        text = re.sub(r'\[\s+(\d[\d,\s]*)\]', lambda m: '[' + ', '.join(m.group(1).split(',')).replace('\n', '')
                      .replace('   ', '').replace('  ', ' ').strip() + ']', text)
        with open(golden, 'w') as f:
            f.write(re.sub(r', +', ', ', text) + '\n')


if __name__ == '__main__':
    main()
