/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log - what a long-running command has to say: one line a record on standard error, stamped, in one write so
 * that lines of several threads do not mix. For answers of a command there is standard output, for faults
 * that end it there is struct error.
 */
#pragma once

enum level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_NOTICE };

/* "2024-08-29T10:00:00.123Z warning: disk full, oldest segments deleted" */
__attribute__((format(printf, 2, 3))) void log_write(enum level level, const char *format, ...);
