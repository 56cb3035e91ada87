#include "config/yaml.h"

#include "common/ensure.h"
#include "common/map.h"
#include "common/mem.h"
#include "config/diag.h"
#include "config/load.h"

#include <string.h>
#include <yaml.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct reader {
    yaml_parser_t parser;
    struct slice text;
    struct diag *diag;
    size_t value_count;
};

static int line_of(yaml_mark_t mark) {
    return (int)mark.line + 1;
}

static int column_of(yaml_mark_t mark) {
    return (int)mark.column + 1;
}

void yaml_tree_free(struct yaml_value *v) {
    if (v == NULL)
        return;
    for (size_t i = 0; i < v->item_count; i++)
        yaml_tree_free(v->items[i]);
    mem_free(v->items);
    mem_free((void *)(uintptr_t)v->key.data);
    if (v->text.data != NULL)
        explicit_bzero((void *)(uintptr_t)v->text.data, v->text.size); /* it may be a password */
    mem_free((void *)(uintptr_t)v->text.data);
    mem_free(v);
}

const struct yaml_value *yaml_tree_item(const struct yaml_value *map, const char *key) {
    for (size_t i = 0; i < map->item_count; i++) {
        if (slice_is(map->items[i]->key, key))
            return map->items[i];
    }
    return NULL;
}

bool yaml_tree_is_null(const struct yaml_value *v) {
    static const char *const words[] = { "", "~", "null", "Null", "NULL" };
    if (v->shape != YAML_TEXT || !v->plain)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (slice_is(v->text, words[i]))
            return true;
    }
    return false;
}

/* ---- errors of libyaml ---- */

/* A place in the text, as libyaml counts: columns are in characters. */
struct spot {
    int line, column;  /* from 1 */
    size_t characters; /* before it */
};

static bool is_break_at(struct slice text, size_t at) {
    bool is_half = at + 1 < text.size && text.data[at + 1] == '\n';
    return text.data[at] == '\n' || (text.data[at] == '\r' && !is_half);
}

static struct spot spot_of(struct slice text, size_t offset) {
    struct spot s = { .line = 1, .column = 1 };
    for (size_t i = 0; i < offset && i < text.size; i++) {
        bool is_character = ((unsigned char)text.data[i] & 0xc0) != 0x80;
        s.characters += is_character;
        s.column += is_character;
        if (is_break_at(text, i)) {
            s.line++;
            s.column = 1;
        }
    }
    return s;
}

/* libyaml ends a last line that is open, and finds what is missing in one behind it that there is
 * not. */
static struct spot spot_of_problem(const struct reader *r) {
    const yaml_mark_t mark = r->parser.problem_mark;
    struct spot end = spot_of(r->text, r->text.size);
    if (mark.column == 0 && mark.index >= end.characters && end.column > 1)
        return end;
    return (struct spot){ .line = line_of(mark), .column = column_of(mark) };
}

static bool is_tab_at(struct slice text, int line, int column) {
    struct slice rest = text;
    while (--line > 0)
        slice_cut(&rest, '\n');
    struct slice found = slice_sub(rest, (size_t)column - 1, 1);
    return slice_is(found, "\t");
}

static void report_error(struct reader *r) {
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem == NULL ? "not readable" : p->problem;
    ensure(p->error != YAML_MEMORY_ERROR);

    if (p->error == YAML_READER_ERROR) {
        struct spot at = spot_of(r->text, p->problem_offset);
        diag_add(r->diag, at.line, at.column, "not YAML: %s", problem);
        return;
    }
    struct spot at = spot_of_problem(r);
    if (is_tab_at(r->text, at.line, at.column))
        diag_add(r->diag, at.line, at.column, "not YAML: a tab where only blanks may stand");
    else if (p->context != NULL)
        diag_add(r->diag, at.line, at.column, "not YAML: %s %s (from line %d on)", problem,
            p->context, line_of(p->context_mark));
    else
        diag_add(r->diag, at.line, at.column, "not YAML: %s", problem);
}

