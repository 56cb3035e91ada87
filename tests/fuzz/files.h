/* The files that a configuration under test may name. They take the place of config/load_file.c, so
 * that nothing outside of the input is read: "f0" to "f9", in whatever folder, are the parts of the
 * input, in order; there are no others. */
#pragma once

#include "tests/fuzz/fuzz.h"

#define FILES_SEPARATOR 0xff /* in no UTF-8 text */

/* Takes the rest of the input, which is borrowed. */
void files_set(struct fuzz_bytes rest);
struct slice files_first(void); /* empty if there is none; borrowed from the input */
