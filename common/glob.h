/* Redis glob matching: * ? [abc] [^a] [a-z] and backslash. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

/* Bounded: runs in time proportional to pattern x text at worst. */
bool glob_match(struct slice pattern, struct slice text, bool ignore_case);
