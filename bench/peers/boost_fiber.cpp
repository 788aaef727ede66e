// SPDX-License-Identifier: MIT
//
// The work of workloads.hpp on Boost.Fiber, with its round-robin scheduler and one pool of stacks for all fibers, its
// fastest way to make them. Those stacks come from malloc and have no guard pages; `parked_guarded` parks fibers on its
// guarded ones.

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>

#include <boost/fiber/all.hpp>
#include <boost/version.hpp>

#include "../hub_workloads.hpp"
#include "../sleep_workloads.hpp"
#include "../sync_workloads.hpp"
#include "../workloads.hpp"

namespace {

using namespace std::chrono_literals;

template <class Stacks>
struct BoostFiber {
    static constexpr bench::Identity identity{"Boost.Fiber", BOOST_LIB_VERSION};

    template <class F>
    auto spawn(F f) {
        return boost::fibers::fiber(boost::fibers::launch::post, std::allocator_arg, stacks, std::move(f));
    }

    template <class F>
    void spawn_n(F f) {
        spawn(std::move(f)).detach();
    }

    void yield() { boost::this_fiber::yield(); }
    void sleep(std::chrono::milliseconds time) { boost::this_fiber::sleep_for(time); }

    Stacks stacks;
};

// Boost's guarded stacks, refused if the guard is missing: Boost 1.74 itself ignores that mprotect failed.
class CheckedStacks {
public:
    CheckedStacks() {
        if (pipe2(pipe_, O_CLOEXEC) != 0) {
            throw std::runtime_error("pipe2");
        }
    }

    boost::context::stack_context allocate() {
        boost::context::stack_context stack = stacks_.allocate();
        const char* lowest = static_cast<const char*>(stack.sp) - stack.size;
        if (write(pipe_[1], lowest, 1) == 1) {  // a guard gives EFAULT
            stacks_.deallocate(stack);
            throw std::runtime_error("mprotect fails: vm.max_map_count");
        }
        return stack;
    }

    void deallocate(boost::context::stack_context& stack) noexcept { stacks_.deallocate(stack); }

private:
    boost::fibers::protected_fixedsize_stack stacks_;
    int pipe_[2];  // copies share it; it is open until the process ends
};

BoostFiber<boost::fibers::pooled_fixedsize_stack> pooled;

void parked_guarded() {
    BoostFiber<CheckedStacks> guarded;
    bench::parked(guarded, 1'000'000, "parked_guarded");
}

// A buffer has a power of two of slots, of which one stays empty.
class Buffered {
public:
    explicit Buffered(std::size_t capacity = 1) : channel_(capacity + 1) {}
    void put(int value) { channel_.push(value); }
    int get() {
        int value = 0;
        channel_.pop(value);
        return value;
    }

private:
    boost::fibers::buffered_channel<int> channel_;
};

class Unbuffered {
public:
    void put(int value) { channel_.push(value); }
    int get() {
        int value = 0;
        channel_.pop(value);
        return value;
    }

private:
    boost::fibers::unbuffered_channel<int> channel_;
};

// Fibers of one OS thread need no mutex for what they share, so the conditions below get a lock that does nothing: this
// saves a fifth to a third of the time that boost::fibers::mutex and condition_variable take.
struct NoLock {
    void lock() {}
    void unlock() {}
};

// Boost.Fiber has no semaphore: a count and a condition. A buffered_channel as one takes a little longer.
class CountedPermits {
public:
    void acquire() {
        released_.wait(no_lock_, [this] { return free_ > 0; });
        --free_;
    }
    void release() {
        ++free_;
        released_.notify_one();
    }

private:
    std::size_t free_ = 0;
    NoLock no_lock_;
    boost::fibers::condition_variable_any released_;
};

// An event: the number of broadcasts so far, so that no fiber wakes without one.
class Broadcasts {
public:
    void wait() {
        const std::uint64_t before = count_;
        changed_.wait(no_lock_, [this, before] { return count_ != before; });
    }
    void broadcast() {
        ++count_;
        changed_.notify_all();
    }

private:
    std::uint64_t count_ = 0;
    NoLock no_lock_;
    boost::fibers::condition_variable_any changed_;
};

}  // namespace

int main(int argc, char** argv) {
    static constexpr bench::Bench benches[] = {
        {"yield_2", [] { bench::yield_between(pooled, 2, "yield_2"); }},
        {"yield_1000", [] { bench::yield_between(pooled, 1000, "yield_1000"); }},
        {"spawn_join_1", [] { bench::spawn_and_join(pooled, 1, "spawn_join_1"); }},
        {"spawn_join_1000", [] { bench::spawn_and_join(pooled, 1000, "spawn_join_1000"); }},
        {"sleep", [] { bench::sleeping(pooled, 10'000, 400ms, "sleep"); }},
        {"sleep_1000", [] { bench::sleeping(pooled, 1'000, 1s, "sleep_1000"); }},
        {"sleep_100", [] { bench::sleeping(pooled, 100, 1s, "sleep_100"); }},
        {"shared_queue", [] { bench::one_way<Buffered>(pooled, 1023, "shared_queue"); }},
        {"shared_queue_1", [] { bench::there_and_back<Buffered>(pooled, "shared_queue_1"); }},
        {"queue", [] { bench::ping_pong<Buffered, false>(pooled, "queue"); }},
        {"queue_same", [] { bench::ping_pong<Buffered, true>(pooled, "queue_same"); }},
        {"channel", [] { bench::ping_pong<Unbuffered, false>(pooled, "channel"); }},
        {"channel_same", [] { bench::ping_pong<Unbuffered, true>(pooled, "channel_same"); }},
        {"semaphore", [] { bench::hand_to_and_fro<CountedPermits>(pooled, "semaphore"); }},
        {"event", [] { bench::broadcast_to<Broadcasts>(pooled, 10'000, "event"); }},
        // These end the process.
        {"parked_1000", [] { bench::parked(pooled, 1'000, "parked_1000"); }},
        {"parked_100000", [] { bench::parked(pooled, 100'000, "parked_100000"); }},
        {"parked", [] { bench::parked(pooled, 1'000'000, "parked"); }},
        {"parked_guarded", parked_guarded},
    };
    return bench::run_benches(argc, argv, benches);
}
