/*
 * Stands between the gateway and the C library: it lets writes and flushes fail, moves the clock, ends the process at a
 * chosen operation, and writes down what happens to the files of one directory and in which order.
 *
 * Loaded with LD_PRELOAD (glibc). TORTURE_DIRECTORY is the directory, an absolute path; TORTURE_CONTROL a file of
 * `struct control`, shared with the test that drives it; TORTURE_LOG, when it is there, the file that is written.
 *
 * Only what the gateway calls is here: files that it writes by other ways would be missed. The test that reads the log
 * would notice, since it builds the whole directory from the log and compares.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX 65536
#define PATH_BYTES_MAX 256

/* What the gateway writes past memory at a time, and from where on: PAGE in src/store/journal/direct.rs. */
#define PAGE_BYTES 4096

/* What a disk keeps whole when its power goes: not a page, of which it promises nothing, but a sector of its own, and the
 * shortest ones there are. A page that is torn between two of these is the worst that the journal may meet. On a disk with
 * longer ones the system would refuse such a part (EINVAL), which is why pages are written whole otherwise. */
#define SECTOR_BYTES 512

/* What is shared with the test: `preload.rs` has the same in the same order. */
struct control {
    int64_t clock_seconds;   /* what is added to the time of day */
    uint64_t operation;      /* which operation meets the fault */
    uint64_t effect;         /* what the fault is; 0 for none */
    uint64_t countdown;      /* at which of them, from 1 */
    uint64_t is_lasting;     /* whether those behind it meet it too */
    uint64_t met;            /* how often it was met */
    uint64_t flushes_after;  /* flushes of segments after it */
    uint64_t writes_after;   /* writes to segments after it */
    uint64_t flush_delay;    /* how much longer every flush takes, in milliseconds */
};

enum operation {
    SEGMENT_WRITE = 1,
    SEGMENT_FLUSH,
    PREPARED_WRITE,
    PREPARED_FLUSH,
    SEGMENT_NAME,
    DIRECTORY_FLUSH,
    STATE_WRITE,
    STATE_FLUSH,
    ANY,
};

enum effect {
    NONE,
    FAILS,           /* EIO, and nothing is done */
    HALF_FAILS,      /* half is written, then EIO */
    FAILS_AND_LOSES, /* EIO, and what was to be flushed is gone, as a kernel may drop it */
    NO_SPACE,        /* ENOSPC */
    HALF,            /* half is written, which is no error */
    DIES_BEFORE,
    DIES_AFTER,
    DIES_AMID,       /* half is written */
};

enum record { CREATE = 1, MAKE_DIRECTORY, WRITE, ZEROES, TRUNCATE, RENAME, UNLINK, FLUSH, FLUSH_DIRECTORY };

struct record_header {
    uint32_t kind;
    uint32_t path_bytes;
    uint64_t offset;     /* of WRITE and ZEROES in the file; of flushes: the length of the log when they began */
    uint64_t length;     /* of the data; of TRUNCATE the new one; of RENAME that of the new path */
};

/* An open file or directory of ours. */
struct file {
    char path[PATH_BYTES_MAX]; /* below the directory */
    int is_directory;
    int fails_next;            /* the rest of a half write fails */
    int fails_next_flush;      /* it is to hear of a flush of this file that failed elsewhere */
    struct undo *undo;         /* what was written since the last flush, the last write first */
};

/* What stood where something was written. */
struct undo {
    struct undo *before;
    off64_t offset;
    ssize_t bytes;
    char *data; /* aligned, for files that are written past memory */
};

