/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qr - a link as a QR code (ISO/IEC 18004, by libqrencode): for a telephone held up to a terminal or to the
 * share dialog.
 */
#pragma once

#include "base/buffer.h"

enum { QR_TEXT_BYTES = 1024, QR_TERMINAL_MODULES = 61 /* version 11: what a terminal of 80 columns shows */ };

/*
 * Appends it as lines of half blocks, two modules a character, with the quiet border, black on white whatever
 * the terminal's colours. False: text is too long for a terminal or for a code, or no memory; out is as it
 * was.
 */
bool qr_put_terminal(struct buffer *out, const char *text);

/* The same as an SVG document, one path, without scripts, styles or sizes but its view box. */
bool qr_put_svg(struct buffer *out, const char *text);
