// SPDX-License-Identifier: MIT
// Floor: http
//
// AccessLog: a line for each request that was answered.
//
//     options.access_log = AccessLog([&](std::string_view line) { file << line << '\n'; });
//     options.access_log = AccessLog(AccessLog::standard_error, "{client_ip} {status_code} {wall_seconds}");
//
// The fields are eventlet's: client_ip, client_port, date_time, request_line, status_code, body_length, wall_seconds;
// and request_id, user_agent, referer. What a client wrote cannot end a line, nor be obeyed by a
// terminal: control characters, Unicode's own (C1, line and paragraph separators, bidi marks), quotes, backslashes and
// what is not UTF-8 are escaped, as \xNN.

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

// What there is to say of a request. `request` is nullptr for one that could not be read.
struct AccessRecord {
    Request* request;
    const Address& peer;
    int status;
    std::uint64_t body_length;  // sent
    std::chrono::nanoseconds took;
};

class AccessLog {
public:
    using Target = std::function<void(std::string_view line)>;  // must not throw; not for long
    static constexpr std::string_view default_format =
        R"({client_ip} - - [{date_time}] "{request_line}" {status_code} {body_length} {wall_seconds})";

    AccessLog() = default;  // logs nothing

    // Throws: std::invalid_argument for an unknown field, naming those that there are; or an empty target.
    explicit AccessLog(Target target, std::string_view format = default_format);

    // Something else than lines: called for each request. Must not throw.
    static AccessLog of_records(std::function<void(const AccessRecord&)> each);

    static void standard_error(std::string_view line);

    bool is_on() const noexcept { return each_ != nullptr; }
    void log(const AccessRecord& record) const { each_(record); }

private:
    std::function<void(const AccessRecord&)> each_;
};

}  // namespace tendril::http
