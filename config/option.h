/* The table of options: one row each, walked by the YAML loader, the classic reader, SENTINEL SET,
 * the merge of runtime changes, the example file and the reference. */
#pragma once

#include "common/base.h"
#include "common/slice.h"
#include "config/settings.h"

struct buf;

enum option_scope { OPTION_PROCESS, OPTION_GROUP };
enum option_live { OPTION_LIVE, OPTION_RESTART }; /* what a reload needs to apply it */
enum option_type {
    OPTION_TYPE_ENDPOINT,
    OPTION_TYPE_ENDPOINT_LIST,
    OPTION_TYPE_TEXT,
    OPTION_TYPE_SERVERS, /* "10.0.0.53,[fd00::53]:5353": name servers, kept as the text */
    OPTION_TYPE_IP,      /* an IP address, kept as the text */
    OPTION_TYPE_PATH,
    OPTION_TYPE_PATHS, /* absolute ones; in YAML a list, too; kept as a text, separated by colons */
    OPTION_TYPE_SECRET,
    OPTION_TYPE_SECRET_FILE, /* the value is read from the named file, without its last newline */
    OPTION_TYPE_KEYS_FILE,   /* the same of one to eight keys, a line each */
    OPTION_TYPE_COUNT,       /* integer within [min, max] */
    OPTION_TYPE_DURATION,    /* ms; YAML: number with ms, s, m, h */
    OPTION_TYPE_SIZE,        /* bytes; YAML: number with B, KiB, MiB, GiB */
    OPTION_TYPE_MODE,        /* of a file: octal digits */
    OPTION_TYPE_BOOL,        /* yes or no */
    OPTION_TYPE_LOG_LEVEL,
    OPTION_TYPE_WORD,  /* one of `words`; its number is the value */
    OPTION_TYPE_WORDS, /* some of `words`, separated by blanks: bit i for number i */
    OPTION_TYPE_RENAMES,
    OPTION_TYPE_USERS,
    OPTION_TYPE_COMMANDS, /* other names of our own commands */
};

struct option {
    const char *key; /* path in YAML below the process or the group: "down_after", "auth.user" */
    enum option_scope scope;
    enum option_type type;
    enum option_live live;
    size_t offset;     /* of the value in struct settings or struct group_settings */
    int64_t min, max;  /* COUNT, DURATION and SIZE */
    const char *words; /* WORD, WORDS: separated by '|' */
    bool required;
    const char *standard;  /* default, as written in YAML; NULL = none */
    const char *set_name;  /* name in SENTINEL SET (of a group) or SENTINEL CONFIG SET (of the
                              process), and of the classic directive `sentinel ...`:
                              "down-after-milliseconds"; NULL = none */
    const char *set_alias; /* another spelling of set_name; NULL = none */
    const char *example;   /* value shown in example.yaml */
    const char *doc;       /* one or two sentences for people */
};

extern const struct option option_table[];
extern const size_t option_count;

/* NULL if there is none. */
const struct option *option_by_key(enum option_scope scope, struct slice key);
const struct option *option_by_set_name(struct slice name); /* without case */

/* Reads a scalar as YAML has it into a struct settings or struct group_settings, by the option's
 * scope. false, with what was expected added to `why`, if it is no value for the option. Not for
 * ENDPOINT_LIST, SECRET_FILE, KEYS_FILE, RENAMES. */
bool option_read(const struct option *o, void *settings, struct slice text, struct buf *why);
/* Sets the scalar options of a scope to their defaults; a required one without default to its least
 * value. */
void option_set_standards(enum option_scope scope, void *settings);
/* Frees the texts and secrets of a scope; lists and maps are left to the caller. */
void option_fini_owned(enum option_scope scope, void *settings);
/* The same of a bitwise copy: they become its own. */
void option_copy_owned(enum option_scope scope, void *settings);
/* Where the value lies in a struct settings or struct group_settings. */
void *option_value(const struct option *o, void *settings);
const void *option_const_value(const struct option *o, const void *settings);

/* These take a struct settings or struct group_settings, by the option's scope. */

/* Sets an option from the text that SENTINEL SET or CONFIG SET, the state or a classic file gives:
 * durations in ms without unit, empty unsets texts, secrets and the endpoint of a process. false
 * (nothing changed) if the text is no value for it. For RENAMES the text is "COMMAND NAME"; a name
 * equal to the command removes the rename. */
bool option_assign(const struct option *o, void *settings, struct slice text);
/* As option_assign, but of what option_write gave: of RENAMES, all of them. */
bool option_restore(const struct option *o, void *settings, struct slice text);
/* The canonical text of the value, such that option_assign gives it back. Secrets in clear: for the
 * state only. For RENAMES all of them, separated by ','. */
void option_write(const struct option *o, const void *settings, struct buf *out);
bool option_equal(const struct option *o, const void *a, const void *b);
/* The value for people: as in YAML, secrets as stars. */
void option_print(const struct option *o, const void *settings, struct buf *out);
