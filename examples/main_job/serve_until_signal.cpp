// SPDX-License-Identifier: MIT

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <thread>
#include <utility>

#include <tendril/hub.hpp>

#include "modes.hpp"
#include "page_server.hpp"
#include "process.hpp"

namespace demo {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t own_descriptors = 16;

sigset_t ending_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

// Calls on_signal() in this hub at the first SIGINT or SIGTERM; the second one ends the process. The signals are
// blocked in all OS threads; one of these does nothing but wait for them.
class SignalWatch {
public:
    explicit SignalWatch(std::function<void()> on_signal) : async_(std::move(on_signal)) {
        const sigset_t set = ending_signals();
        pthread_sigmask(SIG_BLOCK, &set, nullptr);
        thread_ = std::thread([this, set, sender = async_.sender()] { watch(set, sender); });
    }
    ~SignalWatch() {
        over_ = true;
        pthread_kill(thread_.native_handle(), SIGINT);  // wakes it
        thread_.join();
    }

private:
    void watch(const sigset_t& set, const tendril::Async::Sender& sender) {
        for (int count = 1;; ++count) {
            int signal = 0;
            sigwait(&set, &signal);
            if (over_) {
                return;
            }
            if (count > 1) {
                _exit(128 + signal);
            }
            sender.send_threadsafe();
        }
    }

    tendril::Async async_;
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

}  // namespace

int serve_until_signal(const Options& options) {
    const std::size_t descriptors = raise_descriptor_limit();
    const std::size_t most = std::max(descriptors, own_descriptors + 1) - own_descriptors;
    PageServer server(tendril::listen(tendril::Address::parse(options.address), {.backlog = 4096}), most, 10s);
    const SignalWatch watch([&server] {
        std::puts("\nDraining; Ctrl-C again ends at once.");
        std::fflush(stdout);
        server.stop();
    });
    const tendril::Address address = server.address();
    std::printf("Serving on %s%s/ (and /slow) until Ctrl-C.\n", address.path().empty() ? "http://" : "",
                address.to_string().c_str());
    std::fflush(stdout);
    server.run();
    std::puts("Drained.");
    return 0;
}

}  // namespace demo
