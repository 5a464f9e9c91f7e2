/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/replay_target.h"

#include <stdio.h>

#include "source/vxlan_datagram.h"

/* Plain decimal up to limit, nothing behind it. */
static bool number_parse(const char *text, size_t len, uint32_t limit, uint32_t *number)
{
    uint32_t value = 0;

    if (len == 0 || len > 8)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(text[i] - '0');
    }
    *number = value;
    return value <= limit;
}

static bool wrong(const char *text, const char *why, struct error *error)
{
    return error_set(error, ERROR_USAGE,
                     "--to \"%s\": %s; write vxlan://HOST[:PORT][/VNI] or udp://HOST:PORT, for example "
                     "vxlan://127.0.0.1:4789/42 or udp://[::1]:5683",
                     text, why);
}

bool replay_target_parse(const char *text, struct replay_target *target, struct error *error)
{
    bool is_vxlan = strncmp(text, "vxlan://", 8) == 0;
    const char *host = text + (is_vxlan ? 8 : 6), *end, *slash, *rest;
    uint32_t port = VXLAN_PORT, vni = 0;
    size_t host_len;

    if (!is_vxlan && strncmp(text, "udp://", 6) != 0)
        return wrong(text, "begins with neither vxlan:// nor udp://", error);
    slash = strchr(host, '/');
    end = slash ? slash : host + strlen(host);
    if (slash && !is_vxlan)
        return wrong(text, "udp:// has nothing behind the port", error);
    if (slash && !number_parse(slash + 1, strlen(slash + 1), VXLAN_VNI_LIMIT - 1, &vni))
        return wrong(text, "the VNI is no number from 0 to 16777215", error);
    if (*host == '[') {
        const char *bracket = memchr(host, ']', (size_t)(end - host));

        if (bracket == NULL)
            return wrong(text, "the bracket is not closed", error);
        host_len = (size_t)(bracket - ++host);
    } else {
        const char *colon = memchr(host, ':', (size_t)(end - host));

        if (colon && memchr(colon + 1, ':', (size_t)(end - colon - 1)))
            return wrong(text, "an IPv6 address stands in brackets", error);
        host_len = (size_t)((colon ? colon : end) - host);
    }
    if (host_len == 0 || host_len >= sizeof target->host)
        return wrong(text, "there is no host", error);
    rest = host + host_len;
    rest += *rest == ']';
    if (*rest == ':' ? !number_parse(rest + 1, (size_t)(end - rest - 1), 65535, &port) || port == 0
                     : rest != end)
        return wrong(text, "the port is no number from 1 to 65535", error);
    if (*rest != ':' && !is_vxlan)
        return wrong(text, "udp:// needs a port", error);
    *target = (struct replay_target) { .is_vxlan = is_vxlan, .has_vni = slash, .vni = vni };
    memcpy(target->host, host, host_len);
    snprintf(target->port, sizeof target->port, "%u", port & 0xffff);
    return true;
}

bool replay_vni_of(const char *interface_name, uint32_t *vni)
{
    const char *at = strncmp(interface_name, "vxlan ", 6) == 0 ? strstr(interface_name, " vni ") : NULL;

    return at && number_parse(at + 5, strlen(at + 5), VXLAN_VNI_LIMIT - 1, vni);
}
