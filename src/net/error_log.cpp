// SPDX-License-Identifier: MIT

#include <tendril/error_log.hpp>

#include <utility>

#include <tendril/error.hpp>
#include <tendril/shield.hpp>

#include "base/escape.hpp"
#include "base/report.hpp"
#include "hub/here.hpp"

namespace tendril {

namespace {

constexpr std::size_t most_shown = 2000;  // bytes of a request
constexpr std::int64_t second_ns = 1'000'000'000;

const char* name_of(ErrorKind kind) noexcept {
    switch (kind) {
    case ErrorKind::handler:
        return "error in a handler";
    case ErrorKind::handshake:
        return "failed TLS handshake";
    case ErrorKind::proxy_header:
        return "bad proxy header";
    case ErrorKind::bad_request:
        return "bad request";
    case ErrorKind::timeout:
        return "timeout";
    case ErrorKind::peer_gone:
        return "lost connection";
    case ErrorKind::resources:
        return "unserved connection";
    }
    return "error";
}

// The activity in the hub's ErrorContext; "connection" before the handler of HTTP has been called.
const char* activity_of(const ErrorEvent& event) noexcept {
    return event.kind == ErrorKind::resources ? "serve" : event.request.empty() ? "connection" : "HTTP handler";
}

// GET "/x?y" of 192.0.2.1:4711
std::string subject_of(const ErrorEvent& event) {
    std::string text;
    if (!event.request.empty()) {
        text = '"' + detail::escaped(event.request, most_shown) + '"';
    }
    if (event.peer.family() != AF_UNSPEC) {
        text += (text.empty() ? "" : " of ") + detail::escaped(event.peer.to_string());
    }
    return text;
}

std::string more_of(ErrorKind kind, std::uint64_t count) {
    return "server: " + std::to_string(count) + " more: " + name_of(kind);
}

// Whether errors of this kind go to the hub's error handler: all but those that only clients cause.
bool concerns_hub(ErrorKind kind) noexcept {
    return kind == ErrorKind::handler || kind == ErrorKind::resources || kind == ErrorKind::handshake ||
           kind == ErrorKind::proxy_header;
}

// Whether the error is not only for a log: it ends the program's main green thread.
bool is_fatal(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const KeyboardInterrupt&) {
        return true;
    } catch (const FatalError&) {
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace

std::string ErrorEvent::line() const {
    std::string text = request.empty() && status == 0 ? "server: " : "http: ";
    text.append(name_of(kind));
    const std::string subject = subject_of(*this);
    if (!subject.empty()) {
        text += (kind == ErrorKind::handler ? ", " : " from ") + subject;
    }
    if (kind == ErrorKind::handler && *where.file != 0) {
        text += ", served at " + std::string(where.file) + ':' + std::to_string(where.line);
    }
    text += ": ";
    if (status != 0 && kind != ErrorKind::handler) {
        text += std::to_string(status) + ", ";
    }
    return text + detail::visible(error != nullptr ? detail::describe(error) : std::string(what));
}

ErrorLog::ErrorLog(ErrorLogOptions options) : options_(std::move(options)) {}

// write() may wait. The Shield defers a kill that comes meanwhile to the next wait afterwards.
ErrorLog::~ErrorLog() {
    for (std::size_t i = 0; i < error_kinds; ++i) {
        if (const std::uint64_t unsaid = rates_[i].unsaid; unsaid > 0) {
            try {
                const Shield shield;
                print(more_of(static_cast<ErrorKind>(i), unsaid));
            } catch (...) {
                // No memory, or an exception of write() itself: this line is lost.
            }
        }
    }
}

// Whether one more line of this kind may be printed. Sets `unsaid` to the number of earlier events that had no line, if
// that is to be printed now.
bool ErrorLog::admits(ErrorKind kind, std::uint64_t& unsaid) noexcept {
    Rate& rate = rates_[static_cast<std::size_t>(kind)];
    const std::int64_t now = Deadline::now_ns() / second_ns;
    std::int64_t counted = rate.second.load();
    if (counted != now && rate.second.compare_exchange_strong(counted, now)) {
        unsaid = rate.unsaid.exchange(0);
        rate.lines = 0;
    }
    if (rate.lines.fetch_add(1) < options_.lines_per_second) {
        return true;
    }
    rate.unsaid += 1 + std::exchange(unsaid, 0);
    return false;
}

void ErrorLog::print(std::string_view line) {
    if (!options_.write) {
        detail::report(line);
        return;
    }
    try {
        options_.write(line);
    } catch (const std::exception&) {
        detail::report("an ErrorLog's write()", std::current_exception());
    }
}

void ErrorLog::report(const ErrorEvent& event) {
    counts_[static_cast<std::size_t>(event.kind)].fetch_add(1, std::memory_order_relaxed);
    if (options_.on_event) {
        try {
            options_.on_event(event);
        } catch (const std::exception&) {
            detail::report("an ErrorLog's on_event()", std::current_exception());
        }
    }
    if (event.kind == ErrorKind::peer_gone && !options_.print_gone) {
        return;
    }
    const bool programs = event.kind == ErrorKind::handler || event.kind == ErrorKind::resources;
    const bool heard = detail::here::has_error_handler() && event.error != nullptr && concerns_hub(event.kind) &&
                       (programs || !options_.write);
    if (heard || (event.error != nullptr && is_fatal(event.error))) {
        const std::string subject = subject_of(event);
        detail::here::report({0, subject, event.where, activity_of(event)}, event.error);
        if (!options_.write) {
            return;
        }
    }
    std::uint64_t unsaid = 0;
    if (admits(event.kind, unsaid)) {
        if (unsaid > 0) {
            print(more_of(event.kind, unsaid));
        }
        print(event.line());
    }
}

}  // namespace tendril
