// SPDX-License-Identifier: MIT
//
// ClientExchange: one request and its response on one connection. It gives the connection back to the pool whole, or
// closes it.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <tendril/deadline.hpp>
#include <tendril/http/client_options.hpp>
#include <tendril/http/client_request.hpp>
#include <tendril/stream.hpp>

#include "http/client/client_pool.hpp"
#include "http/client/request_sender.hpp"
#include "http/client/request_writer.hpp"
#include "http/client/response_parser.hpp"
#include "http/message/body_reader.hpp"

namespace tendril::http::detail {

// What happened to a request: "GET http://example.org/x: waiting for the response", without the query, which may be
// secret. Copies what it names, and makes the text when it is asked.
class Happened {
public:
    Happened(const ClientRequest& request, const char* what);
    std::string operator()() const;

private:
    std::string method_;
    Url url_;
    const char* what_;
};

class ClientExchange {
public:
    // Requires: `place` has a connection; the request and the options outlive the exchange. `whole` limits all of it,
    // reading the response's body included.
    ClientExchange(ClientPool::Place place, const ClientRequest& request, const ClientOptions& options, Deadline whole)
        : place_(std::move(place)), request_(request), options_(options), whole_(whole) {}
    ClientExchange(const ClientExchange&) = delete;
    ClientExchange& operator=(const ClientExchange&) = delete;
    ~ClientExchange();

    // Sends the request and waits for the final head. Throws: as Client::request().
    void run(const SentWith& with, Deadline deadline);

    // Whether run() threw because the server had closed a kept-alive connection, so that it has seen nothing of the
    // request.
    bool found_closed() const noexcept { return found_closed_; }
    bool body_begun() const noexcept { return body_begun_; }  // of the request

    ResponseHead& head() noexcept { return head_; }
    const ResponseHead& head() const noexcept { return head_; }

    // Reads the response's body, as sent on the wire. As Body::recv().
    std::size_t recv(Buffer buffer, Deadline deadline);
    bool ended() const noexcept { return reader_.ended(); }
    std::uint64_t left() const noexcept { return reader_.left(); }  // of a body with a stated length
    const Body& body() const noexcept { return reader_.body(); }

    // Reads the rest of the body if it is short and arrives at once, so that the connection can be used again; else
    // closes the connection.
    void drain(Deadline deadline);
    void close() noexcept;

    std::unique_ptr<Stream> upgrade();

private:
    void send(const SentWith& with, Deadline deadline);
    bool wait_to_continue(Deadline deadline);
    void wait_for_head(Duration first_byte, Deadline deadline);
    bool next_head(Deadline deadline);
    bool fill(Deadline deadline);
    [[noreturn]] void ended_early(const std::system_error* error);
    void begin_body();
    void finish() noexcept;

    ClientPool::Place place_;
    const ClientRequest& request_;
    const ClientOptions& options_;
    Deadline whole_;
    ResponseParser parser_;
    ResponseHead head_;
    BodyReader reader_;
    RequestSender sender_;
    std::int64_t sent_ns_ = 0;
    bool found_closed_ = false;
    bool body_begun_ = false;
    bool send_failed_ = false;
    bool reusable_ = false;
};

}  // namespace tendril::http::detail
