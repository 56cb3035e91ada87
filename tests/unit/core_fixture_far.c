/* What servers and peers answer. */
#include "tests/unit/core_fixture.h"

#include "common/ensure.h"
#include "sentinel/core/challenge.h"
#include "sentinel/core/seal.h"

#include <string.h>

static void print_info(const struct fixture *f, const struct far *far, struct buf *out) {
    buf_printf(out, "# Server\r\nredis_version:7.0.15\r\nrun_id:%s\r\n", far->run_id);
    if (far->is_vedette)
        buf_add_text(out, "vedette_version:0.1.0\r\n");
    if (far->failover_state != NULL)
        buf_printf(out, "master_failover_state:%s\r\n", far->failover_state);
    if (far->role == ROLE_MASTER) {
        buf_add_text(out, "# Replication\r\nrole:master\r\n");
        for (int i = 0, n = 0; i < f->replica_count; i++) {
            const struct far *r = &f->replicas[i];
            if (r->role == ROLE_REPLICA && endpoint_equal(&r->master, &far->address))
                buf_printf(out, "slave%d:ip=%s,port=%u,state=online,offset=%llu,lag=0\r\n", n++,
                    r->address.host, (unsigned)r->address.port, (unsigned long long)r->offset);
        }
        return;
    }
    buf_printf(out,
        "# Replication\r\nrole:slave\r\nmaster_host:%s\r\nmaster_port:%u\r\n"
        "master_link_status:%s\r\n",
        far->master.host, (unsigned)far->master.port, far->link_up ? "up" : "down");
    if (far->link_down_s != -2)
        buf_printf(out, "master_link_down_since_seconds:%lld\r\n", (long long)far->link_down_s);
    buf_printf(out, "slave_repl_offset:%llu\r\nslave_priority:%lld\r\nreplica_announced:1\r\n",
        (unsigned long long)far->offset, (long long)far->priority);
}

static void answer_info(const struct fixture *f, const struct far *far, struct buf *out) {
    struct buf text CLEANUP(buf_fini) = BUF_INIT;
    if (far->info != NULL) {
        buf_add_text(out, far->info);
        return;
    }
    print_info(f, far, &text);
    buf_printf(out, "$%zu\r\n%s\r\n", buf_size(&text), buf_text(&text));
}

/* Word `index` of a request in which no word has blanks. */
static struct slice word(const char *text, int index) {
    struct slice rest = slice_of(text), found = SLICE_EMPTY;
    for (int i = 0; i <= index; i++)
        found = slice_cut(&rest, ' ');
    return found;
}

static void answer_question(struct far *far, const char *text, struct buf *out) {
    struct slice id = word(text, 5);
    uint64_t epoch = 0, vote_epoch = 0;
    ensure(slice_to_u64(word(text, 4), &epoch));
    const char *vote_for = "*";
    if (!slice_is(id, "*")) {
        bool is_asked_first = epoch > far->vote_epoch;
        if (is_asked_first && (far->votes || far->is_vain)) {
            slice_copy(far->is_vain ? slice_of(far->id) : id, far->vote_for, sizeof(far->vote_for));
            far->vote_epoch = epoch;
        }
        if (far->vote_for[0] != '\0')
            vote_for = far->vote_for;
        vote_epoch = far->vote_epoch;
    }
    buf_printf(out, "*3\r\n:%d\r\n$%zu\r\n%s\r\n:%llu\r\n", far->says_down, strlen(vote_for),
        vote_for, (unsigned long long)vote_epoch);
}

