#include "sentinel/command/reference.h"

#include "common/buf.h"
#include "sentinel/command/command.h"

/* A cell of a table: '|' would end it. */
static void add_cell(struct buf *out, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '|')
            buf_add_char(out, '\\');
        buf_add_char(out, *text);
    }
}

static void add_row(struct buf *out, const struct command *container, const struct command *c) {
    buf_add_text(out, "| `");
    if (container != NULL) {
        command_print_word(container, out);
        buf_add_char(out, ' ');
    }
    command_print_word(c, out);
    if (c->usage != NULL) {
        buf_add_char(out, ' ');
        add_cell(out, c->usage);
    }
    buf_add_text(out, "` | ");
    add_cell(out, c->summary);
    if (c->is_valkey)
        buf_add_text(out, " With `compat: valkey`.");
    buf_add_text(out, " |\n");
}

void command_reference(struct buf *out) {
    buf_add_text(out,
        "# Commands\n"
        "\n"
        "<!-- Written from the table in sentinel/command/command.c; do not edit. -->\n"
        "\n"
        "What a client may send, in any case, as RESP2 or RESP3 or as an inline line.\n"
        "\n"
        "| Command | What it does |\n"
        "| --- | --- |\n");
    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = &command_table[i];
        if (c->handler != NULL)
            add_row(out, NULL, c);
        for (size_t k = 0; k < c->subcommand_count; k++)
            add_row(out, c, &c->subcommands[k]);
    }
}