static struct file *files[FILES_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct control nothing;
static struct control *control = &nothing;
static char directory[4096];
static size_t directory_bytes;
static int log_file = -1;
static uint64_t log_bytes;

#define REAL(result, name, ...)                              \
    static result (*real_##name)(__VA_ARGS__);               \
    static void find_##name(void) {                          \
        if (!real_##name) real_##name = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name); \
    }
REAL(int, open64, const char *, int, ...)
REAL(int, openat64, int, const char *, int, ...)
REAL(int, close, int)
REAL(ssize_t, write, int, const void *, size_t)
REAL(ssize_t, writev, int, const struct iovec *, int)
REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t)
REAL(ssize_t, pread64, int, void *, size_t, off64_t)
REAL(int, ftruncate64, int, off64_t)
REAL(int, fsync, int)
REAL(int, fdatasync, int)
REAL(int, rename, const char *, const char *)
REAL(int, unlink, const char *)
REAL(int, mkdir, const char *, mode_t)
REAL(int, clock_gettime, clockid_t, struct timespec *)

static void stop(const char *what) {
    fprintf(stderr, "torture: %s: %s\n", what, strerror(errno));
    abort();
}

__attribute__((constructor)) static void begin(void) {
    const char *where = getenv("TORTURE_DIRECTORY"), *shared = getenv("TORTURE_CONTROL"), *kept = getenv("TORTURE_LOG");
    find_open64();
    find_close();
    if (!where || !shared || strlen(where) >= sizeof directory) stop("what to torment is not said");
    strcpy(directory, where);
    directory_bytes = strlen(where);
    int file = real_open64(shared, O_RDWR | O_CLOEXEC);
    if (file < 0) stop(shared);
    void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) stop("mmap");
    control = mapped;
    real_close(file);
    if (kept) {
        log_file = real_open64(kept, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        struct stat64 now;
        if (log_file < 0 || fstat64(log_file, &now) != 0) stop(kept);
        log_bytes = now.st_size;
    }
}

/* The path below our directory; none when it is not there. */
static const char *ours(const char *path) {
    if (!directory_bytes || !path || strncmp(path, directory, directory_bytes) != 0) return NULL;
    if (path[directory_bytes] == '\0') return "";
    return path[directory_bytes] == '/' ? path + directory_bytes + 1 : NULL;
}

static struct file *file_of(int file) {
    return file >= 0 && file < FILES_MAX ? files[file] : NULL;
}

/* One record, in one write: whoever reads the length of the log sees whole records of everything that returned. */
static void note(enum record kind, const char *path, uint64_t offset, uint64_t length, const void *data, size_t bytes) {
    if (log_file < 0) return;
    struct record_header header = {kind, strlen(path), offset, length};
    struct iovec parts[3] = {
        {&header, sizeof header}, {(void *)path, header.path_bytes}, {(void *)data, bytes}};
    find_writev();
    ssize_t whole = sizeof header + header.path_bytes + bytes;
    if (real_writev(log_file, parts, 3) != whole) stop("the log");
    log_bytes += whole;
}

static int is_zeroes(const char *data, size_t bytes) {
    return bytes > 64 && data[0] == 0 && memcmp(data, data + 1, bytes - 1) == 0;
}

static void note_write(struct file *file, off64_t offset, const char *data, size_t bytes) {
    if (is_zeroes(data, bytes))
        note(ZEROES, file->path, offset, bytes, NULL, 0);
    else
        note(WRITE, file->path, offset, bytes, data, bytes);
}

/* Remembers what stands where something is about to be written, if it may be lost. */
static void keep(struct file *file, int number, off64_t offset, size_t bytes) {
    if (control->effect != FAILS_AND_LOSES) return;
    struct undo *undo = calloc(1, sizeof *undo);
    size_t aligned = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    if (!undo || posix_memalign((void **)&undo->data, PAGE_BYTES, aligned)) stop("what may be lost");
    memset(undo->data, 0, aligned); /* behind the end, and of a file that cannot be read */
    find_pread64();
    real_pread64(number, undo->data, bytes, offset);
    undo->offset = offset;
    undo->bytes = bytes;
    undo->before = file->undo;
    file->undo = undo;
}

static void forget(struct file *file) {
    while (file->undo) {
        struct undo *undo = file->undo;
        file->undo = undo->before;
        free(undo->data);
        free(undo);
    }
}

static int ends_in(const char *path, const char *end) {
    size_t path_bytes = strlen(path), end_bytes = strlen(end);
    return path_bytes >= end_bytes && strcmp(path + path_bytes - end_bytes, end) == 0;
}

static enum operation write_to(const char *path) {
    if (strncmp(path, "state/", 6) == 0) return STATE_WRITE;
    if (ends_in(path, ".seg")) return SEGMENT_WRITE;
    return strcmp(path, "journal/next.new") == 0 ? PREPARED_WRITE : ANY;
}

static enum operation flush_of(const struct file *file) {
    if (file->is_directory) return DIRECTORY_FLUSH;
    enum operation written = write_to(file->path);
    return written == ANY ? ANY : written + 1;
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* What this operation meets. Called with the lock held. */
static enum effect meets(enum operation operation) {
    if (control->met && operation == SEGMENT_FLUSH) control->flushes_after++;
    if (control->met && operation == SEGMENT_WRITE) control->writes_after++;
    if (!control->effect || (control->operation != ANY && control->operation != operation)) return NONE;
    if (control->countdown > 1) {
        control->countdown--;
        return NONE;
    }
    enum effect effect = control->effect;
    if (!control->is_lasting) control->effect = NONE;
    control->met++;
    if (effect == DIES_BEFORE) die();
    return effect;
}

/* A part of a write: half of a long one, and a short one without the end of what stands in it, since the front of a page was
 * there before. Past memory it is whole sectors. */
static size_t part_of(int number, const char *data, size_t bytes) {
    size_t unit = fcntl(number, F_GETFL) & O_DIRECT ? SECTOR_BYTES : 1, used = bytes;
    while (used > 1 && !data[used - 1]) used--;
    size_t part = (bytes > 2 * PAGE_BYTES ? bytes / 2 : used - 1) / unit * unit;
    return part ? part : bytes;
}

static ssize_t written(struct file *file, int number, const void *data, size_t bytes, off64_t offset) {
    int is_rest = file->fails_next;
    file->fails_next = 0;
    enum effect effect = is_rest ? FAILS : meets(write_to(file->path));
    if (effect == FAILS || effect == FAILS_AND_LOSES || effect == NO_SPACE) {
        errno = effect == NO_SPACE ? ENOSPC : EIO;
        return -1;
    }
    if (effect == HALF_FAILS || effect == HALF || effect == DIES_AMID) bytes = part_of(number, data, bytes);
    keep(file, number, offset, bytes);
    find_pwrite64();
    ssize_t done = real_pwrite64(number, data, bytes, offset);
    if (done > 0) note_write(file, offset, data, done);
    file->fails_next = effect == HALF_FAILS;
    if (effect == DIES_AFTER || effect == DIES_AMID) die();
    return done;
}

ssize_t pwrite64(int number, const void *data, size_t bytes, off64_t offset) {
    struct file *file = file_of(number);
    if (!file) {
        find_pwrite64();
        return real_pwrite64(number, data, bytes, offset);
    }
    pthread_mutex_lock(&lock);
    ssize_t done = written(file, number, data, bytes, offset);
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t pwrite(int number, const void *data, size_t bytes, off_t offset) {
    return pwrite64(number, data, bytes, offset);
}

ssize_t write(int number, const void *data, size_t bytes) {
    find_write();
    struct file *file = file_of(number);
    if (!file) return real_write(number, data, bytes);
    pthread_mutex_lock(&lock);
    off64_t offset = lseek64(number, 0, fcntl(number, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
    ssize_t done = written(file, number, data, bytes, offset);
    if (done > 0) lseek64(number, offset + done, SEEK_SET);
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t writev(int number, const struct iovec *parts, int count) {
    find_writev();
    if (!file_of(number)) return real_writev(number, parts, count);
    return count > 0 ? write(number, parts[0].iov_base, parts[0].iov_len) : 0;
}

int ftruncate64(int number, off64_t bytes) {
    find_ftruncate64();
    struct file *file = file_of(number);
    if (!file) return real_ftruncate64(number, bytes);
    pthread_mutex_lock(&lock);
    enum effect effect = meets(ANY);
    int done = real_ftruncate64(number, bytes);
    if (done == 0) note(TRUNCATE, file->path, 0, bytes, NULL, 0);
    if (effect == DIES_AFTER) die();
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate(int number, off_t bytes) {
    return ftruncate64(number, bytes);
}

/* What a kernel may do to pages that it could not write: as if they had never been written. */
static void lose(struct file *file, int number) {
    find_pwrite64();
    for (struct undo *undo = file->undo; undo; undo = undo->before)
        if (real_pwrite64(number, undo->data, undo->bytes, undo->offset) != undo->bytes)
            stop("what was to be lost");
}

/* As Linux does: each of the other ways in which the same file is open hears once of a flush that failed. */
static void tell_others(struct file *told) {
    for (int number = 0; number < FILES_MAX; number++) {
        struct file *file = files[number];
        if (file && file != told && strcmp(file->path, told->path) == 0) file->fails_next_flush = 1;
    }
}

static int flush(int number, int (*real)(int)) {
    struct file *file = file_of(number);
    if (!file) return real(number);
    pthread_mutex_lock(&lock);
    enum effect effect = meets(flush_of(file));
    uint64_t begun = log_bytes;
    if (effect == FAILS_AND_LOSES) lose(file, number);
    int fails = effect == FAILS || effect == HALF_FAILS || effect == FAILS_AND_LOSES || effect == NO_SPACE;
    if (fails) tell_others(file);
    fails |= file->fails_next_flush;
    file->fails_next_flush = 0;
    forget(file);
    uint64_t delay = control->flush_delay;
    pthread_mutex_unlock(&lock);
    if (delay) {
        struct timespec wait = {delay / 1000, delay % 1000 * 1000000};
        nanosleep(&wait, NULL);
    }
    if (fails) {
        errno = EIO;
        return -1;
    }
    int done = real(number);
    pthread_mutex_lock(&lock);
    if (done == 0) note(file->is_directory ? FLUSH_DIRECTORY : FLUSH, file->path, begun, 0, NULL, 0);
    if (effect == DIES_AFTER || effect == DIES_AMID) die();
    pthread_mutex_unlock(&lock);
    return done;
}

int fsync(int number) {
    find_fsync();
    return flush(number, real_fsync);
}

int fdatasync(int number) {
    find_fdatasync();
    return flush(number, real_fdatasync);
}

/* Remembers what was opened. Called with the lock held. */
static void remember(int number, const char *path, int flags, int was_there) {
    struct stat64 now;
    if (number >= FILES_MAX || strlen(path) >= PATH_BYTES_MAX) stop("a file too many, or a path too long");
    struct file *file = calloc(1, sizeof *file);
    if (!file || fstat64(number, &now) != 0) stop(path);
    strcpy(file->path, path);
    file->is_directory = S_ISDIR(now.st_mode);
    files[number] = file;
    if (!was_there) note(CREATE, path, 0, 0, NULL, 0);
    if (was_there && flags & O_TRUNC) note(TRUNCATE, path, 0, 0, NULL, 0);
}

static int opened(const char *path, int flags, mode_t mode) {
    find_open64();
    const char *below = ours(path);
    if (!below) return real_open64(path, flags, mode);
    pthread_mutex_lock(&lock);
    int was_there = access(path, F_OK) == 0;
    int number = real_open64(path, flags, mode);
    if (number >= 0) remember(number, below, flags, was_there);
    pthread_mutex_unlock(&lock);
    return number;
}

static mode_t mode_in(int flags, va_list more) {
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
}

#define OPENS(name)                                 \
    int name(const char *path, int flags, ...) {    \
        va_list more;                               \
        va_start(more, flags);                      \
        mode_t mode = mode_in(flags, more);         \
        va_end(more);                               \
        return opened(path, flags, mode);           \
    }
OPENS(open)
OPENS(open64)

int openat64(int at, const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = mode_in(flags, more);
    va_end(more);
    if (path[0] == '/') return opened(path, flags, mode);
    find_openat64();
    return real_openat64(at, path, flags, mode);
}

int close(int number) {
    find_close();
    struct file *file = file_of(number);
    if (file) {
        pthread_mutex_lock(&lock);
        files[number] = NULL;
        forget(file);
        free(file);
        pthread_mutex_unlock(&lock);
    }
    return real_close(number);
}

/* Whether a path is this one or below it. */
static int is_at(const char *path, const char *top) {
    size_t bytes = strlen(top);
    return strncmp(path, top, bytes) == 0 && (path[bytes] == '\0' || path[bytes] == '/');
}

/* Open files go by their new name; what had it before has none any more. */
static void follow(const char *from, const char *to) {
    for (int number = 0; number < FILES_MAX; number++) {
        struct file *file = files[number];
        if (!file) continue;
        char path[PATH_BYTES_MAX];
        if (is_at(file->path, to)) {
            files[number] = NULL;
        } else if (is_at(file->path, from)) {
            if (snprintf(path, sizeof path, "%s%s", to, file->path + strlen(from)) >= (int)sizeof path) stop(to);
            strcpy(file->path, path);
        }
    }
}

int rename(const char *from, const char *to) {
    find_rename();
    const char *old = ours(from), *new = ours(to);
    if (!old || !new) return real_rename(from, to);
    pthread_mutex_lock(&lock);
    enum effect effect = meets(ends_in(new, ".seg") ? SEGMENT_NAME : ANY);
    int done = real_rename(from, to);
    if (done == 0) {
        follow(old, new);
        note(RENAME, old, 0, strlen(new), new, strlen(new));
    }
    if (effect == DIES_AFTER || effect == DIES_AMID) die();
    pthread_mutex_unlock(&lock);
    return done;
}

int unlink(const char *path) {
    find_unlink();
    const char *below = ours(path);
    if (!below) return real_unlink(path);
    pthread_mutex_lock(&lock);
    enum effect effect = meets(ANY);
    int done = real_unlink(path);
    if (done == 0) {
        note(UNLINK, below, 0, 0, NULL, 0);
        for (int number = 0; number < FILES_MAX; number++)
            if (files[number] && strcmp(files[number]->path, below) == 0) files[number] = NULL;
    }
    if (effect == DIES_AFTER) die();
    pthread_mutex_unlock(&lock);
    return done;
}

int mkdir(const char *path, mode_t mode) {
    find_mkdir();
    const char *below = ours(path);
    if (!below) return real_mkdir(path, mode);
    pthread_mutex_lock(&lock);
    enum effect effect = meets(ANY);
    int done = real_mkdir(path, mode);
    if (done == 0) note(MAKE_DIRECTORY, below, 0, 0, NULL, 0);
    if (effect == DIES_AFTER) die();
    pthread_mutex_unlock(&lock);
    return done;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    find_clock_gettime();
    int done = real_clock_gettime(clock, time);
    if (done == 0 && clock == CLOCK_REALTIME) time->tv_sec += control->clock_seconds;
    return done;
}
