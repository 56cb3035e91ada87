/* docs/events.md, written from the table of events. */
#pragma once

struct buf;

void event_reference(struct buf *out);
