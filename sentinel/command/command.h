/* The table of commands, and the way from the words of a request to the handler of a row. Names,
 * arities and flags are those of the originals; lookup, errors, COMMAND, HELP and docs/commands.md
 * all read the same rows. */
#pragma once

#include "common/resp.h"
#include "common/slice.h"
#include "config/settings.h"

struct buf;
struct call;
struct core;
struct naming;
struct server;
struct session;

/* What COMMAND tells of a command; the order of the names is that of command_flag_names. */
enum command_flag {
    COMMAND_ADMIN = 1 << 0,
    COMMAND_PUBSUB = 1 << 1,
    COMMAND_NOSCRIPT = 1 << 2,
    COMMAND_LOADING = 1 << 3,
    COMMAND_STALE = 1 << 4,
    COMMAND_FAST = 1 << 5,
    COMMAND_NO_AUTH = 1 << 6,
    COMMAND_NO_MULTI = 1 << 7,
    COMMAND_ALLOW_BUSY = 1 << 8,
    COMMAND_FLAG_COUNT = 9,
};

/* Categories of access control; the order of the names is that of command_category_names. Those
 * without a member are of servers: no command here is in them. */
enum command_category {
    CATEGORY_PUBSUB = 1 << 12,
    CATEGORY_ADMIN = 1 << 13,
    CATEGORY_FAST = 1 << 14,
    CATEGORY_SLOW = 1 << 15,
    CATEGORY_DANGEROUS = 1 << 17,
    CATEGORY_CONNECTION = 1 << 18,
    COMMAND_CATEGORY_COUNT = 21,
};

/* Which arguments name channels, to which a user needs a right. */
enum command_channels {
    COMMAND_CHANNELS_NONE,
    COMMAND_CHANNELS_FIRST,    /* the first one */
    COMMAND_CHANNELS_ALL,      /* all of them */
    COMMAND_CHANNELS_PATTERNS, /* all of them, each a pattern */
};

#define COMMAND_NUMBERS_MAX 256 /* rows of the table at most, those of subcommands included */

typedef void command_handler(struct call *call);

struct command {
    struct slice name;   /* in full, lower case: "sentinel|masters" */
    struct slice word;   /* its last word: "masters" */
    int arity;           /* words with the name and the subcommand; negative: at least */
    int valkey_arity;    /* where that of Valkey differs; 0 = it does not */
    int more_words;      /* a count of words that is taken, too, as an extension; 0 = none */
    bool is_valkey;      /* Valkey alone has it: served with `compat: valkey` */
    bool is_internal;    /* between vedettes: served, but no client is told of it */
    unsigned flags;      /* enum command_flag */
    unsigned categories; /* enum command_category, beyond those that follow from the flags */
    unsigned number;     /* of the row, below COMMAND_NUMBERS_MAX */
    enum command_channels channels;
    const char *tips; /* hints of the originals to clients, separated by blanks; NULL = none */
    /* As COMMAND DOCS tells them; NULL in a subcommand: those of its container. */
    const char *group, *since;
    const char *changes; /* it changes something, and is logged, if its first argument ("" without
                            any) matches this pattern; NULL = never */
    const char *usage;   /* arguments behind the name; NULL = none */
    const char *summary;
    command_handler *handler; /* NULL: only its subcommands can be called */
    const struct command *subcommands;
    size_t subcommand_count;
};

extern const struct command command_table[];
extern const size_t command_count;
extern const char *const command_flag_names[COMMAND_FLAG_COUNT];
extern const char *const command_category_names[COMMAND_CATEGORY_COUNT];

/* By full name without case, "sentinel|masters"; NULL if there is none. */
const struct command *command_find(struct slice name);
/* The same among those that are served now, by the names that they have now. */
const struct command *command_find_served(
    const struct naming *names, struct slice name, enum compat compat);
bool command_is_served(const struct command *c, enum compat compat);
/* Whether clients are told of it, too, and of how many of the rows. */
bool command_is_told(const struct command *c, enum compat compat);
size_t command_count_told(const struct command *rows, size_t count, enum compat compat);
/* As COMMAND tells it: with the name; negative: at least so many words. */
int command_arity(const struct command *c, enum compat compat);
/* What a request asks for; count > 0. A container if it names no subcommand; NULL if there is no
 * such command. */
const struct command *command_of(
    const struct naming *names, const struct slice *words, size_t count, enum compat compat);
/* Whether it takes so many words. */
bool command_takes(const struct command *c, size_t count, enum compat compat);
/* Its last word as people read it: in upper case. */
void command_print_upper(struct slice word, struct buf *out);
void command_print_word(const struct command *c, struct buf *out);
/* The categories that follow from the flags included. */
unsigned command_categories(const struct command *c);
/* The bit of a category by its name without case; 0 if there is none. */
unsigned command_category_of(struct slice name);

/* A request on its way through a handler. */
struct call {
    struct server *server;
    struct core *core;
    struct session *session;
    const struct command *command;
    const struct slice *args; /* all words, those of the name first; lent by the request */
    size_t count;
    struct resp_writer reply;
    bool is_push; /* the reply is no reply but messages, which CLIENT REPLY does not suppress */
    uint64_t rests_on;  /* PERSIST that must be durable before the reply leaves; 0 = none */
    bool rests_on_file; /* and in the classic file, if one is kept up to date */
    struct resp_writer otherwise; /* the reply if either fails */
};

/* The late reply of a client that awaited one. */
void command_answer(struct server *server, struct session *session,
    void (*write)(struct call *call, const void *context), const void *context);
/* Runs one request of a client; count > 0. Writes the reply, unless the client is to await it, or
 * the request to be postponed. */
void command_run(
    struct server *server, struct session *session, const struct slice *args, size_t count);
