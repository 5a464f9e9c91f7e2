/* SPDX-License-Identifier: Apache-2.0 */
/* data - what no protocol here understands. */
#include "protocol/dissection.h"

enum { DATA_DATA, DATA_LEN };

static const struct field data_fields[] = {
    [DATA_DATA] = { "data.data", FIELD_BYTES, .title = "Data" },
    [DATA_LEN] = { "data.len", FIELD_INT, .title = "Length", .ft_bits = 32 },
};

static enum dissect_result data_dissect(struct dissection *d, struct reader *r)
{
    struct bytes rest = reader_rest(r);

    if (rest.len == 0 && d->left_wire == 0)
        return DISSECT_OK; /* nothing there is no data */
    if (!dissection_push(d, PROTOCOL_DATA, r, (uint32_t)rest.len))
        return DISSECT_OK;
    dissection_add_bytes(d, FIELD_ID(PROTOCOL_DATA, DATA_DATA), rest);
    dissection_add_number(d, FIELD_ID(PROTOCOL_DATA, DATA_LEN), rest.len);
    return rest.len < d->left_wire ? DISSECT_TRUNCATED : DISSECT_OK;
}

const struct protocol protocol_data = {
    .name = "data",
    .title = "Data",
    .fields = data_fields,
    .n_fields = sizeof data_fields / sizeof data_fields[0],
    .dissect = data_dissect,
};
