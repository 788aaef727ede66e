// SPDX-License-Identifier: MIT
// Floor: amqp
//
// Queue<T>: tendril::Queue across machines: a broker's queue of Ts (codec.hpp, msgpack.hpp).
//
//     amqp::Queue<Job> jobs(client, "jobs", {.capacity = 10'000});       // was: tendril::Queue<Job> jobs(10'000);
//     jobs.put(job, 5s);                                                 // until the broker has it; Full
//     for (Job& job : jobs) work(job);                                   // done when the next one is asked for
//
// An item is got to be worked on, and is done when that is said: until then the broker keeps it, and gives it to
// somebody else when this program ends, or its Item goes undone by an exception or a kill. So an item may be worked on
// twice, and is never lost. Which came from tendril::Queue: put, get, size, shutdown and the loop; what cannot mean the
// same is not here (peek, LIFO, join).
//
// What cannot be decoded goes to the queue `<name>.dead` with its reason in the header x-error, and the getter sees the
// next one; so does what was given back more often than the delivery limit.

#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tendril/amqp/client.hpp>
#include <tendril/amqp/codec.hpp>
#include <tendril/amqp/confirmation.hpp>
#include <tendril/amqp/delivery.hpp>
#include <tendril/amqp/topology.hpp>
#include <tendril/deadline.hpp>
#include <tendril/queue_error.hpp>

namespace tendril::amqp {

// Who use one queue must agree on these, except the prefetch: else the broker refuses, and PreconditionFailed names
// what differs.
struct WorkQueueOptions {
    std::uint32_t capacity = 0;          // 0: no bound
    QueueType type = QueueType::quorum;  // or classic: one node's, and without a delivery limit
    std::uint32_t delivery_limit = 20;   // how often an item may be given back, until it goes to <name>.dead
    std::uint16_t prefetch = 100;        // items that wait in this program; 1: each to the first that is free
};

namespace detail {

// All of a Queue that needs no T; src/amqp/work/queue_core.cpp.
class QueueCore : public std::enable_shared_from_this<QueueCore> {
public:
    QueueCore(Client& client, std::string_view name, const WorkQueueOptions& options, Deadline deadline);

    void put(const Message& message, Deadline deadline);
    void put_once(const Message& message);
    Confirmation put_later(const Message& message, Deadline deadline);
    Delivery get(Deadline deadline);
    std::optional<Delivery> try_get();
    // To <name>.dead, by a green thread of its own; the delivery is acked when the broker has the copy.
    void bury(Delivery&& delivery, std::string_view why);
    std::uint32_t size(Deadline deadline);
    void shutdown();
    bool is_shut_down() const noexcept { return shut_down_; }
    void remove(Deadline deadline);
    const std::string& name() const noexcept { return name_; }

private:
    Publisher& publisher();
    Consumer& consumer();
    void bury_now(const Delivery& delivery, const std::string& why);

    Client& client_;
    std::string name_;
    WorkQueueOptions options_;
    std::optional<Publisher> publisher_;  // since the first put
    std::optional<Consumer> consumer_;    // since the first get
    bool shut_down_ = false;
};

}  // namespace detail

// An item that is being worked on. Destroyed undone it goes back to the queue.
template <class T>
class Item {
public:
    // For the library.
    Item(T value, Delivery delivery) : value_(std::move(value)), delivery_(std::move(delivery)) {}

    T& operator*() noexcept { return value_; }
    const T& operator*() const noexcept { return value_; }
    T* operator->() noexcept { return &value_; }
    const T* operator->() const noexcept { return &value_; }

    // As Delivery's ack(), requeue(), reject(), once. discard(): to <name>.dead.
    bool done() { return delivery_.ack(); }
    bool give_back() { return delivery_.requeue(); }
    bool discard() { return delivery_.reject(); }
    bool settled() const noexcept { return delivery_.settled(); }          // one of these was called
    bool redelivered() const noexcept { return delivery_.redelivered(); }  // somebody may have worked on it
    const Delivery& delivery() const noexcept { return delivery_; }        // for what is not offered here

private:
    T value_;
    Delivery delivery_;
};

// A queue in the broker, used as tendril::Queue is: see the head of this file.
template <class T>
class Queue {
public:
    // Declares the queue and <name>.dead. Yields: until the broker has done so. The client must outlive the Queue.
    // Throws: PreconditionFailed: it is there with other options; as Client::declare(); std::invalid_argument for a
    // stream, which gives its items to everybody.
    Queue(Client& client, std::string_view name, const WorkQueueOptions& options = {}, Deadline deadline = never)
        : core_(std::make_shared<detail::QueueCore>(client, name, options, deadline)) {
        detail::check_codec<T>();
    }

