// SPDX-License-Identifier: MIT
//
// posix_threads N: N threads, all of them alive at once. They meet at a barrier, count under a mutex, wait for a
// condition, and are joined. Prints what came out; with a second argument, also how many OS threads there were.

#include <dirent.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t all_here = PTHREAD_COND_INITIALIZER;
static pthread_cond_t go_on = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static long here, counter, serial;
static int going;

static int os_threads(void) {
    int n = 0;
    DIR* const folder = opendir("/proc/self/task");
    for (struct dirent* each; (each = readdir(folder)) != NULL;) {
        n += each->d_name[0] != '.';
    }
    closedir(folder);
    return n;
}

static void* live(void* number) {
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
        pthread_mutex_lock(&mutex);
        ++serial;
        pthread_mutex_unlock(&mutex);
    }
    pthread_mutex_lock(&mutex);
    counter += (intptr_t)number;
    if (--here == 0) {
        pthread_cond_signal(&all_here);
    }
    while (!going) {
        pthread_cond_wait(&go_on, &mutex);
    }
    pthread_mutex_unlock(&mutex);
    return (void*)((intptr_t)number * 2);
}

int main(int count, char** arguments) {
    const long n = count > 1 ? atol(arguments[1]) : 100;
    pthread_t* const threads = calloc((size_t)n, sizeof *threads);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    pthread_barrier_init(&barrier, NULL, (unsigned)n);
    here = n;
    for (long i = 0; i < n; ++i) {
        const int error = pthread_create(&threads[i], &attributes, live, (void*)(intptr_t)i);
        if (error != 0) {
            fprintf(stderr, "pthread_create %ld: %d\n", i, error);
            return 1;
        }
    }
    pthread_mutex_lock(&mutex);
    while (here != 0) {
        pthread_cond_wait(&all_here, &mutex);
    }
    const int at_peak = os_threads();
    going = 1;
    pthread_cond_broadcast(&go_on);
    pthread_mutex_unlock(&mutex);
    intptr_t sum = 0;
    for (long i = 0; i < n; ++i) {
        void* result = NULL;
        if (pthread_join(threads[i], &result) != 0) {
            fputs("pthread_join\n", stderr);
            return 1;
        }
        sum += (intptr_t)result;
    }
    pthread_barrier_destroy(&barrier);
    free(threads);
    printf("%ld threads: counter %ld, results %ld, serial %ld\n", n, counter, (long)sum, serial);
    if (count > 2) {
        printf("OS threads: %d\n", at_peak);
    }
    return 0;
}
