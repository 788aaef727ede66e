// SPDX-License-Identifier: MIT
//
// posix_echo CLIENTS ROUNDS: an echo server with a thread for each connection, and its clients, threads of the same
// program: blocking calls only.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int clients, rounds;
static struct sockaddr_in address;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long echoed;

static void fail(const char* what) {
    perror(what);
    exit(1);
}

static void* serve(void* descriptor) {
    const int fd = (int)(intptr_t)descriptor;
    char bytes[512];
    for (ssize_t n; (n = read(fd, bytes, sizeof bytes)) > 0;) {
        if (write(fd, bytes, (size_t)n) != n) {
            fail("write");
        }
    }
    close(fd);
    return NULL;
}

static void* accept_all(void* descriptor) {
    const int listener = (int)(intptr_t)descriptor;
    for (int i = 0; i < clients; ++i) {
        const int fd = accept(listener, NULL, NULL);
        if (fd < 0) {
            fail("accept");
        }
        pthread_t thread;
        if (pthread_create(&thread, NULL, serve, (void*)(intptr_t)fd) != 0) {
            fail("pthread_create");
        }
        pthread_detach(thread);
    }
    return NULL;
}

static void* ask(void* number) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr*)&address, sizeof address) != 0) {
        fail("connect");
    }
    for (int round = 0; round < rounds; ++round) {
        char question[32], answer[32];
        const int size = snprintf(question, sizeof question, "%d of %d\n", round, (int)(intptr_t)number);
        if (send(fd, question, (size_t)size, 0) != size || recv(fd, answer, (size_t)size, MSG_WAITALL) != size ||
            memcmp(question, answer, (size_t)size) != 0) {
            fail("echo");
        }
        pthread_mutex_lock(&mutex);
        ++echoed;
        pthread_mutex_unlock(&mutex);
    }
    close(fd);
    return NULL;
}

int main(int count, char** arguments) {
    clients = count > 1 ? atoi(arguments[1]) : 10;
    rounds = count > 2 ? atoi(arguments[2]) : 10;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr*)&address, size) != 0 || listen(listener, 1024) != 0 ||
        getsockname(listener, (struct sockaddr*)&address, &size) != 0) {
        fail("listen");
    }
    pthread_t acceptor;
    pthread_t* const threads = calloc((size_t)clients, sizeof *threads);
    pthread_create(&acceptor, NULL, accept_all, (void*)(intptr_t)listener);
    for (int i = 0; i < clients; ++i) {
        if (pthread_create(&threads[i], NULL, ask, (void*)(intptr_t)i) != 0) {
            fail("pthread_create");
        }
    }
    for (int i = 0; i < clients; ++i) {
        pthread_join(threads[i], NULL);
    }
    pthread_join(acceptor, NULL);
    free(threads);
    printf("echoed %ld\n", echoed);
    return 0;
}
