// SPDX-License-Identifier: MIT
//
// Exchange: a request and its response, with all the memory that they need: the bytes that came, the parser, what goes
// out. A connection holds one only while something is under way; those that are free lie in a pool of their OS thread,
// the hot ones on top.

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

    Exchange* next_free = nullptr;  // while nobody has it
    const Connected* connected = nullptr;
    ServerState* server = nullptr;
    std::string id;
    std::vector<std::pair<std::string, std::string>> parameters;

    // Of one request: forgets it. What was read behind it stays in `incoming`.
    void reset() noexcept;
};

struct ReleaseExchange {
    void operator()(Exchange* one) const noexcept;
};
using ExchangePtr = std::unique_ptr<Exchange, ReleaseExchange>;

ExchangePtr acquire_exchange();  // throws std::bad_alloc

}  // namespace tendril::http::detail
