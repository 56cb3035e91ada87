/* Host names of the far ends, and what they resolve to. */
#include "tests/unit/core_fixture.h"

#include "sentinel/core/input.h"

void fixture_name_all(struct fixture *f) {
    static const char *const servers[] = { "db-1.test", "db-2.test", "db-3.test", "db-4.test",
        "db-5.test", "db-6.test", "db-7.test", "db-8.test" };
    static const char *const peers[] = { "s-0.test", "s-1.test", "s-2.test", "s-3.test" };
    f->master.name = "db-0.test";
    for (int i = 0; i < f->replica_count; i++)
        f->replicas[i].name = servers[i];
    for (int i = 0; i < f->peer_count; i++)
        f->peers[i].name = peers[i];
}

void fixture_resolve(struct fixture *f, const char *host, const char *ips) {
    struct slice list[8], rest = slice_of(ips);
    size_t count = 0;
    while (rest.size > 0 && count < ARRAY_SIZE(list))
        list[count++] = slice_cut(&rest, ' ');
    fixture_step(f,
        &(struct input){ .kind = INPUT_RESOLVED,
            .host = slice_of(host),
            .ips = list,
            .ip_count = count,
            .why = SLICE_LITERAL("no such name") });
    fixture_settle(f);
}

void fixture_resolve_all(struct fixture *f) {
    fixture_resolve(f, f->master.name, f->master.address.host);
    for (int i = 0; i < f->replica_count; i++)
        fixture_resolve(f, f->replicas[i].name, f->replicas[i].address.host);
    for (int i = 0; i < f->peer_count; i++)
        fixture_resolve(f, f->peers[i].name, f->peers[i].address.host);
    fixture_advance(f, 100);
    fixture_forget(f);
}
