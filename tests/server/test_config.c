/* SPDX-License-Identifier: MIT */
#include "server/config.h"

#include "server/machine.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#include <stdlib.h>
#include <string.h>

#define MAX_WORDS 8
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What was loaded, and what was said. */
struct loaded {
    enum snn_code rc;
    struct srv_config config;
    enum srv_config_action action;
    struct snn_error err;
};

/* flags and env: NULL-terminated; the program's name is put before the flags. */
static struct loaded load(const char *const *flags, const char *const *env)
{
    struct loaded l = {0};
    char *argv[MAX_WORDS + 2] = {0}, *envp[MAX_WORDS + 1] = {0};
    int argc = 0;

    argv[argc++] = strdup("spiked");
    for (size_t i = 0; i < MAX_WORDS && flags[i]; i++)
        argv[argc++] = strdup(flags[i]);
    for (size_t i = 0; i < MAX_WORDS && env[i]; i++)
        envp[i] = strdup(env[i]);
    l.rc = srv_config_load(&l.config, &l.action, argc, argv, envp, &l.err);
    for (size_t i = 0; i < MAX_WORDS + 1; i++) {
        free(argv[i]);
        free(envp[i]);
    }
    return l;
}

/* Loads with a file of that text, named by SPIKED_CONFIG. */
static struct loaded load_file(const char *text, size_t size, const char *const *flags,
                               const char *const *env)
{
    const char *all[MAX_WORDS + 1] = {0};
    char *dir = tmpdir_create(), *path = tmpdir_write(dir, "spiked.conf", text, size);
    char variable[512];
    struct loaded l;

    snprintf(variable, sizeof variable, "SPIKED_CONFIG=%s", path);
    all[0] = variable;
    for (size_t i = 0; env[i]; i++)
        all[i + 1] = env[i];
    l = load(flags, all);
    free(path);
    tmpdir_remove(dir);
    return l;
}

static const char *const none[] = {NULL};
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void load__nothing_given__is_the_defaults(void **state)
{
    struct loaded l = load(none, none);

    (void)state;
    assert_int_equal(l.rc, SNN_OK);
    assert_int_equal(l.action, SRV_CONFIG_RUN);
    assert_string_equal(l.config.listen, "127.0.0.1:8080");
    assert_string_equal(l.config.data_dir, "./spiked-data");
    assert_int_equal(l.config.n_datasets_dirs, 0);
    assert_int_equal(l.config.workers, 1);
    assert_int_equal(l.config.threads_per_job, srv_machine_processors(""));
    assert_int_equal(load(WORDS("--workers=256"), none).config.threads_per_job, 1);
    assert_int_equal(l.config.memory_limit, srv_machine_memory("") / 2);
    assert_int_equal(l.config.max_job_seconds, 0);
    assert_int_equal(l.config.checkpoint_seconds, 30);
    assert_int_equal(l.config.max_upload_bytes, (size_t)4 << 30);
    assert_int_equal(l.config.max_queued, 10000);
    assert_string_equal(l.config.log_level, "info");
    assert_false(l.config.insecure_no_auth);
}

static void load__every_source__sets_the_same_field(void **state)
{
    static const char text[] = "workers = 3\n";
    struct loaded rows[5];

    (void)state;
    rows[0] = load(WORDS("--workers", "3"), none);
    rows[1] = load(WORDS("--workers=3"), none);
    rows[2] = load(none, WORDS("SPIKED_WORKERS=3"));
    rows[3] = load_file(text, strlen(text), none, none);
    rows[4] = load(WORDS("--workers=2", "--workers=3"), none); /* the last flag wins */
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_string_equal(rows[i].err.message, "");
        assert_int_equal(rows[i].rc, SNN_OK);
        assert_int_equal(rows[i].config.workers, 3);
    }
}

static void load__sources_disagree__flag_beats_variable_beats_file(void **state)
{
    static const char text[] = "workers = 2\nthreads-per-job = 2\nmax-queued = 2\n"
                               "datasets-dir = /file1\ndatasets-dir = /file2\n";
    struct loaded l;

    (void)state;
    l = load_file(text, strlen(text), WORDS("--workers=4", "--datasets-dir=/flag"),
                  WORDS("SPIKED_WORKERS=3", "SPIKED_THREADS_PER_JOB=3", "SPIKED_DATASETS_DIR=/v"));
    assert_string_equal(l.err.message, "");
    assert_int_equal(l.config.workers, 4);
    assert_int_equal(l.config.threads_per_job, 3);
    assert_int_equal(l.config.max_queued, 2);
    assert_int_equal(l.config.n_datasets_dirs, 1);
    assert_string_equal(l.config.datasets_dirs[0], "/flag");
}

