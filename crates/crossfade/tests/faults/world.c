/* Another world for one process: its wall clock, and what names resolve to, are read from a file each time.
 *
 * Preloaded by tests (LD_PRELOAD). The file named by CROSSFADE_WORLD holds lines of two words:
 *     clock SECONDS      added to the wall clock; the monotonic one stays
 *     dns HOW            real, fail, slow (three seconds, then fail), lie (an address where nobody listens)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int word(const char *name, char *value) {
    const char *path = getenv("CROSSFADE_WORLD");
    char text[128] = {0};
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return 0;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    char *place = length > 0 ? strstr(text, name) : NULL;
    return place && sscanf(place + strlen(name), " %31s", value) == 1;
}

static long offset(void) {
    char value[32];
    return word("clock", value) ? atol(value) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += offset();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    int result = (int)syscall(SYS_gettimeofday, now, zone);
    if (result == 0) now->tv_sec += offset();
    return result;
}

time_t time(time_t *place) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (place) *place = now.tv_sec;
    return now.tv_sec;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    char how[32] = "real", address[INET_ADDRSTRLEN];
    struct in_addr plain;
    int is_name = node && inet_pton(AF_INET, node, &plain) != 1;
    if (is_name) word("dns", how);
    if (!strcmp(how, "fail")) return EAI_AGAIN;
    if (!strcmp(how, "slow")) {
        sleep(3);
        return EAI_AGAIN;
    }
    /* The host's own loopback network is wide: nobody listens there. */
    if (!strcmp(how, "lie")) return real(strcpy(address, "127.77.77.77"), service, hints, found);
    return real(is_name ? "127.0.0.1" : node, service, hints, found);
}
