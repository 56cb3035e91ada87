/* Stand-ins for secrets, so that a recording holds none. They are made with a key that is drawn for
 * one recording and kept nowhere: equal passwords have equal stand-ins, unequal ones unequal, and
 * that is all that can be told of them. A password is masked by way of its SHA-256, so that the
 * digests of access control ("#...") stay those of the stand-ins. */
#pragma once

#include "common/digest.h"
#include "common/map.h"
#include "common/slice.h"

struct buf;

#define MASK_KEY_SIZE 32
#define MASK_SIZE     16 /* of a stand-in; or that of the password, see mask_password */

struct mask {
    char key[MASK_KEY_SIZE];
    struct map sizes; /* digest of a password of the configuration -> size of its stand-in */
};

void mask_init(struct mask *m, const char key[static MASK_KEY_SIZE]);
void mask_fini(struct mask *m);

/* Where a password comes from: those of the configuration, or that become part of it, have a
 * stand-in of their own size where that is long enough, so that replies that show them are as long;
 * clients may try as many others as they like. */
enum mask_origin { MASK_CONFIGURED, MASK_TRIED };

void mask_password(struct mask *m, struct slice password, enum mask_origin origin, struct buf *out);
/* Of a setting: nothing stays nothing, and what no setting can be stays that. */
void mask_setting(struct mask *m, struct slice value, struct buf *out);
/* Keys of peers, a line each. */
void mask_keys(struct mask *m, struct slice keys, struct buf *out);
/* The digest of a password: that of its stand-in. What is none becomes x's. */
void mask_hash(struct mask *m, struct slice hex, struct buf *out);
/* Rules of a user, separated by blanks. */
void mask_rules(struct mask *m, struct slice rules, struct buf *out);
/* Lines of an ACL file. */
void mask_acl_file(struct mask *m, struct slice text, struct buf *out);
/* The value of an override of the process (`of_process`) or of a group. */
void mask_override(
    struct mask *m, bool of_process, struct slice option, struct slice value, struct buf *out);
/* Bytes that only have to be as many. */
void mask_random(struct mask *m, struct slice bytes, struct buf *out);

/* What no equality is asked of: the same number of x's; control characters stay. */
void mask_blot(struct slice bytes, struct buf *out);
/* The same of bytes that are no request and never become one: what the reader of requests looks at
 * stays (blanks, quotes, backslashes, line ends), so that it says the same of them. */
void mask_blot_garbage(struct slice bytes, struct buf *out);
