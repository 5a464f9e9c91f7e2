/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_report - what import says of its files: the plan (--dry-run), and at the end each one that is not
 * whole in the archive, with its reason.
 */
#pragma once

#include <stdio.h>

#include "pipeline/importer.h"
#include "source/capture_list.h"

/* A line a file in their order: period, packets, and how it lies to those before; then gaps and overlaps in
 * sum. */
void import_report_plan(FILE *out, const struct import_plan *plan);

/* Each file that is not whole in the archive now, by its kind; then a line of counts. */
void import_report_files(FILE *out, const struct import_plan *plan, const struct capture_list *list);

/* Was something lost: packets that were in a file, and could not be read? */
bool import_report_has_loss(const struct import_plan *plan);
