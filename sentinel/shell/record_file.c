#include "sentinel/shell/record_file.h"

#include "common/ensure.h"
#include "common/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define LEVEL 6

/* Size, size when compressed, checksum of both and of what follows: 4 bytes each, low first. */
#define HEAD_SIZE  12
#define SIZES_SIZE 8

static const char mark[] = "vedette recording\n";

/* ---- numbers ---- */

static void put_u32(unsigned char *at, uint32_t value) {
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

static uint32_t get_u32(const unsigned char *at) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value |= (uint32_t)at[i] << (8 * i);
    return value;
}

static uint32_t checksum(const unsigned char *head, const char *packed, size_t size) {
    uLong sum = crc32(0, head, SIZES_SIZE);
    return (uint32_t)crc32(sum, (const Bytef *)packed, (uInt)size);
}

/* ---- writing ---- */

struct record_packer {
    z_stream z;
};

struct record_packer *record_packer_new(void) {
    struct record_packer *p = mem_new(struct record_packer);
    int r = deflateInit2(&p->z, LEVEL, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY);
    ensure(r == Z_OK); /* the rest is memory */
    return p;
}

void record_packer_free(struct record_packer *p) {
    if (p == NULL)
        return;
    deflateEnd(&p->z);
    mem_free(p);
}

void record_pack_mark(struct buf *out) {
    buf_add_text(out, mark);
}

static void pack_block(struct record_packer *p, struct slice bytes, struct buf *out) {
    unsigned char head[HEAD_SIZE];
    size_t bound = deflateBound(&p->z, (uLong)bytes.size) + 16; /* and the flush */
    char *room = buf_reserve(out, HEAD_SIZE + bound);
    p->z.next_in = (Bytef *)(uintptr_t)bytes.data;
    p->z.avail_in = (uInt)bytes.size;
    p->z.next_out = (Bytef *)room + HEAD_SIZE;
    p->z.avail_out = (uInt)bound;
    int r = deflate(&p->z, Z_SYNC_FLUSH);
    ensure(r == Z_OK);
    ensure(p->z.avail_in == 0);
    ensure(p->z.avail_out > 0); /* else the flush is not complete */
    size_t packed = bound - p->z.avail_out;
    put_u32(head, (uint32_t)bytes.size);
    put_u32(head + 4, (uint32_t)packed);
    put_u32(head + SIZES_SIZE, checksum(head, room + HEAD_SIZE, packed));
    memcpy(room, head, HEAD_SIZE);
    buf_commit(out, HEAD_SIZE + packed);
}

void record_pack(struct record_packer *p, struct slice bytes, struct buf *out) {
    while (bytes.size > 0) {
        pack_block(p, slice_sub(bytes, 0, RECORD_BLOCK_MAX), out);
        bytes = slice_sub(bytes, RECORD_BLOCK_MAX, SIZE_MAX);
    }
}

/* ---- reading ---- */

struct record_file {
    FILE *file; /* owned */
    z_stream z;
    uint64_t at;
    struct buf packed; /* of the block in hand */
};

static bool read_mark(FILE *file) {
    char bytes[sizeof(mark) - 1];
    return fread(bytes, 1, sizeof(bytes), file) == sizeof(bytes) &&
        memcmp(bytes, mark, sizeof(bytes)) == 0;
}

struct record_file *record_file_open(const char *path, struct buf *why) {
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        buf_printf(why, "%s cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    if (!read_mark(file)) {
        buf_printf(why, "%s is no recording", path);
        (void)fclose(file);
        return NULL;
    }
    struct record_file *f = mem_new(struct record_file);
    f->file = file;
    f->at = sizeof(mark) - 1;
    int r = inflateInit2(&f->z, -MAX_WBITS);
    ensure(r == Z_OK);
    return f;
}

void record_file_close(struct record_file *f) {
    if (f == NULL)
        return;
    inflateEnd(&f->z);
    (void)fclose(f->file);
    buf_fini(&f->packed);
    mem_free(f);
}

uint64_t record_file_at(const struct record_file *f) {
    return f->at;
}

static bool unpack_block(struct record_file *f, size_t size, struct buf *out) {
    struct slice packed = buf_slice(&f->packed);
    f->z.next_in = (Bytef *)(uintptr_t)packed.data;
    f->z.avail_in = (uInt)packed.size;
    f->z.next_out = (Bytef *)buf_reserve(out, size);
    f->z.avail_out = (uInt)size;
    int r = inflate(&f->z, Z_SYNC_FLUSH);
    bool is_whole = (r == Z_OK || r == Z_BUF_ERROR) && f->z.avail_in == 0 && f->z.avail_out == 0;
    if (is_whole)
        buf_commit(out, size);
    return is_whole;
}

enum record_file_read record_file_next(struct record_file *f, struct buf *out) {
    unsigned char head[HEAD_SIZE];
    size_t n = fread(head, 1, sizeof(head), f->file);
    if (n < sizeof(head))
        return n == 0 ? RECORD_FILE_END : RECORD_FILE_TORN;
    size_t size = get_u32(head), packed = get_u32(head + 4);
    if (size == 0 || size > RECORD_BLOCK_MAX || packed > 2 * RECORD_BLOCK_MAX)
        return RECORD_FILE_BAD;
    buf_clear(&f->packed);
    n = fread(buf_reserve(&f->packed, packed), 1, packed, f->file);
    buf_commit(&f->packed, n);
    if (n < packed)
        return RECORD_FILE_TORN;
    if (checksum(head, buf_text(&f->packed), packed) != get_u32(head + SIZES_SIZE) ||
        !unpack_block(f, size, out))
        return RECORD_FILE_BAD;
    f->at += sizeof(head) + packed;
    return RECORD_FILE_BLOCK;
}
