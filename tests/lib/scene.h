/* What a test starts from: the configuration and state of one sentinel that watches `mymaster` with
 * two replicas and two peers, as in the recordings of tests/data/stock/redis8. */
#pragma once

#include "config/merge.h"
#include "config/settings.h"
#include "config/state.h"

#define SCENE_ID          "f413a4d519016d5adc6d4bda3c1e771556186033"
#define SCENE_PEER_1      "43a6b503dad0d9e4e3902c03e92e684d3a1d4233"
#define SCENE_PEER_2      "262bdd2ca847a5c1f57a218e2f65e07bd8868e3c"
#define SCENE_MASTER_PORT 28400 /* the replicas and peers follow: 28401, 28402, 28451, 28452 */

struct scene {
    struct settings settings;
    struct state state;
    struct plan plan;
};

void scene_init(struct scene *s);
void scene_fini(struct scene *s);
