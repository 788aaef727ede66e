// SPDX-License-Identifier: MIT

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>

#include <tendril/signal.hpp>

#include "modes.hpp"
#include "page_server.hpp"
#include "process.hpp"

namespace demo {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t own_descriptors = 16;

}  // namespace

int serve_until_signal(const Options& options) {
    const std::size_t descriptors = raise_descriptor_limit();
    const std::size_t most = std::max(descriptors, own_descriptors + 1) - own_descriptors;
    PageServer server(tendril::listen(tendril::Address::parse(options.address), {.backlog = 4096}), most, 10s);
    int times = 0;
    const auto end = [&](int signal) {
        if (++times > 1) {
            _exit(128 + signal);
        }
        std::puts("\nDraining; Ctrl-C again ends at once.");
        std::fflush(stdout);
        server.stop();
    };
    const tendril::Signal on_interrupt = tendril::on_signal(SIGINT, end);
    const tendril::Signal on_terminate = tendril::on_signal(SIGTERM, end);
    const tendril::Address address = server.address();
    std::printf("Serving on %s%s/ (and /slow) until Ctrl-C.\n", address.path().empty() ? "http://" : "",
                address.to_string().c_str());
    std::fflush(stdout);
    server.run();
    std::puts("Drained.");
    return 0;
}

}  // namespace demo
