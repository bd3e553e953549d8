/*
 * table: the lines of all workers as one table.
 */
#ifndef TESTS_WORLD_TABLE_H
#define TESTS_WORLD_TABLE_H

#include "evaluate.h"

/* Prints it; 0: no strong behaviour was missed and quiet weeks stay within the budget. */
int table_print(FILE *lines, const struct options *o);

#endif
