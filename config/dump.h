/* Writes the commented example and the reference of options from the option table. */
#pragma once

struct buf;

void dump_example(struct buf *out);   /* config/example.yaml */
void dump_reference(struct buf *out); /* Markdown table of all options */
