/* SPDX-License-Identifier: MIT */
/* top: the jobs in a terminal, alive, and keys for what can be done to them. Where there is no
 * terminal to draw on, the same table once. */
#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/ctl/screen.h"
#include "server/ctl/top_model.h"

#define INTERVAL 1.0 /* seconds between two looks */
#define CHROME 4     /* lines that are no jobs: two above the head, the head, one below */

enum mode { MODE_LIST, MODE_SEARCH, MODE_ASK };

struct top {
    struct ctl *c;
    struct ctl_top m;
    size_t chosen, first; /* rows: the one with the mark, the first that is seen */
    enum mode mode;
    const char *action; /* that is asked about */
    char typed[100];
    bool over;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ------------------------------------------------------------------------------------ draw -- */

static size_t rows_shown(const struct top *top)
{
    return top->c->height > CHROME ? top->c->height - CHROME : 1;
}

/* The marked row stays in sight. */
static void scroll(struct top *top)
{
    size_t shown = rows_shown(top), n = top->m.n;

    if (top->chosen >= n)
        top->chosen = n ? n - 1 : 0;
    if (top->first > top->chosen)
        top->first = top->chosen;
    if (top->chosen >= top->first + shown)
        top->first = top->chosen - shown + 1;
    if (top->first + shown > n)
        top->first = n > shown ? n - shown : 0;
}

/* A line, cut at the terminal's edge. */
static void add_line(const struct top *top, struct ctl_text *t, const struct ctl_text *line)
{
    ctl_top_draw_cell(t, ctl_text_of(line), top->c->width - 1, false, top->c->utf8);
    t->failed = t->failed || line->failed;
}

static void add_status(const struct top *top, struct ctl_text *t)
{
    struct ctl_text line = {0};

    ctl_text_add(&line, "%s", ctl_client_server(top->c->client));
    ctl_top_add_counts(&top->m, &line);
    add_line(top, t, &line);
    ctl_text_add(t, "\n");
    ctl_text_free(&line);
    ctl_top_add_question(&top->m, &line);
    add_line(top, t, &line);
    ctl_text_add(t, "\n");
    ctl_text_free(&line);
}

static void add_footer(const struct top *top, struct ctl_text *t)
{
    static const char keys[] = "q quit  c cancel  p pause  r resume  s sort  o order  f filter  "
                               "/ search  arrows move";
    const struct ctl *c = top->c;
    struct ctl_text line = {0};

    if (top->mode == MODE_SEARCH)
        ctl_text_add(&line, "search: %s_", top->typed);
    else if (top->mode == MODE_ASK)
        ctl_text_add(&line, "%s %s? y/n", top->action, top->m.rows[top->chosen].name);
    else if (top->m.message[0])
        ctl_text_add(&line, "%s", top->m.message);
    else
        ctl_text_add(&line, "%s", keys);
    ctl_text_add(t, "%s",
                 ctl_color(c, top->mode != MODE_LIST || top->m.message[0] ? CTL_BOLD : CTL_DIM));
    add_line(top, t, &line);
    ctl_text_add(t, "%s", ctl_color(c, CTL_PLAIN));
    ctl_text_free(&line);
}

static bool draw(struct top *top)
{
    size_t shown = rows_shown(top);
    struct ctl_text t = {0};
    bool ok;

    scroll(top);
    if (top->c->height > CHROME)
        add_status(top, &t);
    ctl_top_draw_head(top->c, &t);
    for (size_t i = 0; i < shown; i++) {
        ctl_text_add(&t, "\n");
        if (top->first + i < top->m.n)
            ctl_top_draw_row(top->c, &t, &top->m.rows[top->first + i],
                             top->first + i == top->chosen);
        else if (i == 0)
            ctl_text_add(&t, "  no job fits");
    }
    if (top->c->height > CHROME) {
        ctl_text_add(&t, "\n");
        add_footer(top, &t);
    }
    ok = ctl_screen_draw(&t);
    ctl_text_free(&t);
    return ok;
}

/* ------------------------------------------------------------------------------------ keys -- */

/* One byte of a character or more; a character is taken back whole. */
static void edit(struct top *top, int key)
{
    size_t n = strlen(top->typed);

    if (key == CTL_KEY_ERASE || key == '\b') {
        while (n && ((unsigned char)top->typed[--n] & 0xc0) == 0x80)
            ;
        top->typed[n] = '\0';
    } else if (key >= ' ' && key <= 0xff && n + 1 < sizeof top->typed) {
        top->typed[n] = (char)key;
        top->typed[n + 1] = '\0';
    }
}

static void search(struct top *top, int key)
{
    if (key == CTL_KEY_ENTER || key == '\n') {
        snprintf(top->m.text, sizeof top->m.text, "%s", top->typed);
        top->mode = MODE_LIST;
        ctl_top_load(&top->m);
    } else if (key == CTL_KEY_ESCAPE) {
        top->mode = MODE_LIST;
    } else {
        edit(top, key);
    }
}

static void answer(struct top *top, int key)
{
    top->mode = MODE_LIST;
    if (key == 'y' || key == 'Y')
        ctl_top_act(&top->m, top->chosen, top->action);
}

static void move(struct top *top, int64_t by)
{
    int64_t to = (int64_t)top->chosen + by;

    top->chosen = to < 0 ? 0 : (size_t)to; /* scroll() ends it at the last */
}

static void act(struct top *top, const char *action, bool ask)
{
    if (top->chosen >= top->m.n)
        return;
    top->action = action;
    if (ask)
        top->mode = MODE_ASK;
    else
        ctl_top_act(&top->m, top->chosen, action);
}

static void ask_anew(struct top *top, bool (*change)(struct ctl_top *m))
{
    top->chosen = top->first = 0;
    if (change(&top->m))
        ctl_top_load(&top->m);
}

static void command(struct top *top, int key)
{
    int64_t page = (int64_t)rows_shown(top);

    switch (key) {
    case 'q':
        top->over = true;
        break;
    case 'k':
    case CTL_KEY_UP:
        move(top, -1);
        break;
    case 'j':
    case CTL_KEY_DOWN:
        move(top, 1);
        break;
    case CTL_KEY_PAGE_UP:
        move(top, -page);
        break;
    case CTL_KEY_PAGE_DOWN:
        move(top, page);
        break;
    case 'g':
    case CTL_KEY_HOME:
        move(top, -CTL_TOP_ROWS);
        break;
    case 'G':
    case CTL_KEY_END:
        move(top, CTL_TOP_ROWS);
        break;
    case 'c':
        act(top, "cancel", true);
        break;
    case 'p':
        act(top, "pause", false);
        break;
    case 'r':
        act(top, "resume", false);
        break;
    case 's':
        ask_anew(top, ctl_top_next_sort);
        break;
    case 'o':
        ask_anew(top, ctl_top_turn);
        break;
    case 'f':
        ask_anew(top, ctl_top_next_status);
        break;
    case '/':
        top->mode = MODE_SEARCH;
        snprintf(top->typed, sizeof top->typed, "%s", top->m.text);
        break;
    default:
        break;
    }
}

static void take_key(struct top *top, int key)
{
    static void (*const takes[])(struct top * top, int key) = {
        [MODE_LIST] = command, [MODE_SEARCH] = search, [MODE_ASK] = answer};

    if (key == CTL_KEY_GONE)
        top->over = true;
    else if (key == CTL_KEY_RESIZED)
        ctl_screen_size(&top->c->width, &top->c->height);
    else if (key != CTL_KEY_NONE) {
        top->m.message[0] = '\0';
        takes[top->mode](top, key);
    }
}

/* ------------------------------------------------------------------------------------- run -- */

static void run(struct top *top)
{
    double due = now() + INTERVAL;

    ctl_screen_size(&top->c->width, &top->c->height);
    while (!top->over) {
        if (!draw(top))
            return;
        if (ctl_top_load_curves(&top->m, top->first, rows_shown(top)) && !draw(top))
            return;
        take_key(top, ctl_screen_key(fmax(0, due - now())));
        /* Not under a question: the row that it is about would move. */
        if (now() < due)
            continue;
        if (top->mode != MODE_ASK)
            ctl_top_load(&top->m);
        due = now() + INTERVAL;
    }
}

static enum ctl_exit print_once(struct top *top)
{
    struct ctl_text t = {0};

    ctl_top_load_curves(&top->m, 0, top->m.n);
    ctl_top_draw_head(top->c, &t);
    for (size_t i = 0; i < top->m.n; i++) {
        ctl_text_add(&t, "\n");
        ctl_top_draw_row(top->c, &t, &top->m.rows[i], false);
    }
    ctl_text_add(&t, "\n");
    return ctl_print(top->c, &t);
}

enum ctl_exit ctl_top(struct ctl *c)
{
    struct top top = {.c = c};
    enum ctl_exit rc = ctl_top_begin(&top.m, c);

    if (rc == CTL_OK && !c->json) {
        if (c->tty && !ctl_value(c, "once") && ctl_screen_open()) {
            run(&top);
            ctl_screen_close();
        } else {
            rc = print_once(&top);
        }
    }
    ctl_top_end(&top.m);
    return rc;
}
