// SPDX-License-Identifier: MIT
//
// What waiting for a descriptor costs on each backend: one byte to and fro between two green threads of one hub. Per
// operation: one message, so two make a round trip. bench/backends runs it, and counts its system calls.
//
//     bench_backends BACKEND [unix|tcp [MESSAGES]]     with a number: just that many, for strace

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/socket.hpp>

#include "measure.hpp"

namespace {

// Two connected ends; whatever else has send_all() and recv() can take their place, so pipes too.
std::pair<tendril::TcpSocket, tendril::TcpSocket> connected(std::string_view kind) {
    tendril::Listener listener = tendril::listen(kind == "tcp" ? "127.0.0.1:0" : "unix:@tendril-bench-backends");
    tendril::TcpSocket client = tendril::connect(listener.address());
    return {std::move(client), listener.accept()};
}

template <class End>
bench::Elapsed ping_pong(End& a, End& b, std::uint64_t messages) {
    const auto play = [messages](End& end, bool serves) {
        const char ball = 'x';
        char buffer[64];  // more than comes: a read that comes back short need not be followed by one that says EAGAIN
        for (std::uint64_t i = 0; i < messages / 2; ++i) {
            if (serves) {
                end.send_all({&ball, 1});
            }
            end.recv(buffer);
            if (!serves) {
                end.send_all({&ball, 1});
            }
        }
    };
    const bench::Elapsed start = bench::now();
    auto other = tendril::spawn([&] { play(b, false); });
    play(a, true);
    other.join();
    return bench::now() - start;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || argc > 4) {
        std::fprintf(stderr, "usage: %s BACKEND [unix|tcp [MESSAGES]]\n", argv[0]);
        return 2;
    }
    ::setenv("TENDRIL_BACKEND", argv[1], 1);
    const std::string kind = argc > 2 ? argv[2] : "unix";
    if (tendril::Hub::current().backend() != std::string_view(argv[1])) {
        return 1;  // the hub has said why
    }
    auto ends = connected(kind);
    if (argc > 3) {
        ping_pong(ends.first, ends.second, std::strtoull(argv[3], nullptr, 10));
        return 0;
    }
    if constexpr (!bench::optimized) {
        std::fprintf(stderr, "%s: not an optimized build: refusing to measure\n", argv[0]);
        return 2;
    }
    const bench::Identity who{"tendril", __VERSION__};
    bench::measure(who, (std::string(argv[1]) + "_" + kind).c_str(), 2,
                   [&](std::uint64_t n) { return ping_pong(ends.first, ends.second, n); });
    return 0;
}
