// SPDX-License-Identifier: MIT
//
// PoolCore: the requester's side of Tasks. Calls wait here by their ids; a green thread of its own takes replies from
// the Pool's queue and ends them. A reply for no call is dropped: it comes a second time, or nobody waits any more.
//
//   1. A call is in calls_ from before its request is sent until it ends, or nobody holds it.
//   2. After close() nothing is sent, and every call has ended.

#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tendril/amqp/client.hpp>
#include <tendril/amqp/pool.hpp>
#include <tendril/deadline.hpp>

namespace tendril::amqp::detail {

class PoolCore : public std::enable_shared_from_this<PoolCore> {
public:
    // Declares the queues. Yields.
    PoolCore(Client& client, std::string_view name, const PoolOptions& options, Deadline deadline);

    void start();  // begins to take replies
    void close();  // Yields: for a second at most

    // Sends a request, and waits until the broker has it. Returns: null without `answered`.
    std::shared_ptr<RemoteCall> call(std::string_view task, Message request, const std::string& batch, bool answered,
                                     Deadline deadline);
    void forget(const std::string& id) noexcept { calls_.erase(id); }

    // Tells the workers that nobody waits for this batch, by a green thread of its own.
    void cancel_later(std::string batch) noexcept;

    std::string next_id();
    const std::string& name() const noexcept { return name_; }
    bool draws_bars() const noexcept { return draws_bars_; }
    QueueInfo backlog(Deadline deadline) { return client_.queue_info(name_, deadline); }

private:
    void take_replies();
    void dispatch(Message reply);
    void end_calls(const std::exception_ptr& why);
    void send_cancels(Deadline deadline);
    void leave(Deadline deadline);

    Client& client_;
    const std::string name_;
    const std::string reply_name_;
    Publisher requests_;
    Publisher cancels_;
    Consumer replies_;
    std::unordered_map<std::string, RemoteCall*> calls_;
    std::vector<std::string> to_cancel_;
    bool cancelling_ = false;
    bool closed_ = false;
    const bool draws_bars_;
    const std::string id_prefix_;
    std::uint64_t last_id_ = 0;
};

}  // namespace tendril::amqp::detail
