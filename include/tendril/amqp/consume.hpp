// SPDX-License-Identifier: MIT
// Floor: amqp
//
// consume(): a handler for the messages of a queue, as serve() is for connections.
//
//     amqp::consume(client, "bills", [](Delivery& bill) { pay(bill.body()); }, {.concurrency = 100});
//
// A green thread of a Pool for each message. What the handler did not settle is acked when it returns, and goes back
// when it throws (at most ten times a second from one consumer, so that a handler that always throws does not spin).

#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include <tendril/amqp/client.hpp>
#include <tendril/duration.hpp>

namespace tendril::amqp {

// Options of consume().
struct HandlerOptions {
    std::size_t concurrency = 100;              // handlers at once; also the prefetch
    Duration drain = std::chrono::seconds(30);  // how long handlers may go on after the end; then they are killed
    ConsumeOptions consumer = {};               // its prefetch is not used
};

// Runs until the calling green thread is interrupted (then drains, and throws that), or the consumer ends.
// Throws: ConsumerCancelled and other ends of the consumer; Interrupt.
void consume(Client& client, std::string_view queue, std::function<void(Delivery&)> handler,
             const HandlerOptions& options = {});

}  // namespace tendril::amqp
