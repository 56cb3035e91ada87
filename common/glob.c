#include "common/glob.h"

static char folded(char c, bool ignore_case) {
    return ignore_case && c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool in_range(char c, char from, char to) {
    unsigned char byte = (unsigned char)c, a = (unsigned char)from, b = (unsigned char)to;
    return byte >= MIN_OF(a, b) && byte <= MAX_OF(a, b);
}

/* Matches `c` against the class whose '[' stands at *at; moves *at behind it. As in the originals a
 * missing ']' ends with the pattern, a backslash quotes, and the end of a range is taken as it
 * stands. */
static bool match_class(struct slice pattern, size_t *at, char c, bool ignore_case) {
    size_t i = *at + 1;
    bool negated = i < pattern.size && pattern.data[i] == '^';
    if (negated)
        i++;

    bool matched = false;
    c = folded(c, ignore_case);
    while (i < pattern.size && pattern.data[i] != ']') {
        size_t left = pattern.size - i;
        char from = pattern.data[i], to = from;
        if (from == '\\' && left >= 2) {
            from = to = pattern.data[i + 1];
            i += 2;
        } else if (left >= 3 && pattern.data[i + 1] == '-') {
            to = pattern.data[i + 2];
            i += 3;
        } else {
            i++;
        }
        matched |= in_range(c, folded(from, ignore_case), folded(to, ignore_case));
    }
    *at = MIN_OF(i + 1, pattern.size);
    return matched != negated;
}

/* Matches `c` against the element at *at, which is not a star; moves *at behind it. */
static bool match_one(struct slice pattern, size_t *at, char c, bool ignore_case) {
    char p = pattern.data[*at];
    if (p == '[')
        return match_class(pattern, at, c, ignore_case);
    if (p == '\\' && *at + 1 < pattern.size)
        (*at)++;
    char wanted = pattern.data[(*at)++];
    return p == '?' || folded(wanted, ignore_case) == folded(c, ignore_case);
}

/* Only the last star is ever tried again: what an earlier one could still take, the last one can
 * take too. So each character of the text starts the rest of the pattern at most once. */
bool glob_match(struct slice pattern, struct slice text, bool ignore_case) {
    size_t at = 0, pos = 0;
    bool star_seen = false;
    size_t star_at = 0;  /* behind the last star */
    size_t star_pos = 0; /* where in the text it was taken to end */

    while (pos < text.size) {
        if (at < pattern.size && pattern.data[at] == '*') {
            star_seen = true;
            star_at = ++at;
            star_pos = pos;
            continue;
        }
        if (at < pattern.size && match_one(pattern, &at, text.data[pos], ignore_case)) {
            pos++;
            continue;
        }
        if (!star_seen)
            return false;
        at = star_at;
        pos = ++star_pos;
    }
    while (at < pattern.size && pattern.data[at] == '*')
        at++;
    return at == pattern.size;
}
