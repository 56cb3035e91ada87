/* A core under a virtual clock, among far ends that answer as they are told. For the tests of the
 * core: no time passes within a step, nothing is random, the store answers at once unless it is
 * held. With FIXTURE_TRACE in the environment every input and effect goes to standard error. */
#pragma once

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "sentinel/core/core.h"
#include "sentinel/core/election.h"

#define OUR_ID "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B   "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_C   "cccccccccccccccccccccccccccccccccccccccc"
#define ID_D   "dddddddddddddddddddddddddddddddddddddddd"
#define ID_E   "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"

/* Details of the first far ends, as events print them. */
#define MASTER  "master mymaster 10.0.0.1 6379"
#define AT      " @ mymaster 10.0.0.1 6379"
#define REPLICA "slave 10.0.0.2:6379 10.0.0.2 6379" AT
#define SECOND  "slave 10.0.0.3:6379 10.0.0.3 6379" AT
#define AT_NEW  " @ mymaster 10.0.0.2 6379" /* when the first replica is the master */
#define PEER_B  "sentinel " ID_B " 10.0.1.1 26379" AT
#define PEER_C  "sentinel " ID_C " 10.0.1.2 26379" AT

#define FIXTURE_REPLICAS_MAX 8
#define FIXTURE_PEERS_MAX    4
#define FIXTURE_LINKS_MAX    256

enum far_mood {
    FAR_ANSWERS,
    FAR_HANGS,    /* takes connections and requests, answers nothing */
    FAR_REFUSES,  /* connection refused */
    FAR_VANISHED, /* attempts to connect neither succeed nor fail */
};

/* A server or a peer. */
struct far {
    struct endpoint address;
    const char *name; /* what it is given by; NULL: its address */
    enum far_mood mood;
    const char *holds; /* requests that begin with this are not answered, nor what follows them */
    int64_t latency_ms;
    const char *pong; /* RESP; NULL: +PONG */
    const char *info; /* RESP; NULL: what the fields below say */
    const char *exec; /* RESP; NULL: obeys, and answers as a server does */

    /* a server */
    enum node_role role;
    char run_id[ID_SIZE];
    struct endpoint master;
    bool link_up;
    int64_t link_down_s; /* master_link_down_since_seconds; -2 = not printed */
    int64_t priority;
    uint64_t offset;
    const char *failover_state; /* master_failover_state; NULL = not printed */
    bool hands_over;            /* obeys FAILOVER; else it answers, and nothing comes of it */

    /* a peer */
    char id[ID_SIZE];
    bool says_down; /* what it answers about the master */
    bool votes;     /* gives its vote to the first who asks */
    bool is_vain;   /* has voted for itself under whatever epoch it is asked for */
    char vote_for[CANDIDATE_MAX];
    uint64_t vote_epoch;
    bool is_vedette;
    const char *keys; /* by which it proves itself, and knows us; NULL: of no such thing */
    bool knows_us;    /* we have proven on the present link that we share one */
};

struct sent {
    struct link_id link;
    uint64_t incarnation, tag;
    enum link_purpose purpose;
    struct far *to;
    int64_t at_ms; /* mono */
    char *text;    /* owned: the requests as a trace shows them */
    bool ended;
};

enum link_here { HERE_CLOSED, HERE_OPENING, HERE_UP };

struct link_here_state {
    enum link_here state;
    uint64_t incarnation;
    enum link_purpose purpose;
    struct far *to;
};

enum store_mood { STORE_WORKS, STORE_HANGS, STORE_FAILS };

struct fixture_options {
    const char *id;
    int replicas, peers;
    int64_t quorum, down_after_ms, failover_timeout_ms, parallel_syncs, reboot_down_after_ms;
    int64_t crash_after_ms;
    const char *auth_user, *auth_password;
    const char *second_group; /* another group at 10.0.2.1:6379, without replicas, the same peers */
    const char *announce;     /* "host:port" */
    uint64_t links;           /* that there may be; 0 = as many as are wanted */
    bool named; /* servers and peers are given by name: db-0.test (the master), db-1.test, ...;
                   s-0.test, ...; nothing is resolved yet */
    bool announce_names;
    bool unlearned; /* the state knows neither replicas nor peers */
    uint64_t current_epoch, config_epoch, vote_epoch;
    const char *vote_for;
    const char *peer_keys; /* of ours, and of all peers; NULL = none */
    bool strict;
};