/* VEDETTE-PROVE: its own number and seal; and whether ours is that of its first key. */
static void answer_challenge(struct far *far, const char *text, struct buf *out) {
    static const char number[] = "00112233445566778899aabbccddeeff";
    struct buf sealed CLEANUP(buf_fini) = BUF_INIT;
    char id[ID_SIZE], ours[CHALLENGE_SIZE + 1], seal[DIGEST_HEX_SIZE];
    if (far->keys == NULL) {
        buf_add_text(out, "-ERR unknown subcommand 'VEDETTE-PROVE'. Try SENTINEL HELP.\r\n");
        return;
    }
    slice_copy(word(text, 2), id, sizeof(id));
    slice_copy(word(text, 4), ours, sizeof(ours));
    bool answers = word(text, 5).size == 0;
    challenge_print(answers ? far->id : id, answers ? id : far->id, ours, number, &sealed);
    seal_make(slice_of(far->keys), answers ? SEAL_ANSWER : SEAL_ASK, buf_slice(&sealed), seal);
    far->knows_us = !answers && slice_is(word(text, 5), seal);
    if (answers)
        buf_printf(out, "*3\r\n$40\r\n%s\r\n$32\r\n%s\r\n$64\r\n%s\r\n", far->id, number, seal);
    else
        buf_add_text(out, far->knows_us ? "+OK\r\n" : "-ERR Not sealed with our secret\r\n");
}

/* FAILOVER TO: the two change their roles. */
static void hand_over(struct fixture *f, struct far *far, const char *order) {
    struct endpoint to;
    int64_t port = 0;
    ensure(slice_to_i64(word(order, 3), &port) && endpoint_make(word(order, 2), port, &to));
    for (int i = 0; i < f->replica_count; i++) {
        if (!endpoint_equal(&f->replicas[i].address, &to))
            continue;
        f->replicas[i].role = ROLE_MASTER;
        far->role = ROLE_REPLICA;
        far->master = to;
        far->link_up = true;
    }
}

static void obey(struct fixture *f, struct far *far, const char *text, struct buf *out) {
    struct endpoint master = { .port = 0 };
    if (far->exec != NULL) {
        buf_add_text(out, far->exec);
        return;
    }
    const char *order = strstr(text, "FAILOVER TO ");
    if (order != NULL) {
        if (far->hands_over)
            hand_over(f, far, order);
        buf_add_text(out, "*2\r\n+OK\r\n+OK\r\n");
        return;
    }
    if (strstr(text, "CLIENT UNPAUSE") != NULL) {
        buf_add_text(out, "*4\r\n+OK\r\n:1\r\n:0\r\n+OK\r\n");
        return;
    }
    if (strstr(text, "FAILOVER ABORT") != NULL && far->failover_state != NULL)
        far->failover_state = "no-failover";
    order = strstr(text, "SLAVEOF ");
    int64_t port = 0;
    ensure(order != NULL);
    if (strncmp(order, "SLAVEOF NO ONE;", 15) == 0) {
        far->role = ROLE_MASTER;
    } else {
        struct slice rest = slice_of(word(order, 2).data);
        ensure(slice_to_i64(slice_cut(&rest, ';'), &port));
        ensure(endpoint_make(word(order, 1), port, &master));
        far->role = ROLE_REPLICA;
        far->master = master;
    }
    buf_add_text(out, "*4\r\n+OK\r\n+OK\r\n:1\r\n:0\r\n");
}

void far_answer(struct fixture *f, struct far *far, const char *text, struct buf *out) {
    if (strcmp(text, "PING") == 0)
        buf_add_text(out, far->pong != NULL ? far->pong : "+PONG\r\n");
    else if (strncmp(text, "INFO", 4) == 0)
        answer_info(f, far, out);
    else if (strncmp(text, "SENTINEL VEDETTE-PROVE", 22) == 0)
        answer_challenge(far, text, out);
    else if (strncmp(text, "SENTINEL", 8) == 0)
        answer_question(far, text, out);
    else if (strncmp(text, "MULTI", 5) == 0)
        obey(f, far, text, out);
    else if (strncmp(text, "PUBLISH", 7) == 0)
        buf_add_text(out, ":1\r\n");
    else
        buf_add_text(out, "+OK\r\n");
}
