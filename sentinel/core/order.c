#include "sentinel/core/order.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "sentinel/core/core.h"
#include "sentinel/core/hello.h"
#include "sentinel/core/seal.h"

#include <stdio.h>

#define WORDS(...) ((const struct slice[]){ __VA_ARGS__ })
#define REQUEST(...) \
    ((struct request){ .words = WORDS(__VA_ARGS__), \
        .word_count = sizeof(WORDS(__VA_ARGS__)) / sizeof(struct slice) })
#define TEXT(literal) SLICE_LITERAL(literal)

/* The name under which the far end knows `command`. */
static struct slice name(const struct link *l, const char *command) {
    return slice_of(
        l->node != NULL ? group_settings_command(&l->node->group->settings, command) : command);
}

static struct pending *send_one(
    struct core *c, struct link *l, enum pending_kind kind, const struct request *r) {
    return link_send(c, l, kind, r, 1);
}

struct credentials order_credentials_of_node(const struct group_settings *g) {
    return (struct credentials){ .user = g->auth_user, .password = &g->auth_password };
}

struct credentials order_credentials_of_peers(const struct settings *s) {
    if (secret_is_set(&s->peer_password))
        return (struct credentials){ .user = s->peer_user, .password = &s->peer_password };
    /* Peers are expected to ask for what we ask for. */
    return (struct credentials){ .user = NULL, .password = &s->client_password };
}

static void authenticate(struct core *c, struct link *l) {
    struct credentials with = l->node != NULL ? order_credentials_of_node(&l->node->group->settings)
                                              : order_credentials_of_peers(&c->settings);
    if (!secret_is_set(with.password)) /* a user without a password is nobody */
        return;
    struct slice password = secret_reveal(with.password);
    struct request r;
    if (with.user != NULL) {
        r = REQUEST(name(l, "AUTH"), slice_of(with.user), password);
        r.secret_from = 2;
        send_one(c, l, PENDING_HANDSHAKE, &r);
    } else {
        r = REQUEST(name(l, "AUTH"), password);
        r.secret_from = 1;
        send_one(c, l, PENDING_HANDSHAKE, &r);
    }
}

void order_name_links(struct core *c) {
    static const char *const purposes[] = { [LINK_COMMAND] = "cmd", [LINK_PUBSUB] = "pubsub" };
    for (size_t i = 0; i < ARRAY_SIZE(purposes); i++)
        (void)snprintf(
            c->link_names[i], sizeof(c->link_names[i]), "sentinel-%.8s-%s", c->id, purposes[i]);
}

void order_handshake(struct core *c, struct link *l) {
    const char *client_name = c->link_names[l->purpose];
    authenticate(c, l);
    send_one(c, l, PENDING_HANDSHAKE,
        &REQUEST(name(l, "CLIENT"), TEXT("SETNAME"), slice_of(client_name)));
    if (l->purpose == LINK_PUBSUB)
        send_one(c, l, PENDING_HANDSHAKE, &REQUEST(name(l, "SUBSCRIBE"), TEXT(HELLO_CHANNEL)));
}

void order_ping(struct core *c, struct link *l) {
    struct liveness *live = link_live(l);
    send_one(c, l, PENDING_PING, &REQUEST(name(l, "PING")));
    l->pinged = true;
    live->ping_ms = c->now.heard_ms;
    if (live->unanswered_ms == 0)
        live->unanswered_ms = c->now.heard_ms;
}

void order_info(struct core *c, struct node *n) {
    send_one(c, &n->command, PENDING_INFO, &REQUEST(name(&n->command, "INFO")));
    n->info_asked_ms = c->now.mono_ms;
    n->info_wanted = false;
}

void order_identify(struct core *c, struct link *l) {
    send_one(c, l, PENDING_IDENTIFY, &REQUEST(TEXT("INFO"), TEXT("server")));
}

void order_script_kill(struct core *c, struct node *n) {
    send_one(
        c, &n->command, PENDING_SCRIPT_KILL, &REQUEST(name(&n->command, "SCRIPT"), TEXT("KILL")));
}

/* With a secret the signed line goes first: who understands it knows then that the other one need
 * not count. Who has to prove what he says says nothing else. */
void order_hello(struct core *c, struct link *l, const struct group *g) {
    struct buf plain CLEANUP(buf_fini) = BUF_INIT, sealed CLEANUP(buf_fini) = BUF_INIT;
    struct slice keys = seal_keys(c, g);
    bool is_signed = keys.size > 0, is_plain = !is_signed || !seal_is_strict(c, g);
    hello_print(c, g, l->local_host, &plain);
    if (is_signed) {
        buf_add_slice(&sealed, buf_slice(&plain));
        hello_sign(c, keys, &sealed);
    }
    struct request requests[] = {
        REQUEST(name(l, "PUBLISH"), TEXT(HELLO_CHANNEL), buf_slice(&sealed)),
        REQUEST(name(l, "PUBLISH"), TEXT(HELLO_CHANNEL), buf_slice(&plain)),
    };
    requests[0].sealed = SEAL_SIZE;
    link_send(c, l, PENDING_HELLO, &requests[is_signed ? 0 : 1], (size_t)is_signed + is_plain)
        ->group_serial = g->serial;
}

void order_challenge(struct core *c, struct process *p, const struct group *g, const char *number) {
    send_one(c, &p->link, PENDING_CHALLENGE,
        &REQUEST(TEXT("SENTINEL"), TEXT("VEDETTE-PROVE"), slice_of(c->id),
            slice_of(g != NULL ? g->name : ""), slice_of(number)))
        ->group_serial = g != NULL ? g->serial : 0;
}

