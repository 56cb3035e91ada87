#include "tests/scenario/coverage.h"

#include "sentinel/core/failover.h"
#include "tests/scenario/chronicle.h"
#include "tests/scenario/playbook.h"

#include <stdio.h>
#include <string.h>

struct thing {
    const char *name, *doc;
};

/* ARCHITECTURE.md, section 6. */
static const struct thing laws[] = {
    { "C1", "counting" },
    { "C2", "one epoch for many" },
    { "C3", "granting" },
    { "C4", "standing in turn" },
    { "C5", "dead attempts" },
    { "C6", "unreachable voters" },
    { "C7", "stepping down" },
    { "C8", "having voted for another" },
    { "C9", "the gate of a promotion" },
    { "C10", "selection" },
    { "C11", "the outcome of a promotion" },
    { "C12", "the old master's return" },
    { "C13", "answers about health" },
};

/* Parts of the protocol, ARCHITECTURE.md, section 13. */
static const struct thing parts[] = {
    { "2.4", "what is sent first on a connection" },
    { "3.5", "tilt" },
    { "4.1", "answers to PING" },
    { "4.2", "subjectively down" },
    { "4.3", "quick restarts of a master" },
    { "4.4", "objectively down" },
    { "5.2", "where and when hellos are sent" },
    { "5.4", "what is done with a hello" },
    { "6.1", "is-master-down-by-addr and its answer" },
    { "6.2", "when a Sentinel asks" },
    { "6.3", "what it does with an answer" },
    { "6.4", "how a vote is given" },
    { "7.1", "starting an attempt" },
    { "7.2", "counting votes" },
    { "7.3", "what follows from that" },
    { "8.1", "the sequence of events" },
    { "8.2", "the states and their times" },
    { "8.3", "choosing the replica" },
    { "8.4", "the transaction" },
    { "8.5", "the promotion is confirmed" },
    { "8.6", "the other replicas" },
    { "8.7", "the end" },
    { "8.8", "the switch" },
    { "8.9", "corrections outside of a failover" },
    { "8.10", "reset" },
    { "8.11", "abort" },
    { "8.12", "failovers by command" },
};

/* The ways in which an attempt is abandoned, as the log gives them. */
static const struct thing ends[] = {
    { "our vote could not be written to disk", NULL },
    { "a later epoch of this group was seen", NULL },
    { "the master answers again", NULL },
    { "no candidate can win this epoch any more", NULL },
    { "not enough votes in time", NULL },
    { "a later epoch was asked for, and our vote given to it", NULL },
    { "a configuration of this epoch or a later one was seen", NULL },
    { "the master is not down any more", NULL },
    { "it is too old to promote anything", NULL },
    { "no replica may be promoted", NULL },
    { "the master could not be told to hand over", NULL },
    { "the master refused to hand over", NULL },
    { "the master has given up handing over", NULL },
    { "the master died before it handed over", NULL },
    { "the promotion was not confirmed in time", NULL },
};

/* Where there is a secret (SECURITY.md): what is believed, and what is not. */
static const struct thing proofs[] = {
    { "a link that is proven", NULL },
    { "a peer without a secret", NULL },
    { "an unsigned line of one that signs", NULL },
    { "an unsigned hello", NULL },
    { "another secret", NULL },
    { "a hello said again", NULL },
    { "a vote that nobody has proven to want", NULL },
    { "a vote of one that has proven nothing", NULL },
    { "an epoch out of reach", NULL },
    { "a change of secrets", NULL },
    { "a change of policy", NULL },
    { "a secret of a group", NULL },
};

#define FORGOTTEN FAILOVER_STATE_COUNT /* by a reset or a newer configuration, in any state */
#define MOVE_MAX  64

static const char *state_name(enum failover_state state) {
    return state == FORGOTTEN ? "forgotten" : failover_state_name(state);
}

static bool is_move(enum failover_state from, enum failover_state to) {
    return to == FORGOTTEN ? from != FAILOVER_NONE : failover_leads(from, to);
}

static const char *print_move(
    char text[static MOVE_MAX], enum failover_state from, enum failover_state to) {
    (void)snprintf(text, MOVE_MAX, "%s->%s", state_name(from), state_name(to));
    return text;
}

/* ---- words ---- */

static bool is_among(const struct thing *things, size_t count, const char *word) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(things[i].name, word) == 0)
            return true;
    return false;
}

static bool names_move(const char *word) {
    char text[MOVE_MAX];
    for (enum failover_state from = FAILOVER_NONE; from < FAILOVER_STATE_COUNT; from++)
        for (enum failover_state to = FAILOVER_NONE; to <= FORGOTTEN; to++)
            if (is_move(from, to) && strcmp(print_move(text, from, to), word) == 0)
                return true;
    return false;
}

static bool names_end(const char *word) {
    return is_among(ends, ARRAY_SIZE(ends), word);
}

