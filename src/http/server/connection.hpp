// SPDX-License-Identifier: MIT
//
// Connection: serves one client, in the connection's own green thread.
//
//     idle --> head --> handler --> end of response --> rest of the body --> idle
//
// An idle connection holds no Exchange and, after a second, only the pages of its stack that it stands on.

#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>

#include <tendril/http/trace.hpp>
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

    // Serves requests until the client goes or is too slow, or either side asks for the connection's end. Yields.
    // Throws: Interrupt; StopServe, from the handler. Errors of the client and of the handler are answered or logged.
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
    void call_handler(std::optional<Trace::Scope>& traced);
    void end_limit() noexcept;
    void end_before_stop();
    void judge(const std::exception& error);
    void bad_input(const ProtocolError& error);
    void handler_failed(int status, std::string_view what);
    void fail(int status, std::string_view text, const Headers* headers = nullptr);
    bool finish_body();
    void log(Request* request, std::int64_t begun_ns);
    void log_answer(std::int64_t begun_ns) noexcept;  // Requires: the AccessLog is on

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
    bool given_up_ = false;         // sending failed
    bool refused_ = false;          // a head could not be parsed, so what follows it is unknown
    std::optional<Timeout> limit_;  // ServerOptions::handler_timeout
};

}  // namespace tendril::http::detail
