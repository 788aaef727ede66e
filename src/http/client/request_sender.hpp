// SPDX-License-Identifier: MIT
//
// RequestSender: sends a request's body in its own green thread, so that the response can be read meanwhile. The green
// thread holds everything it needs, so the caller may stop it and not wait for its end.

#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>

#include <tendril/deadline.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/http/client_request.hpp>

#include "http/client/client_connection.hpp"

namespace tendril::http::detail {

class RequestSender {
public:
    struct Limits {
        Duration piece;  // for each piece
        Deadline whole;
    };

    RequestSender() = default;
    RequestSender(const RequestSender&) = delete;
    RequestSender& operator=(const RequestSender&) = delete;
    ~RequestSender() { stop(); }

    void start(std::shared_ptr<ClientConnection> connection, const ClientRequest& request, const Limits& limits);
    void stop() noexcept;  // kills the green thread; does not wait for its end

    bool running() const noexcept { return job_ != nullptr && !job_->ended; }
    bool failed() const noexcept { return job_ != nullptr && job_->ended && !job_->sent; }

    // Returns: what the body's stream threw, after which the connection was closed; nullptr if it threw nothing.
    std::exception_ptr source_error() const noexcept { return job_ != nullptr ? job_->source_error : nullptr; }

    // Returns: when the sending ended; the current time while it runs.
    std::int64_t ended_ns() const noexcept { return running() ? Deadline::now_ns() : job_ ? job_->ended_ns : 0; }

private:
    struct Job {
        std::shared_ptr<ClientConnection> connection;
        RequestBody body;
        std::function<Headers()> trailers;
        Limits limits;
        bool ended = false;
        bool sent = false;
        std::int64_t ended_ns = 0;
        std::exception_ptr source_error;

        void run();
        void send_source();
        std::size_t read(Buffer buffer);
        void send_end();
        void send(std::span<const Bytes> parts);
    };

    std::shared_ptr<Job> job_;
    Greenlet<void> greenlet_;
};

}  // namespace tendril::http::detail
