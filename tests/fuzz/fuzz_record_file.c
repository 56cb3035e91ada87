/* The file of a recording. By the first byte: any bytes behind the mark, or none; or pieces that
 * are packed, of which one byte may be changed then. What is read is what was packed, up to the
 * first block that is damaged. */
#include "common/buf.h"
#include "sentinel/shell/record_file.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NO_MARK = 1, PACKED = 2, CHANGED = 4 };

/* Reads a file with this content; appends what its blocks hold. */
static void read_file(struct slice content, struct buf *out) {
    char path[64];
    struct buf why = BUF_INIT;
    int fd = memfd_create("recording", MFD_CLOEXEC);
    fuzz_check(fd >= 0);
    fuzz_check(write(fd, content.data, content.size) == (ssize_t)content.size);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    struct record_file *f = record_file_open(path, &why);
    fuzz_check((f == NULL) == (buf_size(&why) > 0));
    enum record_file_read r = RECORD_FILE_BLOCK;
    while (f != NULL && r == RECORD_FILE_BLOCK) {
        size_t before = buf_size(out);
        uint64_t at = record_file_at(f);
        r = record_file_next(f, out);
        fuzz_check(buf_size(out) <= before + RECORD_BLOCK_MAX);
        fuzz_check((r == RECORD_FILE_BLOCK) == (buf_size(out) > before));
        fuzz_check((r == RECORD_FILE_BLOCK) == (record_file_at(f) > at));
        fuzz_check(record_file_at(f) <= content.size);
    }
    record_file_close(f);
    close(fd);
    buf_fini(&why);
}

/* A piece for each text in `b`; appends them to `bytes`, too. */
static void pack(struct fuzz_bytes *b, struct buf *bytes, struct buf *out) {
    struct record_packer *p = record_packer_new();
    while (b->size > 0) {
        struct slice piece = fuzz_text(b);
        record_pack(p, piece, out);
        buf_add_slice(bytes, piece);
    }
    record_packer_free(p);
}

/* Whether there is such a byte, and another one in its place now. */
static bool change(struct buf *file, size_t at, uint8_t mask) {
    if (file->data == NULL || at >= buf_size(file))
        return false;
    char *byte = &file->data[file->head + at];
    *byte = (char)((uint8_t)*byte ^ mask);
    return mask != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_bytes b = { .data = data, .size = size };
    struct buf file = BUF_INIT, packed = BUF_INIT, got = BUF_INIT;
    uint8_t choice = fuzz_byte(&b);
    size_t at = (size_t)fuzz_number(&b, 2);
    uint8_t mask = fuzz_byte(&b);
    if ((choice & NO_MARK) == 0)
        record_pack_mark(&file);
    if ((choice & PACKED) != 0)
        pack(&b, &packed, &file);
    else
        buf_add_slice(&file, fuzz_slice(b.data, b.size));
    bool is_changed = (choice & CHANGED) != 0 && change(&file, at, mask);
    read_file(buf_slice(&file), &got);
    if ((choice & PACKED) != 0) {
        fuzz_check(slice_equal(buf_slice(&got), slice_sub(buf_slice(&packed), 0, buf_size(&got))));
        if (!is_changed && (choice & NO_MARK) == 0)
            fuzz_check(buf_size(&got) == buf_size(&packed));
    }
    buf_fini(&file);
    buf_fini(&packed);
    buf_fini(&got);
    return 0;
}
