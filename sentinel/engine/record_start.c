#include "sentinel/engine/record_start.h"

#include "common/mem.h"
#include "sentinel/engine/record_settings.h"

#include <string.h>

void pack_start(
    const struct engine_options *o, const char *version, struct mask *mask, struct buf *out) {
    const struct process_facts *f = o->facts;
    pack_text(out, version);
    pack_i64(out, f->process_id);
    pack_text(out, f->run_id);
    pack_text(out, f->executable);
    pack_text(out, f->config_file);
    pack_text(out, f->os);
    pack_text(out, f->compiler);
    pack_text(out, f->multiplexer);
    pack_i64(out, f->arch_bits);
    pack_u64(out, o->writes_file);
    pack_u64(out, o->seed);
    pack_bytes(out, (struct slice){ .data = o->challenge_key, .size = CHALLENGE_KEY_SIZE });
    pack_u64(out, o->descriptors.max);
    pack_u64(out, o->descriptors.links);
    pack_state(out, mask, o->state);
    pack_plan(out, mask, o->plan);
}

void record_start_free(struct record_start *s) {
    if (s == NULL)
        return;
    state_fini(&s->state);
    plan_fini(&s->plan);
    mem_free(s);
}

struct record_start *unpack_start(struct unpack *u) {
    struct record_start *s = mem_new(struct record_start);
    struct process_facts *f = &s->facts;
    unpack_text(u, s->version, sizeof(s->version));
    f->process_id = unpack_i64(u);
    unpack_text(u, f->run_id, sizeof(f->run_id));
    unpack_text(u, s->executable, sizeof(s->executable));
    unpack_text(u, s->config_file, sizeof(s->config_file));
    unpack_text(u, s->os, sizeof(s->os));
    unpack_text(u, s->compiler, sizeof(s->compiler));
    unpack_text(u, s->multiplexer, sizeof(s->multiplexer));
    f->executable = s->executable;
    f->config_file = s->config_file;
    f->os = s->os;
    f->compiler = s->compiler;
    f->multiplexer = s->multiplexer;
    f->arch_bits = unpack_int(u);
    s->options.writes_file = unpack_bool(u);
    s->options.seed = unpack_u64(u);
    struct slice key = unpack_bytes(u);
    u->failed |= key.size != CHALLENGE_KEY_SIZE;
    if (!u->failed)
        memcpy(s->options.challenge_key, key.data, CHALLENGE_KEY_SIZE);
    s->options.descriptors.max = unpack_upto(u, INT32_MAX);
    s->options.descriptors.links = unpack_upto(u, INT32_MAX);
    unpack_state(u, &s->state);
    unpack_plan(u, &s->plan);
    s->options.state = &s->state;
    s->options.plan = &s->plan;
    s->options.facts = &s->facts;
    return s;
}
