// SPDX-License-Identifier: MIT
//
// The load of bench/echo: connections that each send a message, read the whole echo, and send the next. It does not use
// tendril: a bare epoll loop, with OpenSSL on the socket for TLS, the same for every server.
//
//     bench_echo_load PORT BYTES CONNECTIONS MESSAGES PID [tls]
//
// Prints one JSON line: messages, wall nanoseconds per message, and the CPU nanoseconds per message that the process
// PID, the server, used in that time. A tenth of the messages is sent beforehand, unmeasured.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
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

class Connection {
public:
    Connection(std::uint16_t port, SSL_CTX* tls) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const int on = 1;
        if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0 ||
            ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
            fail("connect");
        }
        if (tls != nullptr) {
            ssl_ = SSL_new(tls);
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
            const long n = take(buffer, message.size());
            if (n < 0) {
                return false;
            }
            received_ += static_cast<std::size_t>(n);
            if (received_ == message.size()) {
                return true;
            }
        }
    }

    static inline std::vector<char> message;

private:
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
        while (sent_ < message.size()) {
            const long n = give(message.data() + sent_, message.size() - sent_);
            if (n <= 0) {
                return;
            }
            sent_ += static_cast<std::size_t>(n);
        }
    }

    int fd_;
    SSL* ssl_ = nullptr;
    std::size_t sent_ = 0;
    std::size_t received_ = 0;
};

class Load {
public:
    Load(std::uint16_t port, std::size_t connections, SSL_CTX* tls) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        for (std::size_t i = 0; i < connections; ++i) {
            Connection& made = *all_.emplace_back(std::make_unique<Connection>(port, tls));
            epoll_event event{EPOLLIN | EPOLLOUT | EPOLLET, {.ptr = &made}};
            if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, made.fd(), &event) != 0) {
                fail("epoll_ctl");
            }
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
                each->begin();
            }
        }
        std::vector<epoll_event> events(all_.size());
        std::vector<char> buffer(Connection::message.size());
        while (to_end > 0) {
            const int n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < n; ++i) {
                auto& one = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
                if (one.move(buffer.data())) {
                    --to_end;
                    if (to_begin > 0) {
                        --to_begin;
                        one.begin();
                    }
                }
            }
        }
    }

private:
    int epoll_;
    std::vector<std::unique_ptr<Connection>> all_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 6) {
        std::fprintf(stderr, "usage: %s PORT BYTES CONNECTIONS MESSAGES PID [tls]\n", argv[0]);
        return 2;
    }
    const auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
    Connection::message.assign(std::strtoull(argv[2], nullptr, 10), 'm');
    const std::uint64_t messages = std::strtoull(argv[4], nullptr, 10);
    const std::string server = argv[5];
    SSL_CTX* tls = argc > 6 ? SSL_CTX_new(TLS_client_method()) : nullptr;  // verifies nothing: it measures
    Load load(port, std::strtoull(argv[3], nullptr, 10), tls);
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
