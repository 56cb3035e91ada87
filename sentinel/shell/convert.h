/* From one format of configuration to the other, and a classic file brought up to date, while no
 * vedette runs on it. What is wrong is told on standard error; exit statuses as in service.h. */
#pragma once

/* Writes the other format of the file at `path` to standard output. From YAML: with the state in
 * its state_dir. From a classic file: with state_dir, if not NULL, as the folder that the state is
 * imported into; it must hold none. */
int convert_file(const char *path, const char *state_dir);
/* Writes what the database knows into a classic file, before a stock sentinel is started on it. */
int convert_sync_state(const char *path);
