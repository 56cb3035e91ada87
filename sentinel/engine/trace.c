#include "sentinel/engine/trace.h"

#include "common/buf.h"
#include "sentinel/core/effect.h"
#include "sentinel/core/input.h"

void trace_input(struct buf *out, struct now now, const struct input *in) {
    buf_printf(out, "%lld < ", (long long)now.mono_ms);
    input_print(in, out);
    buf_add_char(out, '\n');
}

void trace_effects(struct buf *out, struct now now, const struct effects *effects, size_t first) {
    for (size_t i = first; i < effects->count; i++) {
        buf_printf(out, "%lld > ", (long long)now.mono_ms);
        effect_print(&effects->items[i], out);
        buf_add_char(out, '\n');
    }
}
