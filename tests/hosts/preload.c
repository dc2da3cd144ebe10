/* Loaded into a program by LD_PRELOAD, it notes who runs the program. */
#include <stdio.h>
#include <unistd.h>

__attribute__((constructor)) static void note(void)
{
    FILE *file = fopen("/var/tmp/preloaded", "a");
    if (file) {
        fprintf(file, "%d\n", (int)geteuid());
        fclose(file);
    }
}
