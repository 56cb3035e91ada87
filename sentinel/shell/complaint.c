#include "sentinel/shell/complaint.h"

#include "common/buf.h"
#include "common/siphash.h"
#include "sentinel/shell/clock.h"
#include "sentinel/shell/logsink.h"

#define MINUTE_MS (60 * 1000)

void complaints_init(struct complaints *c, struct logsink *log, const struct clock *clock) {
    *c = (struct complaints){ .log = log, .clock = clock };
}

static bool is_recent(const struct complaint *one, int64_t now_ms) {
    return one->told_ms != 0 && tstamp_is_recent(now_ms, one->told_ms, MINUTE_MS);
}

/* As the ring has room for a minute's lines, the oldest one says whether there may be another. */
static bool may_tell(const struct complaints *c, uint64_t hash, int64_t now_ms) {
    for (size_t i = 0; i < COMPLAINTS_A_MINUTE; i++)
        if (c->told[i].hash == hash && is_recent(&c->told[i], now_ms))
            return false;
    return !is_recent(&c->told[c->next], now_ms);
}

void complaints_tell(struct complaints *c, const char *format, ...) {
    if (c == NULL)
        return;
    struct buf line = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&line, format, args);
    va_end(args);
    static const struct siphash_key key = { { 0, 0 } };
    uint64_t hash = siphash(&key, buf_slice(&line));
    int64_t now_ms = c->clock->now.mono_ms;
    if (!may_tell(c, hash, now_ms)) {
        c->untold++;
    } else {
        if (c->untold > 0)
            buf_printf(
                &line, " (%llu lines like this were left out)", (unsigned long long)c->untold);
        logsink_write(c->log, c->clock->now.wall_ms, LOG_WARNING, buf_slice(&line));
        c->told[c->next] = (struct complaint){ .hash = hash, .told_ms = now_ms };
        c->next = (c->next + 1) % COMPLAINTS_A_MINUTE;
        c->untold = 0;
    }
    buf_fini(&line);
}
