/* SPDX-License-Identifier: Apache-2.0 */
#include "base/size_text.h"

#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"

const char *size_format(uint64_t size_bytes, char text[static SIZE_TEXT_BYTES])
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
    unsigned unit = 0;
    uint64_t divisor = 1;
    double amount;

    /* 999,500 would round to "1000 kB": it is the next unit's "1.00 MB" */
    while (unit < 6 && (double)size_bytes / (double)divisor >= (unit ? 999.5 : 1000.0)) {
        divisor *= 1000;
        unit++;
    }
    amount = (double)size_bytes / (double)divisor;
    snprintf(text, SIZE_TEXT_BYTES, "%.*f %s",
             unit == 0 || amount >= 99.95 ? 0
             : amount >= 9.995            ? 1
                                          : 2,
             amount, units[unit]);
    return text;
}

const char *count_format(uint64_t count, char text[static SIZE_TEXT_BYTES])
{
    char digits[24];
    size_t n = (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)count), out = 0;

    for (size_t i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            text[out++] = ',';
        text[out++] = digits[i];
    }
    text[out] = '\0';
    return text;
}

const char *duration_format(int64_t duration_ns, char text[static SIZE_TEXT_BYTES])
{
    const char *sign = duration_ns < 0 ? "-" : "";
    uint64_t ns = duration_ns < 0 ? -(uint64_t)duration_ns : (uint64_t)duration_ns;
    unsigned long long seconds = ns / NS_PER_SECOND;

    if (ns == 0)
        snprintf(text, SIZE_TEXT_BYTES, "0s");
    else if (ns < 1000)
        snprintf(text, SIZE_TEXT_BYTES, "%s%lluns", sign, (unsigned long long)ns);
    else if (ns < 1000000)
        snprintf(text, SIZE_TEXT_BYTES, "%s%lluus", sign, (unsigned long long)ns / 1000);
    else if (ns < (uint64_t)NS_PER_SECOND)
        snprintf(text, SIZE_TEXT_BYTES, "%s%llums", sign, (unsigned long long)ns / 1000000);
    else if (seconds < 10)
        snprintf(text, SIZE_TEXT_BYTES, "%s%llu.%llus", sign, seconds,
                 (unsigned long long)ns % NS_PER_SECOND / 100000000);
    else if (seconds < 60)
        snprintf(text, SIZE_TEXT_BYTES, "%s%llus", sign, seconds);
    else if (seconds < 3600)
        snprintf(text, SIZE_TEXT_BYTES, "%s%llum %llus", sign, seconds / 60, seconds % 60);
    else if (seconds < 86400)
        snprintf(text, SIZE_TEXT_BYTES, "%s%lluh %llum", sign, seconds / 3600, seconds % 3600 / 60);
    else
        snprintf(text, SIZE_TEXT_BYTES, "%s%llud %lluh", sign, seconds / 86400, seconds % 86400 / 3600);
    return text;
}
