// SPDX-License-Identifier: MIT
//
// All methods of AMQP 0-9-1 with RabbitMQ's additions; methods_test.cpp compares them with the XML of Debian's package
// amqp-specs.

#pragma once

#include <string_view>

#include "amqp/protocol/decoder.hpp"
#include "amqp/protocol/method.hpp"
#include "amqp/protocol/methods_basic.hpp"
#include "amqp/protocol/methods_connection.hpp"
#include "amqp/protocol/methods_topology.hpp"

namespace tendril::amqp::detail {

template <class... M>
struct MethodList {};

using AllMethods =
    MethodList<method::BasicDeliver, method::BasicAck, method::BasicNack, method::BasicReturn, method::BasicGetOk,
               method::BasicGetEmpty, method::BasicGet, method::BasicPublish, method::BasicReject, method::BasicQos,
               method::BasicQosOk, method::BasicConsume, method::BasicConsumeOk, method::BasicCancel,
               method::BasicCancelOk, method::BasicRecoverAsync, method::BasicRecover, method::BasicRecoverOk,
               method::ConfirmSelect, method::ConfirmSelectOk, method::ChannelOpen, method::ChannelOpenOk,
               method::ChannelFlow, method::ChannelFlowOk, method::ChannelClose, method::ChannelCloseOk,
               method::ConnectionStart, method::ConnectionStartOk, method::ConnectionSecure, method::ConnectionSecureOk,
               method::ConnectionTune, method::ConnectionTuneOk, method::ConnectionOpen, method::ConnectionOpenOk,
               method::ConnectionClose, method::ConnectionCloseOk, method::ConnectionBlocked,
               method::ConnectionUnblocked, method::ConnectionUpdateSecret, method::ConnectionUpdateSecretOk,
               method::ExchangeDeclare, method::ExchangeDeclareOk, method::ExchangeDelete, method::ExchangeDeleteOk,
               method::ExchangeBind, method::ExchangeBindOk, method::ExchangeUnbind, method::ExchangeUnbindOk,
               method::QueueDeclare, method::QueueDeclareOk, method::QueueBind, method::QueueBindOk,
               method::QueueUnbind, method::QueueUnbindOk, method::QueuePurge, method::QueuePurgeOk,
               method::QueueDelete, method::QueueDeleteOk, method::TxSelect, method::TxSelectOk, method::TxCommit,
               method::TxCommitOk, method::TxRollback, method::TxRollbackOk>;

// The method frame's payload as an M, whose number must be M's: texts are views of it.
// Throws: ProtocolError.
template <class M>
M decode_method(std::string_view payload) {
    return Decoder::method<M>(payload);
}

// The number that a method frame's payload begins with. Throws: ProtocolError for one that is shorter.
inline MethodId method_id(std::string_view payload) {
    Decoder in(payload, "a method frame");
    return in.id();
}

// Returns: nullptr for a number that no method has.
const MethodInfo* method_info(MethodId id) noexcept;

// Decodes the payload of a method frame and calls f(method). Throws: ProtocolError, also for a number that no method
// has; what f throws.
template <class F, class... M>
void visit_method(std::string_view payload, F&& f, MethodList<M...> /*methods*/) {
    const std::uint32_t number = method_id(payload).number();
    const bool known = ((number == M::info.id.number() && (f(decode_method<M>(payload)), true)) || ...);
    if (!known) {
        throw_unknown_method(method_id(payload));
    }
}
template <class F>
void visit_method(std::string_view payload, F&& f) {
    visit_method(payload, f, AllMethods{});
}

}  // namespace tendril::amqp::detail
