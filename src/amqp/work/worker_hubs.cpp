// SPDX-License-Identifier: MIT

#include "amqp/work/worker_hubs.hpp"

#include <cstddef>
#include <exception>
#include <vector>

#include <tendril/shared_semaphore.hpp>
#include <tendril/shield.hpp>

#include "base/plain_thread.hpp"
#include "base/signals_blocked.hpp"

namespace tendril::amqp::detail {

void in_hubs(unsigned hubs, WorkerStop& stop, const std::function<void()>& work) {
    std::vector<std::exception_ptr> errors(hubs);  // each hub has its own; read when that has ended
    std::vector<tendril::detail::PlainThread> threads;
    SharedSemaphore ended(0);
    const auto run = [&](std::size_t hub) noexcept {
        try {
            work();
        } catch (...) {
            errors[hub] = std::current_exception();
            stop.ask_once();
        }
    };
    try {
        threads.reserve(hubs);
        const tendril::detail::SignalsBlocked blocked;  // they are for the caller's hub
        for (unsigned i = 1; i < hubs; ++i) {
            threads.emplace_back([&, i] {
                run(i);
                ended.release();
            });
        }
    } catch (const std::exception&) {  // the system has no more OS threads
        errors[0] = std::current_exception();
        stop.ask_once();
    }
    if (errors[0] == nullptr) {
        run(0);
    }
    const Shield shield;
    for (std::size_t i = 0; i < threads.size(); ++i) {
        ended.acquire();
    }
    for (tendril::detail::PlainThread& thread : threads) {
        thread.join();  // all that it still does is to end its hub
    }
    for (const std::exception_ptr& error : errors) {
        if (error != nullptr) {
            std::rethrow_exception(error);
        }
    }
}

}  // namespace tendril::amqp::detail
