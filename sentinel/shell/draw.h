/* Ids, seeds and passwords, drawn from the system's source of randomness. */
#pragma once

#include "config/state.h"

void draw_id(char ret_id[static ID_SIZE]); /* lower-case hex */
uint64_t draw_seed(void);
void draw_bytes(void *bytes, size_t size);
