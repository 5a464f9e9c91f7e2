/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_lines - text of any kind, as media types name it. It has no fields: a filter asks for its presence, or
 * searches its bytes. The lines are not stored one by one: nobody can ask for them.
 */
#include "protocol/dissection.h"

static enum dissect_result text_lines_dissect(struct dissection *d, struct reader *r)
{
    uint32_t wire_len = d->left_wire;

    if (dissection_push(d, PROTOCOL_TEXT_LINES, r, (uint32_t)reader_left(r)) == NULL)
        return DISSECT_OK;
    return reader_left(r) < wire_len ? DISSECT_TRUNCATED : DISSECT_OK;
}

const struct protocol protocol_text_lines = {
    .name = "data-text-lines",
    .title = "Line-based text data",
    .dissect = text_lines_dissect,
};
