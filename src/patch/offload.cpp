// SPDX-License-Identifier: MIT

#include "patch/offload.hpp"

#include <exception>
#include <new>

#include <tendril/async_result.hpp>
#include <tendril/thread_pool.hpp>

#include "base/once.hpp"
#include "hub/waiter.hpp"

namespace tendril::patch::detail {

namespace {

constexpr int threads_at_most = 32;
constexpr auto idle_for = std::chrono::seconds(5);

// Not ThreadPool::shared(): names that a dead server keeps waiting must not hold up the program's own jobs.
ThreadPool& pool() {
    static constinit tendril::detail::Once once;
    alignas(ThreadPool) static std::byte memory[sizeof(ThreadPool)];  // never destroyed
    once([] { ::new (static_cast<void*>(memory)) ThreadPool(threads_at_most, {.idle_timeout = idle_for}); });
    return *std::launder(reinterpret_cast<ThreadPool*>(memory));
}

struct Ended final : tendril::detail::Observer {
    tendril::detail::Waiter waiter;
    explicit Ended(const char* what)
        : Observer([](Observer& self) noexcept { static_cast<Ended&>(self).waiter.resolve(Outcome::signalled); }),
          waiter(what) {}
};

}  // namespace

bool run_in_pool(const char* what, std::function<void()> f) noexcept {
    if (tendril::detail::here::fiber().must_attend()) {
        return false;
    }
    std::optional<AsyncResult<void>> result;
    try {
        result.emplace(pool().spawn(f));
    } catch (const std::exception&) {
        f();
        return true;
    }
    Ended ended(what);
    result->observe(ended);
    return ended.waiter.wait_unthrown(never) != Outcome::interrupted;
}

}  // namespace tendril::patch::detail
