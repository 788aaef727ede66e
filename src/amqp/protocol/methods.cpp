// SPDX-License-Identifier: MIT

#include "amqp/protocol/methods.hpp"

namespace tendril::amqp::detail {

namespace {

template <class... M>
const MethodInfo* find(std::uint32_t number, MethodList<M...> /*methods*/) noexcept {
    const MethodInfo* found = nullptr;
    static_cast<void>(((number == M::info.id.number() && (found = &M::info, true)) || ...));
    return found;
}

}  // namespace

const MethodInfo* method_info(MethodId id) noexcept {
    return find(id.number(), AllMethods{});
}

}  // namespace tendril::amqp::detail
