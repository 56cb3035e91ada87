/* One set of rights: commands, keys and channels, and the rules that change them. Keys are kept and
 * shown, though no command here has any. Source of the rules: spec 11, and the ACL of Redis 7. */
#pragma once

#include "common/slice.h"
#include "sentinel/command/command.h"

struct buf;

/* Patterns, passwords, sets of rights: of each kind, beside each other. */
#define ACL_ITEMS_MAX 1000

/* Why a rule was not taken. */
enum acl_error {
    ACL_OK,
    ACL_E_SYNTAX,
    ACL_E_UNKNOWN,        /* command or category */
    ACL_E_ALL_KEYS,       /* a pattern beside all keys */
    ACL_E_ALL_CHANNELS,   /* a pattern beside all channels */
    ACL_E_NO_PASSWORD,    /* the password to be removed is none of the user's */
    ACL_E_BAD_HASH,       /* not 64 hexadecimal digits in lower case */
    ACL_E_FIRST_ARGUMENT, /* the argument of a subcommand */
    ACL_E_TOO_MANY,       /* ACL_ITEMS_MAX */
    ACL_ERROR_COUNT,
};

const char *acl_error_text(enum acl_error error); /* as the originals put it */

enum acl_verdict { ACL_ALLOWED, ACL_DENIED_COMMAND, ACL_DENIED_CHANNEL };

struct acl_commands {
    uint64_t words[COMMAND_NUMBERS_MAX / 64]; /* a bit for each row, by its number */
};

struct acl_pattern {
    char *text; /* owned; may hold any byte but blanks and NUL */
    size_t size;
    unsigned access; /* of a key: enum acl_access */
};

enum acl_access { ACL_READ = 1 << 0, ACL_WRITE = 1 << 1 };

struct acl_patterns {
    struct acl_pattern *items; /* owned */
    size_t count, capacity;
    bool all; /* everything; there are no items then */
};

/* A command that may be called with this first argument only. */
struct acl_first_argument {
    const struct command *command;
    char *word; /* owned, NUL-terminated */
};

struct acl_selector {
    bool unrestricted; /* every command may be called: nothing was taken away since +@all */
    bool future;       /* commands that later versions may bring, too: begins with +@all */
    struct acl_commands commands;
    char *rules; /* owned; what was said of commands since +@all or -@all: "+ping -@slow"; NULL =
                    nothing */
    struct acl_patterns keys, channels;
    struct acl_first_argument *first_arguments; /* owned */
    size_t first_argument_count, first_argument_capacity;
};

void acl_selector_init(struct acl_selector *s); /* no right to anything */
void acl_selector_fini(struct acl_selector *s);
void acl_selector_copy(
    struct acl_selector *to, const struct acl_selector *from); /* to: any bytes */

/* Takes one rule, such as "+@all" or "&name"; an empty one is nothing. */
enum acl_error acl_selector_apply(struct acl_selector *s, struct slice rule);

/* May this request be made? ret_at: the argument that names the channel, if that is why not. */
enum acl_verdict acl_selector_check(const struct acl_selector *s, const struct command *c,
    const struct slice *args, size_t count, size_t *ret_at);
/* Whether a channel may be listened to; a pattern must be one of the user's, letter by letter. */
bool acl_selector_allows_channel(
    const struct acl_selector *s, struct slice channel, bool is_pattern);

/* The rules as they were given, without those that later ones made void: "-@all +@fast -ping". */
void acl_selector_print_commands(const struct acl_selector *s, struct buf *out);
void acl_selector_print_keys(const struct acl_selector *s, struct buf *out);     /* "~a %R~b" */
void acl_selector_print_channels(const struct acl_selector *s, struct buf *out); /* "&a &b" */
/* All of them in a form that makes the same of a new selector. */
void acl_selector_print(const struct acl_selector *s, struct buf *out);
