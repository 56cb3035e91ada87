/* The lines of the sections of INFO that every server of the originals has: Server, Clients, Stats,
 * CPU. Names and order are those of the make that is followed. */
#pragma once

struct buf;
struct server;

void info_print_server(const struct server *s, struct buf *out);
void info_print_clients(const struct server *s, struct buf *out);
void info_print_stats(const struct server *s, struct buf *out);
void info_print_cpu(const struct server *s, struct buf *out);
