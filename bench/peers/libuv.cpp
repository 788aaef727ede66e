// SPDX-License-Identifier: MIT
//
// libuv's timers, and its thread pool.

#include <uv.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "../measure.hpp"
#include "../timer_workloads.hpp"

namespace {

constexpr bench::Identity identity{"libuv", UV_VERSION_MAJOR == 1 ? "1" : "?"};

class Timers {
public:
    explicit Timers(std::size_t number) : all_(number) {
        uv_loop_init(&loop_);
        for (uv_timer_t& each : all_) {
            uv_timer_init(&loop_, &each);
        }
    }
    Timers(const Timers&) = delete;
    Timers& operator=(const Timers&) = delete;
    ~Timers() {
        for (uv_timer_t& each : all_) {
            uv_close(reinterpret_cast<uv_handle_t*>(&each), nullptr);
        }
        run();
        uv_loop_close(&loop_);
    }

    // libuv's clock ticks in milliseconds.
    void arm(std::size_t i, std::chrono::microseconds after) {
        uv_timer_start(
            &all_[i], [](uv_timer_t*) { bench::count(); },
            static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(after).count()), 0);
    }
    void cancel(std::size_t i) { uv_timer_stop(&all_[i]); }
    void run() { uv_run(&loop_, UV_RUN_DEFAULT); }

private:
    uv_loop_t loop_;
    std::vector<uv_timer_t> all_;
};

// Jobs of which `callers` are under way at a time.
void offload(std::uint64_t callers, const char* name) {
    ::setenv("UV_THREADPOOL_SIZE", "10", 1);  // as many as tendril's
    bench::measure(identity, name, callers, [callers, name](std::uint64_t n) {
        struct Work {
            uv_loop_t loop;
            std::uint64_t to_begin;
            std::uint64_t done = 0;
        } work{{}, n};
        uv_loop_init(&work.loop);
        std::vector<uv_work_t> jobs(callers);
        static void (*const after)(uv_work_t*, int) = [](uv_work_t* job, int) {
            auto& its = *static_cast<Work*>(job->data);
            ++its.done;
            if (its.to_begin > 0) {
                --its.to_begin;
                uv_queue_work(
                    &its.loop, job, [](uv_work_t*) {}, after);
            }
        };
        const bench::Elapsed start = bench::now();
        for (uv_work_t& each : jobs) {
            each.data = &work;
            --work.to_begin;
            uv_queue_work(
                &work.loop, &each, [](uv_work_t*) {}, after);
        }
        uv_run(&work.loop, UV_RUN_DEFAULT);
        const bench::Elapsed took = bench::now() - start;
        uv_loop_close(&work.loop);
        bench::require_done(name, work.done, n);
        return took;
    });
}

}  // namespace

int main(int argc, char** argv) {
    static constexpr bench::Bench benches[] = {
        {"timers_arm", [] { bench::arm_timers<Timers>(identity); }},
        {"timers_cancel", [] { bench::cancel_timers<Timers>(identity); }},
        {"timers_fire", [] { bench::fire_timers<Timers>(identity); }},
        {"offload_1", [] { offload(1, "offload_1"); }},
        {"offload_100", [] { offload(100, "offload_100"); }},
    };
    return bench::run_benches(argc, argv, benches);
}
