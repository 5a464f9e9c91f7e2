/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/progress.h"
#include "base/timestamp.h"

static void line_tells_how_much_how_fast_and_how_long_still(void **state)
{
    static const struct {
        uint64_t done_bytes, size_bytes, n_packets;
        int64_t elapsed_ns;
        const char *line;
    } cases[] = {
        { 460000000, 1020000000, 1982345, 2 * NS_PER_SECOND,
          "import 45 % 460 MB of 1.02 GB, 230 MB/s, 1,982,345 packets, 2.4s left" },
        { 460000000, 0, 5, 2 * NS_PER_SECOND, "import 460 MB, 230 MB/s, 5 packets" },
        { 0, 1000, 0, 0, "import 0 % 0 B of 1.00 kB, 0 B/s, 0 packets" },
        { 1000, 1000, 9, NS_PER_SECOND, "import 100 % 1.00 kB of 1.00 kB, 1.00 kB/s, 9 packets" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer line;

        buffer_init(&line, 256);
        assert_true(progress_format(&line, "import", cases[i].done_bytes, cases[i].size_bytes,
                                    cases[i].n_packets, cases[i].elapsed_ns));
        buffer_put_u8(&line, 0);
        assert_string_equal((const char *)line.data, cases[i].line);
        buffer_clear(&line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_tells_how_much_how_fast_and_how_long_still),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
