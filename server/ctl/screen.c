/* SPDX-License-Identifier: MIT */
#include "server/ctl/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* The other screen, without cursor and without lines that run over into the next; and back. */
#define ENTER "\033[?1049h\033[?25l\033[?7l"
#define LEAVE "\033[?7h\033[?25h\033[?1049l"

/* What ends the program, by somebody's wish or by a fault of its own. */
static const int endings[] = {SIGHUP,  SIGINT, SIGQUIT, SIGTERM, SIGABRT,
                              SIGSEGV, SIGBUS, SIGFPE,  SIGILL,  SIGXCPU};
#define ENDINGS (sizeof endings / sizeof *endings)

/* Signal handlers take no argument, so this one is the program's. */
static struct {
    volatile sig_atomic_t open, changed;
    struct termios before, raw;
    struct sigaction ended[ENDINGS], stopped, continued, resized;
    sigset_t mask; /* as it was */
    char bytes[64];
    size_t n;
} screen;

static void put(const char *text, size_t n)
{
    while (n > 0) {
        ssize_t done = write(STDOUT_FILENO, text, n);

        if (done < 0 && errno != EINTR)
            return;
        text += done > 0 ? done : 0;
        n -= done > 0 ? (size_t)done : 0;
    }
}

/* Both also in signal handlers: nothing but what is safe there. */
static void enter(void)
{
    tcsetattr(STDIN_FILENO, TCSADRAIN, &screen.raw);
    put(ENTER, sizeof ENTER - 1);
}

static void leave(void)
{
    put(LEAVE, sizeof LEAVE - 1);
    tcsetattr(STDIN_FILENO, TCSANOW, &screen.before);
}

/* --------------------------------------------------------------------------------- signals -- */

/* The terminal first, then what would have happened without this handler: with the same status. */
static void on_end(int signal)
{
    int kept = errno;

    leave();
    for (size_t i = 0; i < ENDINGS; i++)
        if (endings[i] == signal)
            sigaction(signal, &screen.ended[i], NULL);
    raise(signal); /* taken as soon as this returns */
    errno = kept;
}

/* Stops in here, wherever the program was: so it has the screen again before it goes on to draw.
 * The SIGCONT that woke it is then seen to, if it waits. */
static void on_stop(int signal)
{
    const struct sigaction ignored = {.sa_handler = SIG_IGN};
    struct sigaction stop, go_on;
    sigset_t it, before;
    int kept = errno;

    leave();
    sigaction(SIGCONT, &screen.continued, &go_on);
    sigaction(signal, &screen.stopped, &stop);
    raise(signal);
    sigemptyset(&it);
    sigaddset(&it, signal);
    sigprocmask(SIG_UNBLOCK, &it, &before); /* stopped */
    sigprocmask(SIG_SETMASK, &before, NULL);
    sigaction(signal, &stop, NULL);
    sigaction(SIGCONT, &ignored, NULL);
    sigaction(SIGCONT, &go_on, NULL);
    enter();
    screen.changed = 1;
    errno = kept;
}

static void on_change(int signal)
{
    (void)signal;
    screen.changed = 1;
}

/* After a stop that could not be seen. */
static void on_continue(int signal)
{
    int kept = errno;

    (void)signal;
    enter();
    screen.changed = 1;
    errno = kept;
}

/* One that is ignored, as nohup does with SIGHUP, stays ignored. */
static void handle(int signal, void (*handler)(int signal), struct sigaction *before)
{
    struct sigaction action = {.sa_handler = handler};

    sigemptyset(&action.sa_mask);
    sigaction(signal, NULL, before);
    if (before->sa_handler != SIG_IGN)
        sigaction(signal, &action, NULL);
}

/* Changes of the size are let through while keys are waited for, so that none is overlooked. */
static void handle_all(void)
{
    sigset_t changes;

    for (size_t i = 0; i < ENDINGS; i++)
        handle(endings[i], on_end, &screen.ended[i]);
    handle(SIGTSTP, on_stop, &screen.stopped);
    handle(SIGCONT, on_continue, &screen.continued);
    handle(SIGWINCH, on_change, &screen.resized);
    sigemptyset(&changes);
    sigaddset(&changes, SIGWINCH);
    sigaddset(&changes, SIGCONT);
    sigprocmask(SIG_BLOCK, &changes, &screen.mask);
}

static void handle_none(void)
{
    for (size_t i = 0; i < ENDINGS; i++)
        sigaction(endings[i], &screen.ended[i], NULL);
    sigaction(SIGTSTP, &screen.stopped, NULL);
    sigaction(SIGCONT, &screen.continued, NULL);
    sigaction(SIGWINCH, &screen.resized, NULL);
    sigprocmask(SIG_SETMASK, &screen.mask, NULL);
}

