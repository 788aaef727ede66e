// SPDX-License-Identifier: MIT

#include "amqp/connection/refusal.hpp"

#include <string>

#include <tendril/amqp/error.hpp>

#include "amqp/protocol/methods.hpp"

namespace tendril::amqp::detail {

namespace {

std::string name_of(MethodId id) {
    const MethodInfo* info = method_info(id);
    return info != nullptr ? std::string(info->name) : "";
}

template <class E>
std::exception_ptr refusal(std::string_view whose, int code, std::string_view text, MethodId about) {
    return std::make_exception_ptr(E(whose, code, std::string(text), name_of(about)));
}

}  // namespace

std::exception_ptr channel_refusal(int code, std::string_view text, MethodId about) {
    constexpr std::string_view whose = "an AMQP channel";
    switch (code) {
    case 403:
        return refusal<AccessRefused>(whose, code, text, about);
    case 404:
        return refusal<NotFound>(whose, code, text, about);
    case 405:
        return refusal<ResourceLocked>(whose, code, text, about);
    case 406:
        return refusal<PreconditionFailed>(whose, code, text, about);
    default:
        return refusal<ChannelError>(whose, code, text, about);
    }
}

std::exception_ptr connection_refusal(int code, std::string_view text, MethodId about) {
    return refusal<ConnectionError>("an AMQP connection", code, text, about);
}

std::exception_ptr lost(std::error_code code, std::string_view what) {
    return std::make_exception_ptr(ConnectionLost(code, std::string(what)));
}

std::exception_ptr closed_by_us(std::string_view what) {
    return lost(std::make_error_code(std::errc::not_connected), what);
}

}  // namespace tendril::amqp::detail
