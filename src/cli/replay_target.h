/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay_target - where a capture is sent again: vxlan://HOST[:PORT][/VNI] or udp://HOST:PORT, an IPv6
 * address in brackets.
 */
#pragma once

#include "base/error.h"
#include "base/bytes.h"

struct replay_target {
    bool is_vxlan; /* else plain UDP */
    bool has_vni;
    uint32_t vni;
    char host[256];
    char port[6];
};

bool replay_target_parse(const char *text, struct replay_target *target, struct error *error);

/* The VNI in an interface's name as a VXLAN listener gives it, "vxlan 10.20.1.10 vni 42". */
bool replay_vni_of(const char *interface_name, uint32_t *vni);