#define FIXTURE_STANDARD \
    ((struct fixture_options){ \
        .id = OUR_ID, \
        .replicas = 2, \
        .peers = 2, \
        .quorum = 2, \
        .down_after_ms = 1000, \
        .failover_timeout_ms = 20000, \
        .parallel_syncs = 1, \
        .announce = "10.0.1.9:26379", \
    })

struct fixture {
    struct core *core;
    struct group *group; /* mymaster */
    struct now now;
    struct effects out; /* of the last step */
    struct settings settings;
    struct descriptor_usage descriptors;
    struct state stored; /* every delta emitted so far */

    struct far master, second_master;
    struct far replicas[FIXTURE_REPLICAS_MAX];
    struct far peers[FIXTURE_PEERS_MAX];
    int replica_count, peer_count;

    struct link_here_state links[FIXTURE_LINKS_MAX];
    struct sent *sent; /* owned, in order */
    size_t sent_count, sent_capacity;
    enum store_mood store;
    uint64_t persist_seq, answered_seq;
    /* A line each, since they were last forgotten. Events as the log has them; those of level debug
     * are among the logs. */
    struct buf events, logs, persists;
    struct buf scripts; /* SCRIPT, RUN and KILL; jobs are queued by the test */
    struct buf asked;   /* host names that were asked for, one a line */
    bool traces;
};

/* ---- life cycle ---- */

/* Starts a core that knows its servers and peers, and lets every connection come up. */
void fixture_start(struct fixture *f, const struct fixture_options *o);
/* As fixture_start, but no input has followed the start: nothing is connected yet. */
void fixture_start_alone(struct fixture *f, const struct fixture_options *o);
/* The standard one with keys, of ours and of all peers, when all has been asked and answered. */
void fixture_start_with_keys(struct fixture *f, const char *keys, bool strict);
/* Starts with peers that agree that the master is down and do not vote for us. */
void fixture_start_unloved(struct fixture *f, const struct fixture_options *o);
/* With peers that agree and vote for us; the first replica is the better one. */
void fixture_start_loved(struct fixture *f, const struct fixture_options *o);
/* As that, with the master dead and the promotion of the first replica sent, but not answered. */
void fixture_start_promised(struct fixture *f);
void fixture_stop(struct fixture *f);
/* The same after steps that went past the fixture: what they asked for is of no interest. */
void fixture_drop(struct fixture *f);
/* Ends the core, and starts another one from what was stored. */
void fixture_restart(struct fixture *f);

/* ---- time ---- */

void fixture_step(struct fixture *f, const struct input *in); /* one input, nothing is answered */
/* A step by hand, between the two: nothing is answered. */
void fixture_begin(struct fixture *f);
void fixture_end(struct fixture *f);
void fixture_timer(struct fixture *f); /* an INPUT_TIMER now, and all answers to what follows */
void fixture_settle(
    struct fixture *f); /* all answers that are due now, and those to what follows */
void fixture_advance(struct fixture *f, int64_t ms); /* with each deadline and answer on the way */
/* Time goes by in which we do not run: 50 ms of it are heard. */
void fixture_stall(struct fixture *f, int64_t ms);
/* Until an event of this name is there; fails after `limit_ms`. Returns how long it took. */
int64_t fixture_await(struct fixture *f, const char *event, int64_t limit_ms);
int64_t fixture_deadline(const struct fixture *f); /* ms from now */

/* ---- the world ---- */

