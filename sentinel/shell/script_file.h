/* Which files may be run as scripts: any that can be executed, or if the configuration names
 * folders of scripts (script_dirs), those alone that lie below one, wherever links lead, and that
 * nobody else can change. */
#pragma once

#include "common/base.h"

enum script_fault {
    SCRIPT_FIT,
    SCRIPT_NOT_EXECUTABLE, /* or not there */
    SCRIPT_OUTSIDE,
    SCRIPT_OPEN, /* others may change it, or put another into its folder */
};

/* folders: absolute paths separated by colons; NULL = any. ret_real: the file that it leads to,
 * owned (free); NULL unless it is FIT below one of the folders. */
enum script_fault script_file_check(const char *path, const char *folders, char **ret_real);
const char *script_file_why(enum script_fault fault); /* for people */
/* Whether others may change the file. */
bool script_file_is_open(const char *path);
