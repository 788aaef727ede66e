// SPDX-License-Identifier: MIT
//
// Every call of the socket layer under the fault injector. Each scenario is run once to count its calls; then once for
// each of them and each error, with that one call failing; and by seeds, with interrupted, short and slow calls all over.
// No hang (everything has a deadline, and TimeoutError is a failure), no leak (the fixture looks), no lost byte (what is
// said to have succeeded is compared), no busy loop (calls are counted).

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include <tendril/buffered.hpp>
#include <tendril/error.hpp>
#include <tendril/file.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/pipe.hpp>
#include <tendril/stream_server.hpp>
#include <tendril/tls.hpp>
#include <tendril/udp_socket.hpp>

#include "certificates.hpp"
#include "faults.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::Faults;
using testing::SeededFaults;
using Scenario = void (*)();

constexpr auto deadline = 10s;

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        text[i] = static_cast<char>(i * 131 >> 4);
    }
    return text;
}

struct WrongBytes : std::runtime_error {
    WrongBytes() : std::runtime_error("other bytes came than were sent") {}
};

// Both ways at once, to the ends of the streams. Closes both on an error, so that neither side waits for the other.
template <class S>
void exchange(S& a, S& b, std::size_t size) {
    const std::string text = pattern(size);
    const auto half = [&](S& end) {
        try {
            Group senders;  // none outlives this
            auto sender = senders.spawn([&] {
                try {
                    end.send_all({text.data(), size / 2}, deadline);
                    const std::array<Bytes, 2> parts{Bytes(text.data() + size / 2, 7),
                                                     Bytes(text.data() + size / 2 + 7, size - size / 2 - 7)};
                    end.send_parts(parts, deadline);
                    end.shutdown(Shutdown::write);
                } catch (...) {
                    a.close();
                    b.close();
                    throw;
                }
            });
            std::string got(size + 1, '\0');
            got.resize(end.recv_exactly(got, deadline));
            sender.get();
            if (got != text) {
                throw WrongBytes();
            }
        } catch (...) {
            a.close();
            b.close();
            throw;
        }
    };
    auto other = spawn([&] { half(b); });
    std::exception_ptr error;
    try {
        half(a);
    } catch (...) {
        error = std::current_exception();
    }
    other.get();
    if (error != nullptr) {
        std::rethrow_exception(error);
    }
}

