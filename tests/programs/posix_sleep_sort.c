// SPDX-License-Identifier: MIT
//
// posix_sleep_sort NUMBER...: prints the numbers in the order of their size, by a thread for each that sleeps as many
// hundredths of a second.

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void* sleep_and_print(void* text) {
    const long number = atol(text);
    if (number % 2 == 0) {
        const struct timespec time = {number / 100, number % 100 * 10000000};
        nanosleep(&time, NULL);
    } else {
        usleep((useconds_t)number * 10000);
    }
    printf("%ld\n", number);
    return NULL;
}

int main(int count, char** arguments) {
    pthread_t* const threads = calloc((size_t)count, sizeof *threads);
    for (int i = 1; i < count; ++i) {
        pthread_create(&threads[i], NULL, sleep_and_print, arguments[i]);
    }
    for (int i = 1; i < count; ++i) {
        pthread_join(threads[i], NULL);
    }
    free(threads);
    return 0;
}
