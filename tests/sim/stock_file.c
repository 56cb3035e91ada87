/* The file of a stock Sentinel: what it knows of itself and of its groups (spec 14.5). What was
 * voted for is not in it, only the epoch. */
#include "tests/sim/stock_parts.h"

#define WORDS_MAX 8

/* While it leads and the promotion is confirmed, the entry of the new master stands for the old
 * one, so that a restart finds the right roles. */
static void print_group(const struct stock_group *g, struct buf *out) {
    const char *name = g->settings->name;
    const struct endpoint *master = stock_group_master(g);
    buf_printf(out, "sentinel monitor %s %s %u %lld\n", name, master->host, master->port,
        (long long)g->settings->quorum);
    buf_printf(out, "sentinel config-epoch %s %llu\n", name, (unsigned long long)g->config_epoch);
    buf_printf(out, "sentinel leader-epoch %s %llu\n", name, (unsigned long long)g->leader_epoch);
    list_for_each(i, &g->replicas, struct stock_instance, siblings) {
        bool is_master = endpoint_equal(&i->address, master);
        const struct endpoint *e = is_master ? &g->master->address : &i->address;
        buf_printf(out, "sentinel known-replica %s %s %u\n", name, e->host, e->port);
    }
    list_for_each(i, &g->peers, struct stock_instance, siblings)
        buf_printf(out, "sentinel known-sentinel %s %s %u %s\n", name, i->address.host,
            i->address.port, i->run_id);
}

void stock_print_file(const struct stock *s, struct buf *ret) {
    buf_clear(ret);
    buf_printf(ret, "sentinel myid %s\n", s->settings.id);
    list_for_each(g, &s->groups, struct stock_group, siblings)
        print_group(g, ret);
    buf_printf(ret, "sentinel current-epoch %llu\n", (unsigned long long)s->current_epoch);
}

static void read_group_line(
    struct stock *s, struct stock_group *g, const struct slice *words, size_t count) {
    struct endpoint address;
    bool has_address =
        count > 4 && endpoint_make(words[3], slice_to_i64_lenient(words[4]), &address);
    if (slice_is(words[1], "monitor") && has_address) {
        g->master->address = address;
    } else if (slice_is(words[1], "config-epoch")) {
        g->config_epoch = slice_to_u64_lenient(words[3]);
        s->current_epoch = MAX_OF(s->current_epoch, g->config_epoch);
    } else if (slice_is(words[1], "leader-epoch")) {
        g->leader_epoch = slice_to_u64_lenient(words[3]);
    } else if (slice_is(words[1], "known-replica") && has_address) {
        stock_add_replica(s, g, &address);
    } else if (slice_is(words[1], "known-sentinel") && has_address) {
        stock_link_share(s, stock_add_peer(s, g, &address, words[5]));
    }
}

/* The groups of the settings are there already. */
void stock_read_file(struct stock *s) {
    struct slice text = buf_slice(&s->file);
    while (text.size > 0) {
        struct slice line = slice_cut(&text, '\n'), words[WORDS_MAX] = { SLICE_EMPTY };
        size_t count = 0;
        while (line.size > 0 && count < WORDS_MAX)
            words[count++] = slice_cut(&line, ' ');
        struct stock_group *g = stock_group(s, words[2]);
        if (slice_is(words[1], "current-epoch"))
            s->current_epoch = MAX_OF(s->current_epoch, slice_to_u64_lenient(words[2]));
        else if (g != NULL)
            read_group_line(s, g, words, count);
    }
}
