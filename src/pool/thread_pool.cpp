// SPDX-License-Identifier: MIT
//
// ThreadPool: the public side of Workers (src/pool/workers.hpp).

#include <tendril/thread_pool.hpp>

#include <cstdlib>
#include <new>

#include "base/once.hpp"
#include "base/report.hpp"
#include "pool/workers.hpp"

namespace tendril {

ThreadPool::ThreadPool(Size threads, ThreadPoolOptions options)
    : workers_(std::make_shared<detail::Workers>(threads, options.idle_timeout)) {}

ThreadPool::~ThreadPool() {
    if (detail::inside(*workers_)) {
        detail::report("a ThreadPool was destroyed by a job of its own, whose end it would wait for");
        std::abort();
    }
    workers_->close();
}

ThreadPool& ThreadPool::shared() {
    static constinit detail::Once once;
    alignas(ThreadPool) static std::byte memory[sizeof(ThreadPool)];  // never destroyed
    once([] { ::new (static_cast<void*>(memory)) ThreadPool(10); });
    return *std::launder(reinterpret_cast<ThreadPool*>(memory));
}

std::size_t ThreadPool::kill_nowait() {
    return workers_->drop_queue();
}

void ThreadPool::resize(Size threads) {
    workers_->resize(threads);
}

void ThreadPool::prestart(Size threads) {
    workers_->prestart(threads);
}

void ThreadPool::set_idle_timeout(Duration timeout) {
    workers_->set_idle_timeout(timeout);
}

std::size_t ThreadPool::size() const {
    return workers_->counts().limit;
}

std::size_t ThreadPool::threads() const {
    return workers_->counts().threads;
}

std::size_t ThreadPool::running() const {
    return workers_->counts().running;
}

std::size_t ThreadPool::waiting() const {
    return workers_->counts().waiting;
}

}  // namespace tendril
