// SPDX-License-Identifier: MIT
// Floor: net
//
// ErrorLog: what goes wrong with the connections of a server: counted, handed to a hook, and printed, so many lines a
// second and no more. Every server has one; give several the same to count them together.
//
//     auto log = std::make_shared<ErrorLog>(ErrorLogOptions{.write = write_line, .lines_per_second = 3});
//     serve(listener, handler, {.error_log = log});
//     log->count(ErrorKind::handshake);
//
// Any OS thread may use it.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <string_view>

#include <tendril/address.hpp>
#include <tendril/site.hpp>

namespace tendril {

enum class ErrorKind : std::uint8_t {
    handler,       // a handler threw: the program's error
    handshake,     // of TLS: port scans, old clients, ours when the certificate is wrong
    proxy_header,  // a proxy did not say, or not rightly, who the client is
    bad_request,   // a client broke the protocol
    timeout,       // a client was too slow
    peer_gone,     // a client reset its connection, or left it, amid something: its own affair, and not printed
    resources,     // no memory or no descriptor for a connection
};
inline constexpr std::size_t error_kinds = 7;

// Good for the length of the call that gets it.
struct ErrorEvent {
    ErrorKind kind;
    const Address& peer;            // of no family: it concerns no connection in particular
    std::string_view request = {};  // HTTP: method and target, as the client sent them
    int status = 0;                 // HTTP: what it was answered
    std::string_view what = {};     // what happened, where there is no `error`
    std::exception_ptr error = nullptr;
    Site where = {};  // of the server

    // As the log prints it: one line, in which what the peer sent is escaped.
    std::string line() const;
};

struct ErrorLogOptions {
    // Takes the lines, without their ends. Default: errors go to the hub's error handler if the program has set one
    // (Hub::set_error_handler), else lines to standard error.
    std::function<void(std::string_view line)> write = {};

    // Takes every event, also those that are not printed.
    std::function<void(const ErrorEvent& event)> on_event = {};

    unsigned lines_per_second =
        10;                   // of each kind. Then one says how many more there were, before the next or at the end
    bool print_gone = false;  // ErrorKind::peer_gone too
};

class ErrorLog {
public:
    explicit ErrorLog(ErrorLogOptions options = {});
    ErrorLog(const ErrorLog&) = delete;
    ErrorLog& operator=(const ErrorLog&) = delete;
    ~ErrorLog();

    // What a hook throws is printed. Yields, throws: Interrupt, only where a hook waits.
    void report(const ErrorEvent& event);

    [[nodiscard]] std::uint64_t count(ErrorKind kind) const noexcept {
        return counts_[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
    }

private:
    // Of one kind. Lines of several OS threads at the turn of a second may be one more or less; none goes uncounted.
    struct Rate {
        std::atomic<std::int64_t> second{0};   // that is counted now
        std::atomic<unsigned> lines{0};        // in it
        std::atomic<std::uint64_t> unsaid{0};  // events without a line
    };

    bool admits(ErrorKind kind, std::uint64_t& unsaid) noexcept;
    void print(std::string_view line);

    const ErrorLogOptions options_;
    std::array<std::atomic<std::uint64_t>, error_kinds> counts_{};
    std::array<Rate, error_kinds> rates_;
};

}  // namespace tendril
