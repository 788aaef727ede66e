// SPDX-License-Identifier: MIT
//
// The methods of the classes exchange and queue, with RabbitMQ's exchange.bind and .unbind.

#pragma once

#include <cstdint>

#include "amqp/protocol/method.hpp"

namespace tendril::amqp::detail::method {

struct ExchangeDeclare {
    static constexpr MethodInfo info{{40, 10}, "exchange.declare", true};
    ShortString exchange = {};
    ShortString type = {};
    bool passive = false;
    bool durable = false;
    bool auto_delete = false;
    bool internal = false;
    bool no_wait = false;
    Table arguments = {};
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("reserved-1", Reserved<std::uint16_t>{});
        f("exchange", m.exchange);
        f("type", m.type);
        f("passive", m.passive);
        f("durable", m.durable);
        f("auto-delete", m.auto_delete);
        f("internal", m.internal);
        f("no-wait", m.no_wait);
        f("arguments", m.arguments);
    }
};

struct ExchangeDeclareOk {
    static constexpr MethodInfo info{{40, 11}, "exchange.declare-ok", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& /*f*/) {}
};

struct ExchangeDelete {
    static constexpr MethodInfo info{{40, 20}, "exchange.delete", true};
    ShortString exchange = {};
    bool if_unused = false;
    bool no_wait = false;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("reserved-1", Reserved<std::uint16_t>{});
        f("exchange", m.exchange);
        f("if-unused", m.if_unused);
        f("no-wait", m.no_wait);
    }
};

struct ExchangeDeleteOk {
    static constexpr MethodInfo info{{40, 21}, "exchange.delete-ok", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& /*f*/) {}
};

struct ExchangeBind {
    static constexpr MethodInfo info{{40, 30}, "exchange.bind", true};
    ShortString destination = {};
    ShortString source = {};
    ShortString routing_key = {};
    bool no_wait = false;
    Table arguments = {};
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("reserved-1", Reserved<std::uint16_t>{});
        f("destination", m.destination);
        f("source", m.source);
        f("routing-key", m.routing_key);
        f("no-wait", m.no_wait);
        f("arguments", m.arguments);
    }
};

struct ExchangeBindOk {
    static constexpr MethodInfo info{{40, 31}, "exchange.bind-ok", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& /*f*/) {}
};

struct ExchangeUnbind {
    static constexpr MethodInfo info{{40, 40}, "exchange.unbind", true};
    ShortString destination = {};
    ShortString source = {};
    ShortString routing_key = {};
    bool no_wait = false;
    Table arguments = {};
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("reserved-1", Reserved<std::uint16_t>{});
        f("destination", m.destination);
        f("source", m.source);
        f("routing-key", m.routing_key);
        f("no-wait", m.no_wait);
        f("arguments", m.arguments);
    }
};

struct ExchangeUnbindOk {
    static constexpr MethodInfo info{{40, 51}, "exchange.unbind-ok", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& /*f*/) {}
};

struct QueueDeclare {
    static constexpr MethodInfo info{{50, 10}, "queue.declare", true};
    ShortString queue = {};
    bool passive = false;
    bool durable = false;
    bool exclusive = false;
    bool auto_delete = false;
    bool no_wait = false;
    Table arguments = {};
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("reserved-1", Reserved<std::uint16_t>{});
        f("queue", m.queue);
        f("passive", m.passive);
        f("durable", m.durable);
        f("exclusive", m.exclusive);
        f("auto-delete", m.auto_delete);
        f("no-wait", m.no_wait);
        f("arguments", m.arguments);
    }
};

struct QueueDeclareOk {
    static constexpr MethodInfo info{{50, 11}, "queue.declare-ok", true};
    ShortString queue = {};
    std::uint32_t message_count = 0;
    std::uint32_t consumer_count = 0;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("queue", m.queue);
        f("message-count", m.message_count);
        f("consumer-count", m.consumer_count);
    }
};

struct QueueBind {
    static constexpr MethodInfo info{{50, 20}, "queue.bind", true};
    ShortString queue = {};
    ShortString exchange = {};
    ShortString routing_key = {};
    bool no_wait = false;
    Table arguments = {};
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("reserved-1", Reserved<std::uint16_t>{});
        f("queue", m.queue);
        f("exchange", m.exchange);
        f("routing-key", m.routing_key);
        f("no-wait", m.no_wait);
        f("arguments", m.arguments);
    }
};

struct QueueBindOk {
    static constexpr MethodInfo info{{50, 21}, "queue.bind-ok", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& /*f*/) {}
};

struct QueueUnbind {
    static constexpr MethodInfo info{{50, 50}, "queue.unbind", true};
    ShortString queue = {};
    ShortString exchange = {};
    ShortString routing_key = {};
    Table arguments = {};
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("reserved-1", Reserved<std::uint16_t>{});
        f("queue", m.queue);
        f("exchange", m.exchange);
        f("routing-key", m.routing_key);
        f("arguments", m.arguments);
    }
};

struct QueueUnbindOk {
    static constexpr MethodInfo info{{50, 51}, "queue.unbind-ok", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& /*f*/) {}
};

struct QueuePurge {
    static constexpr MethodInfo info{{50, 30}, "queue.purge", true};
    ShortString queue = {};
    bool no_wait = false;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("reserved-1", Reserved<std::uint16_t>{});
        f("queue", m.queue);
        f("no-wait", m.no_wait);
    }
};

struct QueuePurgeOk {
    static constexpr MethodInfo info{{50, 31}, "queue.purge-ok", true};
    std::uint32_t message_count = 0;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("message-count", m.message_count);
    }
};

struct QueueDelete {
    static constexpr MethodInfo info{{50, 40}, "queue.delete", true};
    ShortString queue = {};
    bool if_unused = false;
    bool if_empty = false;
    bool no_wait = false;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("reserved-1", Reserved<std::uint16_t>{});
        f("queue", m.queue);
        f("if-unused", m.if_unused);
        f("if-empty", m.if_empty);
        f("no-wait", m.no_wait);
    }
};

struct QueueDeleteOk {
    static constexpr MethodInfo info{{50, 41}, "queue.delete-ok", true};
    std::uint32_t message_count = 0;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("message-count", m.message_count);
    }
};

}  // namespace tendril::amqp::detail::method
