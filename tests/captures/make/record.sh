#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Records the small captures of real programs in this folder's parent. Everything runs in two network
# namespaces made here, joined by a veth pair, and is taken down at the end; nothing leaves them.
# Needs root, and: openssl libcoap3-bin mosquitto mosquitto-clients tcpdump iproute2 python3.
# README.md beside the captures says with which versions the committed ones were made.
set -euo pipefail
out=$(cd "$(dirname "$0")/.." && pwd)
a=tdcap-a b=tdcap-b # a: the device's side, b: the server's side, where tcpdump listens
children=()

finish() {
    for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
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
    ip -n "$1" addr add "2001:db8::$2/64" dev veth0 nodad
    # Real checksums and real frame sizes in the captures.
    ip netns exec "$1" ethtool -K veth0 tx off gso off tso off >/dev/null 2>&1 || true
    ip netns exec "$1" sysctl -qw net.ipv6.conf.veth0.router_solicitations=0
    ip -n "$1" link add vx42 address "02:00:5e:00:42:0$2" type vxlan id 42 dstport 4789 local "192.0.2.$2" \
        remote "192.0.2.$((3 - $2))" dev veth0
    ip -n "$1" link set vx42 up
    ip -n "$1" addr add "203.0.113.$2/24" dev vx42
done
sleep 2 # neighbour discovery settles

on_a() { ip netns exec $a "$@"; }
on_b() { ip netns exec $b "$@"; }
# Servers of openssl end when their standard input does: they are given a pipe that stays open.
mkfifo "$work/held-open"
exec 9<>"$work/held-open"
# In the background `ip netns exec` becomes the program itself, so that its id is the one to end.
on_b_in_background() { ip netns exec $b "$@" >/dev/null 2>&1 <"$work/held-open" & children+=($!); }
on_a_in_background() { ip netns exec $a "$@" >/dev/null 2>&1 <"$work/held-open" & children+=($!); }

capture() { # file interface [tcpdump options]
    file=$1
    ip netns exec $b timeout 30 tcpdump -Z root -q -U -i "$2" -w "$out/$file" "${@:3}" 2>"$work/tcpdump" &
    dumper=$!
    for _ in $(seq 50); do
        grep -q 'listening on' "$work/tcpdump" && return
        sleep 0.1
    done
    cat "$work/tcpdump" >&2
    return 1
}
captured() {
    sleep 0.7
    kill $dumper
    wait $dumper || true
    for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
    wait "${children[@]}" 2>/dev/null || true
    children=()
    echo "$file: $(stat -c %s "$out/$file") bytes"
}

psk=c0ffee00c0ffee00c0ffee00c0ffee00

openssl_session() { # address identity
    (sleep 0.3; echo 'temp=21.5'; sleep 0.2; echo 'temp=21.6'; sleep 0.2; echo Q) |
        on_a timeout 5 openssl s_client -dtls1_2 -connect "$1" -psk $psk -psk_identity "$2" \
            -cipher "$suite" >/dev/null 2>&1 || true
}

for suite in PSK-AES128-CCM8:@SECLEVEL=0 PSK-AES128-CBC-SHA256:@SECLEVEL=0; do
    name=$(echo "$suite" | sed 's/:.*//' | tr 'A-Z' 'a-z')
    capture "dtls12-$name-openssl.pcap" veth0 udp port 5684
    on_b_in_background openssl s_server -dtls1_2 -accept 192.0.2.2:5684 -psk $psk -psk_hint tapdeck -nocert \
        -cipher "$suite"
    sleep 0.5
    openssl_session 192.0.2.2:5684 "D:79445e2600000001"
    captured
done

suite=PSK-AES128-CCM8:@SECLEVEL=0
capture dtls12-psk-ipv6-openssl.pcap veth0 --nano udp port 5684
on_b_in_background openssl s_server -dtls1_2 -accept '[2001:db8::2]:5684' -psk $psk -nocert -cipher "$suite"
sleep 0.5
openssl_session '[2001:db8::2]:5684' "urn:imei:490154203237518"
captured

capture dtls12-psk-wrongkey-openssl.pcap veth0 udp port 5684
on_b_in_background openssl s_server -dtls1_2 -accept 192.0.2.2:5684 -psk deadbeef -nocert -cipher "$suite"
sleep 0.5
openssl_session 192.0.2.2:5684 "D:wrongkey"
captured

capture dtls12-psk-smallmtu-openssl.pcap veth0 udp port 5684
on_b_in_background openssl s_server -dtls1_2 -accept 192.0.2.2:5684 -psk $psk -nocert -cipher "$suite" -mtu 256
sleep 0.5
(sleep 1; echo Q) | on_a timeout 5 openssl s_client -dtls1_2 -mtu 256 -connect 192.0.2.2:5684 -psk $psk \
    -psk_identity "urn:dev:ops:$(printf 'x%.0s' $(seq 100))-0001" -cipher "$suite" >/dev/null 2>&1 || true
captured

# TLS: a key shared before; certificates both ways; and a session of 1.3 that is taken up again.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" \
    -days 3650 -subj '/C=DE/O=tapdeck/CN=gw.tapdeck.test' -addext 'subjectAltName=DNS:gw.tapdeck.test' 2>/dev/null

tls_session() { # options of s_client
    (sleep 0.3; echo 'temp=21.5'; sleep 0.3; echo Q) |
        on_a timeout 5 openssl s_client -connect 192.0.2.2:8883 -servername gw.tapdeck.test "$@" >/dev/null 2>&1 || true
}

capture tls12-psk-openssl.pcap veth0 tcp port 8883
on_b_in_background openssl s_server -tls1_2 -accept 192.0.2.2:8883 -psk $psk -psk_hint tapdeck -nocert \
    -cipher PSK-AES128-GCM-SHA256
sleep 0.5
tls_session -tls1_2 -psk $psk -psk_identity urn:dev:tls-1 -cipher PSK-AES128-GCM-SHA256
captured

capture tls12-certificates-openssl.pcap veth0 tcp port 8883
on_b_in_background openssl s_server -tls1_2 -accept 192.0.2.2:8883 -key "$work/key.pem" -cert "$work/cert.pem" -Verify 1
sleep 0.5
tls_session -tls1_2 -key "$work/key.pem" -cert "$work/cert.pem" -alpn mqtt
captured

capture tls13-resumed-openssl.pcap veth0 tcp port 8883
on_b_in_background openssl s_server -tls1_3 -accept 192.0.2.2:8883 -key "$work/key.pem" -cert "$work/cert.pem"
sleep 0.5
tls_session -tls1_3 -sess_out "$work/session"
tls_session -tls1_3 -sess_in "$work/session"
captured

capture coaps-psk-libcoap.pcap veth0 udp port 5684
on_b_in_background coap-server-openssl -k secretkey -A 192.0.2.2
sleep 0.5
on_a timeout 5 coap-client-openssl -B 2 -u "urn:dev:mac:02005e000001" -k secretkey coaps://192.0.2.2/time >/dev/null 2>&1 || true
captured

capture coap-libcoap.pcap veth0 udp port 5683
on_b_in_background coap-server-notls -A 192.0.2.2
sleep 0.5
on_a timeout 5 coap-client-notls -B 2 -m get coap://192.0.2.2/.well-known/core >/dev/null 2>&1 || true
on_a timeout 5 coap-client-notls -B 2 -m put -e 'hello' coap://192.0.2.2/example_data >/dev/null 2>&1 || true
on_a timeout 5 coap-client-notls -B 2 -s 2 -m get coap://192.0.2.2/time >/dev/null 2>&1 || true
captured

# Observation with its end, a response that comes separately, transfers in blocks both ways, formats, an error.
capture coap-blocks-libcoap.pcap veth0 udp port 5683
on_b_in_background coap-server-notls -A 192.0.2.2
sleep 0.5
coap_client() { on_a timeout 8 coap-client-notls "$@" >/dev/null 2>&1 || true; }
head -c 300 /dev/zero | tr '\0' 'b' >"$work/upload"
coap_client -B 3 -s 2 -m get -T obs1 coap://192.0.2.2/time
coap_client -B 4 -m get -T slow 'coap://192.0.2.2/async?1'
coap_client -B 2 -m put -b 64 -f "$work/upload" -T up coap://192.0.2.2/example_data
coap_client -B 2 -m get -b 64 -T down coap://192.0.2.2/example_data
coap_client -B 2 -m put -t 50 -e '{"t":21.5,"u":"Cel"}' -T js coap://192.0.2.2/example_data
coap_client -B 2 -m get -A 50 -T js coap://192.0.2.2/example_data
coap_client -B 2 -m get -N -T non coap://192.0.2.2/nothing/here
captured

capture coap-tcp-libcoap.pcap veth0 tcp port 5683
on_b_in_background coap-server-notls -A 192.0.2.2
sleep 0.5
coap_client -B 2 -m get -T one coap+tcp://192.0.2.2/time
coap_client -B 2 -m put -t 0 -e 'hello over a stream' -T two coap+tcp://192.0.2.2/example_data
captured

capture mqtt-mosquitto.pcap veth0 tcp port 1883
printf 'listener 1883 192.0.2.2\nallow_anonymous true\nuser root\n' >"$work/mosquitto.conf"
on_b_in_background mosquitto -c "$work/mosquitto.conf"
sleep 0.5
on_a_in_background timeout 3 mosquitto_sub -h 192.0.2.2 -V mqttv5 -i ep-sub-1 -t 'd/+/temp' -q 1
sleep 0.5
on_a mosquitto_pub -h 192.0.2.2 -V mqttv5 -i ep-0001 -t d/0001/temp -m 21.5 -q 1
on_a mosquitto_pub -h 192.0.2.2 -V mqttv311 -i ep-0002 -t d/0002/temp -m 19.0 -q 0
captured

# What devices do with a broker: versions, passwords, wills, properties, retained and large messages, QoS 2.
broker() { # begins one that wants passwords
    mosquitto_passwd -c -b "$work/passwords" bob wonder
    printf 'listener 1883 192.0.2.2\npassword_file %s\nuser root\n' "$work/passwords" >"$work/mosquitto.conf"
    on_b_in_background mosquitto -c "$work/mosquitto.conf"
    sleep 0.5
}
bob=(-h 192.0.2.2 -u bob -P wonder)

capture mqtt5-mosquitto.pcap veth0 tcp port 1883
broker
on_a_in_background timeout 4 mosquitto_sub "${bob[@]}" -V mqttv5 -i reader -q 2 -t 'plant/+/temp' -t 'alarm/#' -x 3600 \
    -D subscribe user-property site north -D connect receive-maximum 10
sleep 0.5
on_a mosquitto_pub "${bob[@]}" -V mqttv5 -i sensor-1 -q 1 -t plant/1/temp -m '{"t": 21.5}' \
    -D publish content-type application/json -D publish user-property site north \
    -D publish message-expiry-interval 3600 -D publish response-topic plant/1/ask -D publish correlation-data c-17
printf '20.1\n20.2\n20.3\n' | on_a mosquitto_pub "${bob[@]}" -V mqttv5 -i sensor-2 -q 2 -t plant/2/temp -l \
    -D publish topic-alias 3
on_a mosquitto_pub "${bob[@]}" -V mqttv5 -i sensor-3 -r -t alarm/last -m open -q 0 --will-topic alarm/lost \
    --will-payload gone --will-qos 1 --will-retain -D will user-property site south -D will will-delay-interval 5
on_a mosquitto_pub "${bob[@]}" -V mqttv5 -i sensor-4 -t alarm/log -q 1 -m "$(printf 'z%.0s' $(seq 3000))"
on_a mosquitto_pub -h 192.0.2.2 -u bob -P wrong -V mqttv5 -i nobody -t alarm/x -m x >/dev/null 2>&1 || true
sleep 0.3
captured

capture mqtt3-mosquitto.pcap veth0 tcp port 1883
broker
on_a_in_background timeout 3 mosquitto_sub "${bob[@]}" -V mqttv311 -i reader -q 1 -t 'plant/+/temp' -t 'alarm/#' -U nothing
sleep 0.5
on_a mosquitto_pub "${bob[@]}" -V mqttv31 -i sensor-1 -q 2 -t plant/1/temp -m 21.5 --will-topic alarm/lost \
    --will-payload gone --will-qos 2
on_a mosquitto_pub "${bob[@]}" -V mqttv311 -i sensor-2 -r -t alarm/last -n
on_a mosquitto_pub -h 192.0.2.2 -V mqttv311 -i nobody -t alarm/x -m x >/dev/null 2>&1 || true
# Several packets in a segment, one cut in two behind its first byte and one in its topic.
on_a python3 -c "
import socket, time
def string(text): return bytes([0, len(text)]) + text.encode()
def packet(first, body): return bytes([first, len(body) % 128 | (128 if len(body) > 127 else 0)] + [len(body) // 128] * (len(body) > 127)) + body
connect = packet(0x10, string('MQTT') + bytes([4, 0xc2, 0, 60]) + string('sensor-5') + string('bob') + string('wonder'))
publish = [packet(0x30, string('plant/5/temp') + text) for text in (b'1', b'22', b'333' + 200 * b'3')]
s = socket.create_connection(('192.0.2.2', 1883))
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
stream = connect + publish[0] + publish[1] + packet(0xc0, b'') + publish[0][:1]
for piece in (stream, publish[0][1:] + publish[2][:9], publish[2][9:], packet(0xe0, b'')):
    s.sendall(piece)
    time.sleep(0.1)
"
captured

# Datagrams that the kernel itself cuts into fragments, over IPv4 and IPv6.
capture udp-fragments.pcap veth0 'udp or ip6 proto 44 or ip[6:2] & 0x3fff != 0'
for address in 192.0.2.2 2001:db8::2; do
    on_a python3 -c "
import socket
s = socket.socket(socket.AF_INET6 if ':' in '$address' else socket.AF_INET, socket.SOCK_DGRAM)
for size in (100, 3000, 4500):
    s.sendto(bytes(i % 251 for i in range(size)), ('$address', 9999))"
done
captured

capture any-sll2.pcap any udp port 5684
on_b_in_background openssl s_server -dtls1_2 -accept 192.0.2.2:5684 -psk $psk -nocert -cipher "$suite"
sleep 0.5
openssl_session 192.0.2.2:5684 "D:any"
captured

capture any-sll1.pcap any -y LINUX_SLL udp port 5683
on_b_in_background coap-server-notls -A 192.0.2.2
sleep 0.5
on_a timeout 5 coap-client-notls -B 2 -m get coap://192.0.2.2/time >/dev/null 2>&1 || true
captured

# The kernel's own VXLAN device: what a mirror sends, with a session inside.
capture vxlan-linux.pcap veth0 udp port 4789
on_b_in_background openssl s_server -dtls1_2 -accept 203.0.113.2:5684 -psk $psk -nocert -cipher "$suite"
sleep 0.5
openssl_session 203.0.113.2:5684 "D:behind-vxlan"
captured
