// SPDX-License-Identifier: MIT
//
// What tendril does with more than one OS thread: items between hubs, calls posted to another hub, and functions that
// the thread pool runs. It needs two processors.

#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/shared_queue.hpp>
#include <tendril/shared_semaphore.hpp>
#include <tendril/thread_pool.hpp>

#include "hub_workloads.hpp"
#include "measure.hpp"

namespace {

struct Tendril {
    static constexpr bench::Identity identity{"tendril", __VERSION__};
};

Tendril hubs;

struct SharedPipe : tendril::SharedQueue<int> {
    explicit SharedPipe(std::size_t capacity) : SharedQueue<int>(capacity) {}
};

// Per operation: a function posted to another hub, and run there. Not more than two batches are under way.
void post() {
    constexpr std::uint64_t batch = 512;
    bench::measure(Tendril::identity, "mailbox", batch, [](std::uint64_t n) {
        tendril::SharedQueue<tendril::Hub::Remote> addresses(1);
        tendril::SharedSemaphore batches(2);
        tendril::SharedSemaphore done(0);
        std::uint64_t ran = 0;
        const bench::Elapsed start = bench::now();
        std::thread receiver([&] {
            addresses.put(tendril::Hub::current().remote());
            done.acquire();
        });
        std::thread sender([&] {
            const tendril::Hub::Remote there = addresses.get();
            for (std::uint64_t sent = 0; sent < n; sent += batch) {
                batches.acquire();
                for (std::uint64_t i = 1; i < batch; ++i) {
                    there.post_threadsafe([&ran] { ++ran; });
                }
                there.post_threadsafe([&ran, &batches, &done, n] {
                    batches.release();
                    if (++ran == n) {
                        done.release();
                    }
                });
            }
        });
        receiver.join();
        sender.join();
        const bench::Elapsed took = bench::now() - start;
        bench::require_done("mailbox", ran, n);
        return took;
    });
}

// Per operation: an empty function run by the thread pool and waited for, by `callers` green threads at the same time.
void offload_from(std::uint64_t callers, const char* name) {
    bench::measure(Tendril::identity, name, callers, [callers, name](std::uint64_t n) {
        std::vector<tendril::Greenlet<void>> handles;
        std::uint64_t done = 0;
        const bench::Elapsed start = bench::now();
        for (std::uint64_t i = 0; i < callers; ++i) {
            handles.push_back(tendril::spawn([&done, n, callers] {
                for (std::uint64_t k = 0; k < n / callers; ++k) {
                    tendril::offload([] {});
                    ++done;
                }
            }));
        }
        for (auto& handle : handles) {
            handle.join();
        }
        const bench::Elapsed took = bench::now() - start;
        bench::require_done(name, done, n);
        return took;
    });
}

}  // namespace

int main(int argc, char** argv) {
    static constexpr bench::Bench benches[] = {
        {"shared_queue", [] { bench::one_way<SharedPipe>(hubs, 1024, "shared_queue"); }},
        {"shared_queue_1", [] { bench::there_and_back<SharedPipe>(hubs, "shared_queue_1"); }},
        {"mailbox", post},
        {"offload_1", [] { offload_from(1, "offload_1"); }},
        {"offload_100", [] { offload_from(100, "offload_100"); }},
    };
    return bench::run_benches(argc, argv, benches);
}
