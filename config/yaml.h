/* YAML text -> a tree whose values know their place. What the keys mean is load.c's business. The
 * only module that sees libyaml. Refused, with a finding each: anchors and aliases, tags, equal
 * keys, keys that are no text, nesting deeper than YAML_DEPTH_MAX, a second document, more than
 * YAML_VALUES_MAX values. The functions begin with yaml_tree, since libyaml exports yaml_free and
 * others of the plain prefix. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

struct diag;

#define YAML_DEPTH_MAX  8
#define YAML_VALUES_MAX 1000000

enum yaml_shape { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_value {
    enum yaml_shape shape;
    int line, column; /* from 1 */
    struct slice key; /* owned; below a map */
    int key_line, key_column;
    struct slice text; /* owned; TEXT: unquoted, any bytes */
    bool plain;        /* TEXT: stood without quotes */
    bool refused;      /* stands for something that was refused: there is a finding already */
    struct yaml_value **items; /* owned; LIST, MAP: in order, with different keys */
    size_t item_count, item_capacity;
};

/* NULL, with a finding, if the text is no YAML; else what could be read, a map without items for an
 * empty text. */
struct yaml_value *yaml_tree_read(struct slice text, struct diag *diag);
void yaml_tree_free(struct yaml_value *v);

/* The value of `key`; NULL if absent. */
const struct yaml_value *yaml_tree_item(const struct yaml_value *map, const char *key);
/* Nothing, ~ or null. */
bool yaml_tree_is_null(const struct yaml_value *v);
