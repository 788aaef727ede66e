// SPDX-License-Identifier: MIT
//
// Exchange: a request and its response, with all the memory that they need: the bytes received, the parser, the bytes
// to send. A connection holds one only while a request is under way. Free ones are in a pool per OS thread; the one
// used last, whose memory is still cached, is taken first.

#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tendril/http/request.hpp>
#include <tendril/http/response.hpp>

#include "http/message/body_reader.hpp"
#include "http/message/incoming.hpp"
#include "http/server/request_parser.hpp"
#include "http/server/response_writer.hpp"

namespace tendril::http::detail {

struct Connected;
class ServerState;

struct Exchange {
    Exchange() = default;
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    Incoming incoming;
    RequestParser parser;
    RequestHead head;
    BodyReader body;
    ResponseWriter writer;
    Request request{*this};
    Response response{writer};

    Exchange* next_free = nullptr;  // while it is in the pool
    const Connected* connected = nullptr;
    ServerState* server = nullptr;
    std::string id;
    std::vector<std::pair<std::string, std::string>> parameters;

    // Forgets this request. Bytes that were read behind it stay in `incoming`.
    void reset() noexcept;
};

struct ReleaseExchange {
    void operator()(Exchange* one) const noexcept;
};
using ExchangePtr = std::unique_ptr<Exchange, ReleaseExchange>;

// Takes one from this OS thread's pool, or makes one. Throws: std::bad_alloc.
ExchangePtr acquire_exchange();

}  // namespace tendril::http::detail
