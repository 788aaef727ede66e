// SPDX-License-Identifier: MIT

#include "hub/inspect/inspection_thread.hpp"

#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/inspection.hpp>
#include <tendril/metrics.hpp>

#include "base/on_exit.hpp"
#include "base/once.hpp"
#include "base/report.hpp"
#include "base/signals_blocked.hpp"
#include "base/sys.hpp"
#include "hub/hub_core.hpp"
#include "hub/inspect/from_outside.hpp"
#include "hub/inspect/traces.hpp"

namespace tendril {

namespace detail {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t longest_head = 8192;
constexpr auto head_patience = 2s;
constexpr auto answer_patience = 10s;
constexpr auto hub_patience = 200ms;

std::string own_address() {
    return "@tendril/" + std::to_string(sys::effective_user()) + "/" + std::to_string(sys::process_id());
}

struct PlainAnswer {
    const char* status = "200 OK";
    std::string type = "text/plain; charset=utf-8";
    std::string body;
};

PlainAnswer answer_to(std::string_view target) {
    const std::size_t mark = std::min(target.find('?'), target.size());
    const std::string_view path = target.substr(0, mark), parameters = target.substr(std::min(mark + 1, target.size()));
    if (path == "/snapshot.json") {
        try {
            const auto query = InspectionQuery::parse(parameters);
            return {.type = "application/json",
                    .body = to_json(snapshot_from_outside(query.snapshot_options(), hub_patience), query)};
        } catch (const std::invalid_argument& error) {
            return {.status = "400 Bad Request", .body = std::string(error.what()) + '\n'};
        }
    }
    if (path == "/metrics") {
        return {.type = prometheus_type,
                .body = to_prometheus(all_metrics(snapshot_from_outside({.scheduling = true}, hub_patience)))};
    }
    if (path == "/trace.json") {
        return {.type = "application/json", .body = Traces::the().text()};
    }
    return {.status = "404 Not Found", .body = "there are /snapshot.json, /metrics and /trace.json\n"};
}

// Returns: the target of "GET <target> HTTP/1.x"; empty: it is something else.
std::string_view target_of(std::string_view head) {
    const std::string_view line = head.substr(0, head.find('\r'));
    const std::size_t end = line.rfind(" HTTP/1.");
    return line.starts_with("GET /") && end != std::string_view::npos ? line.substr(4, end - 4) : std::string_view();
}

int signal_named(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, int>, 7> names{{{"HUP", SIGHUP},
                                                                            {"USR1", SIGUSR1},
                                                                            {"USR2", SIGUSR2},
                                                                            {"ALRM", SIGALRM},
                                                                            {"WINCH", SIGWINCH},
                                                                            {"IO", SIGIO},
                                                                            {"PWR", SIGPWR}}};
    const std::string_view plain = name.starts_with("SIG") ? name.substr(3) : name;
    for (const auto& [text, number] : names) {
        if (text == plain) {
            return number;
        }
    }
    int number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    return error == std::errc() && end == name.data() + name.size() && number > 0 && number <= SIGRTMAX ? number : 0;
}

bool is_set(const char* variable) noexcept {
    const char* const value = std::getenv(variable);
    return value != nullptr && *value != 0 && std::strcmp(value, "0") != 0;
}

}  // namespace

InspectionThread& InspectionThread::the() noexcept {
    static constinit Once once;
    alignas(InspectionThread) static std::byte memory[sizeof(InspectionThread)];  // never destroyed, as its list
    once([] { ::new (static_cast<void*>(memory)) InspectionThread; });
    return *std::launder(reinterpret_cast<InspectionThread*>(memory));
}

std::string InspectionThread::open() {
    const MutexLock lock(mutex_);
    const std::string address = own_address();
    if (listener_.load() < 0) {
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        std::copy(address.begin() + 1, address.end(), at.sun_path + 1);  // behind a 0: it is abstract
        const int fd = sys::checked(sys::socket(AF_UNIX, SOCK_STREAM), "the inspection socket");
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
        int error = sys::bind(fd, reinterpret_cast<const sockaddr*>(&at), size);
        error = error == 0 ? sys::listen(fd, 16) : error;
        if (error != 0) {
            sys::close(fd);
            throw std::system_error(-error, std::generic_category(), "the inspection socket " + address);
        }
        listener_ = fd;
        start();
    }
    return "unix:" + address;
}

void InspectionThread::start() {
    if (wake_.load() < 0) {
        wake_ = sys::checked(sys::eventfd(), "an eventfd for inspection");
    }
    if (!thread_.joinable() && !stopping_) {
        const SignalsBlocked blocked;
        thread_ = PlainThread([this] { run(); });
        sys::name_thread(thread_.native_handle(), "tendril-inspect");
        struct AtExit {
            ~AtExit() { the().stop(); }
        };
        static const AtExit at_exit;
    }
    const std::uint64_t one = 1;
    sys::write(wake_, &one, sizeof one);
}

void InspectionThread::open_if_asked() noexcept {
    try {
        bool wanted = false;
        {
            const MutexLock lock(mutex_);
            if (std::exchange(asked_, true)) {
                return;
            }
            wanted = is_set("TENDRIL_INSPECT") || std::exchange(reopen_, false);
            if (const char* const name = std::getenv("TENDRIL_TRACE_SIGNAL");
                name != nullptr && *name != 0 && Traces::the().has_own_file()) {
                watch_signal(name);
            }
        }
        if (wanted) {
            open();
        }
    } catch (...) {
        report("this process cannot be inspected", std::current_exception());
    }
}

void InspectionThread::watch_signal(std::string_view name) {
    const int number = signal_named(name);
    if (number == 0) {
        throw std::invalid_argument("TENDRIL_TRACE_SIGNAL is not a signal: " + std::string(name));
    }
    start();
    struct ::sigaction ours {};
    ours.sa_handler = &InspectionThread::on_signal;
    ours.sa_flags = SA_RESTART | SA_ONSTACK;
    ::sigemptyset(&ours.sa_mask);
    sys::checked(sys::sigaction(number, &ours, nullptr), "TENDRIL_TRACE_SIGNAL");
}

void InspectionThread::on_signal(int) noexcept {
    const int saved = errno;
    InspectionThread& self = the();
    self.trace_wanted_ = true;
    const std::uint64_t one = 1;
    sys::write(self.wake_, &one, sizeof one);
    errno = saved;
}

void InspectionThread::stop() noexcept {
    PlainThread ending;
    {
        const MutexLock lock(mutex_);
        stopping_ = true;
        ending = std::move(thread_);
        const std::uint64_t one = 1;
        sys::write(wake_, &one, sizeof one);
    }
    if (ending.joinable()) {
        ending.join();
    }
}

void InspectionThread::run() noexcept {
    while (!stopping_) {
        if (trace_wanted_.exchange(false)) {
            Traces::the().write_own_file();
        }
        std::array<pollfd, 2> watched{pollfd{wake_, POLLIN, 0}, pollfd{listener_, POLLIN, 0}};
        sys::poll(watched.data(), watched.size(), -1);
        std::uint64_t times = 0;
        sys::read(wake_, &times, sizeof times);  // it never waits
        if (watched[1].revents != 0 && !stopping_) {
            if (const int client = sys::accept(listener_, nullptr, nullptr); client >= 0) {
                serve(client);
                sys::close(client);
            } else if (client == -EMFILE || client == -ENFILE || client == -ENOMEM) {
                sys::pause(100'000'000);  // until there is a descriptor again
            }
        }
    }
}

void InspectionThread::serve(int client) noexcept {
    pid_t process = 0;
    uid_t user = 0;
    gid_t group = 0;
    if (sys::peer_credentials(client, process, user, group) != 0 || (user != 0 && user != sys::effective_user())) {
        return;  // no word to other users
    }
    // Waits until the client is ready. Returns: false if it has not become so in time, or the process ends.
    const auto await = [&](short events, Deadline deadline) {
        while (!stopping_ && !deadline.passed()) {
            std::array<pollfd, 2> watched{pollfd{client, events, 0}, pollfd{wake_, POLLIN, 0}};
            sys::poll(watched.data(), watched.size(), std::max<std::int64_t>(deadline.ns() - Deadline::now_ns(), 0));
            std::uint64_t times = 0;
            sys::read(wake_, &times, sizeof times);
            if (watched[0].revents != 0) {
                return true;
            }
        }
        return false;
    };
    try {
        std::string head;
        for (const Deadline deadline(head_patience); head.find("\r\n\r\n") == std::string::npos;) {
            std::array<char, 1024> piece;
            const ssize_t n = await(POLLIN, deadline) ? sys::recv(client, piece.data(), piece.size(), 0) : 0;
            if (n == -EAGAIN || n == -EINTR) {
                continue;
            }
            if (n <= 0 || head.size() > longest_head) {
                return;
            }
            head.append(piece.data(), static_cast<std::size_t>(n));
        }
        const PlainAnswer answer = answer_to(target_of(head));
        const std::string text = std::string("HTTP/1.0 ") + answer.status + "\r\nContent-Type: " + answer.type +
                                 "\r\nContent-Length: " + std::to_string(answer.body.size()) +
                                 "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n" + answer.body;
        const Deadline deadline(answer_patience);
        for (std::string_view rest = text; !rest.empty() && await(POLLOUT, deadline);) {
            const ssize_t n = sys::send(client, rest.data(), rest.size(), 0);
            if (n < 0 && n != -EAGAIN && n != -EINTR) {
                return;
            }
            rest.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
        }
    } catch (...) {  // no memory for the answer: none
    }
}

// In a child: the OS thread is gone. The socket would take the parent's clients.
void InspectionThread::forked() noexcept {
    ::new (&thread_) PlainThread;  // over the old object, which could only be joined
    reopen_ = listener_ >= 0;
    asked_ = false;
    for (std::atomic<int>* each : {&listener_, &wake_}) {
        if (const int fd = each->exchange(-1); fd >= 0) {
            sys::close(fd);
        }
    }
    trace_wanted_ = false;
}

void HubCore::open_inspection_if_asked() noexcept {
    InspectionThread::the().open_if_asked();
}

}  // namespace detail

std::string open_inspection() {
    return detail::InspectionThread::the().open();
}

}  // namespace tendril
