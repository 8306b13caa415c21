/* SPDX-License-Identifier: MIT */
/* The record of what was done to files, and what a crash makes of them. */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/disk.h"
#include "tests/support/disk_internal.h"
#include "tests/support/test.h"

#define MAX_FILES 16

/* A file's contents; not there at all where !exists. */
struct image {
    bool exists;
    unsigned char *bytes;
    size_t n, room;
};

struct event {
    enum disk_op op;
    size_t file;
    int64_t at;
    unsigned char *bytes;
    size_t n;
};

struct disk_record {
    char dir[512];
    struct {
        char name[256];
        struct image before;
        bool fresh; /* made and not yet synced */
    } files[MAX_FILES];
    size_t n_files;
    struct event *events;
    size_t n, room;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct disk_record *written; /* guarded by it, as what it points to */

/* ------------------------------------------------------------------------------------ image -- */

static void image_resize(struct image *image, size_t n)
{
    if (n > image->room) {
        image->room = 2 * n;
        image->bytes = realloc(image->bytes, image->room);
        assert_non_null(image->bytes);
    }
    if (n > image->n)
        memset(image->bytes + image->n, 0, n - image->n);
    image->n = n;
}

static void image_write(struct image *image, size_t at, const void *bytes, size_t n)
{
    if (!image->exists || n == 0)
        return;
    if (at + n > image->n)
        image_resize(image, at + n);
    memcpy(image->bytes + at, bytes, n);
}

static void image_read(struct image *image, const char *path)
{
    FILE *f = fopen(path, "rb");
    unsigned char piece[4096];
    size_t n;

    image->exists = f != NULL;
    while (f && (n = fread(piece, 1, sizeof piece, f)) > 0)
        image_write(image, image->n, piece, n);
    if (f)
        fclose(f);
}

static void image_save(const struct image *image, const char *path)
{
    FILE *f = fopen(path, "wb");

    if (!f || (image->n && fwrite(image->bytes, 1, image->n, f) != image->n) || fclose(f))
        fail_msg("%s: cannot write what a crash leaves", path);
}

static void image_apply(struct image *image, const struct event *e)
{
    if (e->op == DISK_OP_write)
        image_write(image, (size_t)e->at, e->bytes, e->n);
    else if (e->op == DISK_OP_truncate && image->exists)
        image_resize(image, (size_t)e->at);
    else if (e->op == DISK_OP_create || e->op == DISK_OP_delete)
        *image = (struct image){
            .exists = e->op == DISK_OP_create, .bytes = image->bytes, .room = image->room};
}

/* ----------------------------------------------------------------------------------- record -- */

/* Of the file of that name, which is not known yet as a rule. */
static size_t add_file(struct disk_record *r, const char *name)
{
    size_t i = 0;

    while (i < r->n_files && strcmp(r->files[i].name, name) != 0)
        i++;
    if (i < r->n_files)
        return i;
    assert_true(r->n_files < MAX_FILES);
    snprintf(r->files[r->n_files].name, sizeof r->files[0].name, "%s", name);
    return r->n_files++;
}

/* With the lock held. */
static void append(struct disk_record *r, const struct event *e)
{
    if (r->n == r->room) {
        r->room = r->room ? 2 * r->room : 1024;
        r->events = realloc(r->events, r->room * sizeof *r->events);
    }
    r->events[r->n++] = *e;
}

void disk_note(enum disk_op op, const char *path, int64_t at, const void *bytes, size_t n)
{
    struct disk_record *r;
    size_t start, known;

    pthread_mutex_lock(&lock);
    r = written;
    start = r ? strlen(r->dir) : 0;
    if (r && path && strncmp(path, r->dir, start) == 0 && path[start] == '/') {
        known = r->n_files;
        struct event e = {op, add_file(r, path + start + 1), at, n ? malloc(n) : NULL, n};
        if (n)
            memcpy(e.bytes, bytes, n);
        if (e.file == known && op != DISK_OP_create) /* by somebody else, without a sync */
            append(r, &(struct event){.op = DISK_OP_create, .file = e.file});
        append(r, &e);
        /* The library's first sync of a file that it has made itself is one of the folder too. */
        if (op == DISK_OP_sync && r->files[e.file].fresh)
            for (size_t i = 0; i < r->n_files; i++)
                append(r, &(struct event){.op = DISK_OP_entries, .file = i});
        r->files[e.file].fresh =
            op == DISK_OP_create || (r->files[e.file].fresh && op != DISK_OP_sync);
    }
    pthread_mutex_unlock(&lock);
}

struct disk_record *disk_record_start(const char *dir)
{
    struct disk_record *r = calloc(1, sizeof *r);
    struct dirent *entry;
    DIR *d = opendir(dir);
    char path[1024];

