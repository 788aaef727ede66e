// SPDX-License-Identifier: MIT
//
// operator new, replaced by one that counts for the whole program, and the measurements that use the count. It would
// not see a library's own calls of malloc; tendril has none. Peers are not counted.

#include "allocations.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <new>

#include <tendril/channel.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/lock.hpp>
#include <tendril/queue.hpp>
#include <tendril/semaphore.hpp>

namespace {
std::uint64_t allocations = 0;  // of all operator new; the benches have one OS thread
}

void* operator new(std::size_t size) {
    ++allocations;
    if (void* p = std::malloc(size)) {
        return p;
    }
    throw std::bad_alloc();
}

void* operator new(std::size_t size, std::align_val_t align) {
    ++allocations;
    const auto unit = static_cast<std::size_t>(align);
    if (void* p = std::aligned_alloc(unit, (size + unit - 1) / unit * unit)) {
        return p;
    }
    throw std::bad_alloc();
}

void operator delete(void* p) noexcept {
    std::free(p);
}

void operator delete(void* p, std::size_t) noexcept {
    std::free(p);
}

void operator delete(void* p, std::align_val_t) noexcept {
    std::free(p);
}

void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
    std::free(p);
}

namespace bench {
namespace {

using tendril::Deadline;
using tendril::never;

constexpr std::uint64_t rounds = 100'000;

// The allocations of each of many rounds, after some that warm up.
template <class Round>
double allocated_by(Round round) {
    for (std::uint64_t i = 0; i < rounds / 10; ++i) {
        round();
    }
    const std::uint64_t before = allocations;
    for (std::uint64_t i = 0; i < rounds; ++i) {
        round();
    }
    return static_cast<double>(allocations - before) / static_cast<double>(rounds);
}

template <class Round>
void count(const char* what, Round round) {
    std::printf(",\"%s\":%.5f", what, allocated_by(round));
}

// A green thread that calls `work` again and again, until this object goes out of scope.
template <class F>
class Repeating {
public:
    explicit Repeating(F work)
        : thread_(tendril::spawn([work] {
              for (;;) {
                  work();
              }
          })) {
        tendril::yield();  // lets it begin
    }
    ~Repeating() { thread_.kill(); }
    Repeating(const Repeating&) = delete;
    Repeating& operator=(const Repeating&) = delete;

private:
    tendril::Greenlet<void> thread_;
};

void through_the_store() {
    tendril::Queue<int> one(1);
    count("Queue of 1, put and get", [&] {
        one.put(1);
        static_cast<void>(one.get());
    });
    tendril::Queue<int> free;
    count("Queue, 10 put, then 10 got", [&] {
        for (int i = 0; i < 10; ++i) {
            free.put(i);
        }
        while (!free.empty()) {
            static_cast<void>(free.get());
        }
    });
    tendril::PriorityQueue<int> sorted;
    count("PriorityQueue, put and get", [&] {
        sorted.put(1);
        static_cast<void>(sorted.get());
    });
}

template <class Pipe>
void there_and_back(const char* what, Pipe& there, Pipe& back, Deadline deadline) {
    const Repeating echo([&there, &back] { back.put(there.get()); });
    count(what, [&] {
        there.put(1, deadline);
        static_cast<void>(back.get(deadline));
    });
}

void by_waiters() {
    tendril::Queue<int> there(1);
    tendril::Queue<int> back(1);
    there_and_back("Queue of 1, ping-pong", there, back, never);
    there_and_back("Queue of 1, ping-pong, deadlines", there, back, std::chrono::hours(1));
    tendril::Queue<int> full(1);
    const Repeating producer([&full] { full.put(1); });
    count("Queue of 1, a putter waits", [&] { static_cast<void>(full.get()); });
    tendril::Channel<int> to;
    tendril::Channel<int> fro;
    there_and_back("Channel, ping-pong", to, fro, never);
}

void permits_and_signals() {
    tendril::Semaphore mine(0);
    tendril::Semaphore yours(0);
    const Repeating other([&] {
        yours.acquire();
        mine.release();
    });
    count("Semaphore, to and fro", [&] {
        yours.release();
        mine.acquire();
    });
    count("Semaphore, to and fro, deadlines", [&] {
        yours.release();
        static_cast<void>(mine.acquire(std::chrono::hours(1)));
    });
    tendril::Event event;
    const Repeating waiter([&] { event.wait(); });
    const Repeating patient([&] { static_cast<void>(event.wait(std::chrono::hours(1))); });
    count("Event, wait and set", [&] {
        event.set();
        event.clear();
        tendril::yield();
    });
}

void locks() {
    tendril::Lock lock;
    const Repeating rival([&] {
        const std::lock_guard held(lock);
        tendril::yield();
    });
    count("Lock, contended", [&] {
        const std::lock_guard held(lock);
        tendril::yield();
    });
}

}  // namespace

void count_allocations(const Identity& who) {
    std::printf("{\"system\":\"%s\",\"version\":\"%s\",\"bench\":\"allocations\",\"n\":%llu,\"counts\":{", who.system,
                who.version, static_cast<unsigned long long>(rounds));
    // Something that certainly allocates, so that a count of 0 means something.
    const double control = allocated_by([] { ::operator delete(::operator new(64)); });
    std::printf("\"control: one operator new\":%.5f", control);
    through_the_store();
    by_waiters();
    permits_and_signals();
    locks();
    std::printf("}}\n");
    std::fflush(stdout);
}

}  // namespace bench
