/* Connections to the servers of the farm: requests in, replies and messages out. */
#pragma once

#include "tests/bench/farm/farm.h"

struct conn {
    struct farm *farm;
    struct server *server; /* NULL: the control connection */
    ev_io io;
    ev_timer slow;
    struct list_node of_server, of_subscribers, of_waiting;
    struct buf in;    /* an incomplete request, or all that came while hung */
    struct buf out;   /* not yet written */
    struct buf multi; /* the requests queued since MULTI, as they came */
    bool in_multi;
    bool is_ending; /* after what is to be written */
    uint32_t multi_count;
};

/* Takes the descriptor. */
void conn_accept(struct farm *f, int fd);
void conn_close(struct conn *c);
void conn_reset(struct conn *c);  /* by RST */
void conn_resume(struct conn *c); /* its server is well again; what came meanwhile is answered */
void conn_add_message(struct conn *c, struct slice message);
/* At the end of a wake-up: writes the messages and answers what was resumed. */
void conn_work_off(struct farm *f);
