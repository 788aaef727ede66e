// SPDX-License-Identifier: MIT

#include <tendril/http/wsgi.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

#include <tendril/file.hpp>

#include "http/message/chars.hpp"

namespace tendril::http::wsgi {

namespace {

using http::detail::is_digit;
using http::detail::is_field_text;
using http::detail::parse_decimal;
using http::detail::same_ignoring_case;

struct Status {
    int code = 0;
    std::string reason;
};

Status parse_status(std::string_view text) {
    const bool good = text.size() >= 3 && text[0] >= '2' && text[0] <= '5' && is_digit(text[1]) && is_digit(text[2]) &&
                      (text.size() == 3 || text[3] == ' ') && is_field_text(text);
    if (!good) {
        throw std::invalid_argument("a WSGI application's status is not like \"200 OK\": 200 to 599, blank, reason");
    }
    return {(text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0'),
            std::string(text.substr(std::min<std::size_t>(text.size(), 4)))};
}

void refuse_hop_by_hop(const Headers& headers) {
    constexpr std::array<std::string_view, 9> ours{
        "Connection",        "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer", "Trailers",
        "Transfer-Encoding", "Upgrade"};
    for (const Headers::Field field : headers) {
        for (const std::string_view name : ours) {
            if (same_ignoring_case(field.name, name)) {
                throw std::invalid_argument("a WSGI application's header " + std::string(name) +
                                            " may only be set by the server: leave it out");
            }
        }
    }
}

}  // namespace

namespace detail {

// One request to an application. Holds what start_response() was given until the response must begin.
class Gateway {
public:
    Gateway(Request& request, Response& response)
        : response_(response), input_(request.body()), environ_(request, response, input_) {}
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;

    void run(const Application& application) {
        StartResponse start([this](std::string_view status, const Headers& headers, const std::exception_ptr& error) {
            return this->start(status, headers, error);
        });
        Chunks chunks = application(environ_, start);
        if (started_ || begun_ || !response_.has_begun()) {
            if (File* file = chunks.file()) {
                send_file(*file);
            } else {
                send(chunks);
            }
            fix_head();
            response_.end();
        }
        chunks.close();
    }

private:
    Write start(std::string_view text, const Headers& headers, const std::exception_ptr& error) {
        if (error != nullptr && begun_) {
            std::rethrow_exception(error);
        }
        if (error == nullptr && started_) {
            throw std::logic_error("a WSGI application called start_response() twice without an error to report");
        }
        refuse_hop_by_hop(headers);
        status_ = parse_status(text);
        headers_ = headers;
        started_ = true;
        return [this](std::string_view piece) {
            if (!piece.empty()) {
                write(piece);
            }
        };
    }

    // Fixes the status and headers of the response: they cannot be replaced any more.
    void fix_head() {
        if (begun_) {
            return;
        }
        if (!started_) {
            throw std::logic_error("a WSGI application has not called start_response()");
        }
        response_.status(status_.code, status_.reason);
        for (const Headers::Field field : headers_) {
            response_.headers().add(field.name, field.value);
        }
        begun_ = true;
    }

    void write(std::string_view piece) {
        fix_head();
        response_.coalesce(environ_.minimum_write_chunk_size);
        response_.write(piece);
    }

    void send(Chunks& chunks) {
        const bool whole = chunks.size() == 1u;
        while (const std::optional<std::string_view> piece = chunks.next()) {
            if (piece->empty()) {
                continue;
            }
            if (whole && !begun_) {
                fix_head();
                response_.send(*piece);
                return;
            }
            write(*piece);
        }
    }

    // Sends the file from its position to its end, or as much as its Content-Length says.
    void send_file(File& file) {
        const std::uint64_t there = file.size() - std::min(file.size(), file.position());
        const std::uint64_t count = std::min(parse_decimal(headers_.get("Content-Length")).value_or(there), there);
        if (begun_) {
            response_.write_file(file, file.position(), count);
        } else {
            fix_head();
            response_.send_file(file, file.position(), count);
        }
    }

    Response& response_;
    Input input_;
    Environ environ_;
    Status status_;
    Headers headers_;
    bool started_ = false;
    bool begun_ = false;  // the response has the status and headers
};

}  // namespace detail

Handler handler(Application application) {
    if (!application) {
        throw std::invalid_argument("a WSGI server without an application");
    }
    return [application = std::move(application)](Request& request, Response& response) {
        detail::Gateway(request, response).run(application);
    };
}

}  // namespace tendril::http::wsgi
