/* What COMMAND DOCS tells of a command beside its row: how long it takes, and its arguments as the
 * originals name them, which clients build completions from. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

enum argument_type {
    ARGUMENT_STRING,
    ARGUMENT_INTEGER,
    ARGUMENT_PATTERN,
    ARGUMENT_TOKEN, /* the token alone */
    ARGUMENT_ONEOF, /* one of its parts */
    ARGUMENT_BLOCK, /* all of its parts */
    ARGUMENT_TYPE_COUNT,
};

enum argument_flag {
    ARGUMENT_OPTIONAL = 1 << 0,
    ARGUMENT_MULTIPLE = 1 << 1,
    ARGUMENT_MULTIPLE_TOKEN = 1 << 2, /* the token is repeated, too */
};

struct argument {
    const char *name;
    enum argument_type type;
    const char *token;                    /* NULL = none */
    const char *since, *deprecated_since; /* NULL = those of the command */
    unsigned flags;                       /* enum argument_flag */
    const struct argument *parts;
    size_t part_count;
};

struct command_doc {
    const char *command;                        /* in full: "client|kill" */
    const char *complexity;                     /* NULL = not told */
    const char *deprecated_since, *replaced_by; /* NULL = it is not deprecated */
    const struct argument *arguments;
    size_t argument_count;
};

/* NULL if nothing more is to be told. */
const struct command_doc *command_doc_find(struct slice command);