static void load__file__may_have_comments_blanks_and_crlf(void **state)
{
    static const char text[] = "# a comment\n\n  workers=2 # another\r\n"
                               "data-dir\t=  /with space/#1  \n"
                               "log-level = debug\nmax-queued = 7"; /* no line break at the end */
    struct loaded l = load_file(text, strlen(text), none, none);

    (void)state;
    assert_string_equal(l.err.message, "");
    assert_int_equal(l.config.workers, 2);
    assert_string_equal(l.config.data_dir, "/with space/#1");
    assert_string_equal(l.config.log_level, "debug");
    assert_int_equal(l.config.max_queued, 7);
}

static void load__lists__are_repeated_or_divided(void **state)
{
    struct loaded l = load(WORDS("--datasets-dir", "/a", "--datasets-dir=/b"), none);

    (void)state;
    assert_int_equal(l.config.n_datasets_dirs, 2);
    assert_string_equal(l.config.datasets_dirs[1], "/b");
    l = load(none, WORDS("SPIKED_DATASETS_DIR=/a::/b:/c:"));
    assert_int_equal(l.config.n_datasets_dirs, 3);
    assert_string_equal(l.config.datasets_dirs[0], "/a");
    assert_string_equal(l.config.datasets_dirs[2], "/c");
    l = load(none,
             WORDS("SPIKED_DATASETS_DIR=/1:/2:/3:/4:/5:/6:/7:/8:/9:/10:/11:/12:/13:/14:/15:/16"));
    assert_int_equal(l.config.n_datasets_dirs, SRV_MAX_DATASET_DIRS);
    l = load(
        none,
        WORDS("SPIKED_DATASETS_DIR=/1:/2:/3:/4:/5:/6:/7:/8:/9:/10:/11:/12:/13:/14:/15:/16:/17"));
    assert_int_equal(l.rc, SNN_INVALID);
    assert_contains(l.err.message, "'/17'");
    assert_contains(l.err.message, "16 at most");
}

static void load__sizes__know_suffixes(void **state)
{
    static const struct {
        const char *flag;
        size_t want;
    } rows[] = {
        {"--memory-limit=1", 1},
        {"--memory-limit=3K", 3 << 10},
        {"--memory-limit=3k", 3 << 10},
        {"--memory-limit=512M", (size_t)512 << 20},
        {"--memory-limit=7G", (size_t)7 << 30},
        {"--memory-limit=1048576G", (size_t)1 << 50},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct loaded l = load(WORDS(rows[i].flag), none);

        assert_string_equal(l.err.message, "");
        assert_int_equal(l.config.memory_limit, rows[i].want);
    }
}

static void load__switch__stands_alone_or_has_a_value(void **state)
{
    (void)state;
    assert_true(load(WORDS("--insecure-no-auth"), none).config.insecure_no_auth);
    assert_true(load(WORDS("--insecure-no-auth", "--workers=2"), none).config.insecure_no_auth);
    assert_true(load(none, WORDS("SPIKED_INSECURE_NO_AUTH=true")).config.insecure_no_auth);
    assert_false(load(WORDS("--insecure-no-auth=false"), WORDS("SPIKED_INSECURE_NO_AUTH=1"))
                     .config.insecure_no_auth);
}

