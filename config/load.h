/* Reads a configuration file, YAML or classic, and checks it whole. */
#pragma once

#include "common/base.h"
#include "common/slice.h"
#include "config/load_file.h"
#include "config/settings.h"

struct diag;
struct state;

enum config_format { CONFIG_YAML, CONFIG_CLASSIC };

/* By the name: ".yaml", ".yml" are YAML, ".conf" is classic; for others the first significant line
 * decides. */
enum config_format config_format_of(struct slice path, struct slice text);

/* Parses the text of a YAML file into settings. All findings go to diag; false if it holds any (ret
 * is then initialised but not to be used). Reads files that the text names (password_file). */
bool load_yaml(struct slice text, struct settings *ret, struct diag *diag);

/* Parses a classic sentinel.conf (the minimal set of this version): settings, and the state lines
 * into ret_state, which then knows every group of the file. Both are initialised by the call; false
 * as above. state_dir is that of `dir`. */
bool load_classic(
    struct slice text, struct settings *ret, struct state *ret_state, struct diag *diag);

/* The names of the directives that load_classic knows behind `sentinel`, for those who walk them;
 * NULL beyond the last. */
const char *load_classic_directive(size_t index);