    // Waits until the broker has it, on disk; while the queue is full it tries again. Throws: Full at the deadline;
    // Unconfirmed: the deadline came while the broker's word was awaited, and it may be there; ShutDown; as
    // Publisher::publish().
    void put(const T& item, Deadline deadline = never) { core_->put(encoded(item), deadline); }
    // Does not try again: throws Full when the queue is full. Yields: until the broker has said so.
    void put_nowait(const T& item) { core_->put_once(encoded(item)); }
    // Waits for room in the publisher only; a full queue is Nacked there.
    Confirmation put_later(const T& item, Deadline deadline = never) {
        return core_->put_later(encoded(item), deadline);
    }

    // Waits for an item. Throws: Empty when the deadline came first; ShutDown; as Consumer::get().
    Item<T> get(Deadline deadline = never) {
        while (true) {
            if (std::optional<Item<T>> item = decoded(core_->get(deadline))) {
                return *std::move(item);
            }
        }
    }
    // Takes one that is there. Never waits.
    std::optional<Item<T>> try_get() {
        while (std::optional<Delivery> delivery = core_->try_get()) {
            if (std::optional<Item<T>> item = decoded(*std::move(delivery))) {
                return item;
            }
        }
        return std::nullopt;
    }
    // get() and done(): from here on it is the caller's, and lost with it.
    T take(Deadline deadline = never) {
        Item<T> item = get(deadline);
        item.done();
        return std::move(*item);
    }

    // Items that the broker has for the next getters, without those that were handed out. Yields: asks the broker.
    std::size_t size(Deadline deadline = never) const { return core_->size(deadline); }
    bool empty(Deadline deadline = never) const { return size(deadline) == 0; }
    const std::string& name() const noexcept { return core_->name(); }  // the queue's name in the broker

    // Ends this object's part: puts and gets throw ShutDown, also a get that waits; items that were not got go back.
    // The broker's queue stays. Idempotent.
    void shutdown() { core_->shutdown(); }
    bool is_shut_down() const noexcept { return core_->is_shut_down(); }

    // Deletes the broker's queue with what is in it, for everybody; <name>.dead stays. Then as shutdown().
    void close_queue(Deadline deadline = never) { core_->remove(deadline); }

    // An input range: for (T& item : queue). Each is done when the body of the loop has ended and the next is asked
    // for; leaving the loop by a break or an exception gives back the one that was begun. Ends after shutdown().
    class Iterator {
    public:
        using difference_type = std::ptrdiff_t;
        using value_type = T;

        explicit Iterator(Queue& queue) : queue_(&queue) { next(); }
        T& operator*() const { return **current_; }
        Iterator& operator++() {
            if (!current_->settled()) {
                current_->done();
            }
            current_.reset();
            next();
            return *this;
        }
        void operator++(int) { ++*this; }
        Item<T>& item() const { return *current_; }  // the item with its delivery, to be acked by hand
        friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept { return !it.current_; }

    private:
        void next() {
            try {
                current_.emplace(queue_->get());
            } catch (const ShutDown&) {
                current_.reset();
            }
        }
        Queue* queue_;
        mutable std::optional<Item<T>> current_;
    };
    Iterator begin() { return Iterator(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    static Message encoded(const T& item) {
        Message message;
        Codec<T>::encode(item, message);
        return message;
    }
    // Returns: nothing for what cannot be decoded, which is buried.
    std::optional<Item<T>> decoded(Delivery delivery) {
        try {
            T value = Codec<T>::decode(delivery.message());
            return Item<T>(std::move(value), std::move(delivery));
        } catch (const DecodeError& e) {
            core_->bury(std::move(delivery), e.what());
            return std::nullopt;
        }
    }

    std::shared_ptr<detail::QueueCore> core_;
};

}  // namespace tendril::amqp
