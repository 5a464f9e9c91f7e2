#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Records igmp-linux.pcap into this folder's parent: hosts that join and leave groups, in IGMP versions 2 and 3, asked by
# a bridge that is the querier. As record_names.sh does it: two network namespaces joined by a veth pair.
# Needs root, and: tcpdump iproute2 python3.
set -euo pipefail
out=$(cd "$(dirname "$0")/.." && pwd)
a=tdgroups-a b=tdgroups-b # a: the host, b: the bridge, where tcpdump listens
work=$(mktemp -d)
finish() {
    ip netns del $a 2>/dev/null || true
    ip netns del $b 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

ip netns add $a
ip netns add $b
ip -n $a link add veth0 address 02:00:5e:00:00:01 type veth peer name veth0 address 02:00:5e:00:00:02 netns $b
ip -n $b link add br0 address 02:00:5e:00:00:02 type bridge mcast_igmp_version 3 mcast_query_response_interval 100 \
    mcast_startup_query_interval 100
ip -n $b link set veth0 master br0
for side in "$a veth0 192.0.2.1" "$b br0 192.0.2.2"; do
    set -- $side
    ip netns exec "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
    ip -n "$1" link set lo up
    ip -n "$1" addr add "$3/24" dev "$2"
    ip -n "$1" link set veth0 up
    ip -n "$1" link set "$2" up
done
ip -n $a route add 224.0.0.0/4 dev veth0

cat >"$work/join.py" <<'PYTHON'
import socket, sys, time
group, source = sys.argv[1], sys.argv[2:]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
parts = [socket.inet_aton(group), socket.inet_aton('192.0.2.1')]
IP_ADD_SOURCE_MEMBERSHIP = 39
if source:
    s.setsockopt(socket.IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, parts[0] + parts[1] + socket.inet_aton(source[0]))
else:
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, b''.join(parts))
time.sleep(3)
PYTHON

ip netns exec $b timeout 60 tcpdump -Z root -q -U -i veth0 -w "$out/igmp-linux.pcap" igmp 2>"$work/tcpdump" &
dumper=$!
until grep -q 'listening on' "$work/tcpdump"; do sleep 0.1; done
ip -n $b link set br0 type bridge mcast_querier 1
ip netns exec $a python3 "$work/join.py" 239.1.2.3
ip netns exec $a python3 "$work/join.py" 232.1.2.3 198.51.100.7
ip netns exec $a sysctl -qw net.ipv4.conf.veth0.force_igmp_version=2
ip -n $b link set br0 type bridge mcast_igmp_version 2
ip netns exec $a python3 "$work/join.py" 239.4.5.6
sleep 1
kill $dumper
wait $dumper || true
echo "igmp-linux.pcap: $(stat -c %s "$out/igmp-linux.pcap") bytes"
