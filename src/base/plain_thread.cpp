// SPDX-License-Identifier: MIT

#include "base/plain_thread.hpp"

#include <exception>
#include <system_error>

#include <tendril/detail/base/check.hpp>

namespace tendril::detail {

PlainThread& PlainThread::operator=(PlainThread&& other) noexcept {
    if (joinable_) {
        std::terminate();
    }
    thread_ = other.thread_;
    joinable_ = std::exchange(other.joinable_, false);
    return *this;
}

PlainThread::~PlainThread() {
    if (joinable_) {
        std::terminate();
    }
}

void PlainThread::start(void* (*run)(void*) noexcept, void* closure) {
    if (const int error = libc.pthread_create(&thread_, nullptr, run, closure); error != 0) {
        throw std::system_error(error, std::generic_category(), "an OS thread cannot be started");
    }
    joinable_ = true;
}

void PlainThread::join() noexcept {
    TENDRIL_ASSERT(joinable_);
    libc.pthread_join(thread_, nullptr);
    joinable_ = false;
}

void PlainThread::detach() noexcept {
    TENDRIL_ASSERT(joinable_);
    libc.pthread_detach(thread_);
    joinable_ = false;
}

}  // namespace tendril::detail
