// SPDX-License-Identifier: MIT
//
// The methods of the classes basic, confirm and tx, with RabbitMQ's basic.nack. Their texts are views of the frame that
// they were read from.

#pragma once

#include <cstdint>

#include "amqp/protocol/method.hpp"

namespace tendril::amqp::detail::method {

struct BasicQos {
    static constexpr MethodInfo info{{60, 10}, "basic.qos", true};
    std::uint32_t prefetch_size = 0;
    std::uint16_t prefetch_count = 0;
    bool global = false;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("prefetch-size", m.prefetch_size);
        f("prefetch-count", m.prefetch_count);
        f("global", m.global);
    }
};

struct BasicQosOk {
    static constexpr MethodInfo info{{60, 11}, "basic.qos-ok", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& /*f*/) {}
};

struct BasicConsume {
    static constexpr MethodInfo info{{60, 20}, "basic.consume", true};
    ShortString queue = {};
    ShortString consumer_tag = {};
    bool no_local = false;
    bool no_ack = false;
    bool exclusive = false;
    bool no_wait = false;
    Table arguments = {};
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("reserved-1", Reserved<std::uint16_t>{});
        f("queue", m.queue);
        f("consumer-tag", m.consumer_tag);
        f("no-local", m.no_local);
        f("no-ack", m.no_ack);
        f("exclusive", m.exclusive);
        f("no-wait", m.no_wait);
        f("arguments", m.arguments);
    }
};

struct BasicConsumeOk {
    static constexpr MethodInfo info{{60, 21}, "basic.consume-ok", true};
    ShortString consumer_tag = {};
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("consumer-tag", m.consumer_tag);
    }
};

struct BasicCancel {
    static constexpr MethodInfo info{{60, 30}, "basic.cancel", true};
    ShortString consumer_tag = {};
    bool no_wait = false;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("consumer-tag", m.consumer_tag);
        f("no-wait", m.no_wait);
    }
};

struct BasicCancelOk {
    static constexpr MethodInfo info{{60, 31}, "basic.cancel-ok", true};
    ShortString consumer_tag = {};
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("consumer-tag", m.consumer_tag);
    }
};

struct BasicPublish {
    static constexpr MethodInfo info{{60, 40}, "basic.publish", false, true};
    ShortString exchange = {};
    ShortString routing_key = {};
    bool mandatory = false;
    bool immediate = false;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("reserved-1", Reserved<std::uint16_t>{});
        f("exchange", m.exchange);
        f("routing-key", m.routing_key);
        f("mandatory", m.mandatory);
        f("immediate", m.immediate);
    }
};

struct BasicReturn {
    static constexpr MethodInfo info{{60, 50}, "basic.return", false, true};
    std::uint16_t reply_code = 0;
    ShortString reply_text = {};
    ShortString exchange = {};
    ShortString routing_key = {};
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("reply-code", m.reply_code);
        f("reply-text", m.reply_text);
        f("exchange", m.exchange);
        f("routing-key", m.routing_key);
    }
};

struct BasicDeliver {
    static constexpr MethodInfo info{{60, 60}, "basic.deliver", false, true};
    ShortString consumer_tag = {};
    std::uint64_t delivery_tag = 0;
    bool redelivered = false;
    ShortString exchange = {};
    ShortString routing_key = {};
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("consumer-tag", m.consumer_tag);
        f("delivery-tag", m.delivery_tag);
        f("redelivered", m.redelivered);
        f("exchange", m.exchange);
        f("routing-key", m.routing_key);
    }
};

struct BasicGet {
    static constexpr MethodInfo info{{60, 70}, "basic.get", true};
    ShortString queue = {};
    bool no_ack = false;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("reserved-1", Reserved<std::uint16_t>{});
        f("queue", m.queue);
        f("no-ack", m.no_ack);
    }
};

struct BasicGetOk {
    static constexpr MethodInfo info{{60, 71}, "basic.get-ok", true, true};
    std::uint64_t delivery_tag = 0;
    bool redelivered = false;
    ShortString exchange = {};
    ShortString routing_key = {};
    std::uint32_t message_count = 0;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("delivery-tag", m.delivery_tag);
        f("redelivered", m.redelivered);
        f("exchange", m.exchange);
        f("routing-key", m.routing_key);
        f("message-count", m.message_count);
    }
};

struct BasicGetEmpty {
    static constexpr MethodInfo info{{60, 72}, "basic.get-empty", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& f) {
        f("reserved-1", Reserved<ShortString>{});
    }
};

struct BasicAck {
    static constexpr MethodInfo info{{60, 80}, "basic.ack"};
    std::uint64_t delivery_tag = 0;
    bool multiple = false;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("delivery-tag", m.delivery_tag);
        f("multiple", m.multiple);
    }
};

struct BasicReject {
    static constexpr MethodInfo info{{60, 90}, "basic.reject"};
    std::uint64_t delivery_tag = 0;
    bool requeue = false;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("delivery-tag", m.delivery_tag);
        f("requeue", m.requeue);
    }
};

struct BasicRecoverAsync {
    static constexpr MethodInfo info{{60, 100}, "basic.recover-async"};
    bool requeue = false;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("requeue", m.requeue);
    }
};

struct BasicRecover {
    static constexpr MethodInfo info{{60, 110}, "basic.recover"};
    bool requeue = false;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("requeue", m.requeue);
    }
};

struct BasicRecoverOk {
    static constexpr MethodInfo info{{60, 111}, "basic.recover-ok", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& /*f*/) {}
};

struct BasicNack {
    static constexpr MethodInfo info{{60, 120}, "basic.nack"};
    std::uint64_t delivery_tag = 0;
    bool multiple = false;
    bool requeue = false;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("delivery-tag", m.delivery_tag);
        f("multiple", m.multiple);
        f("requeue", m.requeue);
    }
};

struct ConfirmSelect {
    static constexpr MethodInfo info{{85, 10}, "confirm.select", true};
    bool nowait = false;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("nowait", m.nowait);
    }
};

struct ConfirmSelectOk {
    static constexpr MethodInfo info{{85, 11}, "confirm.select-ok", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& /*f*/) {}
};

struct TxSelect {
    static constexpr MethodInfo info{{90, 10}, "tx.select", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& /*f*/) {}
};

struct TxSelectOk {
    static constexpr MethodInfo info{{90, 11}, "tx.select-ok", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& /*f*/) {}
};

struct TxCommit {
    static constexpr MethodInfo info{{90, 20}, "tx.commit", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& /*f*/) {}
};

struct TxCommitOk {
    static constexpr MethodInfo info{{90, 21}, "tx.commit-ok", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& /*f*/) {}
};

struct TxRollback {
    static constexpr MethodInfo info{{90, 30}, "tx.rollback", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& /*f*/) {}
};

struct TxRollbackOk {
    static constexpr MethodInfo info{{90, 31}, "tx.rollback-ok", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& /*f*/) {}
};

}  // namespace tendril::amqp::detail::method
