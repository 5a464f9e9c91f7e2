/* SPDX-License-Identifier: Apache-2.0 */
/* text_lines - text media types. */
#include "protocol/dissection.h"

static enum dissect_result text_lines_dissect(struct dissection *d, struct reader *r)
{
    if (!dissection_push(d, PROTOCOL_TEXT_LINES, r, (uint32_t)reader_left(r)))
        return DISSECT_OK;
    return DISSECT_OK;
}

const struct protocol protocol_text_lines = {
    .name = "data-text-lines",
    .title = "Line-based text data",
    .dissect = text_lines_dissect,
};