void coverage_check_words(const struct playbook *s, const struct step *step) {
    for (size_t i = 1; i < step->count; i++) {
        const struct word *w = &step->words[i];
        if (!is_among(laws, ARRAY_SIZE(laws), w->text) &&
            !is_among(parts, ARRAY_SIZE(parts), w->text) && !names_move(w->text) &&
            !names_end(w->text) && !is_among(proofs, ARRAY_SIZE(proofs), w->text))
            playbook_fail(s, step, w,
                "\"%s\" is no law, no part of the protocol, no transition, no end of an attempt and no proof",
                w->text);
    }
}

static bool ends_with(const char *text, const char *with) {
    size_t size = strlen(text), least = strlen(with);
    return size >= least && strcmp(text + size - least, with) == 0;
}

/* How the log tells a move: "a -> b", and "a, forgotten". */
static void print_told_move(const char *word, struct buf *out) {
    struct slice to = slice_of(word), from = slice_cut(&to, '-');
    to = slice_sub(to, 1, to.size);
    bool is_forgotten = slice_is(to, state_name(FORGOTTEN));
    buf_printf(out, ": " SLICE_FMT "%s" SLICE_FMT, SLICE_ARG(from), is_forgotten ? ", " : " -> ",
        SLICE_ARG(to));
}

bool coverage_was_seen(const struct chronicle *c, const char *word) {
    struct buf end CLEANUP(buf_fini) = BUF_INIT;
    if (names_move(word))
        print_told_move(word, &end);
    else if (names_end(word))
        buf_printf(&end, " abandoned: %s", word);
    else
        return true;
    for (size_t i = 0; i < c->count; i++)
        if (ends_with(c->lines[i].text, buf_text(&end)))
            return true;
    return false;
}

/* ---- the index ---- */

static bool covers(const struct playbook *s, const char *word) {
    for (size_t i = 0; i < s->step_count; i++) {
        const struct step *step = &s->steps[i];
        if (strcmp(step->words[0].text, "covers") != 0)
            continue;
        for (size_t w = 1; w < step->count; w++)
            if (strcmp(step->words[w].text, word) == 0)
                return true;
    }
    return false;
}

/* "cases/x.scenario" is shown as x. */
static struct slice short_name(const struct playbook *s) {
    const char *slash = strrchr(s->file, '/');
    struct slice name = slice_of(slash == NULL ? s->file : slash + 1);
    return slice_cut(&name, '.');
}

struct gathering {
    const struct playbook *books;
    size_t count;
    struct buf *out;
    size_t missing;
};

static void add_row(struct gathering *g, const char *word, const char *doc) {
    buf_printf(g->out, "| %s%s%s |", word, doc == NULL ? "" : " ", doc == NULL ? "" : doc);
    size_t found = 0;
    for (size_t i = 0; i < g->count; i++)
        if (covers(&g->books[i], word))
            buf_printf(g->out, "%s " SLICE_FMT, found++ == 0 ? "" : ",",
                SLICE_ARG(short_name(&g->books[i])));
    buf_add_text(g->out, " |\n");
    if (found > 0)
        return;
    g->missing++;
    (void)fprintf(stderr, "no case covers %s\n", word);
}

static void add_table(struct gathering *g, const char *title, const char *what,
    const struct thing *things, size_t count) {
    buf_printf(g->out, "\n## %s\n\n| %s | cases |\n| --- | --- |\n", title, what);
    for (size_t i = 0; i < count; i++)
        add_row(g, things[i].name, things[i].doc);
}

static void add_moves(struct gathering *g) {
    char text[MOVE_MAX];
    buf_add_text(
        g->out, "\n## The states of an attempt\n\n| transition | cases |\n| --- | --- |\n");
    for (enum failover_state from = FAILOVER_NONE; from < FAILOVER_STATE_COUNT; from++)
        for (enum failover_state to = FAILOVER_NONE; to <= FORGOTTEN; to++)
            if (is_move(from, to))
                add_row(g, print_move(text, from, to), NULL);
}

static void add_cases(struct gathering *g) {
    buf_add_text(g->out, "\n## All cases\n\n");
    for (size_t i = 0; i < g->count; i++)
        buf_printf(g->out, "- [" SLICE_FMT "](cases/" SLICE_FMT ".scenario): %s\n",
            SLICE_ARG(short_name(&g->books[i])), SLICE_ARG(short_name(&g->books[i])),
            g->books[i].title);
}

size_t coverage_index(const struct playbook *books, size_t count, struct buf *out) {
    struct gathering g = { .books = books, .count = count, .out = out };
    buf_add_text(out,
        "# Which scenario shows what\n\n"
        "Made by `scripts/scenario --index` from the step `covers` of each case. A test fails when a law, a\n"
        "transition, an end, a part of the protocol or a proof has no case.\n");
    add_table(&g, "The laws of the election", "law", laws, ARRAY_SIZE(laws));
    add_moves(&g);
    add_table(&g, "How an attempt is abandoned", "reason", ends, ARRAY_SIZE(ends));
    add_table(&g, "The protocol", "part", parts, ARRAY_SIZE(parts));
    add_table(&g, "Peers that prove who they are", "what", proofs, ARRAY_SIZE(proofs));
    add_cases(&g);
    return g.missing;
}
