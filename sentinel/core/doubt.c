#include "sentinel/core/doubt.h"

#include "common/buf.h"
#include "common/tstamp.h"
#include "sentinel/core/core.h"
#include "sentinel/core/event.h"

#define DOUBT_TOLD_MS (60 * 1000)

void doubt_count(struct core *c, enum doubt why) {
    c->doubts.count[why]++;
}

void doubt_note(struct core *c, enum doubt why, const char *format, ...) {
    struct doubts *d = &c->doubts;
    d->count[why]++;
    if (tstamp_is_recent(c->now.mono_ms, d->told_ms[why], DOUBT_TOLD_MS))
        return;
    uint64_t more = d->count[why] - d->told[why] - 1;
    struct buf line CLEANUP(buf_fini) = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&line, format, args);
    va_end(args);
    if (more > 0)
        buf_printf(&line, " (and %llu like it since the last such line)", (unsigned long long)more);
    core_log(c, LOG_WARNING, "%s", buf_text(&line));
    d->told[why] = d->count[why];
    d->told_ms[why] = c->now.mono_ms;
}
