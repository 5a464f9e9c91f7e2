/* SPDX-License-Identifier: Apache-2.0 */
#include "source/bpf.h"

#include <assert.h>
#include <linux/filter.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
    SLL2_HEADER_BYTES = 20,
    SLL2_PROTOCOL = 0, /* offsets in the cooked header, tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html */
    SLL2_IFINDEX = 4,
    SLL2_ARPHRD = 8,
    SLL2_PACKET_TYPE = 10,
};

static_assert(sizeof(struct bpf_insn) == sizeof(struct sock_filter), "libpcap and Linux share the layout");

struct bpf {
    struct bpf_program program;
    bool is_everything;
};

static bool compile(pcap_t *handle, const char *expression, struct bpf_program *program, struct error *error)
{
    if (pcap_compile(handle, program, expression, 1, PCAP_NETMASK_UNKNOWN) == 0)
        return true;
    return error_set(
        error, ERROR_USAGE,
        "BPF expression \"%s\": %s (the language is that of pcap-filter(7), for example \"udp port "
        "5684 and net 10.0.0.0/8\")",
        expression, pcap_geterr(handle));
}

struct bpf *bpf_compile(const char *expression, uint16_t linktype, struct error *error)
{
    struct bpf *bpf = calloc(1, sizeof *bpf);
    pcap_t *handle;
    bool is_compiled;

    if (bpf == NULL) {
        error_system(error, "BPF expression");
        return NULL;
    }
    if (expression == NULL || expression[0] == '\0') {
        bpf->is_everything = true;
        return bpf;
    }
    handle = pcap_open_dead(linktype, SNAPLEN_MAX);
    if (handle == NULL) {
        error_system(error, "BPF expression \"%s\"", expression);
        free(bpf);
        return NULL;
    }
    is_compiled = compile(handle, expression, &bpf->program, error);
    pcap_close(handle);
    if (!is_compiled) {
        free(bpf);
        return NULL;
    }
    return bpf;
}

bool bpf_matches(const struct bpf *bpf, struct bytes frame, uint32_t len)
{
    struct pcap_pkthdr header = { .caplen = (bpf_u_int32)frame.len, .len = len };

    return bpf->is_everything || pcap_offline_filter(&bpf->program, &header, frame.data) != 0;
}

void bpf_free(struct bpf *bpf)
{
    if (bpf && !bpf->is_everything)
        pcap_freecode(&bpf->program);
    free(bpf);
}

/*
 * Only a handle on the interface itself makes libpcap write code that looks for VLAN tags where Linux keeps
 * them. It is closed before anything is captured; where it cannot be had, the plain compiler must do.
 */
static pcap_t *compiler_for(const char *interface, uint16_t linktype, uint32_t snaplen)
{
    char reason[PCAP_ERRBUF_SIZE];
    pcap_t *handle = pcap_create(interface, reason);

    if (handle) {
        pcap_set_snaplen(handle, (int)snaplen);
        pcap_set_buffer_size(handle, 1 << 16);
        pcap_set_timeout(handle, 1000);
        if (pcap_activate(handle) >= 0 &&
            (pcap_datalink(handle) == linktype || pcap_set_datalink(handle, linktype) == 0))
            return handle;
        pcap_close(handle);
    }
    return pcap_open_dead(linktype, (int)snaplen);
}

/*
 * A cooked socket's filter sees the packet from its network header on, while libpcap compiled for the frame
 * with the SLL2 header before it: what lies behind moves up, what lies in the header is asked of the kernel.
 */
static bool uncook(struct bpf_program *program)
{
    for (unsigned i = 0; i < program->bf_len; i++) {
        struct bpf_insn *insn = &program->bf_insns[i];
        unsigned mode = BPF_MODE(insn->code);

        if (BPF_CLASS(insn->code) != BPF_LD && BPF_CLASS(insn->code) != BPF_LDX)
            continue;
        if ((mode != BPF_ABS && mode != BPF_IND && mode != BPF_MSH) || insn->k >= (bpf_u_int32)SKF_AD_OFF)
            continue;
        if (insn->k >= SLL2_HEADER_BYTES)
            insn->k -= SLL2_HEADER_BYTES;
        else if (insn->k == SLL2_PROTOCOL)
            insn->k = (bpf_u_int32)(SKF_AD_OFF + SKF_AD_PROTOCOL);
        else if (insn->k == SLL2_IFINDEX)
            insn->k = (bpf_u_int32)(SKF_AD_OFF + SKF_AD_IFINDEX);
        else if (insn->k == SLL2_ARPHRD)
            insn->k = (bpf_u_int32)(SKF_AD_OFF + SKF_AD_HATYPE);
        else if (insn->k == SLL2_PACKET_TYPE)
            insn->k = (bpf_u_int32)(SKF_AD_OFF + SKF_AD_PKTTYPE);
        else
            return false;
    }
    return true;
}

bool bpf_attach(int fd, const char *expression, const char *interface, uint16_t linktype, bool is_cooked,
                uint32_t snaplen, struct error *error)
{
    pcap_t *handle = compiler_for(interface, linktype, snaplen);
    struct bpf_program program = { 0 };
    struct sock_fprog attached;
    bool is_attached = false;

    if (expression == NULL)
        expression = "";
    if (handle == NULL)
        return error_system(error, "BPF expression \"%s\"", expression);
    if (compile(handle, expression, &program, error)) {
        attached =
            (struct sock_fprog) { (unsigned short)program.bf_len, (struct sock_filter *)program.bf_insns };
        if (is_cooked && !uncook(&program))
            error_set(error, ERROR_UNSUPPORTED,
                      "BPF expression \"%s\": link-layer addresses cannot be asked for on interface %s",
                      expression, interface);
        else if (program.bf_len > BPF_MAXINSNS)
            error_set(error, ERROR_LIMIT,
                      "BPF expression \"%s\": %u instructions, Linux takes %d; write it shorter, for example "
                      "with a net instead of hosts",
                      expression, program.bf_len, BPF_MAXINSNS);
        else if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof attached) != 0)
            error_system(error, "BPF expression \"%s\": Linux does not take its program", expression);
        else
            is_attached = true;
        pcap_freecode(&program);
    }
    pcap_close(handle);
    return is_attached;
}
