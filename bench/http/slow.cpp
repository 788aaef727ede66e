// SPDX-License-Identifier: MIT
//
// The load of bench/http/slow: connections that each send one byte of a request's head per second, without end, and in
// addition requests of others on a fixed schedule, whether the server keeps up or not. It does not use tendril: a bare
// epoll loop in one thread.
//
//     bench_http_slow PORT SLOW RATE SECONDS
//
// Opens SLOW connections within two seconds. Then RATE requests per second begin, each at its time, on 64 kept-alive
// connections, every tenth on a new one, until all slow connections have ended or SECONDS have passed. Latency counts
// from the time at which a request should have begun. Prints one JSON line; the ends of the slow connections count from
// when they were opened.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../measure.hpp"

namespace {

constexpr double second = 1e9;  // all times are nanoseconds
constexpr double ramp = 2 * second;
constexpr std::size_t kept_connections = 64;
constexpr std::size_t fresh_each = 10;
constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr std::string_view body = "Hello, World!";
constexpr std::string_view slow_head = "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

double clock_now() {
    return bench::read_clock(CLOCK_MONOTONIC);
}

enum class Kind { slow, kept, fresh };

struct Connection {
    int fd = -1;
    Kind kind = Kind::kept;
    double made = 0;
    double begun = 0;        // when a request should have begun
    std::size_t sent = 0;    // how much of a slow head
    bool connected = false;  // if not yet, it sends its request once it is
    bool refused = false;    // a slow one got an error as its answer
    std::string answer;
};

struct Ends {
    std::size_t answered = 0, closed = 0, reset = 0;
    std::vector<double> after;
};

double at_rank(std::vector<double>& values, double rank) {
    if (values.empty()) {
        return 0;
    }
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(static_cast<double>(values.size() - 1) * rank);
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

class Load {
public:
    Load(std::uint16_t port, std::size_t slow, double rate) : slow_(slow), interval_(second / rate) {
        to_.sin_family = AF_INET;
        to_.sin_port = htons(port);
        to_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;
    ~Load() { ::close(epoll_); }

    void run(double seconds) {
        for (std::size_t i = 0; i < kept_connections; ++i) {
            idle_.push_back(connect(Kind::kept));
        }
        const double start = clock_now();
        const double first = start + (slow_ > 0 ? ramp : 0.2 * second);  // when the first request begins
        const double end = first + seconds * second;
        std::size_t opened = 0;
        std::size_t due = 0;
        for (double now = start; now < end && (slow_ == 0 || opened < slow_ || ends_.after.size() < slow_);
             now = clock_now()) {
            const auto opens = [&] { return start + ramp * static_cast<double>(opened) / static_cast<double>(slow_); };
            const auto begins = [&] { return first + interval_ * static_cast<double>(due); };
            for (; opened < slow_ && opens() <= now; ++opened) {
                drip_.push_back({opens() + second, connect(Kind::slow)});
            }
            for (; begins() <= now; ++due) {
                begin(begins(), due % fresh_each == 0);
            }
            drip(now);
            double next = std::min(begins(), drip_.empty() ? end : drip_.front().at);
            next = opened < slow_ ? std::min(next, opens()) : next;
            wait(std::max(0.0, next - clock_now()));
        }
    }

    void print() {
        std::vector<double>& after = ends_.after;
        const std::size_t ended = after.size();
        const double least = at_rank(after, 0) / second;
        const double middle = at_rank(after, 0.5) / second;
        const double most = at_rank(after, 1) / second;
        std::printf("{\"requests\":%zu,\"errors\":%zu,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"max_ms\":%.3f,"
                    "\"late_p99_ms\":%.3f,\"slow\":%zu,\"answered\":%zu,\"closed\":%zu,\"reset\":%zu,\"open\":%zu,"
                    "\"ended_after_s\":[%.2f,%.2f,%.2f]}\n",
                    latencies_.size(), errors_, at_rank(latencies_, 0.5) / 1e6, at_rank(latencies_, 0.99) / 1e6,
                    at_rank(latencies_, 0.999) / 1e6, at_rank(latencies_, 1) / 1e6, at_rank(lateness_, 0.99) / 1e6,
                    slow_, ends_.answered, ends_.closed, ends_.reset, slow_ - ended, least, middle, most);
    }

private:
    struct Drip {
        double at;
        Connection* connection;  // stays open while it is in the queue
    };

    Connection* connect(Kind kind) {
        auto made = std::make_unique<Connection>();
        made->kind = kind;
        made->made = clock_now();
        made->fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        const int on = 1;
        if (made->fd < 0 || ::setsockopt(made->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
            fail("socket");
        }
        if (::connect(made->fd, reinterpret_cast<const sockaddr*>(&to_), sizeof to_) != 0 && errno != EINPROGRESS) {
            fail("connect");
        }
        epoll_event event{EPOLLIN | EPOLLOUT | EPOLLET, {.ptr = made.get()}};
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, made->fd, &event) != 0) {
            fail("epoll_ctl");
        }
        all_.push_back(std::move(made));
        return all_.back().get();
    }

    void begin(double at, bool fresh) {
        if (fresh) {
            start_request(*connect(Kind::fresh), at);
        } else if (idle_.empty()) {
            queued_.push_back(at);
        } else {
            Connection& one = *idle_.front();  // takes all in turn, so that none is idle for long
            idle_.pop_front();
            start_request(one, at);
        }
    }

    void start_request(Connection& one, double at) {
        one.begun = at;
        one.answer.clear();
        if (one.connected) {
            send_request(one);
        }
    }

    void send_request(Connection& one) {
        lateness_.push_back(clock_now() - one.begun);
        if (::send(one.fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
            fail("send of a request");
        }
    }

    // Sends the next byte on the connections whose second is over.
    void drip(double now) {
        while (!drip_.empty() && drip_.front().at <= now) {
            const double at = drip_.front().at;
            Connection& one = *drip_.front().connection;
            drip_.pop_front();
            if (one.fd < 0) {
                continue;
            }
            if (one.connected) {
                const char byte = one.sent < slow_head.size() ? slow_head[one.sent] : 'a';
                if (::send(one.fd, &byte, 1, MSG_NOSIGNAL) == 1) {
                    ++one.sent;
                } else if (errno != EAGAIN) {
                    end_slow(one, true);
                    continue;
                }
            }
            drip_.push_back({at + second, &one});
        }
    }

    void wait(double ns) {
        const timespec timeout{static_cast<time_t>(ns / second), static_cast<long>(ns) % 1'000'000'000};
        epoll_event events[256];
        const int n = ::epoll_pwait2(epoll_, events, 256, &timeout, nullptr);
        for (int i = 0; i < n; ++i) {
            auto& one = *static_cast<Connection*>(events[i].data.ptr);
            if ((events[i].events & EPOLLOUT) != 0 && !one.connected) {
                one.connected = true;
                if (one.begun != 0) {
                    send_request(one);
                }
            }
            if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
                receive(one);
            }
        }
    }

    void receive(Connection& one) {
        char buffer[4096];
        ssize_t n = 0;
        while ((n = ::recv(one.fd, buffer, sizeof buffer, 0)) > 0) {
            one.answer.append(buffer, static_cast<std::size_t>(n));
        }
        const bool goes_on = n < 0 && errno == EAGAIN;
        if (one.kind == Kind::slow) {
            one.refused = one.refused || !one.answer.empty();
            if (!goes_on) {
                end_slow(one, n < 0);
            }
        } else if (one.answer.ends_with(body)) {
            latencies_.push_back(clock_now() - one.begun);
            errors_ += one.answer.starts_with("HTTP/1.1 200") ? 0 : 1;
            one.begun = 0;
            release(one);
        } else if (!goes_on) {
            errno = n == 0 ? ECONNRESET : errno;
            fail("a request was not answered");
        }
    }

    void release(Connection& one) {
        if (one.kind == Kind::fresh) {
            close(one);
        } else if (queued_.empty()) {
            idle_.push_back(&one);
        } else {
            const double at = queued_.front();
            queued_.pop_front();
            start_request(one, at);
        }
    }

    void end_slow(Connection& one, bool reset) {
        ++(one.refused ? ends_.answered : reset ? ends_.reset : ends_.closed);
        ends_.after.push_back(clock_now() - one.made);
        close(one);
    }

    static void close(Connection& one) { ::close(std::exchange(one.fd, -1)); }

    const std::size_t slow_;
    const double interval_;
    sockaddr_in to_{};
    const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    std::deque<std::unique_ptr<Connection>> all_;
    std::deque<Connection*> idle_;  // kept-alive connections
    std::deque<double> queued_;     // times at which waiting requests should have begun
    std::deque<Drip> drip_;         // in the order of their times
    std::vector<double> latencies_;
    std::vector<double> lateness_;  // delays of this program itself, included in the latencies
    std::size_t errors_ = 0;
    Ends ends_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) {
        std::fprintf(stderr, "usage: %s PORT SLOW RATE SECONDS\n", argv[0]);
        return 2;
    }
    Load load(static_cast<std::uint16_t>(std::atoi(argv[1])), std::strtoull(argv[2], nullptr, 10),
              std::strtod(argv[3], nullptr));
    load.run(std::strtod(argv[4], nullptr));
    load.print();
    return 0;
}
