/* Text <-> typed values: what a text must look like to be a value of its kind, and why it is none.
 * Which option takes which kind is in option_table.c. Every reader leaves *ret untouched and adds
 * to `why` what was expected if it gives false. */
#pragma once

#include "common/base.h"
#include "common/endpoint.h"
#include "common/log.h"
#include "common/slice.h"
#include "config/settings.h"

struct buf;

#define VALUE_TEXT_MAX (16 * 1024) /* bytes of one text or password */

bool value_has_control(struct slice text); /* 0x00 to 0x1f and 0x7f */

/* Not empty, without control characters, at most VALUE_TEXT_MAX bytes. */
bool value_check_text(struct slice text, struct buf *why);
/* An integer within [min, max]. */
bool value_read_count(struct slice text, int64_t min, int64_t max, int64_t *ret, struct buf *why);
/* "200ms", "5s", "1m", "2h": a whole number and its unit, within [min, max] milliseconds. */
bool value_read_duration(
    struct slice text, int64_t min, int64_t max, int64_t *ret_ms, struct buf *why);
/* "64KiB", "1MiB": a whole number and its unit (B, KiB, MiB, GiB), within [min, max] bytes. */
bool value_read_size(struct slice text, int64_t min, int64_t max, int64_t *ret, struct buf *why);
/* An IP literal and a port from 1 on. */
bool value_read_endpoint(struct slice text, struct endpoint *ret, struct buf *why);
/* The same, or a host name and a port; whether names are resolved is another matter. */
bool value_read_address(struct slice text, struct endpoint *ret, struct buf *why);
/* Name servers: IP literals, each with a port or not, separated by commas. */
/* Of a file: octal, up to 777. */
bool value_read_mode(struct slice text, int64_t *ret, struct buf *why);
bool value_check_ip(struct slice text, struct buf *why);
bool value_check_servers(struct slice text, struct buf *why);
/* Absolute paths separated by colons. */
bool value_check_paths(struct slice text, struct buf *why);
/* The same, but any of the two may be missing (":26379", "10.0.0.7:0", ""), and the host may be a
 * name; no comma, which separates the fields of a hello. */
bool value_read_part_of_endpoint(struct slice text, struct endpoint *ret);
bool value_read_log_level(struct slice text, enum log_level *ret, struct buf *why);
/* One of `words`, which are separated by '|', without case: its number. */
bool value_read_word(struct slice text, const char *words, int64_t *ret, struct buf *why);
/* Some of `words`, separated by blanks, without case: bit i for number i. */
bool value_read_words(struct slice text, const char *words, int64_t *ret, struct buf *why);
/* yes or no; also true or false, which are the same in YAML. */
bool value_read_bool(struct slice text, bool *ret, struct buf *why);
/* 1 to COMMAND_NAME_MAX - 1 bytes without blanks, commas and control characters. */
bool value_is_command(struct slice word);
/* Both words are commands. */
bool value_read_rename(
    struct slice command, struct slice name, struct rename *ret, struct buf *why);

/* With the largest unit that divides it: "30s", "1500ms". */
void value_write_duration(int64_t ms, struct buf *out);
void value_write_size(int64_t bytes, struct buf *out); /* "64KiB" */
/* The word with this number. */
struct slice value_word(const char *words, int64_t number);
/* The words with these bits, separated by blanks. */
void value_write_words(const char *words, int64_t bits, struct buf *out);