    assert_non_null(r);
    snprintf(r->dir, sizeof r->dir, "%s", dir);
    while (d && (entry = readdir(d))) {
        if (strncmp(entry->d_name, "spiked.db", 9) != 0 || strstr(entry->d_name, "-shm"))
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        image_read(&r->files[add_file(r, entry->d_name)].before, path);
    }
    if (d)
        closedir(d);
    pthread_mutex_lock(&lock);
    assert_null(written);
    written = r;
    pthread_mutex_unlock(&lock);
    return r;
}

size_t disk_record_now(struct disk_record *r)
{
    size_t n;

    pthread_mutex_lock(&lock);
    n = r->n;
    pthread_mutex_unlock(&lock);
    return n;
}

void disk_record_stop(struct disk_record *r)
{
    pthread_mutex_lock(&lock);
    assert_true(written == r);
    written = NULL;
    pthread_mutex_unlock(&lock);
}

void disk_record_free(struct disk_record *r)
{
    for (size_t i = 0; i < r->n_files; i++)
        free(r->files[i].before.bytes);
    for (size_t i = 0; i < r->n; i++)
        free(r->events[i].bytes);
    free(r->events);
    free(r);
}

bool disk_record_settles(const struct disk_record *r, size_t event)
{
    const struct event *e = &r->events[event];

    return e->op == DISK_OP_sync || (e->op == DISK_OP_delete && e->at);
}

/* ------------------------------------------------------------------------------------ crash -- */

static uint64_t draw(uint64_t *random, uint64_t below)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (*random >> 33) % below;
}

/* Sector by sector: left as it was, written, written in part, or spoilt. */
static void tear(struct image *image, const struct event *e, size_t sector, bool spoils,
                 uint64_t *random)
{
    size_t start = (size_t)e->at, end = start + e->n;

    for (size_t at = start, next; at < end; at = next) {
        unsigned char noise[4096];
        const unsigned char *from = e->bytes + (at - start);
        size_t n;

        next = at / sector * sector + sector;
        next = next < end ? next : end;
        n = next - at;
        switch (draw(random, spoils ? 4 : 3)) {
        case 0:
            break;
        case 1:
            image_write(image, at, from, n);
            break;
        case 2:
            image_write(image, at, from, draw(random, n));
            break;
        default:
            for (size_t i = 0; i < n; i++)
                noise[i] = (unsigned char)draw(random, 256);
            image_write(image, at, noise, n);
        }
    }
}

/* What of a file's events before one is on the disk for good. */
struct settled {
    size_t data;               /* all before that event */
    size_t names;              /* that it was made or removed before that one */
    size_t later, later_names; /* the others: how many, and how many of them no writes */
};

static bool is_settled(const struct settled *s, const struct event *e, size_t i)
{
    return i < s->data || (e->op == DISK_OP_create && i < s->names);
}

static struct settled settle(const struct disk_record *r, size_t file, size_t before)
{
    struct settled s = {0};

    for (size_t i = 0; i < before; i++) {
        if (r->events[i].file == file && disk_record_settles(r, i))
            s.data = i + 1;
        if (r->events[i].file == file && r->events[i].op == DISK_OP_entries)
            s.names = i + 1;
    }
    for (size_t i = s.data; i < s.names; i++)
        if (r->events[i].file == file && r->events[i].op == DISK_OP_delete)
            s.data = i + 1;
    for (size_t i = s.data; i < before; i++) {
        const struct event *e = &r->events[i];

        if (e->file != file || e->op == DISK_OP_entries || is_settled(&s, e, i))
            continue;
        s.later++;
        s.later_names += e->op != DISK_OP_write;
    }
    return s;
}

/* How many of the later events are kept: in order, of all or (where writes are torn) of those that
 * are no writes. */
static size_t keep(const struct settled *s, enum disk_loss loss, uint64_t *random)
{
    switch (loss) {
    case DISK_LOSES_ALL:
        return 0;
    case DISK_KEEPS_ALL:
        return s->later;
    case DISK_LOSES_LATER:
        return (s->later + 1) / 2;
    case DISK_TEARS_512:
    case DISK_TEARS_4096:
    case DISK_SPOILS:
    case DISK_LOSSES:
        break;
    }
    return draw(random, s->later_names + 1);
}

static struct image leave(const struct disk_record *r, size_t file, size_t before,
                          enum disk_loss loss, uint64_t *random)
{
    const struct image *start = &r->files[file].before;
    struct image image = {.exists = start->exists};
    struct settled s = settle(r, file, before);
    size_t kept = keep(&s, loss, random);

    image_write(&image, 0, start->bytes, start->n);
    for (size_t i = 0; i < before; i++) {
        const struct event *e = &r->events[i];

        if (e->file != file || e->op == DISK_OP_entries)
            continue;
        if (is_settled(&s, e, i)) {
            image_apply(&image, e);
        } else if (loss > DISK_LOSES_LATER && e->op == DISK_OP_write) {
            tear(&image, e, loss == DISK_TEARS_4096 ? 4096 : 512, loss == DISK_SPOILS, random);
        } else if (kept > 0) {
            kept--;
            image_apply(&image, e);
        }
    }
    return image;
}

void disk_crash(const struct disk_record *r, size_t event, enum disk_loss loss, uint64_t seed,
                const char *to)
{
    uint64_t random = seed * 2 + 1;
    char path[1024];

    for (size_t i = 0; i < r->n_files; i++) {
        struct image image = leave(r, i, event, loss, &random);

        snprintf(path, sizeof path, "%s/%s", to, r->files[i].name);
        if (image.exists)
            image_save(&image, path);
        free(image.bytes);
    }
}
