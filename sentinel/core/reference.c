#include "sentinel/core/reference.h"

#include "common/buf.h"
#include "sentinel/core/event.h"

/* The details of a subject, as event_of_node and its like print them. */
static const char head[] =
    "# Events\n"
    "\n"
    "Generated from the table in `sentinel/core/event.c` by `scripts/generate`.\n"
    "\n"
    "An event is a line of the log, if its level is logged, and a message to those who subscribed:\n"
    "its name is the channel, its payload the message. `PSUBSCRIBE *` hears them all, except those\n"
    "of level debug, which are logged only. Messages leave in the order of the events: one that\n"
    "tells of a vote or an epoch leaves when that is on disk, and the later ones after it. A payload\n"
    "is cut at 1024 bytes.\n"
    "\n"
    "| in a payload | stands for |\n"
    "| --- | --- |\n"
    "| `<master>` | `master <group> <ip> <port>` |\n"
    "| `<replica>` | `slave <ip>:<port> <ip> <port> @ <group> <master ip> <master port>` |\n"
    "| `<sentinel>` | `sentinel <id> <ip> <port> @ <group> <master ip> <master port>` |\n"
    "| `<server>` | that of the master or the replica, whichever it is about |\n"
    "| `<any>` | that of the master, the replica or the sentinel |\n"
    "\n"
    "| event | level | payload | when |\n"
    "| --- | --- | --- | --- |\n";

void event_reference(struct buf *out) {
    buf_add_text(out, head);
    for (int i = 0; i < EVENT_COUNT; i++) {
        const struct event_row *row = &event_table[i];
        buf_printf(out, "| `%s` | %s | `%s` | %s |\n", row->name, log_level_name(row->level),
            row->payload, row->doc);
    }
}
