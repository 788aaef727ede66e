// SPDX-License-Identifier: MIT
//
// PlainThread: std::thread, made by the C library's own pthread_create(). libstdc++ may be linked into our object, and
// its call then be patched: what we start would be a green thread.

#pragma once

#include <pthread.h>

#include <memory>
#include <type_traits>
#include <utility>

#include "base/libc.hpp"

namespace tendril::detail {

class PlainThread {
public:
    PlainThread() noexcept = default;

    // Starts an OS thread that runs a copy of `run`; what that throws ends the program.
    // Throws: std::system_error when the system has no OS thread left; std::bad_alloc.
    template <class F>
    requires(!std::is_same_v<F, PlainThread>) explicit PlainThread(F run) {
        auto owned = std::make_unique<F>(std::move(run));
        start(
            [](void* closure) noexcept -> void* {
                const std::unique_ptr<F> mine(static_cast<F*>(closure));
                (*mine)();
                return nullptr;
            },
            owned.get());
        static_cast<void>(owned.release());  // the OS thread owns it
    }
    PlainThread(PlainThread&& other) noexcept
        : thread_(other.thread_), joinable_(std::exchange(other.joinable_, false)) {}
    // Ends the program if this is joinable, as ~PlainThread() does.
    PlainThread& operator=(PlainThread&& other) noexcept;
    ~PlainThread();

    bool joinable() const noexcept { return joinable_; }
    pthread_t native_handle() const noexcept { return thread_; }

    // Waits, without the hub, until the OS thread has ended. Requires: joinable(), and not the calling OS thread's.
    void join() noexcept;
    // Requires: joinable().
    void detach() noexcept;

private:
    void start(void* (*run)(void*) noexcept, void* closure);

    pthread_t thread_{};
    bool joinable_ = false;
};

}  // namespace tendril::detail
