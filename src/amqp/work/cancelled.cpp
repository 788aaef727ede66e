// SPDX-License-Identifier: MIT

#include "amqp/work/cancelled.hpp"

namespace tendril::amqp::detail {

void Cancelled::add(std::string batch, Clock::time_point now) {
    while (!order_.empty() && (order_.size() >= most || now - order_.front().first >= kept)) {
        batches_.erase(order_.front().second);
        order_.pop_front();
    }
    if (batches_.insert(batch).second) {
        order_.emplace_back(now, std::move(batch));
    }
}

}  // namespace tendril::amqp::detail