/* Every wrong value says where it came from, what it is and what was wanted. */
static void load__bad_flag__is_named(void **state)
{
    static const struct {
        const char *flag, *says[3];
    } rows[] = {
        {"--workers=0", {"--workers: '0'", "whole number", "from 1 to 256"}},
        {"--workers=257", {"'257'", "from 1 to 256", ""}},
        {"--workers=-1", {"'-1'", "", ""}},
        {"--workers=+1", {"'+1'", "", ""}},
        {"--workers= 1", {"' 1'", "", ""}},
        {"--workers=1x", {"'1x'", "", ""}},
        {"--workers=", {"--workers: ''", "", ""}},
        {"--workers=18446744073709551617", {"'18446744073709551617'", "", ""}},
        {"--workers", {"--workers", "want a value", ""}},
        {"--memory-limit=4T", {"'4T'", "512M", ""}},
        {"--memory-limit=4GB", {"'4GB'", "", ""}},
        {"--memory-limit=G", {"'G'", "", ""}},
        {"--memory-limit=18446744073709551615G", {"--memory-limit: ", "from 0 to ", ""}},
        {"--memory-limit=17179869184G", {"--memory-limit: ", "", ""}}, /* 2^64 */
        {"--max-upload-bytes=0", {"--max-upload-bytes: '0'", "from 1", ""}},
        {"--log-level=loud", {"--log-level: 'loud'", "debug, info, warning, error", ""}},
        {"--listen=nowhere", {"--listen: 'nowhere'", "127.0.0.1:8080", ""}},
        {"--data-dir=", {"--data-dir: ''", "1 to 1023 bytes", ""}},
        {"--insecure-no-auth=maybe", {"--insecure-no-auth: 'maybe'", "true or false", ""}},
        {"--lisen=x", {"unknown option '--lisen=x'", "listen, data-dir", ", version"}},
        {"--", {"unknown option '--'", "", ""}},
        {"-h", {"unknown option '-h'", ", help, version", ""}},
        {"extra", {"unknown option 'extra'", "", ""}},
        {"--help=yes", {"--help takes no value", "", ""}},
        {"--config", {"--config: want a value", "", ""}},
        {"--config=/nonexistent/x.conf", {"/nonexistent/x.conf", "No such file", ""}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct loaded l = load(WORDS(rows[i].flag), none);

        if (l.rc == SNN_OK)
            print_error("%s\n", rows[i].flag);
        assert_int_not_equal(l.rc, SNN_OK);
        for (size_t j = 0; j < 3; j++)
            assert_contains(l.err.message, rows[i].says[j]);
        assert_string_equal(l.config.listen, ""); /* out is untouched */
    }
}

static void load__bad_variable__is_named(void **state)
{
    struct loaded l = load(none, WORDS("SPIKED_WORKERS=many"));

    (void)state;
    assert_int_equal(l.rc, SNN_INVALID);
    assert_contains(l.err.message, "SPIKED_WORKERS: 'many'");
    l = load(none, WORDS("SPIKED_WORKER=2"));
    assert_int_equal(l.rc, SNN_INVALID);
    assert_contains(l.err.message, "unknown variable SPIKED_WORKER;");
    assert_contains(l.err.message, "SPIKED_ there are: LISTEN, DATA_DIR");
    assert_contains(l.err.message, ", ..., CONFIG"); /* there are more than a message holds */
    l = load(none, WORDS("SPIKED_LISTEN="));
    assert_int_equal(l.rc, SNN_INVALID);
    assert_contains(l.err.message, "SPIKED_LISTEN: ''");
}

static void load__variables_of_others__are_ignored(void **state)
{
    struct loaded l = load(none, WORDS("SPIKED_SERVER=http://127.0.0.1:8080", "HOME=/x",
                                       "SPIKEDX=1", "spiked_workers=7"));

    (void)state;
    assert_string_equal(l.err.message, "");
    assert_int_equal(l.config.workers, 1);
}

static void load__bad_file__names_the_line(void **state)
{
    static const struct {
        const char *text, *says[2];
    } rows[] = {
        {"\nworker = 2\n", {"spiked.conf:2: worker: unknown key", "listen, data-dir"}},
        {"workers = 2\n# x\nworkers = 3\n", {"spiked.conf:3: workers", "second time"}},
        {"workers\n", {"spiked.conf:1: 'workers'", "name = value"}},
        {"workers =\n", {"spiked.conf:1: workers: ''", "from 1 to 256"}},
        {"workers = 1 2\n", {"spiked.conf:1: workers: '1 2'", "whole number"}},
        {"= 2\n", {"spiked.conf:1: : unknown key", "listen"}},
        {"config = other\n", {"config: unknown key", ""}},
        {"help = true\n", {"help: unknown key", ""}},
        {"log-level = Info\n", {"spiked.conf:1: log-level: 'Info'", "debug"}},
    };
    char *line = malloc(5000);
    struct loaded l;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        l = load_file(rows[i].text, strlen(rows[i].text), none, none);
        assert_int_equal(l.rc, SNN_INVALID);
        assert_contains(l.err.message, rows[i].says[0]);
        assert_contains(l.err.message, rows[i].says[1]);
    }
    assert_non_null(line);
    memset(line, 'x', 5000);
    l = load_file(line, 5000, none, none);
    assert_int_equal(l.rc, SNN_INVALID);
    assert_contains(l.err.message, "spiked.conf:1: want lines of text");
    l = load_file("workers = 2\nlisten\0 = 1\n", 24, none, none);
    assert_int_equal(l.rc, SNN_INVALID);
    assert_contains(l.err.message, "spiked.conf:2: want lines of text");
    free(line);
}

