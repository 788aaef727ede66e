// SPDX-License-Identifier: MIT
// Floor: net
//
// ErrorLog: counts what goes wrong with the connections of a server, passes it to a hook, and prints it, with a limit
// of lines a second. Every server has one; give several servers the same log to count them together.
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

// What went wrong with a connection.
enum class ErrorKind : std::uint8_t {
    handler,       // a handler threw: an error of the program
    handshake,     // a TLS handshake failed: port scans, old clients, our own wrong certificate
    proxy_header,  // a proxy sent no header, or an invalid one
    bad_request,   // a client broke the protocol
    timeout,       // a client was too slow
    peer_gone,     // a client reset or left its connection during a call: not our error, and not printed
    resources,     // no memory or no descriptor for a connection
};
inline constexpr std::size_t error_kinds = 7;  // how many of them there are

// One thing that went wrong. Valid during the call that it is passed to.
struct ErrorEvent {
    ErrorKind kind;                      // what went wrong
    const Address& peer;                 // the client; of no family if no single connection is concerned
    std::string_view request = {};       // HTTP: method and target, as the client sent them
    int status = 0;                      // HTTP: the status of the answer
    std::string_view what = {};          // what happened, if there is no `error`
    std::exception_ptr error = nullptr;  // what was thrown; null: nothing was
    Site where = {};                     // the place that called serve() or made the server

    // Returns the line that the log prints, without its end; what the peer sent is escaped in it.
    std::string line() const;
};

// Options of an ErrorLog.
struct ErrorLogOptions {
    // Gets each printed line, without its end. Default: standard error. If the program has set the hub's error handler
    // (Hub::set_error_handler), that gets the exceptions of the kinds handler and resources; and, instead of a line,
    // those of handshake and proxy_header too, unless `write` is set.
    std::function<void(std::string_view line)> write = {};

    // Gets every event, also those that are not printed.
    std::function<void(const ErrorEvent& event)> on_event = {};

    // Of each kind. A line then says how many more there were, before the next one or when the log is destroyed.
    unsigned lines_per_second = 10;
    bool print_gone = false;  // also print ErrorKind::peer_gone
};

// Its hooks run in the green thread that reports, so with several hubs in several OS threads at the same time.
class ErrorLog {
public:
    explicit ErrorLog(ErrorLogOptions options = {});  // with these options
    ErrorLog(const ErrorLog&) = delete;
    ErrorLog& operator=(const ErrorLog&) = delete;

    // Prints how many events of each kind have had no line yet.
    ~ErrorLog();

    // Counts the event, passes it to on_event, and prints it unless its kind has had its lines in this second. A
    // std::exception that a hook throws is printed and goes no further. Yields, and throws Interrupt, only if a hook
    // waits.
    void report(const ErrorEvent& event);

    // Returns how many events of this kind there have been, printed or not.
    [[nodiscard]] std::uint64_t count(ErrorKind kind) const noexcept {
        return counts_[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
    }

private:
    // The limit of one kind. When several OS threads meet at the turn of a second, there may be a line more or less,
    // but every event is counted.
    struct Rate {
        std::atomic<std::int64_t> second{0};   // the current one
        std::atomic<unsigned> lines{0};        // printed in this second
        std::atomic<std::uint64_t> unsaid{0};  // events that have had no line
    };

    bool admits(ErrorKind kind, std::uint64_t& unsaid) noexcept;
    void print(std::string_view line);

    const ErrorLogOptions options_;
    std::array<std::atomic<std::uint64_t>, error_kinds> counts_{};
    std::array<Rate, error_kinds> rates_;
};

}  // namespace tendril
