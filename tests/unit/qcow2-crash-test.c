/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2 images whose writer comes to its end in the midst of it: power cuts
 * (QCOW2_TEST_CUTS for each kind of image), and kills (QCOW2_TEST_KILLS in all).
 */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/qcow2-model.h"

#define MODEL_SIZE (4u << 20) /* the images' */

/* What a flush has promised. */
typedef struct Promise {
    gsize log;               /* entries that were there then */
    guint8 *model, *touched; /* touched: after it, up to the next one */
} Promise;

static void promise(Qcow2Model *f, GArray *promises)
{
    Promise p = { f->file.log->len, g_memdup2(f->model, f->size),
                  g_malloc0(f->size / 512) };

    g_array_append_val(promises, p);
    f->touched = p.touched;
}

static void promise_clear(gpointer data)
{
    Promise *p = data;

    g_free(p->model);
    g_free(p->touched);
}

/* What was flushed is there, of the rest some sectors, in any order. */
static void replay(Qcow2Model *f, const char *image, gsize image_len, guint cut)
{
    guint flushed = cut;

    g_assert_cmpint(ftruncate(f->file.fd, 0), ==, 0);
    g_assert_cmpint(pwrite(f->file.fd, image, image_len, 0), ==, (gssize)image_len);
    while (flushed && g_array_index(f->file.log, Qcow2Log, flushed - 1).data) {
        flushed--;
    }
    for (guint i = 0; i < cut; i++) {
        const Qcow2Log *e = &g_array_index(f->file.log, Qcow2Log, i);
        for (guint64 at = 0; at < e->len;) {
            guint64 n = MIN(e->len - at, 512 - (e->offset + at) % 512);
            if (i < flushed || g_test_rand_bit()) {
                g_assert_cmpint(
                    pwrite(f->file.fd, e->data + at, n, (off_t)(e->offset + at)), ==,
                    (gssize)n);
            }
            at += n;
        }
    }
}

static void check_promise(Qcow2Model *f, const Promise *p)
{
    g_autofree guint8 *buf = g_malloc(f->size);
    struct iovec iov = { buf, f->size };

    qcow2_model_open(f);
    g_assert_cmpint(qcow2_read(f->q, 0, &iov, 1), ==, 0);
    qcow2_model_close(f);
    for (guint64 i = 0; i < f->size / 512; i++) {
        if (!p->touched[i]) {
            g_assert_true(memcmp(buf + i * 512, p->model + i * 512, 512) == 0);
        }
    }
}

static void cut_once(Qcow2Model *f, GArray *promises, const char *image, gsize image_len)
{
    GArray *log = f->file.log;
    guint first = (guint)g_array_index(promises, Promise, 0).log;
    guint cut = first + qcow2_model_below(log->len - first + 1), last = promises->len - 1;

    replay(f, image, image_len, cut);
    while (g_array_index(promises, Promise, last).log > cut) {
        last--;
    }
    int status = qcow2_model_run("qemu-img check -f qcow2 %s || [ $? = 3 ]", f->path);
    g_assert_cmpint(status, ==, 0);
    f->file.log = NULL; /* what is repaired is not of the story */
    check_promise(f, &g_array_index(promises, Promise, last));
    f->file.log = log;
}

static void test_cut(gconstpointer data)
{
    guint64 cuts = qcow2_model_count("QCOW2_TEST_CUTS", 4);
    g_autoptr(GArray) promises = g_array_new(FALSE, FALSE, sizeof(Promise));
    g_autoptr(GArray) log = g_array_new(FALSE, FALSE, sizeof(Qcow2Log));
    g_autofree char *image = NULL;
    gsize len;
    Qcow2Model f;

    g_array_set_clear_func(promises, promise_clear);
    g_array_set_clear_func(log, qcow2_log_clear);
    qcow2_model_create(&f, data);
    g_assert_true(g_file_get_contents(f.path, &image, &len, NULL));
    f.file.log = log;
    qcow2_model_open(&f);
    promise(&f, promises);
    for (guint i = 0; i < 20; i++) {
        for (guint n = qcow2_model_below(60); n > 0; n--) {
            qcow2_model_op(&f);
        }
        g_assert_cmpint(qcow2_flush(f.q), ==, 0);
        promise(&f, promises);
    }
    qcow2_model_close(&f);
    for (guint64 i = 0; i < cuts; i++) {
        cut_once(&f, promises, image, len);
    }
    qcow2_model_clear(&f);
}

/*
 * What a writer that is killed has promised: memory that it shares with who kills it.
 * One of the two promises is being made, the other one counts.
 */
typedef struct Story {
    gint ops, current; /* atomic */
    guint8 model[2][MODEL_SIZE], touched[2][MODEL_SIZE / 512];
} Story;

/* The writer, until it is killed. */
static void write_on(Qcow2Model *f, Story *story)
{
    int next = 0;

    f->touched = story->touched[0];
    qcow2_model_open(f);
    for (;;) {
        for (guint n = qcow2_model_below(40); n > 0; n--) {
            qcow2_model_op(f);
            g_atomic_int_inc(&story->ops);
        }
        if (qcow2_flush(f->q) != 0) {
            _exit(1);
        }
        next = !next;
        memcpy(story->model[next], f->model, MODEL_SIZE);
        memset(story->touched[next], 0, MODEL_SIZE / 512);
        g_atomic_int_set(&story->current, next);
        f->touched = story->touched[next];
    }
}

/* Kills it after so many operations, wherever it is then. */
static void kill_after(pid_t child, const Story *story, gint ops)
{
    int status;

    while (g_atomic_int_get(&story->ops) < ops && waitpid(child, &status, WNOHANG) == 0) {
        sched_yield();
    }
    kill(child, SIGKILL);
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void check_story(Qcow2Model *f, const Story *story)
{
    int current = story->current;
    Promise p = { 0, (guint8 *)story->model[current], (guint8 *)story->touched[current] };
    int status = qcow2_model_run("qemu-img check -f qcow2 %s || [ $? = 3 ]", f->path);

    g_assert_cmpint(status, ==, 0);
    check_promise(f, &p);
}

static void kill_once(const Qcow2Case *kind)
{
    Story *story = mmap(NULL, sizeof(*story), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    Qcow2Model f;

    g_assert_true(story != MAP_FAILED);
    qcow2_model_create(&f, kind);
    g_assert_cmpuint(f.size, <=, MODEL_SIZE);
    memcpy(story->model[0], f.model, f.size);
    gint ops = 1 + (gint)qcow2_model_below(600);
    pid_t child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        write_on(&f, story);
    }
    kill_after(child, story, ops);
    check_story(&f, story);
    qcow2_model_clear(&f);
    munmap(story, sizeof(*story));
}

static void test_kill(void)
{
    guint64 kills = qcow2_model_count("QCOW2_TEST_KILLS", 12);

    for (guint64 i = 0; i < kills; i++) {
        const Qcow2Case *kind = &qcow2_cases[i % qcow2_n_cases];
        g_test_message("%s", kind->name);
        kill_once(kind);
    }
}

int main(int argc, char **argv)
{
    int status;

    qcow2_model_begin(argc, argv, "QCOW2_TEST_CUTS");
    for (unsigned i = 0; i < qcow2_n_cases; i++) {
        if (!qcow2_cases[i].data_file) {
            g_autofree char *cut = g_strdup_printf("/qcow2/cut/%s", qcow2_cases[i].name);
            g_test_add_data_func(cut, &qcow2_cases[i], test_cut);
        }
    }
    g_test_add_func("/qcow2/kill", test_kill);
    status = g_test_run();
    qcow2_model_end();
    return status;
}
