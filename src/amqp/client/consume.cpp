// SPDX-License-Identifier: MIT

#include <tendril/amqp/consume.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <utility>

#include <tendril/deadline.hpp>
#include <tendril/pool.hpp>
#include <tendril/queue_error.hpp>
#include <tendril/shield.hpp>

#include "hub/here.hpp"

namespace tendril::amqp {

namespace {

// Lets a failure through every tenth of a second; who comes earlier waits, in line.
class Failures {
public:
    void pause() {
        constexpr std::int64_t apart = 100'000'000;
        const std::int64_t now = Deadline::now_ns();
        next_ = std::max(next_ + apart, now);
        if (next_ > now) {
            sleep(std::chrono::nanoseconds(next_ - now));
        }
    }

private:
    std::int64_t next_ = 0;
};

void handle(const std::function<void(Delivery&)>& handler, Delivery& delivery, Failures& failures) {
    try {
        handler(delivery);
    } catch (const std::exception&) {
        tendril::detail::here::report({.name = {}, .where = {}, .activity = "a handler of amqp::consume()"},
                                      std::current_exception());
        failures.pause();
        if (!delivery.settled()) {
            delivery.requeue();
        }
        return;
    }
    if (!delivery.settled()) {
        delivery.ack();
    }
}

}  // namespace

void consume(Client& client, std::string_view queue, std::function<void(Delivery&)> handler,
             const HandlerOptions& options) {
    constexpr std::size_t most = UINT16_MAX;
    if (!handler) {
        throw std::invalid_argument("amqp::consume() was given an empty handler");
    }
    if (options.concurrency == 0 || options.concurrency > most) {
        throw std::invalid_argument("amqp::consume() needs a concurrency of 1 to 65535");
    }
    ConsumeOptions consuming = options.consumer;
    consuming.prefetch = static_cast<std::uint16_t>(options.concurrency);
    Consumer consumer = client.consumer(queue, std::move(consuming));
    Failures failures;
    Pool handlers(options.concurrency);
    const auto drain = [&] {
        const Shield shield;
        const Deadline deadline(options.drain);
        try {
            consumer.close(deadline);
        } catch (const TimeoutError&) {
        }
        if (!handlers.join(deadline)) {
            handlers.kill();
        }
    };
    try {
        for (;;) {
            Delivery delivery = consumer.get();
            handlers.spawn_n({.name = "amqp handler"}, [&handler, &failures, delivery = std::move(delivery)]() mutable {
                handle(handler, delivery, failures);
            });
        }
    } catch (const ShutDown&) {  // the Client was closed
        drain();
    } catch (...) {
        drain();
        throw;
    }
}

}  // namespace tendril::amqp
