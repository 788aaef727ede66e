// SPDX-License-Identifier: MIT
// Floor: amqp
//
// Codec<T>: how a T becomes the body of a message, and back. Here are those for std::string, as it is, and for Message
// itself; <tendril/amqp/msgpack.hpp> has one for nearly all else. Your own, for a type of yours:
//
//     template <>
//     struct tendril::amqp::Codec<Job> {
//         static void encode(const Job& job, Message& message);    // sets body and, as it likes, properties
//         static Job decode(const Message& message);               // Throws: DecodeError
//     };
//
// What it decodes may come from anybody who may publish to the queue: it must take bounded memory in proportion to the
// body, and may do nothing but make a value.

#pragma once

#include <concepts>
#include <string>
#include <type_traits>

#include <tendril/amqp/error.hpp>
#include <tendril/amqp/message.hpp>

namespace tendril::amqp {

template <class T>
struct Codec;

template <class T>
concept Encodable = requires(const T& value, Message& message, const Message& got) {
    Codec<T>::encode(value, message);
    { Codec<T>::decode(got) } -> std::convertible_to<T>;
};

// Any bytes, as they are.
template <>
struct Codec<std::string> {
    // Writes body and content type.
    static void encode(const std::string& text, Message& message) {
        message.body = text;
        message.properties.content_type = "application/octet-stream";
    }
    static std::string decode(const Message& message) { return message.body; }  // reads the body
};

// A message as it is, properties included.
template <>
struct Codec<Message> {
    static void encode(const Message& from, Message& message) { message = from; }  // copies it
    static Message decode(const Message& message) { return message; }              // copies it
};

namespace detail {

// Those above, which msgpack.hpp leaves alone.
template <class T>
inline constexpr bool built_in_codec = std::is_same_v<T, std::string> || std::is_same_v<T, Message>;

template <class T>
constexpr void check_codec() {
    static_assert(Encodable<T>,
                  "tendril::amqp: there is no Codec for this type: #include <tendril/amqp/msgpack.hpp>, and in a type "
                  "of yours MSGPACK_DEFINE_MAP(its, members); or specialize tendril::amqp::Codec for it");
}

}  // namespace detail

}  // namespace tendril::amqp
