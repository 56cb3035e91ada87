/* Where the parts of the shell hand in what happened. Called only while the loop gathers, never
 * while effects are carried out: the engine must not be re-entered. */
#pragma once

struct input;

struct inlet {
    void (*take)(void *context, const struct input *in);
    void *context;
};

static inline void inlet_take(const struct inlet *inlet, const struct input *in) {
    inlet->take(inlet->context, in);
}
