/* SPDX-License-Identifier: Apache-2.0 */
#include "web/qr.h"

#include <qrencode.h>

enum { BORDER = 4, BORDER_TERMINAL = 2 /* the standard's four waste a terminal; readers take two */ };

static QRcode *encode(const char *text)
{
    size_t len = strlen(text);

    if (len == 0 || len > QR_TEXT_BYTES)
        return NULL;
    return QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
}

/* Outside of the code all is light. */
static bool is_dark(const QRcode *code, int x, int y)
{
    return x >= 0 && y >= 0 && x < code->width && y < code->width &&
           (code->data[y * code->width + x] & 1) != 0;
}

bool qr_put_terminal(struct buffer *out, const char *text)
{
    QRcode *code = encode(text);
    size_t before = out->len;
    bool is_put = code && code->width <= QR_TERMINAL_MODULES;

    for (int y = -BORDER_TERMINAL; is_put && y < code->width + BORDER_TERMINAL; y += 2) {
        buffer_put_text(out, "\033[30;107m"); /* black on white */
        for (int x = -BORDER_TERMINAL; x < code->width + BORDER_TERMINAL; x++) {
            static const char *const halves[] = { " ", "\u2580", "\u2584", "\u2588" };

            buffer_put_text(out, halves[is_dark(code, x, y) + 2 * is_dark(code, x, y + 1)]);
        }
        buffer_put_text(out, "\033[0m\n");
        is_put = !out->is_full;
    }
    QRcode_free(code);
    if (!is_put)
        out->len = before;
    return is_put;
}

bool qr_put_svg(struct buffer *out, const char *text)
{
    QRcode *code = encode(text);
    size_t before = out->len;
    int side;

    if (code == NULL)
        return false;
    side = code->width + 2 * BORDER;
    buffer_printf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
        "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path d=\"",
        side, side, side, side);
    for (int y = 0; y < code->width; y++) {
        for (int x = 0; x < code->width; x++) {
            int begin = x;

            while (is_dark(code, x, y))
                x++;
            if (x > begin)
                buffer_printf(out, "M%d %dh%dv1h-%dz", begin + BORDER, y + BORDER, x - begin, x - begin);
        }
    }
    buffer_put_text(out, "\"/></svg>");
    QRcode_free(code);
    if (out->is_full)
        out->len = before;
    return !out->is_full;
}
