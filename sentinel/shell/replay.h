/* vedette --replay: hands a recording to an engine, tells the story on standard output, and on
 * standard error whether it is the recorded one. */
#pragma once

/* Exit status: 0 if it is, 1 if it differs or the file is damaged. */
int replay_file(const char *path);
