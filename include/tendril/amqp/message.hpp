// SPDX-License-Identifier: MIT
// Floor: amqp
//
// Message: a body and its properties (AMQP 0-9-1, class basic).
//
//     publisher.publish("orders.new", {.body = text, .properties = {.content_type = "application/json"}});
//
// Names and ids may be 255 bytes long, all properties together as long as a frame: what sends them throws
// std::invalid_argument otherwise, and has sent nothing.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <tendril/amqp/table.hpp>

namespace tendril::amqp {

// An empty text, and nothing in an optional, is a property that is not sent.
struct Properties {
    std::string content_type = {};              // of the body: "application/json"
    std::string content_encoding = {};          // of the body: "gzip"
    Table headers = {};                         // fields of your own
    std::optional<bool> persistent = {};        // whether it is kept on disk; a Publisher's option is the default
    std::optional<std::uint8_t> priority = {};  // 0 to 255, in queues that have max_priority
    std::string correlation_id = {};            // for one of your own: which request an answer belongs to
    std::string reply_to = {};                  // a queue for the answer
    std::optional<std::chrono::milliseconds> expiration = {};  // after this time in a queue it is dropped
    std::string message_id = {};                               // one of your own
    std::optional<Timestamp> timestamp = {};                   // when it was made; seconds
    std::string type = {};                                     // one of your own
    std::string user_id = {};                                  // checked by the broker: the name of the login
    std::string app_id = {};                                   // the program's name

    friend bool operator==(const Properties&, const Properties&) = default;
};

struct Message {
    std::string body = {};       // any bytes
    Properties properties = {};  // what goes along with it

    friend bool operator==(const Message&, const Message&) = default;
};

}  // namespace tendril::amqp