static void load__config_flag__beats_its_variable(void **state)
{
    static const char text[] = "workers = 5\n";
    char *dir = tmpdir_create(), *path = tmpdir_write(dir, "a.conf", text, strlen(text));
    struct loaded l = load(WORDS("--config", path), WORDS("SPIKED_CONFIG=/nonexistent"));

    (void)state;
    assert_string_equal(l.err.message, "");
    assert_int_equal(l.config.workers, 5);
    l = load(WORDS("--config", dir), none); /* a folder opens, but cannot be read */
    assert_int_equal(l.rc, SNN_IO);
    free(path);
    tmpdir_remove(dir);
}

static void load__help_or_version__asks_for_nothing_else(void **state)
{
    struct loaded l = load(WORDS("--workers", "2", "--help"), WORDS("SPIKED_NONSENSE=1"));

    (void)state;
    assert_int_equal(l.rc, SNN_OK);
    assert_int_equal(l.action, SRV_CONFIG_HELP);
    assert_int_equal(load(WORDS("--version"), none).action, SRV_CONFIG_VERSION);
    /* A value that looks like a flag is a value. */
    l = load(WORDS("--data-dir", "--help"), none);
    assert_int_equal(l.action, SRV_CONFIG_RUN);
    assert_string_equal(l.config.data_dir, "--help");
}

static void help__every_option__has_a_row_of_one_line(void **state)
{
    static const char *const flags[] = {"--listen HOST:PORT",
                                        "--data-dir DIR",
                                        "--datasets-dir DIR",
                                        "--workers N",
                                        "--threads-per-job N",
                                        "--memory-limit SIZE",
                                        "--max-job-seconds N",
                                        "--checkpoint-seconds N",
                                        "--max-upload-bytes SIZE",
                                        "--max-queued N",
                                        "--allow-host NAMES",
                                        "--retain-days N",
                                        "--retain-jobs N",
                                        "--retain-bytes SIZE",
                                        "--disk-reserve SIZE",
                                        "--stall-seconds N",
                                        "--log-level LEVEL",
                                        "--insecure-no-auth",
                                        "--config FILE",
                                        "--help",
                                        "--version"};
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);

    (void)state;
    assert_non_null(f);
    srv_config_help(f);
    fclose(f);
    for (size_t i = 0; i < COUNT(flags); i++) {
        char row[64];

        snprintf(row, sizeof row, "\n  %s ", flags[i]);
        assert_contains(text, row);
    }
    assert_contains(text, "(127.0.0.1:8080)\n");
    for (char *line = text; *line; line += strcspn(line, "\n") + 1)
        assert_in_range(strcspn(line, "\n"), 0, 100);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load__nothing_given__is_the_defaults),
        cmocka_unit_test(load__every_source__sets_the_same_field),
        cmocka_unit_test(load__sources_disagree__flag_beats_variable_beats_file),
        cmocka_unit_test(load__file__may_have_comments_blanks_and_crlf),
        cmocka_unit_test(load__lists__are_repeated_or_divided),
        cmocka_unit_test(load__sizes__know_suffixes),
        cmocka_unit_test(load__switch__stands_alone_or_has_a_value),
        cmocka_unit_test(load__bad_flag__is_named),
        cmocka_unit_test(load__bad_variable__is_named),
        cmocka_unit_test(load__variables_of_others__are_ignored),
        cmocka_unit_test(load__bad_file__names_the_line),
        cmocka_unit_test(load__config_flag__beats_its_variable),
        cmocka_unit_test(load__help_or_version__asks_for_nothing_else),
        cmocka_unit_test(help__every_option__has_a_row_of_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
