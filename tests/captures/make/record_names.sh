#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Records the captures of the protocols by which hosts find names, addresses and the time: dns-*, dhcp-*, ntp-*,
# mdns-* in this folder's parent. As record.sh does it: two network namespaces joined by a veth pair, of
# which nothing leaves.
# Needs root, and: dnsmasq-base bind9-dnsutils udhcpc chrony tcpdump iproute2 python3.
set -euo pipefail
out=$(cd "$(dirname "$0")/.." && pwd)
a=tdnames-a b=tdnames-b # a: the clients' side, b: the servers' side, where tcpdump listens
children=()

end_children() {
    for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
    wait "${children[@]}" 2>/dev/null || true
    children=()
}
finish() {
    end_children
    ip netns del $a 2>/dev/null || true
    ip netns del $b 2>/dev/null || true
    rm -rf "$work"
}
work=$(mktemp -d)
trap finish EXIT

ip netns add $a
ip netns add $b
ip -n $a link add veth0 address 02:00:5e:00:00:01 type veth peer name veth0 address 02:00:5e:00:00:02 netns $b
for side in "$a 1" "$b 2"; do
    set -- $side
    ip -n "$1" link set lo up
    ip -n "$1" link set veth0 up
    ip -n "$1" addr add "192.0.2.$2/24" dev veth0
    ip -n "$1" route add 224.0.0.0/4 dev veth0
    ip netns exec "$1" ethtool -K veth0 tx off >/dev/null 2>&1 || true
done
sleep 2

on_a() { ip netns exec $a "$@"; }
on_b_in_background() { ip netns exec $b "$@" >/dev/null 2>&1 & children+=($!); }

capture() { # file filter
    file=$1
    : >"$work/tcpdump" # what the last one said
    ip netns exec $b timeout 30 tcpdump -Z root -q -U -i veth0 -w "$out/$file" "$2" 2>"$work/tcpdump" &
    dumper=$!
    until grep -q 'listening on' "$work/tcpdump"; do sleep 0.1; done
}
captured() {
    sleep 0.7
    kill $dumper
    wait $dumper || true
    end_children
    echo "$file: $(stat -c %s "$out/$file") bytes"
}

# ---- DNS: a server that knows a few records, asked in several ways ----

cat >"$work/dnsmasq.conf" <<'CONF'
no-resolv
no-hosts
user=root
bind-interfaces
interface=veth0
address=/iot.example/192.0.2.80
address=/iot.example/2001:db8::80
cname=www.lan.example,host.lan.example
host-record=host.lan.example,192.0.2.7,2001:db8::7
mx-host=lan.example,mail.lan.example,10
srv-host=_coap._udp.lan.example,host.lan.example,5683,1,2
txt-record=lan.example,v=spf1 -all,second text
naptr-record=lan.example,100,10,u,E2U+sip,!^.*$!sip:info@lan.example!
caa-record=lan.example,0,issue,ca.example
ptr-record=7.2.0.192.in-addr.arpa,host.lan.example
auth-server=ns.lan.example,veth0
auth-zone=lan.example
CONF
capture dns-dnsmasq.pcap 'port 53'
on_b_in_background dnsmasq -k -C "$work/dnsmasq.conf" -p 53
sleep 0.5
ask() { on_a dig +time=1 +tries=1 @192.0.2.2 "$@" >/dev/null 2>&1 || true; }
ask meter.iot.example A
ask meter.iot.example AAAA +nocookie
ask www.lan.example A +dnssec
ask lan.example MX
ask lan.example TXT
ask _coap._udp.lan.example SRV
ask lan.example NAPTR
ask lan.example CAA
ask lan.example SOA
ask -x 192.0.2.7 +noedns
ask nowhere.lan.example A
ask other.example A
ask lan.example TXT +tcp
ask lan.example AXFR
captured

# ---- DHCP: a lease, renewed and given back ----

cat >"$work/udhcpc" <<'SCRIPT'
#!/bin/sh
exit 0
SCRIPT
chmod +x "$work/udhcpc"
capture dhcp-dnsmasq.pcap 'port 67 or port 68'
on_b_in_background dnsmasq -k -p 0 -C /dev/null --user=root --bind-interfaces --interface=veth0 \
    --dhcp-range=192.0.2.100,192.0.2.100,1h --dhcp-option=option:router,192.0.2.2 \
    --dhcp-option=option:dns-server,192.0.2.2,192.0.2.3 --dhcp-option=option:domain-search,lan.example,iot.lan.example \
    --dhcp-option=option:ntp-server,192.0.2.2 --dhcp-option=121,198.51.100.0/24,192.0.2.2 \
    --domain=lan.example --dhcp-leasefile="$work/leases" --no-ping --dhcp-authoritative
sleep 0.5
on_a timeout 10 udhcpc -f -q -R -n -i veth0 -s "$work/udhcpc" -x hostname:meter-7 -V 'tapdeck test' -F meter-7.lan.example \
    >/dev/null 2>&1 || true
captured

# ---- NTP: one question, one answer ----

cat >"$work/chrony.conf" <<'CONF'
local stratum 3
allow all
cmdport 0
bindaddress 192.0.2.2
CONF
capture ntp-chrony.pcap 'port 123'
on_b_in_background chronyd -d -x -u root -f "$work/chrony.conf"
sleep 1
on_a timeout 8 chronyd -Q -u root 'server 192.0.2.2 iburst maxsamples 2' 'cmdport 0' "pidfile $work/client.pid" >/dev/null 2>&1 || true
captured

# ---- mDNS: a question to everybody on the link, and who answers; Debian 12 has no small program for it ----

cat >"$work/link.py" <<'PYTHON'
import socket, sys
port, group, mode = int(sys.argv[1]), sys.argv[2], sys.argv[3]
ttl_class = 0x8001 if port == 5353 else 1
name = b'\x05meter\x05local\x00' if port == 5353 else b'\x05meter\x00'
question = name + (1).to_bytes(2, 'big') + ttl_class.to_bytes(2, 'big')
identity = b'\0\0' if port == 5353 else b'\x12\x34'
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.settimeout(3)
if mode == 'answer':
    s.bind(('', port))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + socket.inet_aton('192.0.2.2'))
    query, sender = s.recvfrom(512)
    head = identity + b'\x84\0' + (b'\0\0' if port == 5353 else b'\0\1') + b'\0\1\0\0\0\0'
    record = name + b'\0\1' + ttl_class.to_bytes(2, 'big') + b'\0\0\0\x78\0\4' + socket.inet_aton('192.0.2.2')
    s.sendto(head + (b'' if port == 5353 else question) + record, (group, port) if port == 5353 else sender)
else:
    s.bind(('', port if port == 5353 else 0))
    s.sendto(identity + b'\0\0\0\1\0\0\0\0\0\0' + question, (group, port))
    try:
        s.recvfrom(512)
    except socket.timeout:
        pass
PYTHON
for link in 'mdns-python 5353 224.0.0.251'; do
    set -- $link
    capture "$1.pcap" "udp port $2"
    on_b_in_background python3 "$work/link.py" "$2" "$3" answer
    sleep 0.5
    on_a timeout 5 python3 "$work/link.py" "$2" "$3" ask
    captured
done
