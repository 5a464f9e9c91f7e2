/* SPDX-License-Identifier: Apache-2.0 */
/*
 * foreign - protocols that Wireshark 4.0 finds by a number and that nobody here reads. What they carry is no
 * layer here, and not `data` either; all that is known of them is their name, for frame.protocols.
 *
 * The numbers are those of `tshark -G decodes`. A dissector there may refuse what it is given, and the bytes
 * become data after all: those that do so as a rule are left out here.
 */
#pragma once

#include <stdint.h>

/* Wireshark's name of the protocol; NULL where it has none, or where it is known here. */
const char *foreign_linktype(uint16_t linktype);
const char *foreign_ethertype(uint16_t ethertype);
const char *foreign_ip_protocol(uint8_t number);
const char *foreign_sap(uint8_t dsap);            /* IEEE 802.2 */
const char *foreign_cisco_pid(uint16_t protocol); /* behind SNAP with Cisco's OUI */
const char *foreign_udp_port(uint16_t port);
const char *foreign_tcp_port(uint16_t port);
