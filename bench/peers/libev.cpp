// SPDX-License-Identifier: MIT
//
// libev's timers.

#include <ev.h>

#include <chrono>
#include <cstddef>
#include <vector>

#include "../timer_workloads.hpp"

namespace {

constexpr bench::Identity identity{"libev", "4"};

class Timers {
public:
    explicit Timers(std::size_t number) : loop_(ev_loop_new(EVBACKEND_EPOLL)), all_(number) {
        for (ev_timer& each : all_) {
            ev_init(&each, &called);
        }
    }
    Timers(const Timers&) = delete;
    Timers& operator=(const Timers&) = delete;
    ~Timers() { ev_loop_destroy(loop_); }

    void arm(std::size_t i, std::chrono::microseconds after) {
        all_[i].at = std::chrono::duration<double>(after).count();
        all_[i].repeat = 0;
        ev_timer_start(loop_, &all_[i]);
    }
    void cancel(std::size_t i) { ev_timer_stop(loop_, &all_[i]); }
    void run() { ev_run(loop_, 0); }

private:
    static void called(struct ev_loop*, ev_timer*, int) { bench::count(); }

    struct ev_loop* loop_;
    std::vector<ev_timer> all_;
};

}  // namespace

int main(int argc, char** argv) {
    static constexpr bench::Bench benches[] = {
        {"timers_arm", [] { bench::arm_timers<Timers>(identity); }},
        {"timers_cancel", [] { bench::cancel_timers<Timers>(identity); }},
        {"timers_fire", [] { bench::fire_timers<Timers>(identity); }},
    };
    return bench::run_benches(argc, argv, benches);
}