static bool next_event(struct reader *r, yaml_event_t *ret) {
    if (yaml_parser_parse(&r->parser, ret) == 1)
        return true;
    report_error(r);
    return false;
}

/* ---- values; NULL ends the reading, its finding is made ---- */

static struct yaml_value *read_value(struct reader *r, const yaml_event_t *event, int depth);

static struct slice copy_text(const yaml_event_t *event) {
    size_t size = event->data.scalar.length;
    return (struct slice){ .data = mem_dup(event->data.scalar.value, size), .size = size };
}

/* What they name may be a password for want of quotes: it is not repeated. */
static void check_properties(struct reader *r, const yaml_event_t *event, const yaml_char_t *anchor,
    const yaml_char_t *tag) {
    int line = line_of(event->start_mark), column = column_of(event->start_mark);
    if (anchor != NULL)
        diag_add(
            r->diag, line, column, "anchors are not supported: quote a text that begins with &");
    if (tag != NULL)
        diag_add(r->diag, line, column, "tags are not supported: quote a text that begins with !");
}

static void add_item(struct yaml_value *v, struct yaml_value *item) {
    mem_grow(&v->items, &v->item_capacity, v->item_count + 1, sizeof(v->items[0]));
    v->items[v->item_count++] = item;
}

static bool read_list(struct reader *r, struct yaml_value *list, int depth) {
    for (;;) {
        yaml_event_t event;
        if (!next_event(r, &event))
            return false;
        bool ends = event.type == YAML_SEQUENCE_END_EVENT;
        struct yaml_value *item = ends ? NULL : read_value(r, &event, depth);
        yaml_event_delete(&event);
        if (ends)
            return true;
        if (item == NULL)
            return false;
        add_item(list, item);
    }
}

/* Reads the value that belongs to `key`, which is freed. */
static bool read_pair(
    struct reader *r, struct yaml_value *map, struct map *keys, struct yaml_value *key, int depth) {
    yaml_event_t event;
    struct yaml_value *value = NULL;
    if (next_event(r, &event)) {
        value = read_value(r, &event, depth);
        yaml_event_delete(&event);
    }
    if (value == NULL || key->refused || key->shape != YAML_TEXT) {
        if (value != NULL && !key->refused)
            diag_add(r->diag, key->line, key->column, "a key must be text");
        bool goes_on = value != NULL;
        yaml_tree_free(value);
        yaml_tree_free(key);
        return goes_on;
    }

    value->key = key->text;
    value->key_line = key->line;
    value->key_column = key->column;
    key->text = (struct slice){ .data = NULL };
    yaml_tree_free(key);

    const struct yaml_value *first = map_get(keys, value->key);
    if (first != NULL) {
        diag_add(r->diag, value->key_line, value->key_column,
            "key '%.*s' stands here again, first in line %d",
            (int)MIN_OF(value->key.size, (size_t)80), value->key.data, first->key_line);
        yaml_tree_free(value);
        return true;
    }
    map_put(keys, value->key, value);
    add_item(map, value);
    return true;
}

static bool read_map(struct reader *r, struct yaml_value *map, int depth) {
    struct map keys = MAP_INIT; /* key -> its value */
    bool ends = false, fails = false;
    while (!ends && !fails) {
        yaml_event_t event;
        if (!next_event(r, &event)) {
            fails = true;
            break;
        }
        ends = event.type == YAML_MAPPING_END_EVENT;
        struct yaml_value *key = ends ? NULL : read_value(r, &event, depth);
        yaml_event_delete(&event);
        if (!ends)
            fails = key == NULL || !read_pair(r, map, &keys, key, depth);
    }
    map_fini(&keys);
    return !fails;
}

static bool read_items(struct reader *r, struct yaml_value *v, int depth) {
    if (depth > YAML_DEPTH_MAX) {
        diag_add(r->diag, v->line, v->column, "nested deeper than %d levels", YAML_DEPTH_MAX);
        return false;
    }
    return v->shape == YAML_LIST ? read_list(r, v, depth + 1) : read_map(r, v, depth + 1);
}

