/* Usage: generate-docs ROOT. Rewrites the files of the source tree ROOT that are made from tables.
 */
#include "common/buf.h"
#include "config/dump.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool write_file(const char *root, const char *name, void (*dump)(struct buf *out)) {
    struct buf path = BUF_INIT, text = BUF_INIT;
    buf_printf(&path, "%s/%s", root, name);
    dump(&text);
    FILE *file = fopen(buf_text(&path), "wbe");
    bool written =
        file != NULL && fwrite(buf_text(&text), 1, buf_size(&text), file) == buf_size(&text);
    written = file != NULL && fclose(file) == 0 && written;
    if (!written)
        fprintf(stderr, "%s: %s\n", buf_text(&path), strerror(errno));
    buf_fini(&path);
    buf_fini(&text);
    return written;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s ROOT\n", argv[0]);
        return 2;
    }
    bool example = write_file(argv[1], "config/example.yaml", dump_example);
    bool reference = write_file(argv[1], "docs/options.md", dump_reference);
    return example && reference ? 0 : 1;
}
