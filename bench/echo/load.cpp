// SPDX-License-Identifier: MIT
//
// The load of bench/echo: connections that each send a message, read the whole echo, and send the next. It does not use
// tendril: a bare epoll loop, with OpenSSL on the socket for TLS, the same for every server.
//
//     bench_echo_load PORT BYTES CONNECTIONS MESSAGES PID [tls|short|websocket]
//
// Prints one JSON line: messages, wall nanoseconds per message, and the CPU nanoseconds per message that the process
// PID, the server, used in that time. A tenth of the messages is sent beforehand, unmeasured. short: each message has a
// connection of its own. websocket: it is a frame, after a handshake.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../measure.hpp"

namespace {

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    ERR_print_errors_fp(stderr);
    std::exit(1);
}

// Returns: the CPU time of all threads of a process, to the nanosecond.
double cpu_of(const std::string& pid) {
    double sum = 0;
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + pid + "/task")) {
        double on_cpu = 0;
        std::ifstream(task.path() / "schedstat") >> on_cpu;
        sum += on_cpu;
    }
    return sum;
}

enum class Kind { plain, tls, short_lived, websocket };

// What is sent on each connection, and how much comes back.
struct Plan {
    std::uint16_t port;
    Kind kind;
    SSL_CTX* tls;
    std::vector<char> message;
    std::size_t echo;
};

// A binary frame, masked by zero, which leaves the bytes as they are.
std::vector<char> frame(std::size_t size) {
    const std::size_t length = size < 126 ? 2 : 4;
    std::vector<char> bytes(length + 4 + size, 'm');
    bytes[0] = '\x82';
    bytes[1] = static_cast<char>(0x80 | (size < 126 ? size : 126));
    if (size >= 126) {
        bytes[2] = static_cast<char>(size >> 8);
        bytes[3] = static_cast<char>(size & 0xff);
    }
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(length), 4, '\0');
    return bytes;
}

Plan make_plan(std::uint16_t port, std::size_t size, std::string_view kind) {
    if (kind == "websocket") {
        return {port, Kind::websocket, nullptr, frame(size), size + (size < 126 ? 2 : 4)};
    }
    const std::vector<char> message(size, 'm');
    if (kind == "tls") {  // verifies nothing: it measures
        return {port, Kind::tls, SSL_CTX_new(TLS_client_method()), message, size};
    }
    return {port, kind == "short" ? Kind::short_lived : Kind::plain, nullptr, message, size};
}

class Connection {
public:
    explicit Connection(const Plan& plan) : plan_(plan), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(plan.port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const int on = 1;
        if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0 ||
            ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
            fail("connect");
        }
        if (plan.kind == Kind::websocket) {
            shake_hands();
        }
        if (plan.tls != nullptr) {
            ssl_ = SSL_new(plan.tls);
            if (SSL_set_fd(ssl_, fd_) != 1 || SSL_connect(ssl_) != 1) {
                fail("handshake");
            }
        }
        ::fcntl(fd_, F_SETFL, O_NONBLOCK);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() {
        SSL_free(ssl_);
        ::close(fd_);
    }

    int fd() const { return fd_; }

    void begin() {
        sent_ = received_ = 0;
        push();
    }