/* depth: of the value, if it is a list or a map. */
static struct yaml_value *read_value(struct reader *r, const yaml_event_t *event, int depth) {
    int line = line_of(event->start_mark), column = column_of(event->start_mark);
    if (++r->value_count > YAML_VALUES_MAX) {
        diag_add(r->diag, line, column, "more than %d values", YAML_VALUES_MAX);
        return NULL;
    }
    struct yaml_value *v = mem_new(struct yaml_value);
    v->line = line;
    v->column = column;

    bool read = true;
    switch ((int)event->type) {
    case YAML_SCALAR_EVENT:
        check_properties(r, event, event->data.scalar.anchor, event->data.scalar.tag);
        v->shape = YAML_TEXT;
        v->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        v->text = copy_text(event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        check_properties(
            r, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
        v->shape = YAML_LIST;
        read = read_items(r, v, depth);
        break;
    case YAML_MAPPING_START_EVENT:
        check_properties(r, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        v->shape = YAML_MAP;
        read = read_items(r, v, depth);
        break;
    case YAML_ALIAS_EVENT:
        diag_add(
            r->diag, line, column, "aliases are not supported: quote a text that begins with *");
        v->refused = true;
        break;
    default: /* libyaml gives nothing else where a value stands */
        diag_add(r->diag, line, column, "not YAML: a value is missing");
        read = false;
        break;
    }
    if (!read) {
        yaml_tree_free(v);
        return NULL;
    }
    return v;
}

/* ---- the text as a whole ---- */

/* The next event, if it is of `type`; consumed. false at an error and at any other event, which
 * goes to *ret_other. */
static bool expect_event(
    struct reader *r, yaml_event_type_t type, yaml_event_t *ret_other, bool *ret_error) {
    *ret_error = !next_event(r, ret_other);
    if (*ret_error || ret_other->type != type)
        return false;
    yaml_event_delete(ret_other);
    return true;
}

static struct yaml_value *empty_map(void) {
    struct yaml_value *v = mem_new(struct yaml_value);
    v->shape = YAML_MAP;
    v->line = v->column = 1;
    return v;
}

static struct yaml_value *read_document(struct reader *r) {
    yaml_event_t event;
    if (!next_event(r, &event))
        return NULL;
    struct yaml_value *root = read_value(r, &event, 1);
    yaml_event_delete(&event);
    if (root != NULL && yaml_tree_is_null(root)) {
        yaml_tree_free(root);
        return empty_map();
    }
    return root;
}

static struct yaml_value *read_stream(struct reader *r) {
    yaml_event_t event;
    bool error;
    if (!expect_event(r, YAML_STREAM_START_EVENT, &event, &error))
        return NULL;
    if (!expect_event(r, YAML_DOCUMENT_START_EVENT, &event, &error)) {
        if (error)
            return NULL;
        yaml_event_delete(&event);
        return empty_map();
    }
    struct yaml_value *root = read_document(r);
    if (root == NULL)
        return NULL;
    bool ended = expect_event(r, YAML_DOCUMENT_END_EVENT, &event, &error) &&
        expect_event(r, YAML_STREAM_END_EVENT, &event, &error);
    if (!ended && !error) {
        diag_add(r->diag, line_of(event.start_mark), column_of(event.start_mark),
            "a second document begins here; only one is read");
        yaml_event_delete(&event);
    }
    return root;
}

struct yaml_value *yaml_tree_read(struct slice text, struct diag *diag) {
    if (text.size > CONFIG_FILE_MAX) {
        diag_add(diag, 0, 0, "larger than %d MiB", CONFIG_FILE_MAX / (1024 * 1024));
        return NULL;
    }
    if (slice_starts_with(text, BYTE_ORDER_MARK))
        text = slice_sub(text, strlen(BYTE_ORDER_MARK), text.size); /* it is in no column */
    struct reader r = { .text = text, .diag = diag };
    if (text.size == 0)
        return empty_map();
    int initialized = yaml_parser_initialize(&r.parser);
    ensure(initialized == 1);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.data, text.size);
    struct yaml_value *root = read_stream(&r);
    yaml_parser_delete(&r.parser);
    return root;
}