void order_proof(struct core *c, struct process *p, const struct group *g, const char *number,
    const char *seal) {
    struct request r = REQUEST(TEXT("SENTINEL"), TEXT("VEDETTE-PROVE"), slice_of(c->id),
        slice_of(g != NULL ? g->name : ""), slice_of(number), slice_of(seal));
    r.sealed = SEAL_SIZE;
    send_one(c, &p->link, PENDING_PROOF, &r)->group_serial = g != NULL ? g->serial : 0;
}

void order_question(struct core *c, struct peer *p, bool for_vote) {
    const struct group *g = p->group;
    char port[8], epoch[24];
    uint64_t asked_epoch = for_vote ? g->attempt.epoch : c->durable_epoch;
    (void)snprintf(port, sizeof(port), "%u", (unsigned)g->master->address.given.port);
    (void)snprintf(epoch, sizeof(epoch), "%llu", (unsigned long long)asked_epoch);
    struct pending *pending = send_one(c, &p->process->link, PENDING_QUESTION,
        &REQUEST(TEXT("SENTINEL"), TEXT("is-master-down-by-addr"),
            slice_of(address_announced(c, &g->master->address)), slice_of(port), slice_of(epoch),
            for_vote ? slice_of(c->id) : TEXT("*")));
    pending->group_serial = g->serial;
    pending->attempt = for_vote ? g->attempt.serial : 0;
    p->question_tag = pending->tag;
    p->question_attempt = pending->attempt;
    p->asked_ms = c->now.mono_ms;
    p->ask_now = false;
}

/* ---- transactions ---- */

static const char *const abort_words[] = { "FAILOVER ABORT", "SLAVEOF", "CONFIG REWRITE",
    "CLIENT KILL TYPE normal", "CLIENT KILL TYPE pubsub", NULL };
static const char *const *const role_words = &abort_words[1];
static const char *const handover_words[] = { "CLIENT PAUSE", "FAILOVER", NULL };
static const char *const release_words[] = { "CONFIG REWRITE", "CLIENT KILL TYPE normal",
    "CLIENT KILL TYPE pubsub", "CLIENT UNPAUSE", NULL };

struct pending *order_role(struct core *c, struct node *n, const struct address *master) {
    const struct link *l = &n->command;
    char port[8] = "ONE";
    if (master != NULL)
        (void)snprintf(port, sizeof(port), "%u", (unsigned)master->given.port);
    struct request requests[] = {
        REQUEST(name(l, "MULTI")),
        REQUEST(name(l, "FAILOVER"), TEXT("ABORT")),
        REQUEST(name(l, "SLAVEOF"),
            master != NULL ? slice_of(address_announced(c, master)) : TEXT("NO"), slice_of(port)),
        REQUEST(name(l, "CONFIG"), TEXT("REWRITE")),
        REQUEST(name(l, "CLIENT"), TEXT("KILL"), TEXT("TYPE"), TEXT("normal")),
        REQUEST(name(l, "CLIENT"), TEXT("KILL"), TEXT("TYPE"), TEXT("pubsub")),
        REQUEST(name(l, "EXEC")),
    };
    bool aborts = n->own_failover == OWN_FAILOVER_RUNS;
    struct request *first = requests;
    if (!aborts) { /* MULTI takes the place of FAILOVER ABORT */
        requests[1] = requests[0];
        first++;
    }
    struct pending *p =
        link_send(c, &n->command, PENDING_ORDER, first, ARRAY_SIZE(requests) - (aborts ? 0 : 1));
    p->orders = aborts ? abort_words : role_words;
    p->decisive = aborts ? 1 : 0;
    return p;
}

struct pending *order_handover(
    struct core *c, struct node *master, const struct node *to, int64_t limit_ms) {
    const struct link *l = &master->command;
    char port[8], limit[24];
    (void)snprintf(port, sizeof(port), "%u", (unsigned)to->address.given.port);
    (void)snprintf(limit, sizeof(limit), "%lld", (long long)limit_ms);
    const struct request requests[] = {
        REQUEST(name(l, "MULTI")),
        REQUEST(name(l, "CLIENT"), TEXT("PAUSE"), slice_of(limit), TEXT("WRITE")),
        REQUEST(name(l, "FAILOVER"), TEXT("TO"), slice_of(address_announced(c, &to->address)),
            slice_of(port), TEXT("TIMEOUT"), slice_of(limit)),
        REQUEST(name(l, "EXEC")),
    };
    struct pending *p =
        link_send(c, &master->command, PENDING_ORDER, requests, ARRAY_SIZE(requests));
    p->orders = handover_words;
    p->decisive = 1;
    return p;
}

void order_release(struct core *c, struct node *n) {
    const struct link *l = &n->command;
    const struct request requests[] = {
        REQUEST(name(l, "MULTI")),
        REQUEST(name(l, "CONFIG"), TEXT("REWRITE")),
        REQUEST(name(l, "CLIENT"), TEXT("KILL"), TEXT("TYPE"), TEXT("normal")),
        REQUEST(name(l, "CLIENT"), TEXT("KILL"), TEXT("TYPE"), TEXT("pubsub")),
        REQUEST(name(l, "CLIENT"), TEXT("UNPAUSE")),
        REQUEST(name(l, "EXEC")),
    };
    link_send(c, &n->command, PENDING_RELEASE, requests, ARRAY_SIZE(requests))->orders =
        release_words;
}

void order_unpause(struct core *c, struct node *master) {
    struct link *l = &master->command;
    send_one(c, l, PENDING_HANDSHAKE, &REQUEST(name(l, "CLIENT"), TEXT("UNPAUSE")));
}
