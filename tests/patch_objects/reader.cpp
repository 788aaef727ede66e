// SPDX-License-Identifier: MIT
//
// A library that reads from descriptors by every kind of call. Built several times, with options that make different
// slots of them (tests/CMakeLists.txt).

#include <unistd.h>

#include <cstddef>

extern "C" {

// By the procedure linkage table, or with -fno-plt by the slot itself.
ssize_t reader_call(int fd, void* to, std::size_t n) {
    return read(fd, to, n);
}

// By a table of function pointers, which the dynamic linker fills.
extern __attribute__((visibility("hidden"))) const struct Table {
    ssize_t (*read)(int, void*, std::size_t);
    int (*close)(int);
} reader_table;
const Table reader_table = {&read, &close};
ssize_t reader_by_table(int fd, void* to, std::size_t n) {
    const Table* volatile table = &reader_table;
    return table->read(fd, to, n);
}

// By an address that the code takes.
ssize_t reader_by_address(int fd, void* to, std::size_t n) {
    ssize_t (*volatile f)(int, void*, std::size_t) = &read;
    return f(fd, to, n);
}

#ifdef READER_CONSTRUCTOR
ssize_t reader_constructed = -2;
__attribute__((constructor)) static void construct() {
    char byte = 0;
    reader_constructed = read(-1, &byte, 1);
}
#endif

#ifdef READER_RAW
ssize_t reader_raw(int fd, void* to, std::size_t n) {
#if defined(__x86_64__)
    ssize_t result = 0;  // the number of read(2)
    asm volatile("syscall" : "+a"(result) : "D"(fd), "S"(to), "d"(n) : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long number asm("x8") = 63;
    register long first asm("x0") = fd;
    register void* second asm("x1") = to;
    register std::size_t third asm("x2") = n;
    asm volatile("svc #0" : "+r"(first) : "r"(number), "r"(second), "r"(third) : "memory");
    return first;
#else
    return -1;
#endif
}
#endif
}
