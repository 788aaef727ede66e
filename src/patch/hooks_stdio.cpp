// SPDX-License-Identifier: MIT
//
// fgets, fread, getc, getline: reads of a FILE. The C library fills its buffers by calls of its own, which no slot
// leads to. So these wait before each time that the buffer must be filled, and the filling then does not block.
//
// Two green threads that read one FILE at once may each get parts of a line. A call that is interrupted returns what it
// has, so that nothing is lost; if it has nothing, it fails with ECANCELED.

#include <stdio.h>
#include <stdlib.h>

#include <algorithm>
#include <cstring>

#include "base/sys.hpp"
#include "patch/blocking.hpp"
#include "patch/hooks.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

namespace {

std::size_t buffered(const FILE& file) noexcept {
    return file._IO_read_ptr < file._IO_read_end ? static_cast<std::size_t>(file._IO_read_end - file._IO_read_ptr) : 0;
}

// Waits until the buffer is not empty, or filling it does not block. Returns: false if interrupted: errno says how.
bool await_data(FILE& file) noexcept {
    const int fd = file._fileno;  // as fileno(), but keeps errno
    if (buffered(file) > 0 || fd < 0 || ::feof_unlocked(&file) != 0 || !looks_green()) {
        return true;
    }
    const auto look = [fd] {
        pollfd one{fd, POLLIN, 0};
        if (tendril::sys::poll(&one, 1, 0) != 0) {
            return 0;
        }
        errno = EAGAIN;
        return -1;
    };
    const int r = attempt_until_done(fd, events::read, Side::receive, look, [] { return 0; });
    return r == 0 || errno == EAGAIN;  // EAGAIN: O_NONBLOCK, as filling will find out
}

// Returns: the next byte; EOF at the end, after an error or an interrupt.
int next(FILE* file) noexcept {
    if (!await_data(*file)) {
        file->_flags |= 0x20;  // as ferror() sees it
        return EOF;
    }
    return real.getc(file);
}

int getc(FILE* file) noexcept {
    return next(file);
}

int getchar() noexcept {
    return next(stdin);
}

char* fgets(char* to, int n, FILE* file) noexcept {
    if (n <= 1 || !looks_green()) {
        return real.fgets(to, n, file);
    }
    const bool failed_before = ::ferror_unlocked(file) != 0;
    int done = 0;
    while (done < n - 1) {
        const int c = next(file);
        if (c == EOF) {
            const bool failed = !failed_before && ::ferror_unlocked(file) != 0;
            if (done == 0 || (failed && errno != ECANCELED)) {
                return nullptr;
            }
            break;
        }
        to[done++] = static_cast<char>(c);
        if (c == '\n') {
            break;
        }
    }
    to[done] = 0;
    return to;
}

std::size_t fread(void* to, std::size_t size, std::size_t n, FILE* file) noexcept {
    std::size_t whole = 0;
    if (size == 0 || n == 0 || __builtin_mul_overflow(size, n, &whole) || !looks_green()) {
        return real.fread(to, size, n, file);
    }
    std::size_t done = 0;
    while (done < whole) {
        const int c = next(file);  // fills the buffer
        if (c == EOF) {
            break;
        }
        static_cast<char*>(to)[done++] = static_cast<char>(c);
        if (const std::size_t some = std::min(buffered(*file), whole - done); some > 0) {
            done += real.fread(static_cast<char*>(to) + done, 1, some, file);
        }
    }
    return done / size;
}

ssize_t getdelim(char** line, std::size_t* room, int end, FILE* file) noexcept {
    if (line == nullptr || room == nullptr || !looks_green()) {
        return real.getdelim(line, room, end, file);
    }
    if (*line == nullptr) {
        *room = 0;
    }
    std::size_t done = 0;
    for (;;) {
        if (done + 2 > *room) {
            const std::size_t larger = std::max<std::size_t>(120, *room * 2);
            void* const moved = ::realloc(*line, larger);
            if (moved == nullptr) {
                errno = ENOMEM;
                return -1;
            }
            *line = static_cast<char*>(moved);
            *room = larger;
        }
        const int c = next(file);
        if (c == EOF) {
            if (done == 0) {
                return -1;
            }
            break;
        }
        (*line)[done++] = static_cast<char>(c);
        if (c == end) {
            break;
        }
    }
    (*line)[done] = 0;
    return static_cast<ssize_t>(done);
}

ssize_t getline(char** line, std::size_t* room, FILE* file) noexcept {
    return patch::detail::getdelim(line, room, '\n', file);
}

char* fgets_chk(char* to, std::size_t room, int n, FILE* file) noexcept {
    return n > 0 && static_cast<std::size_t>(n) > room ? real.__fgets_chk(to, room, n, file)
                                                       : patch::detail::fgets(to, n, file);
}
std::size_t fread_chk(void* to, std::size_t room, std::size_t size, std::size_t n, FILE* file) noexcept {
    std::size_t whole = 0;
    const bool too_much = __builtin_mul_overflow(size, n, &whole) || whole > room;
    return too_much ? real.__fread_chk(to, room, size, n, file) : patch::detail::fread(to, size, n, file);
}

}  // namespace

Hooks stdio_hooks() noexcept {
    static const std::array hooks{
        Hook("getc", Class::io, &patch::detail::getc),
        Hook("fgetc", Class::io, &patch::detail::getc),
        Hook("_IO_getc", Class::io, &patch::detail::getc),
        Hook("getchar", Class::io, &patch::detail::getchar),
        Hook("fgets", Class::io, &patch::detail::fgets),
        Hook("fread", Class::io, &patch::detail::fread),
        Hook("getline", Class::io, &patch::detail::getline),
        Hook("getdelim", Class::io, &patch::detail::getdelim),
        Hook("__getdelim", Class::io, &patch::detail::getdelim),
        Hook("__fgets_chk", Class::io, &fgets_chk),
        Hook("__fread_chk", Class::io, &fread_chk),
    };
    return hooks;
}

}  // namespace tendril::patch::detail
