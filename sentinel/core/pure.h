/* Included before everything else in the layers that decide (core, command, engine): makes clocks,
 * chance, files, sockets, processes and plain allocation unusable there. A use does not compile. */
#pragma once

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison clock_gettime gettimeofday nanosleep clock_nanosleep
#pragma GCC poison rand srand random srandom drand48 rand_r
#pragma GCC poison malloc calloc realloc reallocarray
#pragma GCC poison fopen freopen popen tmpfile fprintf puts putchar
#pragma GCC poison getenv setenv system abort atexit
#pragma GCC poison localtime localtime_r mktime
