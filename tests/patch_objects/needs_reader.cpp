// SPDX-License-Identifier: MIT
//
// A library that needs another, and itself imports close() and semop().

#include <sys/sem.h>
#include <unistd.h>

#include <cstddef>

extern "C" {

ssize_t reader_call(int fd, void* to, std::size_t n);

ssize_t needs_reader_call(int fd, void* to, std::size_t n) {
    return reader_call(fd, to, n);
}

int needs_reader_close(int fd) {
    return close(fd);
}

int needs_reader_semop(int id) {
    return semop(id, nullptr, 0);
}
}
