// SPDX-License-Identifier: MIT
//
// Connection: one client of the server, in its green thread.
//
//     idle --> head --> handler --> end of response --> rest of the body --> idle
//
// While it is idle it holds no Exchange and, after a second, no more of its stack than it stands on.

#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>

#include <tendril/timeout.hpp>

#include "http/server/connected.hpp"
#include "http/server/exchange.hpp"
#include "http/server/idle_timer.hpp"
#include "http/server/server_state.hpp"

namespace tendril::http::detail {

class Connection final : private BodyReader::Begin, private ResponseSide {
public:
    Connection(ServerState& server, const Connected& connected);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    // Until the client goes, is too slow, or one of both sides wants no more. Throws: what ends the green thread:
    // Interrupt; StopServe.
    void run();

private:
    bool await_request();
    bool await_for(Deadline soon, Deadline end);
    void close();
    std::uint64_t still_expected() const noexcept;
    Deadline idle_end() const;
    std::size_t fill_first();
    bool read_head();
    void refuse(const ProtocolError& error);
    bool answer();
    void call_handler();
    void end_limit() noexcept;
    void end_before_stop();
    void judge(const std::exception& error);
    void bad_input(const ProtocolError& error);
    void handler_failed(int status, std::string_view what);
    void fail(int status, std::string_view text, const Headers* headers = nullptr);
    bool finish_body();
    void log(Request* request, std::int64_t begun_ns);
    void log_answer(std::int64_t begun_ns) noexcept;  // to the AccessLog, which is on

    void before_body() override;
    bool must_close() noexcept override;
    void end_request() override;
    std::unique_ptr<Stream> take_stream() override;

    ServerState& server_;
    const tendril::detail::PeerWatch watch_;
    const Connected& connected_;
    ExchangePtr exchange_;
    IdleTimer idle_timer_;
    std::int64_t idle_since_ns_ = 0;
    std::uint64_t answered_ = 0;
    bool given_up_ = false;         // sending has failed
    bool refused_ = false;          // a head that could not be read: nobody knows what follows it
    std::optional<Timeout> limit_;  // of the handler's time
};

}  // namespace tendril::http::detail
