/* The configuration file of a vedette, which people edit while it runs. What it says is taken at a
 * start and at a reload; what is in force besides comes from the state. */
#pragma once

#include "common/endpoint.h"
#include "common/slice.h"
#include "tests/sim/size.h"

struct plan;
struct settings;
struct state;
struct vedette;
struct world;

#define FILE_KEYS_SIZE 128

/* A group in it. */
struct section {
    bool is_missing;
    bool has_wrong_password;
    struct endpoint master;
    int64_t quorum, down_after_ms, failover_timeout_ms, parallel_syncs;
    char keys[FILE_KEYS_SIZE]; /* as config/keys.h has them; "" = those of the process */
    int64_t peer_policy;       /* enum group_peer_policy */
};

struct file {
    bool is_damaged;           /* nobody can read it at present; only looked at by a reload */
    char keys[FILE_KEYS_SIZE]; /* "" = none */
    int64_t peer_policy;       /* enum peer_policy */
    struct section sections[SIM_GROUPS_MAX];
};

/* As the seed has drawn it. */
void file_init(struct file *f, struct world *w);
/* By which keys peers of a group prove who they are, none: empty; and whether they have to. */
struct slice file_keys(const struct file *f, int group);
bool file_is_strict(const struct file *f, int group);
/* One section as it was drawn; its master and what its peers prove stay. */
void file_mend(struct file *f, const struct world *w, int group);
/* false: it does not go with the state, as one that names another master than the one known. */
bool file_merge(const struct vedette *v, const struct state *state, struct plan *ret);
/* Has it name the masters that the state can go with. */
void file_reconcile(struct file *f, const struct state *state);
