/* Those directives of a classic file that are the server's own (without the word `sentinel`): what
 * is read, what may be passed over, and what this version refuses. */
#pragma once

#include "common/base.h"
#include "config/classic_line.h"

struct diag;
struct settings;

/* Where a directive stands that is judged when all were read. */
struct classic_mark {
    const char *file; /* borrowed, as that of a line */
    int line, column; /* 0: it stands nowhere */
};

struct classic_server {
    struct settings *settings; /* borrowed */
    struct diag *diag;         /* borrowed */
    int64_t port;              /* the last `port` line, else the default */
    struct classic_mark port_at;
    struct classic_mark acl_at; /* of `aclfile` */
    int64_t tls_port;           /* the last `tls-port` line; 0 = none */
    struct classic_mark tls_at; /* of the last line that has TLS used */
};

/* Defaults that are others than in YAML. */
void classic_server_standards(struct settings *settings);
void classic_server_init(struct classic_server *s, struct settings *settings, struct diag *diag);
/* Takes one line, with a word at least. */
void classic_server_read(struct classic_server *s, const struct classic_line *l);
/* After the last line, while those who read them know the names of their files: what rests on
 * several of them. */
void classic_server_finish(struct classic_server *s);

/* The directives that are known, as globs, for those who walk them; NULL beyond the last. */
const char *classic_server_directive(size_t index);
