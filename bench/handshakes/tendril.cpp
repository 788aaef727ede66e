// SPDX-License-Identifier: MIT
//
// TLS connections on tendril, both ends in one hub: connect, handshake, 64 bytes and their echo, the end. In waves: all
// connections of a wave are open at the same time.
//
//     bench_handshakes_tendril CERTIFICATE KEY [TOTAL AT_ONCE]
//
// Prints one JSON line; nanoseconds are per connection, of both its ends.

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/pool.hpp>
#include <tendril/server.hpp>
#include <tendril/tls.hpp>

#include "../measure.hpp"

namespace {

using namespace tendril;

// After its echo each connection waits here until all of its wave have theirs.
class Wave {
public:
    explicit Wave(std::size_t size) : left_(size) {}
    void arrive() {
        if (--left_ == 0) {
            all_.set();
        }
        all_.wait();
    }

private:
    std::size_t left_;
    Event all_;
};

void client(const Address& server, const TlsContext& context, Wave& wave) {
    TlsSocket socket = wrap_ssl(connect(server), context, {.server_name = "localhost"});
    const std::string message(64, 'x');
    socket.send_all(message);
    std::string answer(message.size(), '\0');
    if (socket.recv_exactly(answer) != message.size() || answer != message) {
        std::fputs("another answer came\n", stderr);
        std::exit(1);
    }
    wave.arrive();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fputs("usage: bench_handshakes_tendril CERTIFICATE KEY [TOTAL AT_ONCE]\n", stderr);
        return 2;
    }
    const std::size_t total = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 2000;
    const std::size_t at_once = argc > 4 ? std::strtoull(argv[4], nullptr, 10) : 1;
    const TlsContext trusting({.ca_file = argv[1]});
    TlsListener listener = wrap_ssl(listen("127.0.0.1:0", {.backlog = 4096}),
                                    TlsContext({.server_side = true, .certificate = argv[1], .key = argv[2]}));
    auto server = spawn([&] {
        serve(listener,
              [](TlsSocket& peer) {
                  char buffer[64];
                  while (const std::size_t n = peer.recv(buffer)) {
                      peer.send_all({buffer, n});
                  }
              },
              {.concurrency = at_once + 1, .handshake_timeout = std::chrono::minutes(10)});
    });
    const bench::Elapsed before = bench::now();
    for (std::size_t done = 0; done < total;) {
        const std::size_t size = std::min(at_once, total - done);
        Wave wave(size);
        Group clients;
        for (std::size_t i = 0; i < size; ++i) {
            clients.spawn([&] { client(listener.address(), trusting, wave); });
        }
        clients.join();
        done += size;
    }
    bench::report({"tendril", "1"}, ("tls connections, " + std::to_string(at_once) + " at once").c_str(),
                  bench::now() - before, total);
    rusage use{};
    ::getrusage(RUSAGE_SELF, &use);
    std::fprintf(stderr, "peak: %ld KiB\n", use.ru_maxrss);
    server.kill();
    return 0;
}
