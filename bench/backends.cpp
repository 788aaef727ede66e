// SPDX-License-Identifier: MIT
//
// What waiting for a descriptor costs on each backend: one byte passed back and forth between two green threads of one
// hub. Per operation: one message, so two make a round trip. bench/backends runs it, and counts its system calls.
//
//     bench_backends BACKEND [unix|tcp|pipe [MESSAGES]]     with a number: exactly that many, for strace

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/pipe.hpp>
#include <tendril/socket.hpp>

#include "measure.hpp"

namespace {

using Sockets = std::pair<tendril::TcpSocket, tendril::TcpSocket>;

Sockets connected(std::string_view kind) {
    tendril::Listener listener = tendril::listen(kind == "tcp" ? "127.0.0.1:0" : "unix:@tendril-bench-backends");
    tendril::TcpSocket client = tendril::connect(listener.address());
    return {std::move(client), listener.accept()};
}

// Two pipes, one each way, as a stream.
struct Pipes {
    tendril::PipeReader in;
    tendril::PipeWriter out;
    std::size_t recv(tendril::Buffer buffer) { return in.recv(buffer); }
    void send_all(tendril::Bytes bytes) { out.send_all(bytes); }
};

std::pair<Pipes, Pipes> piped() {
    tendril::Pipe to = tendril::make_pipe();
    tendril::Pipe fro = tendril::make_pipe();
    return {Pipes{std::move(fro.reader), std::move(to.writer)}, Pipes{std::move(to.reader), std::move(fro.writer)}};
}

template <class End>
bench::Elapsed ping_pong(End& a, End& b, std::uint64_t messages) {
    const auto play = [messages](End& end, bool serves) {
        const char ball = 'x';
        // larger than the message: no second read, which would return EAGAIN, must follow a short one
        char buffer[64];
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

// Measures, or sends that many messages. Returns: the program's status.
template <class End>
int play(End& a, End& b, const std::string& row, std::uint64_t messages) {
    if (messages > 0) {
        ping_pong(a, b, messages);
        return 0;
    }
    if constexpr (!bench::optimized) {
        std::fprintf(stderr, "%s: not an optimized build: refusing to measure\n", row.c_str());
        return 2;
    }
    bench::measure({"tendril", __VERSION__}, row.c_str(), 2, [&](std::uint64_t n) { return ping_pong(a, b, n); });
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || argc > 4) {
        std::fprintf(stderr, "usage: %s BACKEND [unix|tcp|pipe [MESSAGES]]\n", argv[0]);
        return 2;
    }
    ::setenv("TENDRIL_BACKEND", argv[1], 1);
    const std::string kind = argc > 2 ? argv[2] : "unix";
    if (tendril::Hub::current().backend() != std::string_view(argv[1])) {
        return 1;  // the hub has printed the reason
    }
    const std::string row = std::string(argv[1]) + "_" + kind;
    const std::uint64_t messages = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 0;
    if (kind == "pipe") {
        auto ends = piped();
        return play(ends.first, ends.second, row, messages);
    }
    auto ends = connected(kind);
    return play(ends.first, ends.second, row, messages);
}
