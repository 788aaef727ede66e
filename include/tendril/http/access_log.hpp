// SPDX-License-Identifier: MIT
// Floor: http
//
// AccessLog: writes a line for each request that was answered, refused ones included.
//
//     options.access_log = AccessLog([&](std::string_view line) { file << line << '\n'; });
//     options.access_log = AccessLog(AccessLog::standard_error, "{client_ip} {status_code} {wall_seconds}");
//
// The fields are eventlet's: client_ip, client_port, date_time (UTC), request_line, status_code, body_length,
// wall_seconds; and request_id, trace_id, user_agent, referer. A value that is missing is "-". Text from a client can
// neither end a line nor control a terminal: control characters, Unicode's own (C1, line and paragraph separators, bidi
// marks), quotes, backslashes and bytes that are not UTF-8 are escaped, as \xNN.
//
// A log is called in the green thread of the connection, once the response has ended or failed. It may wait, but that
// delays the next request of the connection. With several hubs it is called in several OS threads at once.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tendril {
class Address;
}

namespace tendril::http {

class Request;

// What is logged of a request. Valid during the call only.
struct AccessRecord {
    Request* request;               // nullptr: its head was refused or incomplete
    const Address& peer;            // see Request::peer()
    int status;                     // of the response
    std::uint64_t body_length;      // bytes of the response's body, before compression
    std::chrono::nanoseconds took;  // from the end of the request's head to the end of the response
};

class AccessLog {
public:
    // Takes a line without a newline, valid during the call. Must not throw; should return soon.
    using Target = std::function<void(std::string_view line)>;
    // As Apache's common format, with the seconds that the request took.
    static constexpr std::string_view default_format =
        R"({client_ip} - - [{date_time}] "{request_line}" {status_code} {body_length} {wall_seconds})";

    AccessLog() = default;  // logs nothing

    // Logs lines of this format. A "{name}" is replaced by the field; other text is kept.
    // Throws: std::invalid_argument: an unknown field (the error names the known ones), a "{" without a "}", or an
    // empty target.
    explicit AccessLog(Target target, std::string_view format = default_format);

    // Calls `each` for each request, instead of making lines. It must not throw. An empty one logs nothing.
    static AccessLog of_records(std::function<void(const AccessRecord&)> each);

    // A Target: writes the line to stderr, with a newline, in one write. May block the hub.
    static void standard_error(std::string_view line);

    bool is_on() const noexcept { return each_ != nullptr; }  // whether it logs at all
    // For servers. Requires: is_on().
    void log(const AccessRecord& record) const { each_(record); }

private:
    std::function<void(const AccessRecord&)> each_;
};

}  // namespace tendril::http