/* ---------------------------------------------------------------------------------- screen -- */

bool ctl_screen_open(void)
{
    if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &screen.before) != 0)
        return false;
    screen.raw = screen.before;
    /* Keys as they come and unseen; ^C and ^Z keep their meaning. */
    screen.raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
    screen.raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IXON);
    screen.raw.c_cc[VMIN] = 1;
    screen.raw.c_cc[VTIME] = 0;
    screen.n = 0;
    screen.changed = 0;
    handle_all(); /* before anything is changed that they would have to change back */
    enter();
    screen.open = 1;
    return true;
}

void ctl_screen_close(void)
{
    if (!screen.open)
        return;
    screen.open = 0;
    leave();
    handle_none();
}

void ctl_screen_size(size_t *width, size_t *height)
{
    struct winsize size = {0};

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        return;
    *width = size.ws_col;
    *height = size.ws_row;
}

bool ctl_screen_draw(const struct ctl_text *lines)
{
    struct ctl_text t = {0};
    const char *line = ctl_text_of(lines);
    bool ok;

    ctl_text_add(&t, "\033[H");
    for (;;) {
        size_t n = strcspn(line, "\n");

        ctl_text_bytes(&t, line, n);
        ctl_text_add(&t, "\033[K");
        if (!line[n])
            break;
        ctl_text_add(&t, "\r\n");
        line += n + 1;
    }
    ctl_text_add(&t, "\033[J");
    ok = !t.failed && !lines->failed;
    errno = 0;
    if (ok)
        put(ctl_text_of(&t), t.n);
    ok = ok && (errno == 0 || errno == EINTR);
    ctl_text_free(&t);
    return ok;
}

/* ------------------------------------------------------------------------------------ keys -- */

int ctl_key_read(const char *bytes, size_t n, size_t *used)
{
    static const struct {
        const char *sequence;
        int key;
    } keys[] = {
        {"\033[A", CTL_KEY_UP},    {"\033OA", CTL_KEY_UP},       {"\033[B", CTL_KEY_DOWN},
        {"\033OB", CTL_KEY_DOWN},  {"\033[H", CTL_KEY_HOME},     {"\033OH", CTL_KEY_HOME},
        {"\033[1~", CTL_KEY_HOME}, {"\033[F", CTL_KEY_END},      {"\033OF", CTL_KEY_END},
        {"\033[4~", CTL_KEY_END},  {"\033[5~", CTL_KEY_PAGE_UP}, {"\033[6~", CTL_KEY_PAGE_DOWN},
    };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        *used = strlen(keys[i].sequence);
        if (n >= *used && memcmp(bytes, keys[i].sequence, *used) == 0)
            return keys[i].key;
    }
    *used = 1;
    if (n < 3 || bytes[0] != CTL_KEY_ESCAPE || (bytes[1] != '[' && bytes[1] != 'O'))
        return (unsigned char)bytes[0];
    /* Parameters, then a byte that ends the sequence. */
    for (*used = 2; *used < n && (bytes[*used] < 0x40 || bytes[*used] > 0x7e); ++*used)
        ;
    *used += *used < n;
    return CTL_KEY_OTHER;
}

static int take_key(void)
{
    size_t used = 0;
    int key = ctl_key_read(screen.bytes, screen.n, &used);

    screen.n -= used;
    memmove(screen.bytes, screen.bytes + used, screen.n);
    return key;
}

int ctl_screen_key(double seconds)
{
    struct timespec wait = {.tv_sec = (time_t)seconds};
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    sigset_t stop, before;
    ssize_t n;
    int ready;

    if (screen.n)
        return take_key();
    wait.tv_nsec = (long)(1e9 * (seconds - (double)wait.tv_sec));
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    sigprocmask(SIG_BLOCK, &stop, &before); /* as what it blocks already: none is overlooked */
    ready = screen.changed ? 0 : ppoll(&in, 1, &wait, &screen.mask);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (screen.changed) {
        screen.changed = 0;
        return CTL_KEY_RESIZED;
    }
    if (ready <= 0)
        return ready == 0 || errno == EINTR ? CTL_KEY_NONE : CTL_KEY_GONE;
    n = read(STDIN_FILENO, screen.bytes, sizeof screen.bytes);
    if (n < 0 && errno == EINTR)
        return CTL_KEY_NONE;
    if (n <= 0)
        return CTL_KEY_GONE;
    screen.n = (size_t)n;
    return take_key();
}
