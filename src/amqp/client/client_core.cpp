// SPDX-License-Identifier: MIT

#include "amqp/client/client_core.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include <tendril/amqp/error.hpp>
#include <tendril/queue_error.hpp>

#include "amqp/client/client_consumer.hpp"
#include "amqp/client/publisher_core.hpp"
#include "base/on_exit.hpp"
#include "hub/here.hpp"

namespace tendril::amqp::detail {

namespace here = tendril::detail::here;
using tendril::detail::OnExit;

namespace {

ClientOptions checked(ClientOptions options) {
    if (options.attempts == 0) {
        throw std::invalid_argument("a Client needs one attempt or more to connect; leave `attempts` out for no bound");
    }
    if (options.connect_timeout.count() == 0) {
        throw std::invalid_argument("a Client's connect_timeout of 0 lets no attempt succeed");
    }
    name_queues(options.topology);
    return options;
}

template <class T>
void erase_one(std::vector<T*>& all, T& one) noexcept {
    std::erase(all, &one);
}

}  // namespace

ClientCore::ClientCore(const Url& url, ClientOptions options)
    : thread_(here::owner()), url_(url), options_(checked(std::move(options))),
      events_(std::make_shared<EventLine>(options_.on_event)), declarer_(*this), other_(*this, url_, options_, false),
      publishing_(*this, url_, options_, true), gate_(*this, other_, declarer_) {
    for (const Declaration& each : in_order(options_.topology)) {
        plan().add(each);
    }
}

ClientCore::~ClientCore() = default;

void ClientCore::start() {
    other_.want_first(declarer_);
    other_.start();
}

Keeper& ClientCore::publishing() {
    if (!publishing_.started()) {
        publishing_.want_first(gate_);
        publishing_.start();
    }
    return publishing_;
}

void ClientCore::check_thread() const {
    here::require_owner("an amqp::Client", thread_);
}

void ClientCore::declare_later(const std::vector<Declaration>& steps) {
    for (const Declaration& each : steps) {
        plan().add(each);
    }
    declare_again();
}

// ---- Channels

Channel ClientCore::take_channel(const std::shared_ptr<ConnectionCore>& connection, Deadline deadline) {
    while (!spare_.empty()) {
        Channel channel = std::move(spare_.back());
        spare_.pop_back();
        if (channel.is_open()) {
            return channel;
        }
    }
    return ChannelMaker::make(connection->open_channel(deadline));
}

void ClientCore::give_channel(Channel channel) noexcept {
    constexpr std::size_t most_spare = 4;
    if (!ended_ && spare_.size() < most_spare) {
        try {
            spare_.push_back(std::move(channel));
        } catch (const std::bad_alloc&) {  // it is closed
        }
    }
}

std::optional<Delivery> ClientCore::get(std::string_view queue, Deadline deadline) {
    for (;;) {
        const std::shared_ptr<ConnectionCore> connection = other_.await_up(deadline);
        try {
            Channel channel = take_channel(connection, deadline);
            std::optional<Delivery> delivery = channel.get(queue, false, deadline);
            if (delivery.has_value()) {
                ChannelMaker::take(std::move(channel))->retire();  // ends when that is settled
            } else {
                give_channel(std::move(channel));
            }
            return delivery;
        } catch (const std::exception&) {
            if (!lost(*connection)) {
                throw;
            }
        }
    }
}

// ---- State

bool ClientCore::connected() const noexcept {
    return other_.up() && (!publishing_.started() || publishing_.up());
}

bool ClientCore::blocked() const noexcept {
    const auto is_blocked = [](const Keeper& keeper) {
        return keeper.connection() != nullptr && keeper.connection()->blocked();
    };
    return is_blocked(publishing_) || is_blocked(other_);
}

ClientStats ClientCore::stats() const noexcept {
    ClientStats stats;
    stats.connects = other_.connects() + publishing_.connects();
    stats.losses = other_.losses() + publishing_.losses();
    stats.publishers = publishers_.size();
    stats.consumers = consumers_.size();
    for (const PublisherCore* each : publishers_) {
        stats.unsettled += each->unsettled();
    }
    stats.resent = resent_;
    return stats;
}

void ClientCore::wait_connected(Deadline deadline) {
    const std::shared_ptr<ClientCore> self = shared_from_this();
    while (!connected()) {
        other_.await_up(deadline);
        if (publishing_.started()) {
            publishing_.await_up(deadline);
        }
    }
}

void ClientCore::report(ClientEvent::Kind kind, bool publishing, std::string_view text) noexcept {
    try {
        events_->add({kind, publishing, std::string(text)});
    } catch (const std::bad_alloc&) {  // events are for logs
    }
}

void ClientCore::add(PublisherCore& one) {
    check();
    publishers_.push_back(&one);
}
void ClientCore::add(ClientConsumer& one) {
    check();
    consumers_.push_back(&one);
}
void ClientCore::remove(PublisherCore& one) noexcept {
    erase_one(publishers_, one);
}
void ClientCore::remove(ClientConsumer& one) noexcept {
    erase_one(consumers_, one);
}

// ---- The end

void ClientCore::close(Deadline deadline) {
    here::refuse_in_callback();
    check_thread();
    const std::shared_ptr<ClientCore> self = shared_from_this();
    const OnExit ended([this] { close_now(); });
    try {
        flush_publishers(deadline);
        close_consumers(deadline);
        publishing_.close(deadline);
        other_.close(deadline);
    } catch (const std::exception&) {  // the deadline, or a connection that was lost: it ends now
    }
}

void ClientCore::flush_publishers(Deadline deadline) {
    const std::vector<PublisherCore*> all = publishers_;
    for (PublisherCore* each : all) {
        if (std::find(publishers_.begin(), publishers_.end(), each) != publishers_.end()) {
            each->await_settled(deadline);
        }
    }
}

void ClientCore::close_consumers(Deadline deadline) {
    while (!consumers_.empty()) {
        consumers_.back()->close(deadline);
    }
}

void ClientCore::close_now() noexcept {
    closed_ = true;
    end(std::make_exception_ptr(
        ConnectionLost(std::make_error_code(std::errc::not_connected), "the Client was closed")));
}

void ClientCore::end(const std::exception_ptr& why) noexcept {
    if (std::exchange(ended_, true)) {
        return;
    }
    if (!closed_) {
        report(ClientEvent::Kind::hopeless, false, text_of(why));
    }
    while (!publishers_.empty()) {
        publishers_.back()->finish(why, closed_ ? Unconfirmed::Reason::closed : Unconfirmed::Reason::lost);
    }
    const std::exception_ptr of_consumers = closed_ ? std::make_exception_ptr(ShutDown()) : why;
    while (!consumers_.empty()) {
        consumers_.back()->end(of_consumers);
    }
    publishing_.end(why);
    other_.end(why);
    spare_.clear();
    if (closed_) {
        events_->close();
    }
}

}  // namespace tendril::amqp::detail
