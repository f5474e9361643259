/* Counts the writes of a program below a folder, and at the N-th ends the program or fails.
 *
 * Preloaded (LD_PRELOAD), so that the writes of Python, polars and every other library count.
 * FAULT_UNDER  the folder; FAULT_LOG  a file that gets one line a counted call;
 * FAULT_AT     the number of the call (0: only count); FAULT_HOW  kill, torn, an errno, or signal-
 *              and a number: that signal is sent, and the call goes on;
 * FAULT_STICKY 1: every later call fails too.
 * begin_counting() reads these again, for a child that was forked (warm.py).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static long counted;
static const char *under, *how, *log_path;
static long at;
static int sticky;

static const char *kept(const char *name) {
    const char *value = getenv(name);
    return value ? strdup(value) : NULL;
}

__attribute__((constructor)) void begin_counting(void) {
    counted = 0;
    under = kept("FAULT_UNDER");
    how = kept("FAULT_HOW");
    log_path = kept("FAULT_LOG");
    at = getenv("FAULT_AT") ? atol(getenv("FAULT_AT")) : 0;
    sticky = getenv("FAULT_STICKY") != NULL && getenv("FAULT_STICKY")[0] == '1';
}

static int is_below(const char *path) {
    return under && path && strncmp(path, under, strlen(under)) == 0;
}

static int is_open_below(int handle) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0) return 0;
    path[n] = 0;
    return is_below(path);
}

static void note(const char *call, long number) {
    static int (*open_)(const char *, int, ...);
    static ssize_t (*write_)(int, const void *, size_t);
    static int (*close_)(int);
    if (!log_path) return;
    if (!open_) open_ = dlsym(RTLD_NEXT, "open");
    if (!write_) write_ = dlsym(RTLD_NEXT, "write");
    if (!close_) close_ = dlsym(RTLD_NEXT, "close");
    int handle = open_(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    char line[64];
    int n = snprintf(line, sizeof line, "%ld %s\n", number, call);
    if (handle >= 0) {
        if (write_(handle, line, n) < 0) { /* the log is only for the test */ }
        close_(handle);
    }
}

/* 0: go on; -1: fail with errno; 1: write one half, then die. */
static int fault(const char *call) {
    long number = __sync_add_and_fetch(&counted, 1);
    note(call, number);
    if (!at || !(number == at || (sticky && number > at))) return 0;
    if (strcmp(how, "kill") == 0) kill(getpid(), SIGKILL);
    if (strcmp(how, "torn") == 0) return 1;
    if (strncmp(how, "signal-", 7) == 0) { kill(getpid(), atoi(how + 7)); return 0; }
    errno = atoi(how);
    return -1;
}

#define REAL(name, type) static type real; if (!real) real = (type)dlsym(RTLD_NEXT, name)

typedef ssize_t (*write_t)(int, const void *, size_t);
ssize_t write(int h, const void *b, size_t n) {
    REAL("write", write_t);
    int f = is_open_below(h) ? fault("write") : 0;
    if (f < 0) return -1;
    if (f > 0) { if (real(h, b, n / 2) < 0) { /* it dies anyway */ } kill(getpid(), SIGKILL); }
    return real(h, b, n);
}

typedef ssize_t (*writev_t)(int, const struct iovec *, int);
ssize_t writev(int h, const struct iovec *v, int n) {
    REAL("writev", writev_t);
    int f = is_open_below(h) ? fault("writev") : 0;
    if (f < 0) return -1;
    if (f > 0) kill(getpid(), SIGKILL);
    return real(h, v, n);
}

typedef ssize_t (*pwrite_t)(int, const void *, size_t, off_t);
#define PWRITE(name, text) \
    ssize_t name(int h, const void *b, size_t n, off_t o) { \
        REAL(text, pwrite_t); \
        int f = is_open_below(h) ? fault(text) : 0; \
        if (f < 0) return -1; \
        if (f > 0) { if (real(h, b, n / 2, o) < 0) { } kill(getpid(), SIGKILL); } \
        return real(h, b, n, o); \
    }
PWRITE(pwrite, "pwrite")
PWRITE(pwrite64, "pwrite64")

typedef int (*open_t)(const char *, int, ...);
#define OPEN(name, text) \
    int name(const char *p, int flags, ...) { \
        va_list l; va_start(l, flags); mode_t m = va_arg(l, mode_t); va_end(l); \
        REAL(text, open_t); \
        if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) && is_below(p)) { \
            int f = fault(text); \
            if (f < 0) return -1; \
            if (f > 0) kill(getpid(), SIGKILL); \
        } \
        return real(p, flags, m); \
    }
OPEN(open, "open")
OPEN(open64, "open64")

typedef int (*handle_t)(int);
#define HANDLE(name, text) \
    int name(int h) { \
        REAL(text, handle_t); \
        int f = is_open_below(h) ? fault(text) : 0; \
        if (f < 0) return -1; \
        if (f > 0) kill(getpid(), SIGKILL); \
        return real(h); \
    }
HANDLE(fsync, "fsync")
HANDLE(fdatasync, "fdatasync")

typedef int (*cut_t)(int, off_t);
#define CUT(name, text) \
    int name(int h, off_t n) { \
        REAL(text, cut_t); \
        int f = is_open_below(h) ? fault(text) : 0; \
        if (f < 0) return -1; \
        if (f > 0) kill(getpid(), SIGKILL); \
        return real(h, n); \
    }
CUT(ftruncate, "ftruncate")
CUT(ftruncate64, "ftruncate64")

typedef int (*two_t)(const char *, const char *);
#define TWO(name, text) \
    int name(const char *a, const char *b) { \
        REAL(text, two_t); \
        int f = is_below(b) ? fault(text) : 0; \
        if (f < 0) return -1; \
        if (f > 0) kill(getpid(), SIGKILL); \
        return real(a, b); \
    }
TWO(rename, "rename")
TWO(symlink, "symlink")

typedef int (*five_t)(int, const char *, int, const char *, unsigned);
int renameat2(int x, const char *a, int y, const char *b, unsigned flags) {
    REAL("renameat2", five_t);
    int f = is_below(b) ? fault("renameat2") : 0;
    if (f < 0) return -1;
    if (f > 0) kill(getpid(), SIGKILL);
    return real(x, a, y, b, flags);
}

typedef int (*mkdir_t)(const char *, mode_t);
int mkdir(const char *p, mode_t m) {
    REAL("mkdir", mkdir_t);
    int f = is_below(p) ? fault("mkdir") : 0;
    if (f < 0) return -1;
    if (f > 0) kill(getpid(), SIGKILL);
    return real(p, m);
}

typedef int (*one_t)(const char *);
int unlink(const char *p) {
    REAL("unlink", one_t);
    int f = is_below(p) ? fault("unlink") : 0;
    if (f < 0) return -1;
    if (f > 0) kill(getpid(), SIGKILL);
    return real(p);
}