    // Goes on as far as possible without waiting. Returns: whether the echo is complete.
    bool move(char* buffer) {
        push();
        for (;;) {
            const long n = take(buffer, plan_.echo);
            if (n < 0) {
                return false;
            }
            received_ += static_cast<std::size_t>(n);
            if (received_ == plan_.echo) {
                return true;
            }
        }
    }

private:
    void shake_hands() {
        constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                                             "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        std::string answer;
        if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
            fail("handshake");
        }
        while (!answer.ends_with("\r\n\r\n")) {
            char byte = 0;
            if (::recv(fd_, &byte, 1, 0) != 1) {
                fail("handshake");
            }
            answer += byte;
        }
        if (!answer.starts_with("HTTP/1.1 101")) {
            std::fputs(answer.c_str(), stderr);
            std::exit(1);
        }
    }

    // The next two return -1 if they would have to wait.
    long take(char* buffer, std::size_t size) {
        const long n = ssl_ != nullptr ? SSL_read(ssl_, buffer, static_cast<int>(size)) : ::recv(fd_, buffer, size, 0);
        if (n == 0 || (n < 0 && !later(n))) {
            fail("recv");
        }
        return n;
    }

    long give(const char* from, std::size_t size) {
        const long n =
            ssl_ != nullptr ? SSL_write(ssl_, from, static_cast<int>(size)) : ::send(fd_, from, size, MSG_NOSIGNAL);
        if (n <= 0 && !later(n)) {
            fail("send");
        }
        return n;
    }

    bool later(long n) const {
        if (ssl_ == nullptr) {
            return errno == EAGAIN;
        }
        const int why = SSL_get_error(ssl_, static_cast<int>(n));
        return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
    }

    void push() {
        while (sent_ < plan_.message.size()) {
            const long n = give(plan_.message.data() + sent_, plan_.message.size() - sent_);
            if (n <= 0) {
                return;
            }
            sent_ += static_cast<std::size_t>(n);
        }
    }

    const Plan& plan_;
    int fd_;
    SSL* ssl_ = nullptr;
    std::size_t sent_ = 0;
    std::size_t received_ = 0;
};

class Load {
public:
    Load(const Plan& plan, std::size_t connections) : plan_(plan), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        for (std::size_t i = 0; i < connections; ++i) {
            renew(all_.emplace_back());
        }
    }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;
    ~Load() { ::close(epoll_); }

    void run(std::uint64_t messages) {
        std::uint64_t to_begin = messages;
        std::uint64_t to_end = messages;
        for (auto& each : all_) {
            if (to_begin > 0) {
                --to_begin;
                if (plan_.kind == Kind::short_lived) {
                    renew(each);
                }
                each->begin();
            }
        }
        std::vector<epoll_event> events(all_.size());
        std::vector<char> buffer(plan_.echo);
        while (to_end > 0) {
            const int n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < n; ++i) {
                auto& one = *static_cast<std::unique_ptr<Connection>*>(events[static_cast<std::size_t>(i)].data.ptr);
                if (!one->move(buffer.data())) {
                    continue;
                }
                --to_end;
                if (to_begin > 0) {
                    --to_begin;
                    if (plan_.kind == Kind::short_lived) {
                        renew(one);
                    }
                    one->begin();
                }
            }
        }
    }

private:
    // Makes a connection in this place, where its events are reported; one that was there ends.
    void renew(std::unique_ptr<Connection>& place) {
        place.reset();
        place = std::make_unique<Connection>(plan_);
        epoll_event event{EPOLLIN | EPOLLOUT | EPOLLET, {.ptr = &place}};
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, place->fd(), &event) != 0) {
            fail("epoll_ctl");
        }
    }

    const Plan& plan_;
    int epoll_;
    std::deque<std::unique_ptr<Connection>> all_;  // events point into it
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 6) {
        std::fprintf(stderr, "usage: %s PORT BYTES CONNECTIONS MESSAGES PID [tls|short|websocket]\n", argv[0]);
        return 2;
    }
    const Plan plan = make_plan(static_cast<std::uint16_t>(std::atoi(argv[1])), std::strtoull(argv[2], nullptr, 10),
                                argc > 6 ? argv[6] : "");
    const std::uint64_t messages = std::strtoull(argv[4], nullptr, 10);
    const std::string server = argv[5];
    Load load(plan, std::strtoull(argv[3], nullptr, 10));
    load.run(messages / 10 + 1);
    const double cpu = cpu_of(server);
    const bench::Elapsed start = bench::now();
    load.run(messages);
    const bench::Elapsed took = bench::now() - start;
    const auto n = static_cast<double>(messages);
    std::printf("{\"messages\":%llu,\"ns_wall\":%.1f,\"ns_cpu\":%.1f}\n", static_cast<unsigned long long>(messages),
                took.wall / n, (cpu_of(server) - cpu) / n);
    return 0;
}