/* The master dies, and enough find it down. */
void fixture_fall(struct fixture *f);
/* Adds the answer (RESP) of a far end to a request, as it is in its present mood and role. */
void far_answer(struct fixture *f, struct far *far, const char *text, struct buf *out);
void fixture_crash(struct fixture *f, struct far *far); /* connections lost, refused from now on */
void fixture_cut(struct fixture *f, struct far *far);   /* connections lost, accepted anew */
/* Hangs: connections stay, nothing is answered. */
void fixture_hang(struct far *far);
void fixture_revive(struct far *far);
/* Asks for our vote, as a client's command does. The candidate is borrowed from the group. */
struct vote fixture_request(
    struct fixture *f, struct group *g, uint64_t epoch, const char *candidate);
/* An attempt is made, whatever we think of the master. */
void fixture_stand(struct fixture *f, enum election_why why);
/* All peers say that the master is down. */
void fixture_peers_agree(struct fixture *f);
/* The store answers what it held. */
void fixture_durable(struct fixture *f, uint64_t seq);
void fixture_failed(struct fixture *f, uint64_t seq);

struct hello_line {
    const char *host;
    int port;
    const char *id;
    uint64_t current_epoch;
    const char *master_host;
    int master_port;
    uint64_t config_epoch;
    const char *group; /* NULL: mymaster */
};
/* A hello arrives on the pub/sub connection of the master, or of a replica if that one is gone. */
void fixture_hello(struct fixture *f, const struct hello_line *h);
/* All peers announce the configuration that we have, as they have all along. */
void fixture_confirm(struct fixture *f);
void fixture_message(struct fixture *f, const char *payload);
void fixture_name_all(struct fixture *f);
/* The answer to a RESOLVE: IP literals separated by blanks; none: it failed. */
void fixture_resolve(struct fixture *f, const char *host, const char *ips);
/* Answers for every far end that was given by name. */
void fixture_resolve_all(struct fixture *f);
/* Answers the oldest pending SEND of a link with RESP text. */
void fixture_reply(struct fixture *f, const struct link *l, const char *resp);

/* ---- questions ---- */

struct node *fixture_replica(const struct fixture *f, int index);
struct peer *fixture_peer(const struct fixture *f, int index);
/* How many SENDs to a far end, or to anybody if NULL, begin with `prefix`; since fixture_forget. */
size_t fixture_sent(const struct fixture *f, const struct far *to, const char *prefix);
/* Of those, promotions: to the replica with this index. */
size_t fixture_promotions(const struct fixture *f, int replica);
/* The last SEND that begins so, NULL if none. */
const struct sent *fixture_last_sent(
    const struct fixture *f, const struct far *to, const char *prefix);
void fixture_forget(struct fixture *f); /* events, logs, persists and ended SENDs */

const char *fixture_events(const struct fixture *f);
const char *fixture_logs(const struct fixture *f);
const char *fixture_persists(const struct fixture *f);

/* The names that were asked for since the last look are exactly these lines. */
#define assert_asked(f, expected) \
    do { \
        assert_string_equal(buf_text(&(f)->asked), (expected)); \
        buf_clear(&(f)->asked); \
    } while (0)

/* The events since the last look are exactly these lines. */
#define assert_events(f, expected) \
    do { \
        assert_string_equal(fixture_events(f), (expected)); \
        buf_clear(&(f)->events); \
    } while (0)

#define assert_has_event(f, line) \
    do { \
        if (!slice_contains(slice_of(fixture_events(f)), slice_of(line "\n"))) \
            fail_msg("no \"%s\" in:\n%s", (line), fixture_events(f)); \
    } while (0)

#define assert_no_event(f, name) \
    do { \
        if (slice_contains(slice_of(fixture_events(f)), slice_of(name " "))) \
            fail_msg("\"%s\" in:\n%s", (name), fixture_events(f)); \
    } while (0)

#define assert_logged(f, text) \
    do { \
        if (!slice_contains(slice_of(fixture_logs(f)), slice_of(text))) \
            fail_msg("no \"%s\" in:\n%s", (text), fixture_logs(f)); \
    } while (0)
