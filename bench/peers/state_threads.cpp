// SPDX-License-Identifier: MIT
//
// The work of workloads.hpp and sleep_workloads.hpp on State Threads (libst). A yield is a sleep of nothing there.

#include <st.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "../sleep_workloads.hpp"
#include "../workloads.hpp"
#include "c_threads.hpp"

namespace {

using namespace std::chrono_literals;

struct StateThreads {
    static constexpr bench::Identity identity{"libst", "1.9"};

    class Handle {
    public:
        explicit Handle(st_thread_t thread) : thread_(thread) {}
        void join() { st_thread_join(thread_, nullptr); }

    private:
        st_thread_t thread_;
    };

    template <class F>
    Handle spawn(F f) {
        st_thread_t made = st_thread_create(&bench::run_and_delete<F>, bench::on_heap(std::move(f)), 1, 0);
        if (made == nullptr) {
            std::perror("st_thread_create");
            std::exit(1);
        }
        return Handle(made);
    }

    void yield() { st_usleep(0); }
    void sleep(std::chrono::milliseconds time) {
        st_usleep(static_cast<st_utime_t>(std::chrono::microseconds(time).count()));
    }
};

StateThreads threads;

}  // namespace

int main(int argc, char** argv) {
    st_set_eventsys(ST_EVENTSYS_ALT);  // epoll
    st_init();
    static constexpr bench::Bench benches[] = {
        {"yield_2", [] { bench::yield_between(threads, 2, "yield_2"); }},
        {"yield_1000", [] { bench::yield_between(threads, 1000, "yield_1000"); }},
        {"spawn_join_1", [] { bench::spawn_and_join(threads, 1, "spawn_join_1"); }},
        {"spawn_join_1000", [] { bench::spawn_and_join(threads, 1000, "spawn_join_1000"); }},
        {"sleep", [] { bench::sleeping(threads, 10'000, 400ms, "sleep"); }},
        {"sleep_1000", [] { bench::sleeping(threads, 1'000, 1s, "sleep_1000"); }},
        {"sleep_100", [] { bench::sleeping(threads, 100, 1s, "sleep_100"); }},
    };
    return bench::run_benches(argc, argv, benches);
}
