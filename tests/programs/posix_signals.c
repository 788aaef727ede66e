// SPDX-License-Identifier: MIT
//
// posix_signals: handlers for signals that come while threads wait, and their effects on the waits.

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t interrupts, alarms;

static void on_interrupt(int number) {
    (void)number;
    ++interrupts;
}

static void on_alarm(int number) {
    (void)number;
    ++alarms;
}

static void handle(int number, void (*handler)(int), int flags) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigaction(number, &action, NULL);
}

static void alarm_after(int milliseconds) {
    const struct itimerval time = {{0, 0}, {0, milliseconds * 1000}};
    setitimer(ITIMER_REAL, &time, NULL);
}

static void* write_later(void* descriptor) {
    usleep(100000);
    return write(*(int*)descriptor, "x", 1) == 1 ? descriptor : NULL;
}

int main(void) {
    handle(SIGINT, on_interrupt, 0);
    raise(SIGINT);
    kill(getpid(), SIGINT);
    printf("interrupts %d\n", (int)interrupts);

    int ends[2];
    if (pipe(ends) != 0) {
        return 1;
    }
    char byte = 0;
    handle(SIGALRM, on_alarm, 0);
    alarm_after(50);
    const ssize_t broken = read(ends[0], &byte, 1);
    printf("read without SA_RESTART: %zd %s, alarms %d\n", broken, broken < 0 ? strerror(errno) : "", (int)alarms);

    handle(SIGALRM, on_alarm, SA_RESTART);
    pthread_t writer;
    pthread_create(&writer, NULL, write_later, &ends[1]);
    alarm_after(30);
    const ssize_t restarted = read(ends[0], &byte, 1);
    printf("read with SA_RESTART: %zd %c, alarms %d\n", restarted, byte, (int)alarms);
    pthread_join(writer, NULL);

    alarm_after(30);
    const struct timespec time = {5, 0};
    struct timespec rest = {0, 0};
    const int slept = nanosleep(&time, &rest);
    printf("nanosleep: %d %s, rest %s, alarms %d\n", slept, slept < 0 ? strerror(errno) : "",
           rest.tv_sec == 4 ? "of more than 4 s" : "wrong", (int)alarms);

    handle(SIGPIPE, SIG_IGN, 0);
    close(ends[0]);
    const ssize_t written = write(ends[1], "x", 1);
    printf("write to nobody: %zd %s\n", written, strerror(errno));

    handle(SIGINT, SIG_DFL, 0);
    fflush(stdout);
    raise(SIGINT);
    return 0;
}
