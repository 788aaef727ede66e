// SPDX-License-Identifier: MIT
//
// The work of workloads.hpp on GNU Pth.

#include <pth.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "../workloads.hpp"
#include "c_threads.hpp"

namespace {

struct Pth {
    static constexpr bench::Identity identity{"GNU Pth", "2.0"};

    class Handle {
    public:
        explicit Handle(pth_t thread) : thread_(thread) {}
        void join() { pth_join(thread_, nullptr); }

    private:
        pth_t thread_;
    };

    template <class F>
    Handle spawn(F f) {
        pth_t made = pth_spawn(PTH_ATTR_DEFAULT, &bench::run_and_delete<F>, bench::on_heap(std::move(f)));
        if (made == nullptr) {
            std::perror("pth_spawn");
            std::exit(1);
        }
        return Handle(made);
    }

    void yield() { pth_yield(nullptr); }
};

Pth threads;

}  // namespace

int main(int argc, char** argv) {
    pth_init();
    static constexpr bench::Bench benches[] = {
        {"yield_2", [] { bench::yield_between(threads, 2, "yield_2"); }},
        {"yield_1000", [] { bench::yield_between(threads, 1000, "yield_1000"); }},
        {"spawn_join_1", [] { bench::spawn_and_join(threads, 1, "spawn_join_1"); }},
        {"spawn_join_1000", [] { bench::spawn_and_join(threads, 1000, "spawn_join_1000"); }},
    };
    return bench::run_benches(argc, argv, benches);
}