void tcp() {
    Listener listener = listen("127.0.0.1:0");
    TcpSocket a = connect(listener.address(), deadline);
    TcpSocket b = listener.accept(deadline);
    a.set(option::keep_alive, true);
    exchange(a, b, 60'000);
}

void unix_pair() {
    auto [a, b] = TcpSocket::pair();
    exchange(a, b, 300'000);
}

void tls() {
    static const TlsContext server({.server_side = true,
                                    .certificate = testing::server_identity().certificate,
                                    .key = testing::server_identity().key});
    static const TlsContext client({.ca_file = testing::authority().certificate()});
    auto [a, b] = TcpSocket::pair();
    TlsSocket one = wrap_ssl(std::move(a), client, {.server_name = "localhost", .handshake_on_connect = false});
    TlsSocket two = wrap_ssl(std::move(b), server, {.handshake_on_connect = false});
    exchange(one, two, 60'000);
}

void datagrams() {
    UdpSocket server = UdpSocket::bound("127.0.0.1:0");
    UdpSocket client = UdpSocket::connected(server.local_address());
    char buffer[100];
    for (int i = 0; i < 3; ++i) {
        client.send("question", deadline);
        Address from;
        const Datagram d = server.recv_from(buffer, from, deadline);
        server.send_to({buffer, d.size}, from, deadline);
        if (std::string(buffer, client.recv(buffer, deadline).size) != "question") {
            throw WrongBytes();
        }
    }
}

void pipes() {
    Pipe pipe = make_pipe();
    const std::string text = pattern(200'000);
    Group senders;
    auto sender = senders.spawn([&] {
        struct Closed {
            PipeWriter& writer;
            ~Closed() { writer.close(); }
        } const closed{pipe.writer};
        BufferedWriter out(pipe.writer);
        out.send_all(text, deadline);
        out.flush(deadline);
    });
    std::string got;
    try {
        BufferedReader in(pipe.reader);
        got = in.read_all(text.size(), deadline);
    } catch (...) {
        pipe.reader.close();
        sender.join();
        throw;
    }
    sender.get();
    if (got != text) {
        throw WrongBytes();
    }
}

void server() {
    StreamServer echo("127.0.0.1:0", [](TcpSocket& client) {
        char buffer[1000];
        while (const std::size_t n = client.recv(buffer, deadline)) {
            client.send_all({buffer, n}, deadline);
        }
    });
    echo.start();
    for (int i = 0; i < 3; ++i) {
        TcpSocket client = connect(echo.address(), deadline);
        client.send_all("hello", deadline);
        char buffer[5];
        if (client.recv_exactly(buffer, deadline) != 5) {
            throw std::system_error(ECONNRESET, std::generic_category(), "the server ended the connection");
        }
    }
    echo.stop(deadline);
}

void file() {
    static const testing::TemporaryFile there(pattern(100'000));
    File source = File::open(there.path());
    auto [a, b] = TcpSocket::pair();
    Group senders;
    auto sender = senders.spawn([&, out = std::move(a)]() mutable {
        Sink& sink = out;
        sink.send_file(source, 0, 50'000, deadline);
        sink.Sink::send_file(source, 50'000, 50'000, deadline);
    });
    std::string got(100'001, '\0');
    got.resize(b.recv_exactly(got, deadline));
    sender.get();
    if (got != pattern(100'000)) {
        throw WrongBytes();
    }
}

// Returns: whether it came to its end. TimeoutError and wrong bytes are failures, whatever was injected.
bool completes(Scenario scenario, const std::string& what) {
    try {
        scenario();
        return true;
    } catch (const TimeoutError& e) {
        ADD_FAILURE() << what << " hangs: " << e.what();
    } catch (const WrongBytes& e) {
        ADD_FAILURE() << what << ": " << e.what();
    } catch (const std::system_error&) {
    } catch (const std::exception& e) {
        ADD_FAILURE() << what << " throws something else: " << e.what();
    }
    return false;
}

void each_call_fails(Scenario scenario, std::initializer_list<sys::Call> calls) {
    scenario();  // whatever is made once
    std::size_t usual = 0;
    {
        const Faults none(std::vector<testing::FaultRule>{});
        scenario();
        usual = none.calls();
    }
    for (const sys::Call call : calls) {
        const std::size_t count = testing::count_calls(call, scenario);
        EXPECT_LT(count, 1000u) << "call " << static_cast<unsigned>(call) << " is made in a loop";
        EXPECT_GT(count, 0u) << "call " << static_cast<unsigned>(call) << " is not made at all";
        for (const int error : {EINTR, ECONNRESET, ENOMEM, ENOBUFS}) {
            // The first calls each, then every few.
            for (std::size_t i = 0; i < count; i += 1 + i / 4) {
                const std::string what = "call " + std::to_string(static_cast<unsigned>(call)) + " number " +
                                         std::to_string(i) + " with errno " + std::to_string(error);
                const Faults one({{.call = call, .skip = i, .fault = error}});
                const bool complete = completes(scenario, what);
                const bool restarts = call != sys::Call::close && call != sys::Call::socket &&
                                      call != sys::Call::bind && call != sys::Call::listen &&
                                      call != sys::Call::setsockopt && call != sys::Call::shutdown &&
                                      call != sys::Call::pipe && call != sys::Call::socketpair;
                EXPECT_TRUE(complete || error != EINTR || !restarts) << what << " is not made again";
                EXPECT_LT(one.calls(), 20 * usual + 1000) << what << " makes it loop";
                testing::take_unhandled();  // a server reports what befell its handlers
            }
        }
    }
}

void survives_seeds(Scenario scenario) {
    for (std::uint64_t seed = 1; seed <= 15; ++seed) {
        SeededFaults faults;
        faults.seed = seed;
        const Faults all(faults);
        EXPECT_TRUE(completes(scenario, "seed " + std::to_string(seed))) << "seed " << seed;
    }
}

using enum sys::Call;

TENDRIL_TEST(NetworkFaults, Tcp) {
    each_call_fails(tcp, {sys::Call::socket, sys::Call::bind, sys::Call::listen, sys::Call::connect, sys::Call::accept,
                          sys::Call::recv, sys::Call::send, sendmsg, sys::Call::shutdown, sys::Call::setsockopt});
    survives_seeds(tcp);
}

TENDRIL_TEST(NetworkFaults, UnixPair) {
    each_call_fails(unix_pair, {sys::Call::socketpair, sys::Call::recv, sys::Call::send, sendmsg});
    survives_seeds(unix_pair);
}

TENDRIL_TEST(NetworkFaults, Tls) {
    each_call_fails(tls, {sys::Call::recv, sys::Call::send});
    survives_seeds(tls);
}

TENDRIL_TEST(NetworkFaults, Datagrams) {
    each_call_fails(datagrams,
                    {sys::Call::socket, sys::Call::bind, sys::Call::connect, sys::Call::recv, sys::Call::send});
}

TENDRIL_TEST(NetworkFaults, Pipes) {
    each_call_fails(pipes, {sys::Call::pipe, sys::Call::read, sys::Call::write});
    survives_seeds(pipes);
}

TENDRIL_TEST(NetworkFaults, Server) {
    each_call_fails(server, {sys::Call::accept, sys::Call::recv, sys::Call::send, sys::Call::socket});
    survives_seeds(server);
}

TENDRIL_TEST(NetworkFaults, File) {
    each_call_fails(file, {sys::Call::open, sys::Call::pread, sendfile});
}

}  // namespace
}  // namespace tendril
