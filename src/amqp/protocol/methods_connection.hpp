// SPDX-License-Identifier: MIT
//
// The methods of the classes connection and channel. connection.blocked, .unblocked and .update-secret are
// RabbitMQ's (www.rabbitmq.com/connection-blocked.html, specification.html), the rest is the specification's.

#pragma once

#include <cstdint>

#include "amqp/protocol/method.hpp"

namespace tendril::amqp::detail::method {

struct ConnectionStart {
    static constexpr MethodInfo info{{10, 10}, "connection.start", true};
    std::uint8_t version_major = 0;
    std::uint8_t version_minor = 0;
    Table server_properties = {};
    LongString mechanisms = {};
    LongString locales = {};
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("version-major", m.version_major);
        f("version-minor", m.version_minor);
        f("server-properties", m.server_properties);
        f("mechanisms", m.mechanisms);
        f("locales", m.locales);
    }
};

struct ConnectionStartOk {
    static constexpr MethodInfo info{{10, 11}, "connection.start-ok", true};
    Table client_properties = {};
    ShortString mechanism = {};
    LongString response = {};
    ShortString locale = {};
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("client-properties", m.client_properties);
        f("mechanism", m.mechanism);
        f("response", m.response);
        f("locale", m.locale);
    }
};

struct ConnectionSecure {
    static constexpr MethodInfo info{{10, 20}, "connection.secure", true};
    LongString challenge = {};
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("challenge", m.challenge);
    }
};

struct ConnectionSecureOk {
    static constexpr MethodInfo info{{10, 21}, "connection.secure-ok", true};
    LongString response = {};
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("response", m.response);
    }
};

struct ConnectionTune {
    static constexpr MethodInfo info{{10, 30}, "connection.tune", true};
    std::uint16_t channel_max = 0;
    std::uint32_t frame_max = 0;
    std::uint16_t heartbeat = 0;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("channel-max", m.channel_max);
        f("frame-max", m.frame_max);
        f("heartbeat", m.heartbeat);
    }
};

struct ConnectionTuneOk {
    static constexpr MethodInfo info{{10, 31}, "connection.tune-ok", true};
    std::uint16_t channel_max = 0;
    std::uint32_t frame_max = 0;
    std::uint16_t heartbeat = 0;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("channel-max", m.channel_max);
        f("frame-max", m.frame_max);
        f("heartbeat", m.heartbeat);
    }
};

struct ConnectionOpen {
    static constexpr MethodInfo info{{10, 40}, "connection.open", true};
    ShortString virtual_host = {};
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("virtual-host", m.virtual_host);
        f("reserved-1", Reserved<ShortString>{});
        f("reserved-2", Reserved<bool>{});
    }
};

struct ConnectionOpenOk {
    static constexpr MethodInfo info{{10, 41}, "connection.open-ok", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& f) {
        f("reserved-1", Reserved<ShortString>{});
    }
};

struct ConnectionClose {
    static constexpr MethodInfo info{{10, 50}, "connection.close", true};
    std::uint16_t reply_code = 0;
    ShortString reply_text = {};
    std::uint16_t class_id = 0;
    std::uint16_t method_id = 0;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("reply-code", m.reply_code);
        f("reply-text", m.reply_text);
        f("class-id", m.class_id);
        f("method-id", m.method_id);
    }
};

struct ConnectionCloseOk {
    static constexpr MethodInfo info{{10, 51}, "connection.close-ok", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& /*f*/) {}
};

struct ConnectionBlocked {
    static constexpr MethodInfo info{{10, 60}, "connection.blocked"};
    ShortString reason = {};
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("reason", m.reason);
    }
};

struct ConnectionUnblocked {
    static constexpr MethodInfo info{{10, 61}, "connection.unblocked"};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& /*f*/) {}
};

struct ConnectionUpdateSecret {
    static constexpr MethodInfo info{{10, 70}, "connection.update-secret", true};
    LongString new_secret = {};
    ShortString reason = {};
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("new-secret", m.new_secret);
        f("reason", m.reason);
    }
};

struct ConnectionUpdateSecretOk {
    static constexpr MethodInfo info{{10, 71}, "connection.update-secret-ok", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& /*f*/) {}
};

struct ChannelOpen {
    static constexpr MethodInfo info{{20, 10}, "channel.open", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& f) {
        f("reserved-1", Reserved<ShortString>{});
    }
};

struct ChannelOpenOk {
    static constexpr MethodInfo info{{20, 11}, "channel.open-ok", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& f) {
        f("reserved-1", Reserved<LongString>{});
    }
};

struct ChannelFlow {
    static constexpr MethodInfo info{{20, 20}, "channel.flow", true};
    bool active = false;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("active", m.active);
    }
};

struct ChannelFlowOk {
    static constexpr MethodInfo info{{20, 21}, "channel.flow-ok"};
    bool active = false;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("active", m.active);
    }
};

struct ChannelClose {
    static constexpr MethodInfo info{{20, 40}, "channel.close", true};
    std::uint16_t reply_code = 0;
    ShortString reply_text = {};
    std::uint16_t class_id = 0;
    std::uint16_t method_id = 0;
    template <class Self, class F>
    static constexpr void fields(Self& m, F& f) {
        f("reply-code", m.reply_code);
        f("reply-text", m.reply_text);
        f("class-id", m.class_id);
        f("method-id", m.method_id);
    }
};

struct ChannelCloseOk {
    static constexpr MethodInfo info{{20, 41}, "channel.close-ok", true};
    template <class Self, class F>
    static constexpr void fields(Self& /*m*/, F& /*f*/) {}
};

}  // namespace tendril::amqp::detail::method
