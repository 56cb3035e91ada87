#include "sentinel/shell/refusal.h"

#include "common/buf.h"
#include "config/diag.h"
#include "sentinel/shell/service.h"

#include <stdarg.h>
#include <stdio.h>

int refuse(const char *format, ...) {
    fputs("vedette: ", stderr);
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return SERVICE_REFUSED;
}

void warn_of_findings(const struct diag *diag) {
    struct buf text = BUF_INIT;
    diag_print_warnings(diag, &text);
    struct slice rest = buf_slice(&text);
    while (rest.size > 0) {
        struct slice line = slice_cut(&rest, '\n');
        fprintf(stderr, "warning: " SLICE_FMT "\n", SLICE_ARG(line));
    }
    buf_fini(&text);
}

int refuse_findings(const char *path, const struct diag *diag) {
    struct buf text = BUF_INIT;
    diag_print(diag, &text);
    fputs(buf_text(&text), stderr);
    buf_fini(&text);
    return refuse("%s is refused: %zu finding%s", path, diag->count, diag->count == 1 ? "" : "s");
}
