// SPDX-License-Identifier: MIT
//
// A publish to a queue that is bounded by refusing: tried again while it is full.

#pragma once

#include <string_view>

#include <tendril/amqp/message.hpp>
#include <tendril/amqp/publisher.hpp>
#include <tendril/deadline.hpp>

namespace tendril::amqp::detail {

// Throws: Full at the deadline, nothing was sent; Unconfirmed; as Publisher::publish().
void publish_patiently(Publisher& publisher, std::string_view key, const Message& message, Deadline deadline);

}  // namespace tendril::amqp::detail
