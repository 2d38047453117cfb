/*
 * A disk that does not come back: while the file WEDGE is there, no flush returns. Loaded with LD_PRELOAD.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

int fdatasync(int descriptor) {
    static int (*real)(int);
    const char *wedge = getenv("WEDGE");
    if (!real)
        real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    while (wedge && access(wedge, F_OK) == 0)
        usleep(10000);
    return real(descriptor);
}
