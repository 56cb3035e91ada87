/* Texts of INFO, kept for INFO-CACHE. The servers of a deployment say much the same, so a text is
 * kept as how it differs, line by line, from a template: a text that some server has sent. What
 * comes back is the same to the byte, whatever a server sends. What INFO means is read elsewhere
 * (info.h). */
#pragma once

#include "common/buf.h"

#define INFO_TEMPLATES_MAX 4

struct info_template;

/* All texts that are kept. */
struct info_texts {
    struct info_template *templates[INFO_TEMPLATES_MAX]; /* owned; NULL = free place */
    size_t held;                                         /* bytes of the texts and the templates */
    struct buf packed;                                   /* for the text that is being packed */
};

/* One of them. All zero: none. */
struct info_text {
    struct info_template *base; /* borrowed; NULL = the bytes are the text itself */
    char *bytes;                /* owned; NULL = no text is kept */
    size_t size;
};

void info_texts_fini(struct info_texts *all); /* when each text has been dropped */

/* Keeps `text` in place of what `t` had. false: `limit` bytes do not hold it, too, and `t` has none
 * now. */
bool info_text_keep(struct info_texts *all, struct info_text *t, struct slice text, size_t limit);
void info_text_drop(struct info_texts *all, struct info_text *t);
void info_text_add(const struct info_text *t, struct buf *out); /* the text as it was */
