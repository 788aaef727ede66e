/* SPDX-License-Identifier: MIT
 *
 * A program of POSIX threads that knows nothing of tendril: 10,000 threads (or argv[1]) that meet at a barrier, count
 * under a mutex, wait for a condition, sleep, and are joined. Prints what came out, and how many OS threads it had.
 * patch_test loads it as a library, in which main() has another name. */

#include <dirent.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t permits;
static long count, serial, onces, destroyed, wrong, waiting;
static int open_now;

static void check(int result, const char *what) {
    if (result != 0) {
        fprintf(stderr, "%s: error %d\n", what, result);
        exit(1);
    }
}

static void run_once(void) {
    ++onces;
}

static void destroy(void *value) {
    pthread_mutex_lock(&mutex);
    destroyed += value != NULL;
    pthread_mutex_unlock(&mutex);
}

static void *run(void *number) {
    check(pthread_once(&once, run_once), "pthread_once");
    check(pthread_setspecific(key, number), "pthread_setspecific");
    pthread_t self = pthread_self();
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
        ++serial;
    }
    check(pthread_mutex_lock(&mutex), "pthread_mutex_lock");
    ++waiting;
    while (!open_now) {
        check(pthread_cond_wait(&changed, &mutex), "pthread_cond_wait");
    }
    ++count;
    check(pthread_mutex_unlock(&mutex), "pthread_mutex_unlock");
    check(sem_wait(&permits), "sem_wait");
    usleep(1000);
    check(sem_post(&permits), "sem_post");
    check(pthread_rwlock_rdlock(&lock), "pthread_rwlock_rdlock");
    int differs = pthread_getspecific(key) != number || !pthread_equal(self, pthread_self());
    check(pthread_rwlock_unlock(&lock), "pthread_rwlock_unlock");
    if (differs) {
        check(pthread_rwlock_wrlock(&lock), "pthread_rwlock_wrlock");
        ++wrong;
        check(pthread_rwlock_unlock(&lock), "pthread_rwlock_unlock");
    }
    if ((intptr_t)number % 2 == 0) {
        pthread_exit(number);
    }
    return number;
}

static int os_threads(void) {
    int n = 0;
    DIR *tasks = opendir("/proc/self/task");
    while (tasks != NULL && readdir(tasks) != NULL) {
        ++n;
    }
    closedir(tasks);
    return n - 2; /* . and .. */
}

#ifdef __cplusplus
extern "C"
#endif
int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 10000;
    pthread_t *threads = (pthread_t *)malloc(sizeof *threads * (size_t)n);
    check(pthread_barrier_init(&barrier, NULL, (unsigned)n + 1), "pthread_barrier_init");
    check(pthread_key_create(&key, destroy), "pthread_key_create");
    check(sem_init(&permits, 0, (unsigned)n / 10 + 1), "sem_init");
    for (int i = 0; i < n; ++i) {
        check(pthread_create(&threads[i], NULL, run, (void *)(intptr_t)(i + 1)), "pthread_create");
    }
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
        ++serial;
    }
    for (long met = 0; met < n;) { /* until all wait for the condition */
        usleep(1000);
        pthread_mutex_lock(&mutex);
        met = waiting;
        pthread_mutex_unlock(&mutex);
    }
    int had = os_threads();
    pthread_mutex_lock(&mutex);
    open_now = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < n; ++i) {
        void *result = NULL;
        check(pthread_join(threads[i], &result), "pthread_join");
        wrong += (intptr_t)result != i + 1;
    }
    printf("threads %d count %ld serial %ld once %ld destroyed %ld wrong %ld\n", n, count, serial, onces, destroyed,
           wrong);
    printf("OS threads %d\n", had);
    return 0;
}
