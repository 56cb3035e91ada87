/* docs/commands.md, written from the table of commands. */
#pragma once

struct buf;

void command_reference(struct buf *out);
