/* A disk whose power can be cut: loaded before libc into a gateway (LD_PRELOAD), it keeps a second copy of each database
 * file that holds what would be on the disk after a power cut.
 *
 * What is written goes to the file, as always, and waits here; fsync moves it to the copy. Without a sync, each sector
 * that is written gets there by itself or does not, by a coin, in any order, as it is with a page cache. A sync that fails
 * forgets what waits: the kernel marks such pages clean, and the next sync succeeds without them.
 *
 * DISK_COPY    folder of the copies
 * DISK_FAILS   while this file exists, syncs fail with EIO
 * DISK_LIES    if set, syncs say that they succeeded, and nothing ever gets to the copy
 * DISK_SEED    of the coin
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SECTOR = 512, FILES = 16 };

struct waiting {
    struct waiting *next;
    off_t at;
    size_t length; /* 0: the file is cut to `at` bytes */
    char bytes[];
};

struct file {
    char path[PATH_MAX];
    int copy;
    struct waiting *first, **last;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file files[FILES];
static int known;
static uint64_t coin;

static long really(const char *name, int fd, const void *bytes, size_t length, off_t at) {
    if (strcmp(name, "pwrite") == 0) return syscall(SYS_pwrite64, fd, bytes, length, at);
    if (strcmp(name, "ftruncate") == 0) return syscall(SYS_ftruncate, fd, at);
    return syscall(SYS_fdatasync, fd);
}

static int heads(void) {
    if (getenv("DISK_LIES") != NULL) return 0;
    if (coin == 0) {
        const char *seed = getenv("DISK_SEED");
        coin = seed ? strtoull(seed, NULL, 10) + 1 : 1;
    }
    coin ^= coin << 13;
    coin ^= coin >> 7;
    coin ^= coin << 17;
    return coin & 1;
}

/* The copy of the database file behind a descriptor; NULL for any other file. Under the lock. */
static struct file *file_of(int fd) {
    const char *folder = getenv("DISK_COPY");
    char link[64], path[PATH_MAX], copy[2 * PATH_MAX];
    if (folder == NULL) return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return NULL;
    path[length] = 0;
    const char *name = strrchr(path, '/');
    if (name == NULL || strstr(name, ".db") == NULL || strstr(name, "-shm") != NULL) return NULL;
    for (int i = 0; i < known; i++)
        if (strcmp(files[i].path, path) == 0) return &files[i];
    if (known == FILES) abort();
    struct file *file = &files[known++];
    strcpy(file->path, path);
    file->last = &file->first;
    snprintf(copy, sizeof copy, "%s%s", folder, name);
    file->copy = syscall(SYS_openat, AT_FDCWD, copy, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (file->copy < 0) abort();
    return file;
}

static void keep(struct file *file, const struct waiting *written) {
    if (written->length == 0)
        really("ftruncate", file->copy, NULL, 0, written->at);
    else
        really("pwrite", file->copy, written->bytes, written->length, written->at);
}

static void remember(struct file *file, const void *bytes, size_t length, off_t at) {
    struct waiting *written = malloc(sizeof *written + length);
    if (written == NULL) abort();
    written->next = NULL;
    written->at = at;
    written->length = length;
    if (length > 0) memcpy(written->bytes, bytes, length);
    *file->last = written;
    file->last = &written->next;
    if (length == 0 && heads()) really("ftruncate", file->copy, NULL, 0, at);
    for (size_t from = 0; from < length; from += SECTOR) {
        size_t part = length - from < SECTOR ? length - from : SECTOR;
        if (heads()) really("pwrite", file->copy, (const char *)bytes + from, part, at + (off_t)from);
    }
}

static void forget(struct file *file) {
    while (file->first != NULL) {
        struct waiting *written = file->first;
        file->first = written->next;
        free(written);
    }
    file->last = &file->first;
}

static int sync_file(int fd) {
    pthread_mutex_lock(&lock);
    struct file *file = file_of(fd);
    int result = 0;
    const char *fails = getenv("DISK_FAILS");
    if (file == NULL) {
        result = (int)really("fdatasync", fd, NULL, 0, 0);
    } else if (fails != NULL && access(fails, F_OK) == 0) {
        forget(file);
        errno = EIO;
        result = -1;
    } else if (getenv("DISK_LIES") == NULL) {
        for (struct waiting *written = file->first; written != NULL; written = written->next) keep(file, written);
        forget(file);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int fd) { return sync_file(fd); }
int fdatasync(int fd) { return sync_file(fd); }

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) {
    pthread_mutex_lock(&lock);
    ssize_t written = really("pwrite", fd, bytes, length, at);
    int saved = errno;
    struct file *file = written > 0 ? file_of(fd) : NULL;
    if (file != NULL) remember(file, bytes, (size_t)written, at);
    pthread_mutex_unlock(&lock);
    errno = saved;
    return written;
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }

int ftruncate64(int fd, off_t length) {
    pthread_mutex_lock(&lock);
    int result = (int)really("ftruncate", fd, NULL, 0, length);
    int saved = errno;
    struct file *file = result == 0 ? file_of(fd) : NULL;
    if (file != NULL) remember(file, NULL, 0, length);
    pthread_mutex_unlock(&lock);
    errno = saved;
    return result;
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }
