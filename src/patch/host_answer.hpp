// SPDX-License-Identifier: MIT
//
// HostAnswer: what gethostbyname_r(3) and its kin answer, in memory of its own, so that a caller which gives up leaves
// nothing dangling. copy_to() puts it into the caller's buffer, with the same errors as if the call had been made
// there.

#pragma once

#include <netdb.h>

#include <cerrno>
#include <cstddef>
#include <memory>

namespace tendril::patch::detail {

class HostAnswer {
public:
    // call(hostent*, char* buffer, size_t, hostent** result, int* h_errnop), as the _r functions end, is made with a
    // buffer of `size` bytes that is aligned as `like` is. size 0: with larger and larger ones, until it fits.
    // Throws: std::bad_alloc.
    template <class F>
    static HostAnswer ask(F call, std::size_t size, const char* like) {
        HostAnswer answer;
        if (size != 0) {
            answer.ask_once(call, size, like);
            return answer;
        }
        for (size = 1024; answer.ask_once(call, size, like), answer.error() == ERANGE && size < largest; size *= 4) {
        }
        return answer;
    }

    hostent* get() const noexcept { return found_; }  // nullptr: none
    int error() const noexcept { return error_; }     // what the call returned
    int host_error() const noexcept { return host_error_; }
    int system_error() const noexcept { return errno_; }

    // Requires: `buffer` has the size, and the alignment of `like`, that ask() was called with.
    void copy_to(hostent& into, char* buffer, hostent*& result) const noexcept;

private:
    static constexpr std::size_t largest = std::size_t{1} << 24;

    template <class F>
    void ask_once(F& call, std::size_t size, const char* like) {
        make_room(size, like);
        found_ = nullptr;
        error_ = call(entry_.get(), buffer_, size, &found_, &host_error_);
        errno_ = errno;
    }
    void make_room(std::size_t size, const char* like);

    std::unique_ptr<hostent> entry_;
    std::unique_ptr<char[]> memory_;
    char* buffer_ = nullptr;
    std::size_t size_ = 0;
    hostent* found_ = nullptr;
    int error_ = 0;
    int host_error_ = 0;
    int errno_ = 0;
};

}  // namespace tendril::patch::detail
