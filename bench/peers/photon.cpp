// SPDX-License-Identifier: MIT
//
// The work of workloads.hpp, sleep_workloads.hpp and sync_workloads.hpp on Photon, on one vCPU, with its pooled stacks.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <photon/common/alog.h>
#include <photon/io/fd-events.h>
#include <photon/photon.h>
#include <photon/thread/stack-allocator.h>
#include <photon/thread/thread11.h>

#include "../sleep_workloads.hpp"
#include "../sync_workloads.hpp"
#include "../workloads.hpp"

namespace {

using namespace std::chrono_literals;

struct Photon {
    static constexpr bench::Identity identity{"Photon", "0.8"};

    class Handle {
    public:
        explicit Handle(photon::thread* thread) : handle_(photon::thread_enable_join(thread)) {}
        void join() { photon::thread_join(handle_); }

    private:
        photon::join_handle* handle_;
    };

    template <class F>
    Handle spawn(F f) {
        return Handle(photon::thread_create11(std::move(f)));
    }

    template <class F>
    void spawn_n(F f) {
        photon::thread_create11(std::move(f));
    }

    void yield() { photon::thread_yield(); }
    void sleep(std::chrono::milliseconds time) {
        photon::thread_usleep(static_cast<std::uint64_t>(std::chrono::microseconds(time).count()));
    }
};

// Photon has no queue that waits for a reader: two semaphores and a place.
class Place {
public:
    void put(int value) {
        free_.wait(1);
        value_ = value;
        full_.signal(1);
    }
    int get() {
        full_.wait(1);
        const int value = value_;
        free_.signal(1);
        return value;
    }

private:
    int value_ = 0;
    photon::semaphore free_{1};
    photon::semaphore full_{0};
};

class Permits {
public:
    void acquire() { semaphore_.wait(1); }
    void release() { semaphore_.signal(1); }

private:
    photon::semaphore semaphore_{0};
};

Photon vcpu;

}  // namespace

int main(int argc, char** argv) {
    set_log_output_level(ALOG_FATAL);
    photon::use_pooled_stack_allocator();
    if (photon::vcpu_init() < 0 || photon::fd_events_init(photon::INIT_EVENT_EPOLL) < 0) {
        std::fputs("Photon does not start\n", stderr);
        return 1;
    }
    static constexpr bench::Bench benches[] = {
        {"yield_2", [] { bench::yield_between(vcpu, 2, "yield_2"); }},
        {"yield_1000", [] { bench::yield_between(vcpu, 1000, "yield_1000"); }},
        {"spawn_join_1", [] { bench::spawn_and_join(vcpu, 1, "spawn_join_1"); }},
        {"spawn_join_1000", [] { bench::spawn_and_join(vcpu, 1000, "spawn_join_1000"); }},
        {"sleep", [] { bench::sleeping(vcpu, 10'000, 400ms, "sleep"); }},
        {"sleep_1000", [] { bench::sleeping(vcpu, 1'000, 1s, "sleep_1000"); }},
        {"sleep_100", [] { bench::sleeping(vcpu, 100, 1s, "sleep_100"); }},
        {"queue", [] { bench::ping_pong<Place, false>(vcpu, "queue"); }},
        {"queue_same", [] { bench::ping_pong<Place, true>(vcpu, "queue_same"); }},
        {"semaphore", [] { bench::hand_to_and_fro<Permits>(vcpu, "semaphore"); }},
        {"parked", [] { bench::parked(vcpu, 1'000'000, "parked"); }},  // ends the process
    };
    return bench::run_benches(argc, argv, benches);
}
