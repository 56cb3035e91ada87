/* How YAML says a password: as it is, or `${NAME}` for what the environment has under that name;
 * `$${NAME}` is a password that looks like one of these. Only the whole text can be such a
 * reference: other dollars stand for themselves. */
#pragma once

#include "common/slice.h"

struct buf;

enum secret_text { SECRET_TEXT_OWN, SECRET_TEXT_REFERENCE, SECRET_TEXT_BAD };

/* What `text` stands for: borrowed from it or from the environment. BAD: there is no such variable,
 * which is said in `why`. */
enum secret_text secret_text_read(struct slice text, struct slice *ret, struct buf *why);
/* The same of the passwords among the rules of a user (">${NAME}"), added to `out`. OWN: one of
 * them, or a digest, stands there. */
enum secret_text secret_text_read_rules(struct slice rules, struct buf *out, struct buf *why);
/* Adds what secret_text_read makes `password` of; and the same of rules. */
void secret_text_write(struct slice password, struct buf *out);
void secret_text_write_rules(struct slice rules, struct buf *out);
