#include "common/slice.h"

#include "common/ensure.h"
#include "common/mem.h"

#include <string.h>

/* ASCII only: the C library's version depends on the locale. */
static unsigned char fold(char c) {
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static uint64_t word_at(const char *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    return word;
}

/* Eight letters at once: each byte is an upper case one if, without its highest bit, adding brings
 * it past 'A' but not past 'Z' to that bit, which it did not have. */
static uint64_t fold_word(uint64_t word) {
    const uint64_t ones = UINT64_MAX / 0xff;
    uint64_t low = word & (ones * 0x7f);
    uint64_t from_a = low + ones * (0x80 - 'A');
    uint64_t beyond_z = low + ones * (0x7f - 'Z');
    uint64_t upper = (from_a ^ beyond_z) & ~word & (ones * 0x80);
    return word | upper >> 2;
}

/* Addresses and names differ at their end. */
bool slice_same_nocase(const char *a, const char *b, size_t size) {
    size_t left = size;
    for (; left >= sizeof(uint64_t); left -= sizeof(uint64_t)) {
        uint64_t one = word_at(a + left - sizeof(uint64_t));
        uint64_t other = word_at(b + left - sizeof(uint64_t));
        if (one != other && fold_word(one) != fold_word(other))
            return false;
    }
    for (; left > 0; left--)
        if (a[left - 1] != b[left - 1] && fold(a[left - 1]) != fold(b[left - 1]))
            return false;
    return true;
}

/* -1, 0 or 1, as the sizes compare. */
static int compare_sizes(struct slice a, struct slice b) {
    return (a.size > b.size) - (a.size < b.size);
}

int slice_compare(struct slice a, struct slice b) {
    size_t common = MIN_OF(a.size, b.size);
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;
    return order != 0 ? order : compare_sizes(a, b);
}

int slice_compare_nocase(struct slice a, struct slice b) {
    size_t common = MIN_OF(a.size, b.size);
    for (size_t i = 0; i < common; i++) {
        int order = fold(a.data[i]) - fold(b.data[i]);
        if (order != 0)
            return order;
    }
    return compare_sizes(a, b);
}

bool slice_contains(struct slice s, struct slice part) {
    return part.size == 0 || (s.size > 0 && memmem(s.data, s.size, part.data, part.size) != NULL);
}

struct slice slice_cut(struct slice *rest, char separator) {
    struct slice whole = *rest;
    const char *found = whole.size > 0 ? memchr(whole.data, separator, whole.size) : NULL;
    if (found == NULL) {
        *rest = (struct slice){ .data = NULL };
        return whole;
    }
    size_t before = (size_t)(found - whole.data);
    *rest = (struct slice){ .data = found + 1, .size = whole.size - before - 1 };
    return (struct slice){ .data = whole.data, .size = before };
}

struct slice slice_trim(struct slice s) {
    while (s.size > 0 && is_blank(s.data[0])) {
        s.data++;
        s.size--;
    }
    while (s.size > 0 && is_blank(s.data[s.size - 1]))
        s.size--;
    return s;
}

bool slice_to_u64(struct slice s, uint64_t *ret_value) {
    if (s.size == 0 || (s.size > 1 && s.data[0] == '0'))
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < s.size; i++) {
        if (!is_digit(s.data[i]) || __builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(s.data[i] - '0'), &value))
            return false;
    }
    *ret_value = value;
    return true;
}

/* A magnitude with its sign, or false if it does not fit. INT64_MIN has no positive counterpart. */
static bool signed_from(uint64_t magnitude, bool negative, int64_t *ret_value) {
    uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    if (magnitude > limit)
        return false;
    *ret_value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

bool slice_to_i64(struct slice s, int64_t *ret_value) {
    bool negative = s.size > 0 && s.data[0] == '-';
    uint64_t magnitude;
    if (!slice_to_u64(negative ? slice_sub(s, 1, s.size) : s, &magnitude))
        return false;
    if (negative && magnitude == 0)
        return false;
    return signed_from(magnitude, negative, ret_value);
}

/* Skips blanks and one sign, then reads digits up to the first other byte. Overflow gives
 * UINT64_MAX. */
static uint64_t read_lenient(struct slice s, bool *ret_negative) {
    size_t i = 0;
    while (i < s.size && is_blank(s.data[i]))
        i++;
    *ret_negative = i < s.size && s.data[i] == '-';
    if (i < s.size && (s.data[i] == '-' || s.data[i] == '+'))
        i++;
    uint64_t value = 0;
    for (; i < s.size && is_digit(s.data[i]); i++) {
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(s.data[i] - '0'), &value))
            return UINT64_MAX;
    }
    return value;
}

int64_t slice_to_i64_lenient(struct slice s) {
    bool negative;
    uint64_t magnitude = read_lenient(s, &negative);
    int64_t value = negative ? INT64_MIN : INT64_MAX;
    signed_from(magnitude, negative, &value);
    return value;
}

uint64_t slice_to_u64_lenient(struct slice s) {
    bool negative;
    uint64_t magnitude = read_lenient(s, &negative);
    return negative ? 0 : magnitude;
}

char *slice_copy(struct slice s, char *dst, size_t capacity) {
    ensure(capacity > 0);
    size_t size = MIN_OF(s.size, capacity - 1);
    if (size > 0)
        memcpy(dst, s.data, size);
    dst[size] = '\0';
    return dst;
}

char *slice_dup(struct slice s) {
    char *copy = mem_realloc(NULL, s.size + 1);
    return slice_copy(s, copy, s.size + 1);
}

size_t slice_packed_size(const struct slice *slices, size_t count) {
    size_t size = count * sizeof(slices[0]);
    for (size_t i = 0; i < count; i++)
        size += slices[i].size + 1;
    return size;
}

void slice_pack(const struct slice *slices, size_t count, struct slice *ret_copies) {
    char *bytes = (char *)&ret_copies[count];
    for (size_t i = 0; i < count; i++) {
        size_t size = slices[i].size;
        slice_copy(slices[i], bytes, size + 1);
        ret_copies[i] = (struct slice){ .data = bytes, .size = size };
        bytes += size + 1;
    }
}
